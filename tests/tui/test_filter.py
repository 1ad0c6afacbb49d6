"""The filter line."""

from __future__ import annotations

from textual.widgets import Input

from tests.tui.city import City
from tests.tui.driving import shows, text, until
from tui.app import SchoolopsApp


async def _open(pilot, keys: str = "0") -> None:  # type: ignore[no-untyped-def]
    await shows(pilot, "● live")
    await pilot.press(keys)
    await shows(pilot, "All devices")
    await pilot.press("slash")
    await until(pilot, lambda: pilot.app.screen.query_one(Input).has_focus)


async def test_typing_filters_and_escape_gives_everything_back(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await _open(pilot)
        await pilot.press(*"health:down", "enter")
        await shows(pilot, "All devices  1", "/ health:down", "ap-164800-2.14")
        await pilot.press("escape")
        await shows(pilot, "All devices  42")


async def test_tab_completes_keys_and_values(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await _open(pilot)
        await pilot.press(*"heal", "tab")
        field = app.screen.query_one(Input)
        assert field.value == "health:"
        await shows(pilot, "health:down")
        await pilot.press("d", "tab", "enter")
        await shows(pilot, "/ health:down")


async def test_a_wrong_key_is_explained_below_and_the_text_stays(
    app: SchoolopsApp, city: City
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await _open(pilot)
        before = len(city.calls)
        await pilot.press(*"colour:red", "enter")
        await shows(pilot, "✖", "colour")
        assert app.screen.query_one(Input).value == "colour:red"
        assert not [call for call in city.calls[before:] if call[0] == "page"]


async def test_keys_of_the_list_are_text_while_one_types(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await _open(pilot)
        await pilot.press(*"q5d", "escape")
        await pilot.pause()
        assert app.is_running
        assert "All devices  42" in text(pilot)


async def test_sorting_asks_the_server_and_shows_the_arrow(app: SchoolopsApp, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("0")
        await shows(pilot, "All devices  42")
        await pilot.press("right", "right", "S")
        await shows(pilot, "↓Name")
        assert ("page", ("devices", "", "-name", 0)) in city.calls
        await pilot.press("s")
        await shows(pilot, "↑Name")
