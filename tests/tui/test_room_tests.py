"""What browsers in a room measured, as lines beside the school's line."""

from __future__ import annotations

from typing import Any

from tests.tui.city import City
from tui import i18n, room_tests


async def _tests() -> list[Any]:
    found: list[Any] = (await City().room_measurements("164800/2.14"))["measurements"]
    return found


async def test_a_measurement_stands_beside_what_the_line_can() -> None:
    one, *_ = await _tests()
    shown = "\n".join(str(line.content) for line in room_tests.lines([one]))
    assert "↓ 41.2 Mbit/s" in shown
    assert "1 of 30 without an answer" in shown
    assert "line 250 Mbit/s by its own test: narrow before the line: mostly the WLAN" in shown
    i18n.use("de")
    shown = "\n".join(str(line.content) for line in room_tests.lines([{**one, "line": None}]))
    assert "reicht für eine Klasse mit Video" in shown


async def test_where_nobody_measured_there_are_no_lines() -> None:
    assert room_tests.lines([]) == []
