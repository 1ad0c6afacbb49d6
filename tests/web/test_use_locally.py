"""On one computer without Keycloak: `schoolops portal open`, an upload, the keyboard alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.browser import Served, copy_of, serve, window
from tests.web.city import fill
from tests.web.conftest import CITY
from tests.web.test_pages import LANGUAGES, check

CSV = "school;name;kind\n164800;9.01;classroom\n164800;9.02;classroom\n999999;1.01;classroom\n"


@pytest.fixture
def own(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Served]:
    """A city that the test may change."""
    copy_of(migrated_sqlite, tmp_path / "own")
    with serve(tmp_path / "own", **CITY) as running:
        fill(running.store)
        yield running


def schoolops(home: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "schoolops.cli", *words],
        env={**os.environ, "SCHOOLOPS_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_without_keycloak_the_start_page_says_how_to_get_in(chromium: Any, served: Served) -> None:
    with window(chromium, served) as seen:
        seen.open("/")
        assert "noch nicht eingerichtet" in seen.text()
        assert "schoolops portal open" in seen.text()
        seen.open("/sign-in", 404)


def test_the_computers_own_user_gets_in_by_a_link_that_works_once(
    chromium: Any, own: Served
) -> None:
    url = schoolops(own.home, "portal", "open").split()[0]
    assert url.startswith(f"{own.url}/open/")
    path = url.removeprefix(own.url)
    with window(chromium, own) as seen:
        seen.open(path)
        assert seen.context.cookies() == [], "looking at it uses nothing up"
        seen.page.get_by_role("button", name="Weiter").click()
        assert seen.page.url == f"{own.url}/my-school"
        assert "Gymnasium am Strom" in seen.text()
    with window(chromium, own) as again:
        again.open(path)
        again.page.get_by_role("button", name="Weiter").click()
        assert "schon benutzt" in again.text()


def test_a_server_on_demand_opens_an_address_for_the_browser(home: Path) -> None:
    import httpx

    url = schoolops(home, "portal", "open").split()[0]
    try:
        assert url.startswith("http://127.0.0.1:")
        with httpx.Client(trust_env=False, follow_redirects=True) as client:
            answer = client.post(url)
        assert answer.status_code == 200
        assert "<h1>" in answer.text
        second = schoolops(home, "portal", "open").split()[0]
        assert httpx.URL(second).port == httpx.URL(url).port
    finally:
        schoolops(home, "serve", "--stop")


def test_a_file_is_reported_on_first_and_imported_when_confirmed(
    chromium: Any, own: Served, tmp_path: Path
) -> None:
    (tmp_path / "räume.csv").write_text(CSV, "utf-8")
    cookie = own.session("Alex", groups=["/city/authority-admin"], strong=True)
    with window(chromium, own, cookie) as seen:
        seen.open("/upload")
        seen.page.get_by_role("button", name="Zeigen").click()
        assert seen.page.title().startswith("Fehler")
        seen.page.get_by_role("link", name="Wählen Sie, was die Datei enthält.").click()
        seen.page.get_by_label("Was enthält die Datei?").select_option("rooms")
        seen.page.set_input_files("#file", tmp_path / "räume.csv")
        seen.page.get_by_role("button", name="Zeigen").click()
        report = seen.text()
        assert "Was die Datei ändern würde" in report
        assert "räume.csv" in report
        assert "999999" in report
        assert "existiert" in report or "gibt" in report
        seen.open("/my-school?school=164800")
        seen.page.go_back()
        report_page = seen.page.url
        seen.page.get_by_role("button", name="Jetzt übernehmen").click()
        assert "Die Datei ist übernommen" in seen.text()
        seen.open(report_page.removeprefix(own.url), 404)
        assert "schon übernommen" in seen.text()
    with window(chromium, own, own.session("Eve", groups=["/schools/164800/secretary"])) as other:
        other.open(report_page.removeprefix(own.url), 404)
    assert "9.02" in schoolops(own.home, "ls", "rooms", "school:164800 name:9.02")


def test_the_report_and_the_errors_of_a_form_pass_axe(
    chromium: Any, own: Served, tmp_path: Path
) -> None:
    (tmp_path / "rooms.csv").write_text(CSV, "utf-8")
    cookie = own.session("Alex", groups=["/city/authority-admin"], strong=True)
    with window(chromium, own, cookie, javascript=True) as seen:
        seen.open("/upload")
        seen.page.get_by_role("button", name="Zeigen").click()
        check(seen, "/upload with errors")
        seen.page.get_by_label("Was enthält die Datei?").select_option("rooms")
        seen.page.set_input_files("#file", tmp_path / "rooms.csv")
        seen.page.get_by_role("button", name="Zeigen").click()
        address = seen.page.url.removeprefix(own.url)
        for language in LANGUAGES:
            seen.open(f"{address}?lang={language}")
            check(seen, "report")


def test_a_file_that_is_none_is_refused_at_its_field(
    chromium: Any, own: Served, tmp_path: Path
) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"\x00\x01 no spreadsheet")
    cookie = own.session("Alex", groups=["/city/authority-admin"], strong=True)
    with window(chromium, own, cookie) as seen:
        seen.open("/upload")
        seen.page.get_by_label("Was enthält die Datei?").select_option("rooms")
        seen.page.set_input_files("#file", tmp_path / "x.xlsx")
        seen.page.get_by_role("button", name="Zeigen").click()
        assert seen.page.locator("#file-wrong").count() == 1
        assert seen.page.locator("#plural").input_value() == "rooms", "the choice is kept"


def test_a_secretary_uploads_contacts_of_the_own_school_alone(
    chromium: Any, own: Served, tmp_path: Path
) -> None:
    text = "school;role;name\n164800;caretaker;Hell, Toni\n164811;caretaker;Dunkel, Kai\n"
    (tmp_path / "contacts.csv").write_text(text, "utf-8")
    cookie = own.session("Deniz", groups=["/schools/164800/secretary"])
    with window(chromium, own, cookie) as seen:
        seen.open("/upload")
        choices = seen.page.locator("#plural option").all_inner_texts()
        assert choices == ["Bitte wählen", "Kontakte"]
        seen.page.get_by_label("Was enthält die Datei?").select_option("contacts")
        seen.page.set_input_files("#file", tmp_path / "contacts.csv")
        seen.page.get_by_role("button", name="Zeigen").click()
        seen.page.get_by_role("button", name="Jetzt übernehmen").click()
        seen.open("/my-school")
        assert "Hell, Toni" in seen.text()
        seen.open("/my-school?school=164811", 404)
        seen.open("/preview", 403)


def _focused(seen: Any) -> str:
    """The text of what has the focus, by the browser's accessibility."""
    return str(seen.page.evaluate("document.activeElement.innerText || document.activeElement.id"))


