"""The dialogs in the running application, over the city in memory: nothing replaced."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.driving import says, shows, text, until
from tui.app import SchoolopsApp
from tui.dialogs.record_form import RecordForm

DEVICE = "device-AP1013331.01"


async def _edit_first_device(pilot: Any) -> None:
    await shows(pilot, "● live")
    await pilot.press("0")
    await shows(pilot, "ap-101333-1.01")
    await pilot.press("e")
    await shows(pilot, "Serial number", "Save")
    await pilot.press("ctrl+f", *"name", "enter")
    await until(pilot, lambda: pilot.app.screen.row("name").has_focus_within)


async def test_a_record_is_edited_from_the_list(app: SchoolopsApp, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await _edit_first_device(pilot)
        await pilot.press(*"ap-new", "ctrl+s")
        await says(pilot, "is saved")
        assert city.records[DEVICE]["values"]["name"] == "ap-new"


async def test_escape_from_a_stale_edit_leads_back_to_what_was_typed(
    app: SchoolopsApp, city: City
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await _edit_first_device(pilot)
        await pilot.press(*"ap-mine")
        city.records[DEVICE]["version"] += 1
        await pilot.press("ctrl+s")
        await shows(pilot, "a.kaya changed", "theirs")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RecordForm))
        form: Any = app.screen
        assert form.row("name").text == "ap-mine"
        await pilot.press("ctrl+s")
        await says(pilot, "is saved")
        assert city.records[DEVICE]["values"]["name"] == "ap-mine"


async def test_a_bulk_edit_shows_its_plan_and_wants_the_number(
    app: SchoolopsApp, city: City
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("0")
        await shows(pilot, "All devices  42")
        await pilot.press("space", "space")
        await shows(pilot, "b Bulk edit")
        await pilot.press("b")
        await shows(pilot, "Choose the field")
        await pilot.press("enter", *"firmw", "enter")
        await shows(pilot, "Firmware or OS *")
        await pilot.press("down", "down", *"17.6")
        await shows(pilot, "Sets Firmware or OS to 17.6 on 2 devices.")
        await pilot.press("ctrl+s")
        await shows(pilot, "Type 2 to go on")
        await pilot.press("3", "enter")
        await shows(pilot, "Nothing was done: that is not 2.")
        assert not [c for c in city.calls if c[0] == "bulk" and not c[1]["dry_run"]]
        await pilot.press("backspace", "2", "enter")
        await says(pilot, "2 changed")
        changed = [r for r in city.records.values() if r["values"].get("firmware") == "17.6"]
        assert len(changed) == 2


async def test_help_runs_what_is_chosen(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("question_mark", *"uplinks")
        await shows(pilot, "What works here")
        await pilot.press("enter")
        await shows(pilot, "Uplinks")
        await until(pilot, lambda: "What works here" not in text(pilot))


async def test_an_import_is_tried_before_it_is_written(
    app: SchoolopsApp, city: City, tmp_path: Path
) -> None:
    path = tmp_path / "geraete.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["Seriennummer"], ["X1"]])
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("0")
        await shows(pilot, "All devices")
        await pilot.press("i")
        await shows(pilot, "Import a file")
        pilot.app.screen.path.set(str(path))  # type: ignore[attr-defined]
        await pilot.press("ctrl+s")
        await shows(pilot, "Import, tried only: geraete.csv")
        assert [c[1][2] for c in city.calls if c[0] == "import"] == [True]
        await pilot.press("a")
        await until(pilot, lambda: len([c for c in city.calls if c[0] == "import"]) == 2)
        assert [c[1][2] for c in city.calls if c[0] == "import"] == [True, False]


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_a_dialog_leaves_the_keys_of_the_list_alone(
    app: SchoolopsApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await _edit_first_device(pilot)
        await pilot.press(*"q0d?", "escape")
        await shows(pilot, "Discard what you have changed here?")
        await pilot.press("y")
        await until(pilot, lambda: not isinstance(pilot.app.screen, RecordForm))
        assert app.is_running
        assert "All devices" in text(pilot)


async def test_what_was_typed_survives_a_broken_connection(app: SchoolopsApp, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await _edit_first_device(pilot)
        await pilot.press(*"ap-mine")
        city.broken = True
        await pilot.press("ctrl+s")
        await shows(pilot, "Edit AP1013331.01", "✗ No connection to the server.")
        form: Any = app.screen
        assert form.row("name").text == "ap-mine"
        city.broken = False
        await pilot.press("ctrl+s")
        await says(pilot, "is saved")
        assert city.records[DEVICE]["values"]["name"] == "ap-mine"
