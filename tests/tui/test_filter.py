"""The filter line."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from inventory.filter import FilterError, parse
from inventory.kinds import find_kind
from tests.tui.city import City
from tests.tui.driving import shows, text, until
from tui import i18n
from tui.app import SchoolopsApp
from tui.filterbar import problem_of
from tui.screens.listing import ListScreen
from tui.table import PagedTable


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


async def test_the_cursor_goes_behind_what_is_wrong(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await _open(pilot)
        await pilot.press(*"iPad health:gone Färber", "enter")
        await shows(pilot, "✖ health wants one of", "'gone'")
        assert app.screen.query_one(Input).cursor_position == len("iPad health:gone")
        assert "at character" not in text(pilot)
        app.screen.query_one(Input).value = "nmae:x"
        await pilot.press("enter")
        await shows(pilot, "have no key 'nmae'")
        assert app.screen.query_one(Input).cursor_position == len("nmae:x")


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("plural", ["devices", "schools", "uplinks", "audit"])
async def test_a_long_explanation_is_there_in_full_at_80_columns(
    app: SchoolopsApp, plural: str, language: str
) -> None:
    i18n.use(language)
    kind = find_kind(plural)[0]
    with pytest.raises(FilterError) as refused:
        parse("colour:red", kind)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await app.show_main(lambda: ListScreen(plural))
        await until(pilot, lambda: isinstance(app.screen, ListScreen))
        await pilot.press("slash")
        await until(pilot, lambda: app.screen.query_one(Input).has_focus)
        await pilot.press(*"colour:red", "enter")
        await shows(pilot, "✖")
        whole = problem_of(refused.value)
        assert " ".join(whole.split()) in " ".join(text(pilot).split())
        assert f"schoolops ls {plural} --fields" in whole
        assert app.screen.query_one(PagedTable).size.height >= 5


async def test_what_does_not_fit_of_the_offers_ends_in_an_ellipsis(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await _open(pilot)
        hint = next(line for line in text(pilot).splitlines() if "Tab: " in line)
        assert hint.rstrip().endswith("…")


async def test_a_german_screen_explains_a_wrong_filter_in_german(app: SchoolopsApp) -> None:
    i18n.use("de")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("0", "slash")
        await until(pilot, lambda: app.screen.query_one(Input).has_focus)
        for wrong, said in (
            ("kind:ipod", "✖ kind erwartet eins von"),
            ("kind:ipods", "board (Interaktive Tafel)"),
            ("nmae:x", "✖ Ein Feld „nmae“ gibt es hier nicht (Geräte) (gemeint: name:"),
            ('"Goethe', "✖ Hier beginnt ein Anführungszeichen"),
            ("since:>neulich", "✖ „neulich“ ist keine Zeit"),
        ):
            app.screen.query_one(Input).value = wrong
            await pilot.press("enter")
            await shows(pilot, said)


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
