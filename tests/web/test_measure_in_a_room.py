"""The page that measures in a room, in a real Chromium, over lines of a known rate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from schoolops.calendar import service as calendar
from schoolops.core.permissions import SYSTEM
from schoolops.estate import places
from schoolops.estate.models import TABLES
from schoolops.estate.repository import Estate
from schoolops.telemetry import rooms
from schoolops.telemetry.models import SAMPLES, room_test
from tests.web.browser import NARROW, Served, copy_of, serve, window
from tests.web.city import fill
from tests.web.conftest import CITY
from tests.web.slow_line import slow_line
from tests.web.test_pages import LANGUAGES, check

ROOM = "164800/2.03"
MBIT = 1_000_000


@pytest.fixture(scope="module")
def city(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A city of its own: measuring writes."""
    home = tmp_path_factory.mktemp("rooms") / "home"
    copy_of(migrated_sqlite, home)
    with serve(home, **CITY) as running:
        fill(running.store)
        yield running


@pytest.fixture
def code(city: Served) -> str:
    with city.store.write(SYSTEM) as unit:
        unit.connection.execute(room_test.delete())
        return str(places.make(unit, ROOM, "", renew=True)["code"])


def measured(city: Served, room: str = ROOM) -> list[dict[str, Any]]:
    with city.store.read() as connection:
        estate = Estate(connection, SYSTEM, city.store.clock.now())
        found: list[dict[str, Any]] = rooms.of_room(estate, room)["measurements"]
        return found


def line_test(city: Served, down_bps: int) -> None:
    """What the agent of the school measured a moment ago: an idle line that can so much."""
    table, now = SAMPLES["uplink"], city.store.clock.now()
    with city.store.write() as unit:
        id = unit.connection.scalar(
            select(TABLES["uplink"].c.id).where(TABLES["uplink"].c.key == "164800/line1")
        )
        unit.connection.execute(table.delete())
        unit.connection.execute(
            insert(table).values(
                record_id=id, observed_at=now - 60 * MBIT, stream_id=1, seq=1, delay_ms=0,
                rtt_us=9_000, rx_bps=MBIT, test_down_bps=down_bps, test_up_bps=down_bps // 4,
            )
        )  # fmt: skip


def test_the_rate_of_the_line_is_measured_and_kept_beside_that_of_the_uplink(
    chromium: Any, city: Served, code: str
) -> None:
    line_test(city, 200 * MBIT)
    with (
        slow_line(city.host, 40 * MBIT, 8 * MBIT) as address,
        window(chromium, Served(f"http://{address}", city.home, city.store), javascript=True) as w,
    ):
        w.context.set_default_timeout(60_000)
        page = w.open(f"/r/{code}/measure")
        page.get_by_role("button", name="Jetzt messen").click()
        page.get_by_role("button", name="Noch einmal messen").wait_for()
        told = w.text()
        check(w, f"/r/{code}/measure", scripts=1)
    (found,) = measured(city)
    assert found["down_bps"] == pytest.approx(40 * MBIT, rel=0.2)
    assert found["up_bps"] == pytest.approx(8 * MBIT, rel=0.2)
    assert (found["sent"], found["lost"]) == (30, 0)
    assert (found["enough"], found["narrow"], found["device"]) == ("video", "room", "computer")
    assert found["line"] == {
        "uplink": "164800/line1", "down_bps": 200 * MBIT, "up_bps": 50 * MBIT, "basis": "test",
        "busy_bps": MBIT, "rtt_ms": 9.0,
    }  # fmt: skip
    assert "Reicht für eine Klasse mit Video: ja" in told
    assert "200 Mbit/s" in told
    assert "meistens im WLAN des Raums" in told


def test_what_is_refused_is_told_in_words(chromium: Any, city: Served, code: str) -> None:
    with city.store.write() as unit:
        rooms.begin(unit, code)
    with window(chromium, city, javascript=True) as seen:
        page = seen.open(f"/r/{code}/measure")
        card = page.locator("#measure").bounding_box()
        assert card is not None
        right = page.evaluate("document.documentElement.clientWidth") - card["x"] - card["width"]
        assert card["x"] == pytest.approx(right, abs=2), "it stands in the middle of the page"
        page.get_by_role("button", name="Jetzt messen").click()
        page.get_by_text("Gerade läuft").or_(page.get_by_text("Gerade wird anderswo")).wait_for()
    assert measured(city) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_open_to_everybody_and_in_every_language(
    chromium: Any, city: Served, code: str, language: str
) -> None:
    with window(chromium, city, javascript=True, width=NARROW) as seen:
        page = seen.open(f"/r/{code}/measure?lang={language}")
        assert page.locator("html").get_attribute("lang") == language
        assert "2.03" in seen.text()
        check(seen, f"/r/{code}/measure", scripts=1)


def test_the_page_needs_nothing_but_its_own_script(chromium: Any, city: Served, code: str) -> None:
    """With the policy in force, unlike where axe is let in."""
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{city.url}/r/{code}/measure")
    page.locator("button.large").wait_for()
    assert page.evaluate(f"fetch('/r/{code}/ping').then(answer => answer.status)") == 204
    assert said == []
    context.close()


def test_without_scripts_the_page_says_what_to_do(chromium: Any, city: Served, code: str) -> None:
    with window(chromium, city) as seen:
        page = seen.open(f"/r/{code}/measure")
        assert "Erlauben Sie JavaScript" in seen.text()
        assert not page.locator("button.large").is_visible()


def test_a_code_that_was_renewed_or_never_was_leads_nowhere(
    chromium: Any, city: Served, code: str
) -> None:
    with city.store.write(SYSTEM) as unit:
        places.make(unit, ROOM, "", renew=True)
    with window(chromium, city) as seen:
        for old in (code, "x"):
            seen.open(f"/r/{old}/measure", 404)
            assert "Dieser Code gilt nicht" in seen.text()


def test_a_room_out_of_use_has_no_page(chromium: Any, city: Served) -> None:
    rooms_table = TABLES["room"]
    with city.store.write(SYSTEM) as unit:
        code = places.make(unit, "164800/3.07", "")["code"]
    where = rooms_table.c.key == "164800/3.07"
    with city.store.writer.begin() as connection:
        connection.execute(update(rooms_table).where(where).values(retired_at=1))
    with window(chromium, city) as seen:
        seen.open(f"/r/{code}/measure", 404)


def test_during_an_exam_nothing_is_measured_in_that_room(
    chromium: Any, city: Served, code: str
) -> None:
    from schoolops.calendar.schemas import NewDay

    today = dt.datetime.now(dt.UTC).astimezone().date()
    span = {"first": today - dt.timedelta(days=1), "last": today + dt.timedelta(days=1)}
    with city.store.write(SYSTEM) as unit:
        day = calendar.add_day(unit, "164800", NewDay(kind="exam", rooms=["2.03"], **span))
        other = places.make(unit, "164800/2.04", "")["code"]
    try:
        with window(chromium, city, javascript=True) as seen:
            seen.open(f"/r/{code}/measure")
            assert "heute eine Prüfung" in seen.text()
            assert seen.page.locator("button.large").count() == 0
            assert seen.open(f"/r/{other}/measure").locator("button.large").is_visible()
    finally:
        with city.store.write(SYSTEM) as unit:
            calendar.remove_day(unit, "164800", day["id"])
