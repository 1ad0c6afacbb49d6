"""Going about: main screens, opening, coming back."""

from __future__ import annotations

import pytest
from textual.app import App

from tests.tui.city import City
from tests.tui.driving import shows, text, until
from tui.app import SchoolopsApp
from tui.screens.listing import ListScreen
from tui.screens.overview import Overview


async def test_the_overview_names_the_worst_school_first_and_why(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "✖ down", "Gymnasium Am R", "Access points")
        table = app.screen.query_one("PagedTable")
        assert table.current()[1] == "164800"  # type: ignore[attr-defined]


async def test_every_digit_leads_to_its_screen(app: SchoolopsApp) -> None:
    titles = {"2": "Schools  6", "3": "Rooms  18", "4": "Access points  18", "5": "iPads  24",
              "6": "Uplinks  6", "7": "Agents  1", "8": "Discovered devices  1", "9": "Audit  2",
              "0": "All devices  42", "1": "Overview"}  # fmt: skip
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        for key, title in titles.items():
            await pilot.press(key)
            await shows(pilot, f" {title}")


async def test_a_list_leaves_18_rows_of_data_at_80x24(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("0")
        seen = await shows(pilot, "All devices  42", "ap-101333-1.01")
        assert sum("●" in line or "✖" in line for line in seen.splitlines()[2:-1]) >= 18


async def test_the_graphs_of_a_device_go_back_a_month(app: SchoolopsApp, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("4")
        await shows(pilot, "Access points  18")
        await pilot.press("enter")
        for heading, seconds in (
            ("The last six hours", 6 * 3600),
            ("The last 24 hours", 86_400),
            ("The last 7 days", 7 * 86_400),
            ("The last 30 days", 30 * 86_400),
            ("The last six hours", 6 * 3600),
        ):
            await shows(pilot, heading, "Clients")
            assert [detail[2] for name, detail in city.calls if name == "series"][-1] == seconds
            await pilot.press("z")


async def test_from_the_school_down_to_the_device_and_back(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Gymnasium Am R")
        await pilot.press("enter")
        school = await shows(pilot, "Not in order", "ap-164800-2.14", "Whom to call")
        assert "0211 8920-10" in school
        assert "hotline 0800 330 1000" in school
        assert "610 Mbit/s of 1 Gbit/s" in school
        await pilot.press("enter")  # the cursor stands on the faulty device
        await shows(pilot, " Device  ap-164800-2.14", "does not answer", "CPU")
        await pilot.press("G")
        await shows(pilot, "Where it stood", "installed")
        await pilot.press("o")
        await shows(pilot, " Room 2.14", "Clients", "Petra Lindner")
        for _ in range(3):
            await pilot.press("escape")
        await shows(pilot, " Overview")
        assert app.depth == 1


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
@pytest.mark.parametrize(
    "list_key", ["", "3", "5", "6"], ids=["school", "room", "device", "uplink"]
)
async def test_every_record_ends_with_who_changed_it(
    app: SchoolopsApp, list_key: str, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "Gymnasium Am R")
        if list_key:
            await pilot.press(list_key)
            await until(pilot, lambda: isinstance(app.screen, ListScreen))
            await until(pilot, lambda: app.screen.query_one("PagedTable").current())  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, Overview | ListScreen))
        await pilot.pause(0.3)
        await pilot.press("G")
        await shows(pilot, "Who changed it", "by import  geräte.csv", "empty → by the door",
                    "a.klein  recorded")  # fmt: skip


async def test_who_may_not_read_contacts_is_shown_none(app_of, city: City) -> None:  # type: ignore[no-untyped-def]
    city.role = "service-provider"
    async with (app := app_of(city)).run_test(size=(80, 40)) as pilot:
        await shows(pilot, "Gymnasium Am R")
        await pilot.press("enter")
        await shows(pilot, "Not in order", "Altbau")
        assert "Lindner" not in text(pilot)
        assert not app.screen.offers("main.contacts")


async def test_an_audit_event_opens_its_record(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("9")
        await shows(pilot, "device.edit")
        await pilot.press("enter")
        await shows(pilot, " Device  ap-164800-2.14")


async def test_the_pane_beside_the_list_follows_the_cursor_on_wide_terminals(
    app: SchoolopsApp,
) -> None:
    async with app.run_test(size=(140, 45)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("6")
        await shows(pilot, "Contract and measured", "D-101333")
        await pilot.press("j")
        await shows(pilot, "D-150332")


async def test_no_pane_and_no_request_for_it_on_narrow_ones(app: SchoolopsApp, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("0")
        await shows(pilot, "ap-101333-1.01")
        await pilot.pause(0.4)
        assert not [call for call in city.calls if call[0] == "get"]


async def test_uplinks_show_contract_against_measured_in_the_list(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("6")
        await shows(pilot, "Contract ↓", "Measured ↓", "610 Mbit/s", "61%")


async def test_the_frame_is_the_same_object_for_each_main_screen(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        for key in "4141":
            await pilot.press(key)
            await until(pilot, lambda: app.depth == 1)
        assert isinstance(app, App)
        await until(pilot, lambda: isinstance(app.screen, Overview | ListScreen))
        assert len(app.screen_stack) == 2


async def test_what_a_device_says_of_itself_cannot_colour_the_terminal(app: SchoolopsApp) -> None:
    async with app.run_test(size=(140, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("8")
        seen = await shows(pilot, "HP LaserJet")
        assert "\x1b" not in seen


async def test_in_a_room_without_a_fault_keys_act_on_the_room_itself(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("3")
        await shows(pilot, "1.01")
        await pilot.press("enter")
        await shows(pilot, "The room")
        assert app.screen.aim().plural == "rooms"


async def test_in_a_room_with_a_fault_they_act_on_what_is_broken(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("3")
        await shows(pilot, "1.01")
        await pilot.press("/", *"school:164800", "space", *"health:warning", "enter")
        await shows(pilot, "Rooms  1")
        await pilot.press("enter")
        await shows(pilot, "does not answer")
        assert app.screen.aim().id == "device-AP1648002.14"
