"""Keys that arrive in one burst reach what they were typed for."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.driving import shows, until
from tui.app import SchoolopsApp
from tui.dialogs.jump import JumpDialog
from tui.filterbar import FilterBar
from tui.screens.listing import ListScreen

NAMES = {":": "colon", "/": "slash", "⏎": "enter"}


def burst(pilot: Pilot[int], keys: str) -> None:
    """As a terminal delivers a paste or a slow line: all at once."""
    for letter in keys:
        name = NAMES.get(letter, letter)
        pilot.app.post_message(events.Key(name, None if letter == "⏎" else letter))


async def at_schools(pilot: Pilot[int]) -> None:
    await shows(pilot, "● live")
    await pilot.press("2")
    await shows(pilot, "Schools  6")


@pytest.mark.parametrize("words", ["2", "20", "dq1"])
async def test_words_behind_the_jump_key_reach_the_jump(app: SchoolopsApp, words: str) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_schools(pilot)
        burst(pilot, f":{words}")
        await until(pilot, lambda: app.screen.query_one("#words", Input).value == words)
        assert isinstance(app.screen, JumpDialog)


async def test_words_behind_the_filter_key_reach_the_filter(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_schools(pilot)
        burst(pilot, "/d3")
        await until(pilot, lambda: app.screen.query_one(FilterBar).query_one(Input).value == "d3")
        assert isinstance(app.screen, ListScreen)


async def test_a_filter_typed_in_one_go_is_applied(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_schools(pilot)
        burst(pilot, "/164800⏎")
        await shows(pilot, "/ 164800", "Schools  1")


async def test_main_screens_pressed_in_one_burst_end_at_the_last(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_schools(pilot)
        burst(pilot, "3456789012")
        await shows(pilot, "Schools  6")
        assert app.depth == 1


async def test_after_a_burst_single_keys_work_as_before(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_schools(pilot)
        burst(pilot, ":xyz")
        await until(pilot, lambda: app.screen.query_one("#words", Input).value == "xyz")
        await pilot.press("escape", "3")
        await shows(pilot, "Rooms  18")
