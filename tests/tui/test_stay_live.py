"""The change stream and the offline state."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.driving import says, shows, text, until
from tui.app import SchoolopsApp
from tui.feed import MOST_IDS, Changes


async def test_a_fault_shows_in_the_list_without_a_key_and_moves_nothing(
    app: SchoolopsApp, city: City
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("4")
        await shows(pilot, "Access points  18", "ap-101333-1.02")
        await pilot.press("j", "j")
        before = len(city.calls)
        city.fault("AP1013331.01", "down", "does not answer")
        await until(
            pilot,
            lambda: any("✖ down" in line and "ap-101333-1.01" in line
                        for line in text(pilot).splitlines()),
        )  # fmt: skip
        names = [name for name, _detail in city.calls[before:]]
        assert names.count("rows") >= 1
        assert "page" not in names  # patched in place, not listed anew
        line = next(line for line in text(pilot).splitlines() if line.startswith("›"))
        assert "ap-101333-1.02" in line


async def test_a_thousand_changes_are_a_few_requests(app: SchoolopsApp, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("4")
        await shows(pilot, "Access points  18")
        await pilot.pause(0.3)
        before = len(city.calls)
        for _ in range(1000):
            city.tell("device", "device-AP1013331.01", "101333")
        await pilot.pause(1.0)
        assert len([c for c in city.calls[before:] if c[0] == "rows"]) <= 5


async def test_the_overview_says_what_has_just_broken(app: SchoolopsApp, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Goethe-Gymnasium")
        await pilot.press("j")
        city.fault("AP1645742.14", "down", "does not answer")
        await shows(pilot, "Goethe-Gymnasium: ap-164574-2.14 does not answer")
        lines = text(pilot).splitlines()
        assert any(line.startswith("›") and "GGS Unter" in line for line in lines)


async def test_offline_is_said_what_was_known_stays_and_it_recovers(
    app: SchoolopsApp, city: City
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("4")
        await shows(pilot, "ap-101333-1.01")
        city.cut()
        seen = await shows(pilot, "✖ No connection since", "✖ offline")
        assert "ap-101333-1.01" in seen
        await pilot.press("j", "G")
        assert "ap-189467-2.14" in text(pilot)
        city.fault("AP1013331.02", "warning", "hot")  # while nobody listened
        city.broken = False
        await shows(pilot, "● live", "▲ warning")
        assert "No connection" not in text(pilot)


async def test_no_server_at_the_start_is_said_and_tried_again(app_of: Any) -> None:
    city = City()
    city.broken = True
    async with app_of(city).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✖ No connection since")
        city.broken = False
        await shows(pilot, "● live", "Gymnasium Am R")


async def test_writing_while_offline_is_a_sentence(app: SchoolopsApp, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("4")
        await shows(pilot, "ap-101333-1.01")
        city.cut()
        await shows(pilot, "✖ offline")
        await pilot.press("e")
        await says(pilot, "nothing is written twice")


def test_too_many_changes_become_a_reset() -> None:
    changes = Changes()
    for n in range(MOST_IDS + 1):
        changes.add("device", str(n), "164800")
    assert changes.reset
    assert not changes.ids


async def test_a_defect_becomes_a_sentence_with_an_id_and_a_log_without_values(
    app: SchoolopsApp, city: City, home: Any
) -> None:
    async def broken(*args: Any, **kwargs: Any) -> Any:
        raise KeyError("Petra Lindner, 0211 8920-10")

    async with app.run_test(size=(100, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("4")
        await shows(pilot, "ap-101333-1.01")
        city.get = broken  # type: ignore[method-assign]
        await pilot.press("e")
        await says(pilot, "Something went wrong", "(id ")
        log = (home / "logs" / "tui.log").read_text()
        assert "KeyError" in log
        assert "records.py" in log
        assert "Lindner" not in log
        assert app.is_running


async def test_a_database_that_is_full_is_a_banner_and_not_an_error_a_key_and_passes(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.app.TROUBLE_S", 0.05)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        city.full = True
        for key in "4", "3", "4":
            await pilot.press(key)
        await shows(pilot, "✖ The disk of the database is full", "✖ not writable")
        assert not any("disk" in str(note.message) for note in app._notifications)
        city.full = False
        await shows(pilot, "● live", "Access points  18")
        assert "disk of the database" not in text(pilot)
