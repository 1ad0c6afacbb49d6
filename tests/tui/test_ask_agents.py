"""An agent is asked for something from the list of agents, and its answer is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.driving import says, shows
from tui import i18n
from tui.commands import fleet


async def test_a_line_test_is_asked_for_and_its_answer_told_wherever_one_is(
    app: Any, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "LOOK_EVERY_S", 0.01)
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("7", "a")
        await shows(pilot, "Ask ", "test the line now", "every line of the school")
        app.screen.in_lessons.value = "yes"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await says(pilot, "hears of it with its next report")
        await pilot.press("2")
        city.command_state = "done"
        await says(pilot, "up 93.1, down 812.4 Mbit/s")
        asked = [detail for name, detail in city.calls if name == "ask_agent"]
        assert [one[1:] for one in asked] == [("line-test", {"in_lessons": True})]


async def test_reading_a_device_wants_its_name_and_a_refusal_keeps_it(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("7", "a")
        await shows(pilot, "Ask ")
        app.screen.what.value = "poll"
        await shows(pilot, "serial number or name of the device")
        await pilot.press("ctrl+s")
        await shows(pilot, "Say which device.")
        app.screen.subject.value = "nothing"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await shows(pilot, "has no device nothing")
        assert app.screen.subject.value == "nothing"


async def test_diagnostics_take_nothing(app: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("7", "a")
        await shows(pilot, "Ask ")
        app.screen.what.value = "diagnostics"
        await pilot.pause()
        assert app.screen.subject.disabled
        assert app.screen.in_lessons.disabled


def test_rates_are_told_in_the_persons_language_without_those_that_nobody_tested() -> None:
    i18n.use("de")
    command = {"kind": "line-test", "state": "done", "text": "main: down 93.1 Mbit/s, up unknown",
               "result": {"main": {"down_bps": 93_100_000.0, "up_bps": None}}}  # fmt: skip
    assert fleet.answer_of(command) == "main: ↓ 93,1 Mbit/s"
    failed = command | {"text": "main: down 93.1 Mbit/s, up unknown (refused)"}
    assert fleet.answer_of(failed) == failed["text"]  # why it failed is not left out
    assert fleet.answer_of({"kind": "diagnostics", "text": "all is well"}) == "all is well"
