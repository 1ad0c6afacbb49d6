"""Going about for a whole day: nothing that is gone stays in memory, no haste breaks it."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from textual import events
from textual.strip import Strip

from tests.tui.driving import shows, until
from tui.app import SchoolopsApp
from tui.screens.listing import ListScreen


def strips() -> int:
    gc.collect()
    return sum(type(one) is Strip for one in gc.get_objects())


async def test_lines_drawn_for_lists_that_are_gone_are_freed(app: SchoolopsApp) -> None:
    async def round_trip(pilot: Any) -> None:
        for key, title in {"4": "Access points", "6": "Uplinks", "0": "All devices"}.items():
            await pilot.press(key)
            await shows(pilot, f" {title}  ")

    async with app.run_test(size=(140, 45)) as pilot:
        await shows(pilot, "● live")
        await round_trip(pilot)
        gone = weakref.ref(app.screen)
        await round_trip(pilot)
        before = strips()
        for _ in range(3):
            await round_trip(pilot)
        assert strips() < before * 1.5
        assert gone() is None


async def test_digits_typed_at_once_lead_to_the_last_of_them(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "Gymnasium Am R")
        await pilot.press("enter")
        await shows(pilot, "Whom to call")
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 4)
        driver = app._driver
        assert driver is not None
        for digit in "1420654120":
            event = events.Key(digit, digit)
            event.set_sender(app)
            driver.send_message(event)
        await shows(pilot, " All devices  42")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        assert isinstance(app.screen, ListScreen)
