"""Changing records through the dialogs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.driving import answered_by, says, shows, text, until
from tui.app import SchoolopsApp


def calls(city: City, name: str) -> list[Any]:
    return [detail for called, detail in city.calls if called == name]


async def _devices(pilot: Any) -> None:
    await shows(pilot, "● live")
    await pilot.press("0")
    await shows(pilot, "All devices  42", "ap-101333-1.01")


async def test_an_action_is_bound_to_the_id_under_the_cursor_at_the_key_press(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the dialog is open the list is filtered anew; the first device is retired still."""
    from tui.commands import records

    async def ask(screen: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        screen.apply_filter("kind:ipad")
        await until(pilot, lambda: screen.table.total == 24 and screen.table.current())
        return "broken" if name == "RetireDialog" else True

    answered_by(monkeypatch, records, ask)
    async with app.run_test(size=(80, 24)) as pilot:
        await _devices(pilot)
        await pilot.press("d")
        await until(pilot, lambda: calls(city, "retire"))
        assert calls(city, "retire") == [("device-AP1013331.01", "broken")]


async def test_marked_records_are_changed_together_after_a_dry_run(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.commands import records

    asked: list[tuple[str, tuple[Any, ...]]] = []

    async def ask(screen: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        asked.append((name, args))
        return {"field": "owner", "value": "Kolleg"} if name == "BulkEdit" else True

    answered_by(monkeypatch, records, ask)
    async with app.run_test(size=(80, 24)) as pilot:
        await _devices(pilot)
        await pilot.press("space", "space", "space")
        await shows(pilot, "3 marked")
        await pilot.press("b")
        await says(pilot, "3 changed, 0 were so already")
        dry, real = calls(city, "bulk")
        assert dry["dry_run"]
        assert not real["dry_run"]
        assert dry["ids"] == real["ids"]
        assert real["expect"] == 3
        plan = next(args for name, args in asked if name == "ConfirmPlan")
        assert plan[2] == 3  # the number to type
        assert "marked" not in text(pilot).splitlines()[0]


async def test_all_matching_are_changed_by_the_filter_with_their_number(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.commands import records

    async def ask(screen: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "BulkEdit":
            assert args[1] == 24
        return {"field": "owner", "value": "Kolleg"} if name == "BulkEdit" else True

    answered_by(monkeypatch, records, ask)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("5")
        await shows(pilot, "iPads  24", "iPad 9")
        await pilot.press("asterisk", "b")
        await until(pilot, lambda: len(calls(city, "bulk")) == 2)
        assert all(call["q"] == "" and call["ids"] is None for call in calls(city, "bulk"))
        assert calls(city, "bulk")[1]["expect"] == 24


async def test_giving_up_the_plan_changes_nothing(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.commands import records

    async def ask(screen: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        return {"RetireDialog": "broken", "ConfirmPlan": None}[name]

    answered_by(monkeypatch, records, ask)
    async with app.run_test(size=(80, 24)) as pilot:
        await _devices(pilot)
        await pilot.press("d")
        await until(pilot, lambda: calls(city, "bulk"))
        await pilot.pause(0.1)
        assert not calls(city, "retire")
        assert [call["dry_run"] for call in calls(city, "bulk")] == [True]


async def test_a_stale_edit_shows_who_changed_it_and_mine_is_written_on_top(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.commands import records

    seen: list[Any] = []

    async def ask(screen: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        seen.append((name, args))
        if name == "RecordForm":
            city.records["device-AP1013331.01"]["version"] = 5  # somebody else was faster
            return {"name": "mine"}
        return "mine"

    answered_by(monkeypatch, records, ask)
    async with app.run_test(size=(80, 24)) as pilot:
        await _devices(pilot)
        await pilot.press("e")
        await says(pilot, "is saved")
        assert seen[1][0] == "StaleEdit"
        assert seen[1][1][0]["changed_by"] == "a.kaya"
        assert [call[1] for call in calls(city, "edit")] == [1, 5]
        assert city.records["device-AP1013331.01"]["values"]["name"] == "mine"


async def test_editing_and_moving_by_the_real_dialogs(app: SchoolopsApp, city: City) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await _devices(pilot)
        await pilot.press("e")
        await shows(pilot, "Edit AP1013331.01")
        await pilot.press("escape")
        await pilot.press("m")
        await shows(pilot, "Move AP1013331.01")
        await pilot.press("escape")
        await shows(pilot, "All devices  42")
        assert not calls(city, "edit")
        assert not calls(city, "move")


async def test_copying_puts_the_cell_into_the_clipboard(app: SchoolopsApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await _devices(pilot)
        await pilot.press("right", "right", "y")
        await until(pilot, lambda: app.clipboard == "ap-101333-1.01")


async def test_leaving_the_clash_returns_to_the_form_with_what_was_typed(
    app: SchoolopsApp, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.commands import records

    seen: list[tuple[str, dict[str, Any]]] = []

    async def ask(screen: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        seen.append((name, kwargs))
        if len(seen) == 1:
            city.records["device-AP1013331.01"]["version"] = 5
            return {"name": "mine"}
        return None

    answered_by(monkeypatch, records, ask)
    async with app.run_test(size=(80, 24)) as pilot:
        await _devices(pilot)
        await pilot.press("e")
        await until(pilot, lambda: len(seen) == 3)
        assert [name for name, _kwargs in seen] == ["RecordForm", "StaleEdit", "RecordForm"]
        assert seen[2][1]["draft"] == {"name": "mine"}
