"""Bulk edit, plan, move, retire, stale edit: what they answer and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.kinds import DEVICE, EDITABLE, ROOM, Kind
from tests.tui.dialog_host import OPEN, showing


async def lookup(kind: str, text: str) -> list[tuple[str, str]]:
    known = {
        "school": [("164800", "Goethe-Gymnasium"), ("165189", "Koblenzer Straße")],
        "room": [("164800/2.14", "Classroom"), ("165189/1.01", "Library")],
    }[kind]
    words = text.removeprefix("school:").casefold().split()
    return [(k, n) for k, n in known if all(w in f"{k} {n}".casefold() for w in words)]


# ---- bulk edit --------------------------------------------------------------------------


async def choose(desk: Any, words: str) -> None:
    await desk.press("enter")
    await desk.type(words)
    await desk.press("enter")
    await desk.pilot.pause()


async def test_bulk_edit_says_what_it_will_set_on_how_many() -> None:
    async with showing("BulkEdit", DEVICE, 1214, lookup) as desk:
        await choose(desk, "firmw")
        await desk.press("down", "down")
        await desk.type("17.6")
        assert "Sets Firmware or OS to 17.6 on 1,214 devices." in desk.text
        await desk.press("ctrl+s")
        assert desk.answer == {"field": "firmware", "value": "17.6"}


async def test_bulk_edit_needs_a_field_and_a_right_value() -> None:
    async with showing("BulkEdit", DEVICE, 3, lookup) as desk:
        await desk.press("ctrl+s")
        assert desk.problem == "Choose the field first."
        await choose(desk, "warranty")
        await desk.press("ctrl+s")
        assert "Nothing to set yet" in desk.problem
        await desk.type("soon")
        await desk.press("ctrl+s")
        assert "wants a date such as 2026-08-31 or 31.08.2026" in desk.text
        assert desk.answer == OPEN
        await desk.press("ctrl+u")
        await desk.type("31.8.2027")
        await desk.press("ctrl+s")
        assert desk.answer == {"field": "warranty_until", "value": "2027-08-31"}


async def test_bulk_edit_empties_only_when_it_is_said() -> None:
    async with showing("BulkEdit", DEVICE, 3, lookup) as desk:
        await choose(desk, "owner")
        await desk.press("down")
        await choose(desk, "empty")
        assert "Empties Owner on 3 devices." in desk.text
        await desk.press("ctrl+s")
        assert desk.answer == {"field": "owner", "value": None}


async def test_bulk_edit_does_not_empty_what_is_required() -> None:
    async with showing("BulkEdit", DEVICE, 3, lookup) as desk:
        await choose(desk, "kind")
        await desk.press("down")
        await choose(desk, "empty")
        await desk.press("ctrl+s")
        assert desk.problem == "Kind is required and cannot be emptied."
        assert desk.answer == OPEN


@pytest.mark.parametrize("kind", EDITABLE, ids=lambda kind: kind.name)
async def test_bulk_edit_never_offers_what_identifies_one_record(kind: Kind) -> None:
    async with showing("BulkEdit", kind, 2, lookup) as desk:
        assert not {*kind.key, *kind.alternative_keys} & set(desk.dialog.fields)


async def test_bulk_edit_sets_references_by_lookup() -> None:
    async with showing("BulkEdit", DEVICE, 2, lookup) as desk:
        await choose(desk, "room")
        await desk.press("down", "down")
        await desk.type("libr")
        await desk.settle(lambda: "165189/1.01" in desk.text)
        await desk.press("enter")
        await desk.settle(lambda: "libr" not in desk.text)  # the field holds what was chosen
        await desk.press("ctrl+s")
        assert desk.answer == {"field": "room", "value": "165189/1.01"}


# ---- the plan ---------------------------------------------------------------------------


async def test_a_plan_goes_on_only_when_the_number_is_typed() -> None:
    async with showing("ConfirmPlan", "Retire 1,214 devices", ["1,210 change"], 1214) as desk:
        await desk.press("enter")
        assert desk.problem == "Nothing was done: type 1214 first."
        await desk.type("121")
        await desk.press("enter")
        assert desk.problem == "Nothing was done: that is not 1214."
        assert desk.answer == OPEN
        await desk.type("4")
        await desk.press("enter")
        assert desk.answer is True


async def test_a_plan_takes_the_number_as_it_is_printed() -> None:
    async with showing("ConfirmPlan", "Retire", ["…"], 1214) as desk:
        await desk.type("1.214")
        await desk.press("enter")
        assert desk.answer is True


async def test_a_plan_is_left_by_escape() -> None:
    async with showing("ConfirmPlan", "Retire", ["…"], 3) as desk:
        await desk.type("3")
        await desk.press("escape")
        assert desk.answer is None


async def test_a_plan_without_a_number_wants_one_key() -> None:
    async with showing("ConfirmPlan", "Revoke", ["It must be invited anew."]) as desk:
        await desk.press("enter")
        assert desk.answer is True


async def test_a_long_plan_scrolls_and_keeps_its_question_in_sight() -> None:
    lines = [f"→ DMPX{number}" for number in range(2000)]
    async with showing("ConfirmPlan", "Retire", lines, 2000) as desk:
        assert desk.inside()
        assert "Type 2000" in desk.text
        assert "DMPX0\n" in desk.text.replace(" ", "").replace("│", "\n")
        await desk.press("pagedown")
        assert "Type 2000" in desk.text
        assert "DMPX0\n" not in desk.text.replace(" ", "").replace("│", "\n")


# ---- move -------------------------------------------------------------------------------

RECORD = {
    "key": "DMPX1234",
    "values": {"school": "164800", "school_name": "Goethe-Gymnasium", "room": "164800/2.14"},
}


async def test_moving_to_another_school_forgets_the_old_room() -> None:
    async with showing("MoveDevice", RECORD, lookup) as desk:
        await desk.press("up")
        await desk.type("koblenz")
        await desk.settle(lambda: "165189" in desk.text)
        await desk.press("enter", "down", "down")
        await desk.type("new building")
        await desk.press("ctrl+s")
        assert desk.answer == {"room": None, "school": "165189", "note": "new building"}


async def test_moving_takes_a_room_by_its_name_alone() -> None:
    async with showing("MoveDevice", RECORD, lookup) as desk:
        await desk.type("3.01")
        await desk.pilot.pause(0.3)
        await desk.press("ctrl+s")
        assert desk.answer == {"room": "164800/3.01", "school": "164800", "note": ""}


async def test_moving_nowhere_and_to_a_room_elsewhere_are_refused() -> None:
    async with showing("MoveDevice", RECORD, lookup) as desk:
        await desk.press("ctrl+s")
        assert desk.problem == "It stands there already."
        await desk.type("165189/1.01")
        await desk.press("ctrl+s")
        assert desk.problem == "Room 165189/1.01 is not at school 164800."
        await desk.press("shift+tab", "delete", "tab", "delete", "ctrl+s")
        assert desk.problem == "Say at which school the device is to stand."
        assert desk.answer == OPEN


# ---- retire -----------------------------------------------------------------------------


async def test_retiring_needs_a_reason() -> None:
    async with showing("RetireDialog", "DMPX1234", 1) as desk:
        assert "Retire DMPX1234" in desk.text
        await desk.press("ctrl+s")
        await desk.type("x")
        await desk.press("enter")
        assert "Say in a few words why" in desk.problem
        assert desk.answer == OPEN
        await desk.press("ctrl+u")
        await desk.type("fell off a desk")
        await desk.press("enter")
        assert desk.answer == "fell off a desk"


async def test_a_usual_reason_is_picked_from_the_list() -> None:
    async with showing("RetireDialog", "", 214) as desk:
        assert "Retire 214 records" in desk.text
        await desk.press("tab", "down", "down", "enter", "enter")
        assert desk.answer == "lost"


async def test_a_school_is_not_retired_for_what_befalls_a_device() -> None:
    async with showing("RetireDialog", "164800", 1, "school", language="de") as desk:
        assert "gestohlen" not in desk.text
        assert "mit einer anderen Schule zusammengelegt" in desk.text
        await desk.press("tab", "down", "enter", "enter")
        assert desk.answer == "geschlossen"


# ---- stale ------------------------------------------------------------------------------

STALE = {
    "changed_by": "m.weber",
    "changed_at": "2026-11-24T07:00:00Z",
    "current": {"kind": "device", "key": "DMPX1234"},
    "changes": {"firmware": ["17.6", "17.5"], "kind": ["switch", "router"], "room": [None, "x/1"]},
}


async def test_a_stale_edit_shows_who_changed_what_and_when() -> None:
    async with showing("StaleEdit", STALE) as desk:
        assert "m.weber changed DMPX1234 at 24 Nov 2026 08:00:00." in desk.text
        rows = [line.strip("│ ").split() for line in desk.text.splitlines()]
        assert ["Firmware", "or", "OS", "17.6", "17.5"] in rows
        assert ["Kind", "Switch", "Router"] in rows
        assert ["Room", "—", "x/1"] in rows


SINCE = {
    "changed_by": "m.weber",
    "changed_at": "2026-11-24T07:00:00Z",
    "current": {"kind": "device", "key": "DMPX1234", "retired": True,
                "values": {"firmware": "17.6", "model": "C9200", "owner": "Anna"}},
    "changes": {"owner": ["Anna", "Berta"]},
    "since": [
        {"by": "m.weber", "at": "2026-11-24T07:00:00Z", "fields": {"firmware": ["17.5", "17.6"]}},
        {"by": "a.kaya", "at": "2026-11-23T23:30:00Z",
         "fields": {"firmware": ["17.4", "17.5"], "model": ["C9130", "C9200"]}},
    ],
}  # fmt: skip


async def test_a_stale_edit_shows_also_what_i_did_not_edit_with_who_and_when() -> None:
    async with showing("StaleEdit", SINCE) as desk:
        lines = [line.strip("│ ") for line in desk.text.splitlines()]
        rows = [line.split() for line in lines]
        assert ["Model", "C9200", "not", "edited"] in rows
        assert ["Firmware", "or", "OS", "17.6", "not", "edited"] in rows
        assert ["Owner", "Anna", "Berta"] in rows
        after = {lines[i].split()[0]: lines[i + 1] for i in range(len(lines) - 1) if lines[i]}
        assert after["Model"].startswith("a.kaya, 24 Nov 00:30")  # the local day
        assert after["Firmware"].startswith("m.weber, 24 Nov 08:00")
        assert "what you did not edit stays" in desk.text


async def test_a_change_of_a_secret_is_told_without_a_value_and_one_of_use_with_it() -> None:
    extra = {**SINCE, "changes": {}, "since": [
        {"by": "m.weber", "at": "2026-11-24T07:00:00Z",
         "fields": {"secret": None, "retired": [False, True]}}]}  # fmt: skip
    async with showing("StaleEdit", extra) as desk:
        rows = [line.strip("│ ").split() for line in desk.text.splitlines()]
        assert ["secret", "changed", "not", "edited"] in rows
        assert ["Retired", "yes", "not", "edited"] in rows


@pytest.mark.parametrize(("key", "answer"), [("m", "mine"), ("t", "theirs"), ("escape", None)])
async def test_a_stale_edit_is_decided_by_one_key(key: str, answer: str | None) -> None:
    async with showing("StaleEdit", STALE) as desk:
        await desk.press(key)
        assert desk.answer == answer


async def test_a_stale_edit_without_details_still_shows() -> None:
    async with showing("StaleEdit", {}) as desk:
        assert "somebody changed this record" in desk.text


async def test_rooms_can_be_changed_in_bulk_too() -> None:
    async with showing("BulkEdit", ROOM, 2, lookup) as desk:
        await choose(desk, "seats")
        await desk.press("down", "down")
        await desk.type("30")
        await desk.press("ctrl+s")
        assert desk.answer == {"field": "seats", "value": 30}


async def test_many_stale_fields_scroll_under_a_foot_line_that_stays() -> None:
    changes = {field.name: ["theirs " * 9, "mine " * 9] for field in DEVICE.editable_fields()}
    async with showing("StaleEdit", {**STALE, "changes": changes}) as desk:
        assert desk.inside()
        assert "Warranty until" not in desk.text
        for _page in range(6):
            await desk.press("pagedown")
        assert "Notes" in desk.text
        assert desk.inside()
