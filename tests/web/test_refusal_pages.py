"""Pages that refuse: each says what happened in every language, and passes axe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.web.browser import Served, copy_of, serve, window
from tests.web.city import fill
from tests.web.conftest import CITY
from tests.web.test_pages import LANGUAGES, check

NOBODY = "http://localhost:9/realms/city"
"""An issuer behind which no Keycloak listens."""
CASES = {
    # name: (address, who, status, a word of the German page)
    "keycloak-down": ("/sign-in", "", 503, "Es geht nichts verloren"),
    "forbidden": ("/preview", "secretary", 403, "nicht für Ihre Aufgabe"),
    "elsewhere": ("/my-school?school=164811", "secretary", 404, "keine Schule 164811"),
    "not-found": ("/gibt-es-nicht", "secretary", 404, "Unter dieser Adresse gibt es nichts"),
    "pupil": ("/my-school", "pupil", 403, "Ein neues Passwort gibt es bei Ihrer Lehrkraft"),
    "without-a-task": ("/my-school", "stranger", 403, "Die Anmeldung hat geklappt"),
    "failed": ("/classes/164800/5a/passwords", "teacher", 500, "Nennen Sie der Administration"),
    "link-used": ("/sign-in/callback?state=x", "", 403, "beginnen Sie neu"),
    "session-ended": ("/my-school", "gone", 200, "Ihre Sitzung ist zu Ende"),
    "file-gone": ("/upload/x", "admin", 404, "schon übernommen oder hat zu lange gewartet"),
}


@pytest.fixture(scope="module")
def alone(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A city whose Keycloak does not answer."""
    home = tmp_path_factory.mktemp("alone") / "home"
    copy_of(migrated_sqlite, home)
    with serve(home, **CITY, SCHOOLOPS_IDENTITY__ISSUER=NOBODY) as running:
        fill(running.store)
        yield running


@pytest.fixture(scope="module")
def people(alone: Served) -> dict[str, str]:
    return {
        "": "",
        "gone": "sow_of-yesterday",
        "admin": alone.session("Alex", groups=["/city/authority-admin"], strong=True),
        "pupil": alone.session("Mia", groups=["/schools/164800/pupil"]),
        "stranger": alone.session("Kim", groups=[]),
        "secretary": alone.session("Deniz", groups=["/schools/164800/secretary"]),
        "teacher": alone.session("Lena", groups=["/schools/164800/teacher"], classes=["164800/5a"]),
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_a_refusal_is_plain_in_every_language_and_passes_axe(
    case: str, language: str, chromium: Any, alone: Served, people: dict[str, str]
) -> None:
    path, who, status, word = CASES[case]
    with window(chromium, alone, people[who], javascript=True) as seen:
        seen.open(f"{path}{'&' if '?' in path else '?'}lang={language}", status)
        assert seen.page.locator("html").get_attribute("lang") == language
        if language == "de":
            assert word in seen.text()
        assert str(alone.home) not in seen.page.content()
        check(seen, path)


def test_an_address_that_is_none_knows_who_is_signed_in(
    chromium: Any, alone: Served, people: dict[str, str]
) -> None:
    with window(chromium, alone, people["secretary"]) as seen:
        seen.open("/gibt-es-nicht", 404)
        assert "Deniz" in seen.text()
        assert seen.page.get_by_role("link", name="Meine Schule").is_visible()
    with window(chromium, alone, people["gone"]) as seen:
        seen.open("/gibt-es-nicht", 404)
        assert "Abmelden" not in seen.text()


def test_a_form_that_is_sent_after_the_session_ended_says_so(chromium: Any, alone: Served) -> None:
    cookie = alone.session("Deniz", groups=["/schools/164800/secretary"])
    with window(chromium, alone, cookie, javascript=True) as seen:
        seen.open("/upload")
        seen.context.clear_cookies()
        seen.page.get_by_role("button", name="Zeigen").click()
        assert "Melden Sie sich zuerst an." in seen.text()
        check(seen, "form after the session")
        seen.page.get_by_role("link", name="Zur Startseite").click()
        assert "Willkommen" in seen.text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_that_is_refused_passes_axe(
    language: str, chromium: Any, alone: Served, people: dict[str, str]
) -> None:
    with window(chromium, alone, people["admin"], javascript=True) as seen:
        seen.open(f"/upload?lang={language}")
        seen.page.select_option("#plural", "rooms")
        wrong = {"name": "räume.csv", "mimeType": "text/csv", "buffer": b"foo;bar\n1;2\n"}
        seen.page.set_input_files("#file", wrong)  # type: ignore[arg-type]
        seen.page.locator("main button").click()
        assert seen.page.locator("#file-wrong").count() == 1
        check(seen, "upload refused")


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_tries_too_often_is_told_to_wait(language: str, chromium: Any, alone: Served) -> None:
    with (
        httpx.Client(base_url=alone.url, trust_env=False) as guesser,
        window(chromium, alone, javascript=True) as seen,
    ):
        for _ in range(5):  # a slow machine gives tries back in the meantime
            for number in range(90):
                guesser.get("/my-school", headers={"cookie": f"schoolops=x{number}"})
            answer = seen.page.goto(f"{alone.url}/privacy?lang={language}")
            if answer is not None and answer.status == 429:
                break
        if language == "de":
            assert "Zu viele Versuche von Ihrer Adresse" in seen.text()
        assert seen.page.locator("html").get_attribute("lang") == language
        assert answer is not None
        assert answer.status == 429
        check(seen, "429")
