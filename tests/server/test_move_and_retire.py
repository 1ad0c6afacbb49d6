"""Devices move and leave a trace; nothing is deleted."""

from __future__ import annotations

from typing import Any

import pytest

from schoolops.core.clock import FixedClock
from tests.server.conftest import Api


@pytest.fixture
def ipad(api: Api, room: Any) -> Any:
    return api.create("ipads", serial="DMPX1", school="164800", room="164800/2.14")


def test_a_move_is_remembered_with_time_person_and_note(
    api: Api, ipad: Any, clock: FixedClock
) -> None:
    api.create("rooms", school="164800", name="3.01")
    clock.advance(3600)
    body = {"version": ipad["version"], "room": "3.01", "note": "for the exam"}
    assert api.post("/devices/DMPX1/move", body)["values"]["room"] == "164800/3.01"
    now, before = api.get("/devices/DMPX1/history")["placements"]
    assert (now["room"], now["until"], now["note"]) == ("164800/3.01", None, "for the exam")
    assert before["room"] == "164800/2.14"
    assert before["until"] == now["from"]


def test_a_device_that_changes_school_leaves_its_room(api: Api, ipad: Any) -> None:
    api.create("schools", number="164801", name="Andere Schule")
    moved = api.edit("devices", ipad, school="164801")
    assert moved["values"]["room"] is None
    assert moved["values"]["school"] == "164801"


def test_a_stale_move_is_refused(api: Api, ipad: Any) -> None:
    api.edit("devices", ipad, owner="Cart 3")
    body = {"version": ipad["version"], "room": None}
    assert api.post("/devices/DMPX1/move", body, 409)["code"] == "estate.stale"


def test_a_retired_record_leaves_the_lists_and_can_come_back(api: Api, ipad: Any) -> None:
    retired = api.post("/devices/DMPX1/retire", {"version": 1, "reason": "broken"})
    assert retired["retired"] is True
    assert api.get("/ipads/count")["count"] == 0
    assert api.get("/ipads/count", q="retired:yes")["count"] == 1
    assert api.get("/devices/DMPX1/history")["placements"][0]["until"]
    api.post("/devices/DMPX1/reinstate", {"version": 2})
    assert api.get("/ipads/count")["count"] == 1


def test_retiring_wants_a_reason(api: Api, ipad: Any) -> None:
    assert (
        "reason" in api.post("/devices/DMPX1/retire", {"version": 1, "reason": " "}, 422)["errors"]
    )


def test_a_room_with_devices_is_not_retired(api: Api, room: Any, ipad: Any) -> None:
    problem = api.post("/rooms/164800/2.14/retire", {"version": 1, "reason": "walled up"}, 409)
    assert "1 device" in problem["detail"]


def test_a_retired_key_is_offered_for_reinstating(api: Api, ipad: Any) -> None:
    api.post("/devices/DMPX1/retire", {"version": 1, "reason": "broken"})
    assert "reinstate" in api.create("ipads", 409, serial="DMPX1", school="164800")["detail"]
