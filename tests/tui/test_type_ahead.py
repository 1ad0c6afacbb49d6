"""Keys that arrive in one burst reach what they were typed for."""

from __future__ import annotations

import asyncio

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


async def test_running_through_the_screens_ends_without_a_complaint(app: SchoolopsApp) -> None:
    async with app.run_test(size=(140, 45)) as pilot:
        await at_schools(pilot)
        for _ in range(3):
            burst(pilot, "345678901")
            await shows(pilot, " Overview")
            burst(pilot, "62646")
            await shows(pilot, " Uplinks")
        await pilot.pause(0.3)
        complaints = [n.message for n in app._notifications if n.severity != "information"]
        assert complaints == []


async def test_what_a_screen_still_loads_ends_with_it(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_schools(pilot)
        gone = app.screen
        assert isinstance(gone, ListScreen)
        started, ended = asyncio.Event(), asyncio.Event()

        async def load() -> None:
            started.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        gone.quietly(load, "test")
        await started.wait()
        await pilot.press("3")
        await shows(pilot, "Rooms  18")
        await asyncio.wait_for(ended.wait(), 2)


async def test_after_a_burst_single_keys_work_as_before(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await at_schools(pilot)
        burst(pilot, ":xyz")
        await until(pilot, lambda: app.screen.query_one("#words", Input).value == "xyz")
        await pilot.press("escape", "3")
        await shows(pilot, "Rooms  18")
