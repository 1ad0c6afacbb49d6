"""People, delegations and proposals on the screens; who may do what there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.city import City
from tests.tui.driving import says, shows, text, until
from tui import i18n


async def test_people_are_listed_with_their_roles_and_opened(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 34)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("P")
        await shows(pilot, "People and roles  2", "Head teacher 164800", "Teacher 164800")
        await pilot.press("j", "enter")
        await shows(pilot, "Person  T.Kaya", "May do", "Schools 164800", "reset pupils' passwords",
                    "Last sign-ins", "sign in")  # fmt: skip
        assert ("explain_access", ("estate.read", "t.kaya", "", "")) in city.calls


async def test_a_person_is_signed_out_after_a_question(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("P")
        await shows(pilot, "p.lindner")
        await pilot.press("d")
        await shows(pilot, "Sign p.lindner out", "has to sign in again")
        await pilot.press("escape")
        assert "end_sessions" not in dict(city.calls)
        await pilot.press("d")
        await shows(pilot, "has to sign in again")
        await pilot.press("enter")
        await says(pilot, "p.lindner is signed out")
        assert ("end_sessions", "account-p.lindner") in city.calls


async def test_rights_are_handed_on_and_a_refusal_keeps_what_was_typed(
    app: Any, city: City
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.delegations", app.frames()[0])
        await shows(pilot, "Delegations  1", "t.kaya")
        await pilot.press("n")
        await shows(pilot, "Hand own rights on")
        assert "t.kaya" in text(pilot)  # whom the row under the cursor is about
        await pilot.press("space", "tab", "tab", "tab", "tab", "tab", "tab")
        await pilot.press(*"leave", "ctrl+s")
        await says(pilot, "t.kaya has these rights until")
        (given,) = [detail for name, detail in city.calls if name == "delegate"]
        assert given[:4] == ("t.kaya", ["estate.read"], "164800", "")


async def test_a_delegation_is_revoked_after_reading_what_it_is(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await app.perform("main.delegations", app.frames()[0])
        await shows(pilot, "Delegations  1", "t.kaya")
        await pilot.press("d")
        await shows(pilot, "Revoke t.kaya", "may no longer: reset pupils' passwords")
        await pilot.press("enter")
        await says(pilot, "no longer has these rights")
        await pilot.press("d")
        await says(pilot, "has ended already")


async def test_a_proposal_is_announced_read_and_approved(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live", "◆ 1 to decide")
        await pilot.press("A")
        await shows(pilot, "Approvals  1", "◆ to decide", "emergency access")
        await pilot.press("a")
        what = "see schools, rooms, devices and lines; for 2 hours"
        await shows(pilot, "Approve what a.klein proposed", what, "the whole school is dark")
        await pilot.press("enter")
        await says(pilot, "Approved.")
        await until(pilot, lambda: "to decide" not in text(pilot))
        assert ("decide", ("approval-asked-1", True, "")) in city.calls
        await pilot.press("a")
        await says(pilot, "This proposal is approved")


async def test_a_proposal_is_rejected_with_a_reason(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("A")
        await shows(pilot, "◆ to decide")
        await pilot.press("d")
        await shows(pilot, "Reject what a.klein proposed")
        await pilot.press(*"later", "enter")
        await says(pilot, "Rejected.")
        assert ("decide", ("approval-asked-1", False, "later")) in city.calls


async def test_the_badge_follows_the_stream(app: Any, city: City) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "◆ 1 to decide")
        await says(pilot, "A proposal waits for your decision (A)")
        city.propose("b.krause", "asked-2")
        await shows(pilot, "◆ 2 to decide")
        await says(pilot, "2 proposals wait for your decision")
        await city.withdraw("approval-asked-1")
        await shows(pilot, "◆ 1 to decide")


async def test_an_open_list_shows_a_new_proposal_by_itself(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("A")
        await shows(pilot, "Approvals  1", "a.klein")
        city.propose("b.krause", "asked-2")
        await shows(pilot, "Approvals  2", "a.klein", "b.krause")
        await app.perform("main.delegations", app.frames()[0])
        await shows(pilot, "Delegations  1", "t.kaya")
        city.add("delegation", "grant-2", receiver="o.demir", giver="p.lindner", school="164800",
                 permissions="estate.read", source="delegation", state="active",
                 until="2026-12-04T17:00:00Z", reason="on leave")  # fmt: skip
        city.tell("delegation", "delegation-grant-2")
        await shows(pilot, "Delegations  2", "o.demir")


async def test_one_withdraws_the_own_and_decides_that_of_others(app: Any, city: City) -> None:
    city.records.pop("approval-asked-1")
    city.propose("m.weber", "asked-3")
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        assert "to decide" not in text(pilot)
        await pilot.press("A")
        await shows(pilot, "Approvals  1", "m.weber", "Withdraw")
        keys = text(pilot).splitlines()[-1]
        assert "Approve" not in keys
        assert "Reject" not in keys
        await pilot.press("a")
        await says(pilot, "Somebody else must decide what you proposed: Administrator of the")
        city.propose("b.krause", "asked-4")
        await shows(pilot, "Approvals  2", "b.krause")
        await pilot.press("k")
        await shows(pilot, "a Approve", "d Reject")
        assert "Withdraw" not in text(pilot).splitlines()[-1]
        await pilot.press("j")
        await pilot.press("W")
        await shows(pilot, "Withdraw the proposal")
        await pilot.press("enter")
        await says(pilot, "Withdrawn.")


async def test_emergency_access_is_asked_for_from_wherever_one_is(app: Any, city: City) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live", "164800")
        await pilot.press("exclamation_mark")
        await shows(pilot, "Ask for emergency access")
        assert "164800" in text(pilot)  # the school under the cursor
        await pilot.press("space", "tab", "tab", "tab", "tab", "tab")
        await pilot.press(*"all+is+dark", "ctrl+s")
        await says(pilot, "Somebody else decides until")
        (asked,) = [detail for name, detail in city.calls if name == "ask_emergency"]
        assert asked == ("164800", ["estate.read"], 2, "all+is+dark")


async def test_a_permission_is_explained_for_the_person_under_the_cursor(
    app: Any, city: City
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        await pilot.press("P")
        await shows(pilot, "p.lindner")
        await pilot.press("w")
        await shows(pilot, "Explain a permission", "p.lindner")
        await pilot.press("ctrl+s")
        await shows(pilot, "● p.lindner: allowed", "estate.read comes from Teacher")


@pytest.mark.parametrize(
    ("role", "offered", "not_offered"),
    [
        ("head", {"delegation.new", "approval.approve", "access.emergency", "main.people"},
         {"account.end_sessions"}),
        ("technician", {"access.emergency", "access.explain", "main.approvals"},
         {"delegation.new", "approval.approve", "approval.reject", "main.people"}),
        ("data-protection-officer", {"approval.approve", "main.people"},
         {"delegation.new", "access.emergency", "account.end_sessions"}),
        ("viewer", {"access.explain", "main.approvals"},
         {"access.emergency", "delegation.new", "approval.approve", "main.people"}),
    ],
)  # fmt: skip
async def test_what_one_may_not_is_not_offered(
    app_of: Any, role: str, offered: set[str], not_offered: set[str]
) -> None:
    app = app_of(City(role=role))
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        seen = set[str]()
        for name in ("main.people", "main.delegations", "main.approvals"):
            await app.perform(name, app.frames()[0])
            await pilot.pause()
            seen |= {id for id in offered | not_offered if app.frames()[0].offers(id)}
        assert seen == offered
        decides = "approval.approve" in offered
        await until(pilot, lambda: app.waiting == (1 if decides else 0))


async def test_rights_that_begin_are_seen_without_a_new_start(app_of: Any) -> None:
    city = City(role="viewer")
    app = app_of(city)
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        streams = city.calls.count(("changes", None))
        assert not app.may("estate.write")
        city.role = "technician"  # as if somebody had approved emergency access
        city.tell("delegation", "grant-7")
        await until(pilot, lambda: app.may("estate.write"))
        await until(pilot, lambda: city.calls.count(("changes", None)) > streams)
        city.fault("AP1648001.01", "down", "no power")
        await shows(pilot, "no power")  # the stream goes on
        assert not app.offline_since


async def test_the_screens_speak_german(app: Any) -> None:
    i18n.use("de")
    async with app.run_test(size=(140, 45)) as pilot:
        await shows(pilot, "◆ 1 zu entscheiden")
        await pilot.press("A")
        await shows(pilot, "Freigaben", "◆ zu entscheiden", "Notfallzugriff", "für 2 Stunden")
        await pilot.press("P")
        await shows(pilot, "Personen und Rollen", "Schulleitung 164800")
