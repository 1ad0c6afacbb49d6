"""A pupil forgot the password: three clicks, a slip, and the pupil gets in with it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import select

from schoolops.db.tables import audit_event
from schoolops.identity.passphrases import new_passphrase
from tests.web.browser import window
from tests.web.conftest import SignedCity
from tests.web.test_pages import LANGUAGES, check

pytestmark = pytest.mark.timeout(300)


def test_passphrases_are_easy_to_read_and_never_the_same() -> None:
    made = {new_passphrase() for _ in range(2000)}
    assert len(made) == 2000
    for one in made:
        assert re.fullmatch(r"[A-Z][a-z]{5}-[a-z]{6}-[2-9]{2}", one), one


def _teacher(signed: SignedCity) -> str:
    return signed.served.session(
        "Lena Lehmann", groups=["/schools/164800/teacher"], classes=["164800/5a"]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_passwords_pass_axe(language: str, chromium: Any, signed: SignedCity) -> None:
    with window(chromium, signed.served, _teacher(signed), javascript=True) as seen:
        for path in ("/classes", "/classes/164800/5a/passwords"):
            seen.open(f"{path}?lang={language}")
            check(seen, path)


def test_three_clicks_make_a_slip_and_the_pupil_gets_in(chromium: Any, signed: SignedCity) -> None:
    with window(chromium, signed.served, _teacher(signed)) as seen:
        seen.open("/my-school")
        seen.page.get_by_role("link", name="Passwörter").click()
        assert "6b" not in seen.text()
        seen.page.get_by_role("link", name="Klasse 5a").click()
        assert "Chang" not in seen.text(), "another class"
        seen.page.get_by_label("Muster, Mia").check()
        seen.page.get_by_role("button", name="Zurücksetzen").click()
        assert "mia.m" in seen.text()
        assert "ali.b" not in seen.text()
        password = seen.page.inner_text(".password")
        seen.page.get_by_role("link", name="Zurück zur Klasse").click()
        assert password not in seen.page.content(), "shown once"
    with window(chromium, signed.served) as pupil:
        pupil.allowed.add(signed.keycloak.url.removeprefix("http://"))
        pupil.open("/sign-in")
        pupil.page.fill("#username", "mia.m")
        pupil.page.fill("#password", password)
        pupil.page.press("#password", "Enter")
        pupil.page.fill("#password-new", "Ein-eigenes-Wort-7")
        pupil.page.fill("#password-confirm", "Ein-eigenes-Wort-7")
        pupil.page.press("#password-confirm", "Enter")
        pupil.page.wait_for_url(f"{signed.served.url}/**")
        assert "Mia Muster" in pupil.text()
        pupil.open("/classes", 403)
    log = (signed.served.home / "logs" / "server.log").read_text()
    with signed.served.store.read() as connection:
        rows = connection.execute(
            select(audit_event).where(audit_event.c.action == "reset passwords")
        ).all()
    detail = json.loads(rows[-1].detail)
    assert detail["accounts"] == [signed.ids["mia.m"]]
    for text in (log, repr(rows)):
        assert password not in text
        assert "mia.m" not in text


def test_choosing_nobody_says_so_at_the_list(chromium: Any, signed: SignedCity) -> None:
    with window(chromium, signed.served, _teacher(signed)) as seen:
        seen.open("/classes/164800/5a/passwords")
        seen.page.get_by_role("button", name="Zurücksetzen").click()
        assert seen.page.title().startswith("Fehler")
        seen.page.get_by_role("link", name="Wählen Sie mindestens eine Person aus.").click()
        assert seen.page.url.endswith("#pupils")


def test_a_pupil_of_another_class_is_not_reset_by_a_forged_form(
    chromium: Any, signed: SignedCity
) -> None:
    with window(chromium, signed.served, _teacher(signed), javascript=True) as seen:
        seen.open("/classes/164800/5a/passwords")
        seen.page.evaluate(
            "id => { const box = document.querySelector('[name=pupil]');"
            " box.value = id; box.checked = true }",
            signed.ids["jo.c"],
        )
        seen.page.get_by_role("button", name="Zurücksetzen").click()
        assert "nicht mehr alle" in seen.text().lower()
        seen.open("/classes/164800/6b/passwords", 403)


def test_a_school_admin_sees_all_classes_of_the_school(chromium: Any, signed: SignedCity) -> None:
    cookie = signed.served.session("Sami", groups=["/schools/164800/school-admin"], strong=True)
    with window(chromium, signed.served, cookie) as seen:
        seen.open("/classes")
        assert "Klasse 5a" in seen.text()
        assert "Klasse 6b" in seen.text()
