"""Approvals and rights for a time in the browser: the head of the own school decides, no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schoolops.core.permissions import Actor
from schoolops.identity import delegations, emergency
from schoolops.identity.accounts import actor_of_claims
from schoolops.identity.oidc import Claims
from tests.web.browser import Served, copy_of, serve, window
from tests.web.city import fill
from tests.web.conftest import CITY
from tests.web.test_pages import LANGUAGES, check
from tests.web.test_walk_by_keyboard import walk

DAY = 86_400_000_000
GROUPS = {
    "tech": "/city/technician",
    "hilde": "/schools/164800/head",
    "otto": "/schools/164811/head",
    "lena": "/schools/164800/teacher",
}
WHY = "Die ganze Schule ist offline"


@pytest.fixture(scope="module")
def city(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("decide") / "home"
    copy_of(migrated_sqlite, home)
    with serve(home, **CITY) as running:
        fill(running.store)
        for name in GROUPS:
            actor(running, name)
        yield running


def actor(city: Served, name: str) -> Actor:
    """Somebody as the server knows them after a sign-in by passkey."""
    now = city.store.clock.now() // 1_000_000
    return actor_of_claims(city.store, Claims(**claims(name), groups=(GROUPS[name],), classes=(),
                                              expires_at=now + 300, issued_at=now))  # fmt: skip


def claims(name: str) -> dict[str, Any]:
    return {"issuer": "x", "subject": name, "username": name, "name": name.title(),
            "email": f"{name}@example.org", "session": "s", "strong": True}  # fmt: skip


def cookie(city: Served, name: str) -> str:
    given = claims(name) | {"issued_at": city.store.clock.now() // 1_000_000}
    return city.session(given.pop("name"), groups=[GROUPS[name]], **given)


def ask(city: Served, hours: int = 2) -> None:
    with city.store.write(actor(city, "tech")) as unit:
        emergency.ask(unit, "164800", ["estate.read", "contacts.read"], hours, WHY)


def lend(city: Served) -> None:
    with city.store.write(actor(city, "hilde")) as unit:
        until = unit.now + 3 * DAY
        delegations.delegate(unit, "lena", ["contacts.write"], "164800", until, "Vertretung")


def states(city: Served) -> list[str]:
    from sqlalchemy import select

    from schoolops.identity.models import approval

    with city.store.read() as connection:
        return list(connection.scalars(select(approval.c.state).order_by(approval.c.id)))


def test_the_head_of_the_school_approves_and_the_asker_has_the_right(
    chromium: Any, city: Served
) -> None:
    ask(city)
    with window(chromium, city, cookie(city, "otto")) as other:
        other.open("/approvals")
        assert WHY not in other.text(), "of a foreign school"
    with window(chromium, city, cookie(city, "tech")) as own:
        own.open("/approvals")
        assert WHY in own.text()
        assert own.page.get_by_role("button", name="Freigeben").count() == 0
    with window(chromium, city, cookie(city, "hilde")) as head:
        head.open("/my-school")
        head.page.get_by_role("link", name="Freigaben").click()
        for word in ("tech", WHY, "2 Stunden", "Gymnasium am Strom", "Zu entscheiden bis"):
            assert word in head.text()
        head.page.get_by_role("button", name="Freigeben").click()
        assert "Sie haben es freigegeben." in head.text()
        assert "Es wartet nichts auf Sie." in head.text()
        assert states(city)[-1] == "approved"
        head.page.get_by_role("link", name="Weitergaben").click()
        assert "Notfallzugriff" in head.text()
        head.page.get_by_role("button", name="Zurücknehmen").first.click()
        assert "Das Recht ist beendet." in head.text()
        assert "Notfallzugriff" not in head.text()


def test_a_rejection_wants_a_reason_and_a_forged_form_of_another_head_is_refused(
    chromium: Any, city: Served
) -> None:
    ask(city)
    with window(chromium, city, cookie(city, "hilde"), javascript=True) as head:
        head.open("/approvals")
        uid = head.page.locator("main input[name=id]").first.input_value()
        head.page.get_by_role("button", name="Ablehnen").click()
        assert head.page.title().startswith("Fehler")
        check(head, "/approvals without a reason")
        with window(chromium, city, cookie(city, "otto"), javascript=True) as other:
            other.open("/approvals")
            other.page.evaluate(
                """uid => { const form = document.createElement('form');
                form.method = 'post'; form.action = '/approvals';
                const token = document.querySelector('[name=csrf]').value;
                for (const [name, value] of
                     Object.entries({csrf: token, id: uid, decision: 'approve'})) {
                    const field = document.createElement('input');
                    field.name = name; field.value = value; form.append(field); }
                document.body.append(form); form.submit(); }""",
                uid,
            )
            other.page.wait_for_load_state()
            other.page.get_by_role("heading", name="Nicht gefunden").wait_for()
        assert states(city)[-1] == "open"
        head.page.get_by_label("Warum nicht?").fill("Bitte erst anrufen")
        head.page.keyboard.press("Enter")
        head.page.get_by_text("Sie haben es abgelehnt.").wait_for()
        assert "Bitte erst anrufen" in head.text()
        assert states(city)[-1] == "rejected"


def test_a_lent_right_is_given_back_by_whoever_has_it(chromium: Any, city: Served) -> None:
    lend(city)
    with window(chromium, city, cookie(city, "otto")) as other:
        other.open("/delegations")
        assert "Vertretung" not in other.text()
    with window(chromium, city, cookie(city, "lena")) as teacher:
        teacher.open("/my-school")
        assert teacher.page.get_by_role("link", name="Freigaben").count() == 0
        teacher.page.get_by_role("link", name="Weitergaben").click()
        assert "Vertretung" in teacher.text()
        assert "hilde" in teacher.text()
        teacher.page.get_by_role("button", name="Zurückgeben").click()
        assert "Das Recht ist beendet." in teacher.text()
        assert teacher.page.get_by_role("link", name="Weitergaben").count() == 0


@pytest.fixture(scope="module")
def busy(city: Served) -> Served:
    """Something stands on both pages: asked for once, since the same may wait but once."""
    ask(city, 3)
    lend(city)
    return city


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_with_something_on_them_pass_axe_and_the_keyboard(
    language: str, chromium: Any, busy: Served
) -> None:
    with window(chromium, busy, cookie(busy, "hilde"), javascript=True) as head:
        for path in ("/approvals", "/delegations"):
            head.open(f"{path}?lang={language}")
            check(head, path)
    with window(chromium, busy, cookie(busy, "hilde")) as head:
        for path in ("/approvals", "/delegations"):
            head.open(path)
            walk(head)
