"""Draws the web pages in docs/pages: `make pages`. Needs chromium."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from schoolops.db.engine import Store

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
FOLDER = ROOT / "docs" / "pages"

ROOMS = """school;name;kind
164800;4.01;classroom
164800;4.02;science
999999;1.01;classroom
"""
ROOM = "/r/roomabcdefgh"
BOARD = "/board/boardabcdefg"
MEASURE = f"{ROOM}/measure"
SHOTS = (
    # name, address, who, width, dark
    ("start-de", "/", "", 900, False),
    ("my-school-de", "/my-school", "secretary", 900, False),
    ("my-school-de-simple-narrow", "/my-school?lang=de-simple", "secretary", 360, False),
    ("my-school-en-dark", "/my-school?lang=en", "secretary", 900, True),
    ("schools-de", "/my-school", "admin", 900, False),
    ("report-de", "/upload", "admin", 900, False),
    ("room-de-phone", MEASURE, "", 390, False),
    ("room-result-de-ipad", MEASURE, "", 820, False),
    ("room-result-de-simple-phone", f"{MEASURE}?lang=de-simple", "", 390, True),
    ("slips-de", "/preview/slips", "admin", 900, False),
    ("fault-de-phone", ROOM, "", 390, False),
    ("fault-known-de-phone", "/r/roomwiesengr", "", 390, False),
    ("fault-send-de-phone", f"{ROOM}?what=device", "", 390, False),
    ("fault-thanks-de-phone", f"{ROOM}?what=network&thanks", "", 390, False),
    ("fault-status-de-phone", f"{ROOM}?what=network&status", "", 390, False),
    ("fault-status-en", f"{ROOM}?what=network&lang=en&status", "", 1280, False),
    ("fault-de-simple-dark", f"{ROOM}?lang=de-simple", "", 390, True),
    ("my-faults-de", "/report", "secretary", 1280, False),
    ("board-de", BOARD, "", 1280, False),
    ("board-works-de", "/board/boardteich2x", "", 1280, True),
)


def draw(only: list[str]) -> None:
    """Write one picture a page."""
    for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
        del os.environ[name]
    from playwright.sync_api import sync_playwright

    from schoolops import migrations
    from schoolops.core.settings import load_settings
    from tests.web.browser import ARGUMENTS, Served, serve, window
    from tests.web.city import fill
    from tests.web.conftest import ADMIN, CITY
    from tests.web.slow_line import slow_line

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        os.environ["SCHOOLOPS_HOME"] = str(home)
        migrations.prepare(load_settings())
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        issuer = {"SCHOOLOPS_IDENTITY__ISSUER": "http://localhost:9/realms/city"}
        with serve(home, **CITY, **issuer) as running:
            fill(running.store)
            hang_up_code(running.store)
            cookies = {
                "": "",
                "admin": running.session("Alex Admin", groups=ADMIN, strong=True),
                "secretary": running.session("Deniz Öztürk", groups=["/schools/164800/secretary"]),
            }
            for name, path, who, width, dark in SHOTS:
                if only and name not in only:
                    continue
                in_room = path.startswith(MEASURE)
                with (
                    slow_line(running.host, 64e6, 12e6) as line,
                    window(
                        browser,
                        Served(f"http://{line}", home, running.store) if in_room else running,
                        cookies[who],
                        width=width,
                        dark=dark,
                        javascript=in_room,
                    ) as seen,
                ):
                    seen.open(path)
                    if name.startswith("room-result"):
                        measure(seen.page)
                    if path.endswith(("&thanks", "&status")):
                        report(seen.page, running.store)
                    if path.endswith("&status"):
                        seen.page.locator("main a.button").click()
                    if name == "report-de":
                        upload(seen.page, Path(folder) / "räume.csv")
                    seen.page.screenshot(path=FOLDER / f"{name}.png", full_page=True)
        browser.close()


def hang_up_code(store: Store) -> None:
    """The codes of rooms and boards, such as their addresses in `SHOTS` say, and what is broken."""
    from sqlalchemy import insert, select, update

    from schoolops.alerts.models import incident, incident_school
    from schoolops.core.permissions import SYSTEM
    from schoolops.estate import places
    from schoolops.estate.models import TABLES, place_code
    from schoolops.tickets import service
    from schoolops.tickets.snapshot import Place

    uplinks, schools, rooms = (TABLES[name] for name in ("uplink", "school", "room"))
    with store.write(SYSTEM) as unit:
        for key, kind, code in (
            ("164800/2.03", "room", ROOM.removeprefix("/r/")),
            ("164811/1.05", "room", "roomwiesengr"),
            ("164811", "school", BOARD.removeprefix("/board/")),
            ("200000", "school", "boardteich2x"),
        ):
            made = places.make(unit, key, "", kind)
            mine = place_code.c.code == made["code"]
            unit.connection.execute(update(place_code).where(mine).values(code=code))
        school_id = unit.connection.scalar(select(schools.c.id).where(schools.c.number == "164811"))
        began = unit.now - 42 * 60_000_000
        done = unit.connection.execute(
            insert(incident),
            {"uid": "x", "key": "down:school:1", "kind": "school", "record_id": school_id,
             "school_id": school_id, "rule": "down", "severity": "critical", "state": "open",
             "title": "the school is offline", "title_de": "Die Schule ist offline",
             "schools": 12, "began_at": began, "opened_at": began},
        )  # fmt: skip
        (fault,) = done.inserted_primary_key or (0,)
        unit.connection.execute(
            insert(incident_school),
            {"incident_id": fault, "school_id": school_id, "since_at": began},
        )
        for room, what, text in (
            ("164811/1.04", "network", "WLAN weg"), ("164811/2.01", "device", "Beamer flackert"),
        ):  # fmt: skip
            room_id = unit.connection.scalar(select(rooms.c.id).where(rooms.c.key == room))
            place = Place(school_id, room_id)
            service.open_ticket(unit, place, text=text, category=what, via="qr")
        service.tell_all(unit, "x", "Ein Bagger hat die Leitung getroffen. Zurück etwa um 10:30.")
    with store.writer.begin() as connection:
        connection.execute(update(uplinks).values(contract_down_bps=250_000_000))


def report(page: Page, store: Store) -> None:
    """Send the report that is on the page, and have it answered."""
    from schoolops.core.permissions import SYSTEM
    from schoolops.tickets import service

    page.locator("#text").fill("Seit der dritten Stunde geht nichts mehr.")
    page.locator("main button.large").click()
    with store.write(SYSTEM) as unit:
        number = page.locator("h2").first.inner_text().rpartition(" ")[2]
        service.reply(unit, number, "Wir sind ab 10 Uhr bei Ihnen.")


def measure(page: Page) -> None:
    """Press the button and wait for the result."""
    page.locator("button.large").click()
    page.locator("button.second").wait_for(timeout=60_000)


def upload(page: Page, file: Path) -> None:
    """Send some rooms, to see the report on them."""
    file.write_text(ROOMS, "utf-8")
    page.select_option("#plural", "rooms")
    page.set_input_files("#file", file)
    page.locator("main button").click()


if __name__ == "__main__":
    draw(sys.argv[1:])
