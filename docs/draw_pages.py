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
SHOTS = (
    # name, address, who, width, dark
    ("start-de", "/", "", 900, False),
    ("my-school-de", "/my-school", "secretary", 900, False),
    ("my-school-de-simple-narrow", "/my-school?lang=de-simple", "secretary", 360, False),
    ("my-school-en-dark", "/my-school?lang=en", "secretary", 900, True),
    ("schools-de", "/my-school", "admin", 900, False),
    ("report-de", "/upload", "admin", 900, False),
    ("room-de-phone", ROOM, "", 390, False),
    ("room-result-de-ipad", ROOM, "", 820, False),
    ("room-result-de-simple-phone", f"{ROOM}?lang=de-simple", "", 390, True),
    ("slips-de", "/preview/slips", "admin", 900, False),
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
                in_room = path.startswith(ROOM)
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
                    if name == "report-de":
                        upload(seen.page, Path(folder) / "räume.csv")
                    seen.page.screenshot(path=FOLDER / f"{name}.png", full_page=True)
        browser.close()


def hang_up_code(store: Store) -> None:
    """The code of a room, such as its address in `ROOM` says."""
    from sqlalchemy import update

    from schoolops.core.permissions import SYSTEM
    from schoolops.estate import places
    from schoolops.estate.models import TABLES, place_code

    uplinks = TABLES["uplink"]
    with store.write(SYSTEM) as unit:
        places.make(unit, "164800/2.03", "")
        unit.connection.execute(update(place_code).values(code=ROOM.removeprefix("/r/")))
    with store.writer.begin() as connection:
        connection.execute(update(uplinks).values(contract_down_bps=250_000_000))


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
