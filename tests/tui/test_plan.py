"""Maintenance, the on-call plan, the alert rules and the contract table on the screens."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.sentences import say, wire
from tests.tui.city import City
from tests.tui.driving import says, shows, text, until
from tui import i18n

DAY = "2026-12-01T17:00:00.000000Z"


async def test_maintenance_is_planned_and_a_refusal_keeps_what_was_typed(
    app: Any, city: City
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("M")
        await shows(pilot, "Maintenance  0")
        await pilot.press("n")
        await shows(pilot, "Plan maintenance", "all schools")
        await pilot.press("tab", *"2.14", "tab", "tab")
        await pilot.press(*"nonsense", "tab", "tab", *"new+switch", "ctrl+s")
        await shows(pilot, "✗")
        assert not [name for name, _detail in city.calls if name == "plan"]
        app.screen.spell.ends.value = "01.12.2026 18:00"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await shows(pilot, "A room belongs to a school")
        app.screen.school.set("164800")
        await pilot.pause()
        await pilot.press("ctrl+s")
        await says(pilot, "It is planned.")
        await shows(pilot, "Maintenance  1", "new+switch", "164800")
        plural, new = [detail for name, detail in city.calls if name == "plan"][-1]
        assert plural == "windows"
        assert new["kind"] == "maintenance"
        assert (new["school"], new["room"], new["reason"]) == ("164800", "2.14", "new+switch")
        assert "begins" not in new
        assert new["ends"].startswith("2026-12-01T17:00")


@pytest.mark.parametrize("action", ["window.new", "on-call.new"])
async def test_escape_asks_before_it_throws_away_what_was_typed(app: Any, action: str) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.on-calls" if "call" in action else "main.windows", app.frames()[0])
        await pilot.press("n", "escape", "n")
        await shows(pilot, "Until (inclusive)")
        app.screen.spell.every.value = "sat"
        await pilot.pause()
        await pilot.press("escape")
        await shows(pilot, "Discard what you have changed here?")
        await pilot.press("n")
        await until(pilot, lambda: "Discard" not in text(pilot))
        assert app.screen.spell.every.value == "sat"
        await pilot.press("escape")
        await shows(pilot, "Discard what you have changed here?")
        await pilot.press("y")
        await until(pilot, lambda: "Until (inclusive)" not in text(pilot))


async def test_a_window_of_all_schools_without_end_says_both(app: Any, city: City) -> None:
    city.add("window", "w-1", kind="maintenance", school="", room="", begins=DAY,
             ends="9999-01-01T00:00:00Z", every="sun=02:00-05:00", reason="updates",
             state="planned", by="m.weber")  # fmt: skip
    async with app.run_test(size=(118, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("M")
        (row,) = [one for one in (await shows(pilot, "updates")).splitlines() if "sun=" in one]
        assert row.split()[1:4] == ["planned", "maintenance", "all"]
        assert "no end" in row


async def test_an_end_or_the_days_of_every_week_are_asked_for(app: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("M", "n")
        await shows(pilot, "Plan maintenance")
        await pilot.press("ctrl+s")
        await shows(pilot, "Say until when, or on which days every week.")


async def test_maintenance_is_ended_after_a_question(app: Any, city: City) -> None:
    city.add("window", "w-1", kind="freeze", school="164800", room="2.14", begins=DAY, ends=DAY,
             every="", reason="Abitur", state="active", by="m.weber")  # fmt: skip
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("M")
        await shows(pilot, "Maintenance  1", "Abitur")
        await pilot.press("d")
        await shows(pilot, "End it now", "164800", "Abitur")
        await pilot.press("escape")
        assert "end_planned" not in dict(city.calls)
        await pilot.press("d")
        await shows(pilot, "End it now")
        await pilot.press("enter")
        await says(pilot, "It is ended.")
        assert ("end_planned", ("windows", "window-w-1")) in city.calls
        await pilot.press("d")
        await says(pilot, "It is over already.")


async def test_who_is_on_call_is_planned(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.on-calls", app.frames()[0])
        await shows(pilot, "On-call plan  0")
        await pilot.press("n")
        await shows(pilot, "On-call time", "is told at once", "all schools")
        await pilot.press("ctrl+s")
        await shows(pilot, "Say who is on call: a user name or a mail address.")
        app.screen.username.set("a.klein")
        await pilot.press("ctrl+s")
        await shows(pilot, "Say until when, or on which days every week.")
        app.screen.spell.every.value = "mon-fri=07:00-16:00"
        app.screen.level.value = "2"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await says(pilot, "It is planned.")
        plural, new = [detail for name, detail in city.calls if name == "plan"][-1]
        assert plural == "on-calls"
        assert new == {"username": "a.klein", "level": 2, "authority": "",
                       "every": "mon-fri=07:00-16:00"}  # fmt: skip


async def test_who_is_on_call_is_listed_and_ended(app: Any, city: City) -> None:
    city.add("on-call", "o-1", username="a.klein", level=2, authority="", begins=DAY, ends=DAY,
             every="daily", state="active", by="m.weber")  # fmt: skip
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.on-calls", app.frames()[0])
        await shows(pilot, "On-call plan  1", "a.klein", "daily")
        await pilot.press("d")
        await shows(pilot, "End it now", "a.klein")
        await pilot.press("enter")
        await says(pilot, "It is ended.")
        assert ("end_planned", ("on-calls", "on-call-o-1")) in city.calls


async def test_the_rules_in_force_are_tried_on_the_last_hours_of_a_school(
    app: Any, city: City
) -> None:
    async with app.run_test(size=(120, 34)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.rules", app.frames()[0])
        await shows(pilot, "Alert rules  1", "line-down", "✖ critical", "2 min / 1 h", "not reach")
        await pilot.press("T")
        await shows(pilot, "Try the alert rules", "The last hours")
        await pilot.press("ctrl+s")
        await shows(pilot, "Say for which school.")
        app.screen.school.set("164800")
        app.screen.hours.value = "200"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await shows(pilot, "a number from 1 to 168")
        app.screen.hours.value = "48"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await shows(pilot, "line main does not answer")
        assert ("try_rules", ("164800", 48)) in city.calls
        app.screen.hours.value = "24"
        await until(pilot, lambda: "line main does not answer" not in text(pilot))
        city.broken = True
        await pilot.press("ctrl+s")
        await shows(pilot, "No connection to the server")


async def test_the_alert_rules_are_found_by_jumping_too(app: Any) -> None:
    i18n.use("de")
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press(":", *"alarmreg")
        await shows(pilot, "Alarmregeln")
        await pilot.press("enter")
        await shows(pilot, "Alarmregeln  1", "line-down")


async def test_wrong_rules_of_the_city_stand_over_the_list_in_the_persons_language(
    app: Any, city: City
) -> None:
    place = {"file": "own.yaml", "line": 7, "rule": "x"}
    told = say("{file}, line {line}, rule {rule}: {problem}",
               problem=say("'hours' is 'always' or 'lessons'"), **place)  # fmt: skip
    city.rule_problems = [{"text": str(told), **wire(told)}]
    i18n.use("de")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.rules", app.frames()[0])
        shown = await shows(pilot, "Alarmregeln  1", "line-down", "own.yaml, Zeile 7, Regel x:")
        assert "✗" in shown


async def test_contracts_that_were_missed_come_first_and_lead_to_their_line(app: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("L")
        shown = await shows(pilot, "Contracts  6  2026-11", "✖ missed", "1 Gbit/s", "610 Mbit/s")
        assert shown.index("✖ missed") < shown.index("? cannot be told")
        await pilot.press("enter")
        await shows(pilot, "Uplink  main", "Contract and measured")


@pytest.mark.parametrize(
    ("role", "offered"),
    [("technician", {"window.new", "window.end"}), ("viewer", set())],
)
async def test_who_may_not_plan_is_offered_nothing(
    app_of: Any, role: str, offered: set[str]
) -> None:
    app = app_of(City(role=role))
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("M")
        await shows(pilot, "Maintenance")
        seen = {id for id in ("window.new", "window.end") if app.frames()[0].offers(id)}
        assert seen == offered


async def test_plans_and_contracts_speak_german(app: Any) -> None:
    i18n.use("de")
    async with app.run_test(size=(140, 45)) as pilot:
        await pilot.press("L")
        await shows(pilot, "Verträge", "✖ verfehlt", "Gebucht ↓", "31.03.2027", "99,5 %")
        await app.perform("main.rules", app.frames()[0])
        await shows(pilot, "Alarmregeln", "keine Verbindung")