def test_the_keyboard_alone_is_enough(chromium: Any, own: Served, tmp_path: Path) -> None:
    cookie = own.session("Alex", groups=["/city/authority-admin"], strong=True)
    with window(chromium, own, cookie, javascript=True) as seen:
        seen.open("/my-school")
        seen.page.keyboard.press("Tab")
        assert _focused(seen) == "Zum Inhalt springen"
        box = seen.page.locator(".skip").bounding_box()
        assert box is not None
        assert box["y"] >= 0, "it can be seen while it has the focus"
        seen.page.keyboard.press("Enter")
        seen.page.keyboard.press("Tab")
        assert _focused(seen) == "q", "past head and navigation"
        seen.page.keyboard.type("am strom")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url("**/my-school?q=am+strom")
        for _ in range(40):
            seen.page.keyboard.press("Tab")
            if _focused(seen).startswith("Städtisches"):
                break
            outline = seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"nothing shows that {_focused(seen)} has the focus"
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url("**/my-school?school=164800")
        assert "2 Räume haben kein WLAN: 2.07, 3.05." in seen.text()
        for _ in range(40):
            seen.page.keyboard.press("Tab")
            if _focused(seen) == "Abmelden":
                break
        else:
            raise AssertionError("'Abmelden' is not reached by Tab")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url("**/?signed-out=1")
        assert "Sie sind abgemeldet." in seen.text()


def test_the_language_is_kept_in_the_address_before_sign_in_and_in_the_session_after(
    chromium: Any, own: Served
) -> None:
    with window(chromium, own) as seen:
        seen.open("/privacy")
        seen.page.get_by_role("link", name="Einfache Sprache").click()
        assert seen.page.url == f"{own.url}/privacy?lang=de-simple"
        seen.page.get_by_role("link", name="Impressum").click()
        assert "Wer macht diese Seiten?" in seen.text()
        assert seen.context.cookies() == []
    cookie = own.session("Deniz", groups=["/schools/164800/secretary"])
    with window(chromium, own, cookie) as seen:
        seen.open("/my-school")
        seen.page.get_by_role("link", name="English").click()
        assert seen.page.url == f"{own.url}/my-school"
        assert "2 rooms have no WLAN" in seen.text()
        seen.open("/imprint")
        assert "Imprint" in seen.text()


def test_slips_print_without_head_and_foot(chromium: Any, served: Served, admin: str) -> None:
    with window(chromium, served, admin) as seen:
        seen.open("/preview/slips")
        seen.page.emulate_media(media="print")
        assert seen.page.get_by_text("Bamiro-telafu-48").first.is_visible()
        for hidden in ("footer", "header nav", ".actions"):
            assert not seen.page.locator(hidden).first.is_visible(), hidden
