"""Incidents on the screens: what is open, whom to call, who looks after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.driving import says, shows, text, until
from tui import i18n


@pytest.fixture(autouse=True)
def _broken(city: City) -> None:
    city.fail("i-1", "critical", "No connection: line main", "Keine Verbindung: Leitung main",
              school="164800", devices=40, provider="Stadtnetz", circuit="D-164800",
              hotline="0800 330 1000")  # fmt: skip
    city.fail("i-2", "warning", "Room 2.14 without WLAN", "Raum 2.14 ohne WLAN",
              school="101333", claimed_by="a.klein", acknowledged_by="a.klein")  # fmt: skip
    over = city.fail("i-3", "critical", "All was dark", "Alles dunkel", school="150332")
    over["values"] |= {"open": False, "urgency": 2, "state": "closed",
                       "ended": "2026-11-24T07:30:00Z"}  # fmt: skip


async def test_open_incidents_are_counted_and_listed_first(app: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✖ 2 incidents")
        await pilot.press("I")
        shown = await shows(pilot, "Incidents  3", "✖ critical", "▲ warning", "All was dark")
        assert shown.index("Room 2.14") < shown.index("All was dark")
        (over,) = [line for line in shown.splitlines() if "All was dark" in line]
        assert "✓ over" in over
        assert "✖" not in over
        assert shown.index("No connection") < shown.index("Room 2.14")


async def test_the_title_line_is_no_worse_than_what_is_open(app: Any, city: City) -> None:
    for record in [one for one in city.records.values() if one["kind"] == "incident"]:
        record["values"] |= {"open": record["id"].endswith("i-2"), "severity": "info"}
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "i 1 incident")


async def test_a_new_critical_incident_is_told_and_joins_the_open_list(
    app: Any, city: City
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "✖ 2 incidents")
        # What was there at the start is counted alone.
        assert not any("connection" in str(note.message) for note in app._notifications)
        await pilot.press("I")
        await shows(pilot, "Incidents  3")
        city.fail(
            "i-4", "critical", "School is silent", "Schule meldet sich nicht", school="184019"
        )
        city.fail("i-5", "warning", "Line is lossy", "Leitung verliert Pakete", school="184019")
        await says(pilot, "School is silent (I)")
        await shows(pilot, "Incidents  5", "School is silent", "✖ 4 incidents")
        assert not any("lossy" in str(note.message) for note in app._notifications)


async def test_an_incident_says_whom_to_call_and_what_happened(app: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✖ 2 incidents")
        await pilot.press("I")
        await shows(pilot, "No connection")
        await _stand_on(pilot, "incident-i-1")
        await pilot.press("enter")
        await shows(
            pilot,
            "Circuit number",
            "D-164800",
            "Fault hotline",
            "0800 330 1000",
            "40 devices",
            "line does not answer",
            "a.klein",
            "note: the provider digs",
        )
        await pilot.press("O")
        await shows(pilot, "Gymnasium Am Rheinbogen", "Whom to call")


async def test_one_person_takes_an_incident_and_gives_it_back(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "✖ 2 incidents")
        await pilot.press("I")
        await shows(pilot, "No connection")
        await _stand_on(pilot, "incident-i-1")
        await pilot.press("C")
        await says(pilot, "You have it now.")
        await shows(pilot, "m.weber")
        await pilot.press("enter")
        await shows(pilot, "What happened", "R Give back")
        assert "C Take" not in text(pilot).splitlines()[-1]
        await pilot.press("R")
        await says(pilot, "Nobody has it now.")
        await shows(pilot, "C Take")
        assert ("act_on_incident", ("incident-i-1", "release")) in city.calls


async def test_what_somebody_else_has_is_refused_by_name(app: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "✖ 2 incidents")
        await pilot.press("I")
        await shows(pilot, "Room 2.14")
        await _stand_on(pilot, "incident-i-2")
        await pilot.press("C")
        await says(pilot, "a.klein has taken this incident; ask whether it is handed over")


async def test_it_is_acknowledged_once(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "✖ 2 incidents")
        await pilot.press("I")
        await shows(pilot, "No connection")
        await _stand_on(pilot, "incident-i-1")
        await shows(pilot, "a Acknowledge")
        await pilot.press("a")
        await says(pilot, "Acknowledged.")
        assert ("act_on_incident", ("incident-i-1", "acknowledge")) in city.calls
        await until(pilot, lambda: "a Acknowledge" not in text(pilot))


async def test_a_note_is_written_down(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "✖ 2 incidents")
        await pilot.press("I")
        await shows(pilot, "No connection")
        await _stand_on(pilot, "incident-i-1")
        await pilot.press("n")
        await shows(pilot, "Note to the incident", "No connection: line main")
        await pilot.press("ctrl+s")
        await shows(pilot, "Write it down in a few words.")
        await pilot.press(*"called", "ctrl+s")
        await says(pilot, "Written down.")
        assert ("note_incident", ("incident-i-1", "called")) in city.calls


async def test_the_fault_report_is_read_copied_and_saved(
    app: Any, city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✖ 2 incidents")
        await pilot.press("I")
        await shows(pilot, "No connection")
        await _stand_on(pilot, "incident-i-1")
        await pilot.press("f")
        await shows(pilot, "Fault of line D-164800", "0 of 40 probes")
        assert ("fault_report", ("incident-i-1", "en")) in city.calls
        await pilot.press("y")
        await shows(pilot, "Sent to the clipboard")
        assert "0 of 40 probes" in app.clipboard
        await pilot.press("s")
        await shows(pilot, "fault-report.txt")
        await pilot.press("ctrl+s")
        await shows(pilot, "Saved as")
        saved = (tmp_path / "fault-report.txt").read_text("utf-8")
        assert saved.startswith("Fault of line D-164800\n\nNo answer since")


async def test_a_school_shows_its_open_incidents(app: Any, city: City) -> None:
    from tui.screens.school import SchoolScreen

    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "✖ 2 incidents")
        app.push_screen(SchoolScreen("164800"))
        shown = await shows(pilot, "✖ critical: No connection: line main", "Not in order")
        assert "Room 2.14 without" not in shown
        assert shown.index("No connection") < shown.index("Not in order")


async def test_a_school_shows_the_incident_of_its_provider(app: Any, city: City) -> None:
    from tui.screens.school import SchoolScreen

    city.fail("i-6", "critical", "Stadtnetz is down", "Stadtnetz ist gestört", schools=2,
              provider="Stadtnetz")  # fmt: skip
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "✖ 3 incidents")
        app.push_screen(SchoolScreen("101333"))
        await shows(pilot, "✖ critical: Stadtnetz is down", "▲ warning: Room 2.14")
        app.pop_screen()
        app.push_screen(SchoolScreen("150332"))
        await shows(pilot, "Realschule Benrath", "Whom to call")
        assert "Stadtnetz is down" not in text(pilot)


async def test_who_may_only_read_is_offered_the_report_alone(app_of: Any, city: City) -> None:
    city.role = "viewer"
    app = app_of(city)
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "✖ 2 incidents")
        await pilot.press("I")
        await shows(pilot, "No connection", "f Fault report")
        offered = {id for id in ("claim", "acknowledge", "release", "note", "report")
                   if app.frames()[0].offers(f"incident.{id}")}  # fmt: skip
        assert offered == {"report"}


async def test_incidents_speak_german(app: Any) -> None:
    i18n.use("de")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✖ 2 Störungen")
        await pilot.press("I")
        shown = await shows(pilot, "Störungen  3", "✖ kritisch", "Keine Verbindung")
        assert "No connection" not in shown
        await _stand_on(pilot, "incident-i-1")
        await pilot.press("enter")
        await shows(pilot, "Leitungsnummer", "Leitung antwortet nicht", "Notiz: the provider")


async def _stand_on(pilot: Any, id: str) -> None:
    """Put the cursor of the list on a record."""
    screen = pilot.app.screen
    await pilot.press("g")
    for _step in range(10):
        await pilot.pause()
        if screen.aim().id == id:
            return
        await pilot.press("j")
    raise AssertionError(f"{id} is not in the list:\n{text(pilot)}")
