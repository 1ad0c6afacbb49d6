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
        for path in ("/my-school", "/classes", "/classes/164800/5a/passwords"):
            seen.open(f"{path}?lang={language}")
            check(seen, path)
    cookie = signed.served.session("Alex", groups=["/city/authority-admin"], strong=True)
    with window(chromium, signed.served, cookie, javascript=True) as seen:
        for path in ("/classes?", "/classes?q=nothing&", "/classes?school=164811&"):
            seen.open(f"{path}lang={language}")
            check(seen, path)


class Clicks:
    """Clicks that are counted; a tick in a box is one too."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.number = 0

    def on(self, role: Any, name: str) -> None:
        self.page.get_by_role(role, name=name, exact=True).click()
        self.number += 1


def test_three_clicks_make_a_slip_and_the_pupil_gets_in(chromium: Any, signed: SignedCity) -> None:
    with window(chromium, signed.served, _teacher(signed)) as seen:
        seen.open("/my-school")
        clicks = Clicks(seen.page)
        clicks.on("link", "Passwörter")
        assert "6b" not in seen.text()
        clicks.on("link", "Klasse 5a")
        assert "Chang" not in seen.text(), "another class"
        clicks.on("button", "Neues Passwort für Muster, Mia")
        assert clicks.number == 3
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
    assert detail["accounts"] == [signed.ids["mia.m"]]  # who had never signed in here
    assert rows[-1].school_id is not None
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


def test_two_pupils_of_an_own_class_are_three_ticks_and_presses_from_my_school(
    chromium: Any, signed: SignedCity
) -> None:
    with window(chromium, signed.served, _teacher(signed)) as seen:
        seen.open("/my-school")
        seen.page.get_by_role("link", name="Klasse 5a", exact=True).click()
        seen.page.get_by_role("checkbox", name="Muster, Mia").check()
        seen.page.get_by_role("checkbox", name="Beispiel, Ali").check()
        seen.page.get_by_role("button", name="Zurücksetzen").click()
        assert seen.page.locator(".slip").count() == 2


def test_the_key_enter_in_the_list_presses_no_button_of_a_single_pupil(
    chromium: Any, signed: SignedCity
) -> None:
    with window(chromium, signed.served, _teacher(signed)) as seen:
        seen.open("/classes/164800/5a/passwords")
        seen.page.get_by_role("checkbox").first.focus()
        seen.page.keyboard.press("Enter")
        seen.page.locator(".wrong").wait_for()
        assert seen.page.title().startswith("Fehler"), "nobody was ticked"


def test_a_school_admin_needs_three_clicks_in_any_class_of_the_own_school(
    chromium: Any, signed: SignedCity
) -> None:
    cookie = signed.served.session("Sami", groups=["/schools/164800/school-admin"], strong=True)
    with window(chromium, signed.served, cookie) as seen:
        seen.open("/my-school")
        clicks = Clicks(seen.page)
        clicks.on("link", "Passwörter")
        assert "Klasse 5a" in seen.text()
        clicks.on("link", "Klasse 6b")
        clicks.on("button", "Neues Passwort für Chang, Jo")
        assert clicks.number == 3
        assert seen.page.locator(".slip").count() == 1
        seen.open("/classes?school=164811", 404)
        seen.open("/classes/164811/7c/passwords", 404)


def test_the_administrator_of_a_city_finds_the_school_then_the_class(
    chromium: Any, signed: SignedCity
) -> None:
    cookie = signed.served.session("Alex", groups=["/city/authority-admin"], strong=True)
    with window(chromium, signed.served, cookie) as seen:
        seen.open("/my-school")
        seen.page.get_by_label("Schule suchen").fill("wiesengrund")
        seen.page.keyboard.press("Enter")
        seen.page.get_by_role("link", name="Gesamtschule Wiesengrund").click()
        seen.page.get_by_role("link", name="Alle Klassen dieser Schule").click()
        assert seen.page.url.endswith("/classes?school=164811")
        seen.page.get_by_role("link", name="Klasse 7c").click()
        seen.page.get_by_role("button", name="Neues Passwort für Demir, Eli").click()
        assert "eli.d" in seen.text()
        seen.page.get_by_role("link", name="Zurück zur Klasse").click()
        seen.page.get_by_role("link", name="Andere Klasse").click()
        assert "Klasse 7c" in seen.text()
        seen.page.get_by_role("link", name="Andere Schule").click()
        seen.page.get_by_label("Schule suchen").fill("strom")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url("**/classes?q=strom")
        seen.page.get_by_role("link", name="Städtisches Gymnasium am Strom").click()
        assert "Klasse 5a" in seen.text()
        seen.open("/classes?school=999999", 404)
        assert "keine Schule 999999" in seen.text()


def test_the_administrator_of_a_school_authority_reaches_its_schools_alone(
    chromium: Any, signed: SignedCity
) -> None:
    own = signed.served.session("Ada", groups=["/authorities/10042/authority-admin"], strong=True)
    with window(chromium, signed.served, own) as seen:
        seen.open("/classes/164811/7c/passwords")
        assert "Demir, Eli" in seen.text()
    groups = ["/authorities/20042/authority-admin", "/city/viewer"]
    other = signed.served.session("Uwe", groups=groups, strong=True)
    with window(chromium, signed.served, other) as seen:
        seen.open("/classes")
        assert "Grundschule am Teich" in seen.text()
        assert "Wiesengrund" not in seen.text(), "seen, but no passwords are reset there"
        seen.open("/my-school?school=164811")
        assert "Neue Passwörter" not in seen.text()
        seen.open("/classes?school=164811", 403)
        seen.open("/classes/164811/7c/passwords", 403)
