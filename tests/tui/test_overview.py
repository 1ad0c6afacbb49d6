"""The first screen: its numbers, its map."""

from __future__ import annotations

import pytest

from tests.tui.city import City
from tests.tui.driving import shows, text, until
from tui import i18n
from tui.app import SchoolopsApp
from tui.counts import Counts
from tui.screens.listing import ListScreen


def _list(app: SchoolopsApp) -> ListScreen:
    assert isinstance(app.screen, ListScreen)
    return app.screen


async def test_enter_on_a_number_shows_as_many_rows(app: SchoolopsApp, city: City) -> None:
    city.records["school-150332"]["values"]["operating"] = "closed"
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "2 Schools           6 ✖1")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: _list(app).table.total == 6)
        await pilot.press("escape", "right", "enter")
        await until(pilot, lambda: _list(app).table.total == 1)
        assert _list(app).q == "!operating:closed health:down"
        await pilot.press("escape", "left", "left", "enter")
        await until(pilot, lambda: _list(app).q == "operating:closed")
        await until(pilot, lambda: _list(app).table.total == 1)
        await shows(pilot, "Realschule Benrath")


async def test_what_is_closed_is_counted_apart_and_not_in_the_list_of_faults(
    app: SchoolopsApp, city: City
) -> None:
    city.records["school-150332"]["values"]["operating"] = "closed"
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "– idle")
        line = next(line for line in text(pilot).splitlines() if "2 Schools" in line)
        assert line.split()[:3] == ["2", "Schools", "6"]
        assert "–1" in line
        assert "Benrath" not in text(pilot)


async def test_tab_goes_to_the_numbers_and_back_to_the_list(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "Tab Numbers")
        await pilot.press("tab")
        assert app.screen.query_one(Counts).has_focus
        await pilot.press("down", "up", "enter")
        await until(pilot, lambda: _list(app).plural == "schools")
        await pilot.press("escape", "tab", "enter")
        await shows(pilot, "Gymnasium Am Rheinbogen der Stadt")


async def test_a_click_on_a_number_shows_its_rows(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live", "4 Access points")
        row = next(y for y, line in enumerate(text(pilot).splitlines()) if "4 Access" in line)
        column = text(pilot).splitlines()[row].index("✖1")
        await pilot.click(offset=(column, row))
        await until(pilot, lambda: _list(app).q == "health:down")
        await until(pilot, lambda: _list(app).table.total == 1)


@pytest.mark.parametrize("language", ["de", "en"])
async def test_the_signs_of_numbers_and_map_are_explained(app: SchoolopsApp, language: str) -> None:
    i18n.use(language)
    words = {
        "de": (
            "Auf der Karte: ● gewählt",
            "✖ gestört",
            "▲ Warnung",
            "? unbekannt",
            "● ok",
            "– ruht",
        ),
        "en": ("On the map: ● chosen", "✖ down", "▲ warning", "? unknown", "● ok", "– idle"),
    }[language]
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        legend = next(line for line in text(pilot).splitlines() if words[0] in line)
        assert all(word in legend for word in words)
        assert len(text(pilot).splitlines()) == 24
