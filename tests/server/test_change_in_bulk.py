"""Many records change in one transaction, counted before and after."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Api


@pytest.fixture
def cart(api: Api, room: Any) -> list[Any]:
    return [
        api.create("ipads", serial=f"DMPX{n}", school="164800", room="164800/2.14")
        for n in range(5)
    ]


def test_a_bulk_edit_by_filter_changes_all_that_match(api: Api, cart: list[Any]) -> None:
    done = api.post("/ipads/bulk", {"q": "room:2.14", "values": {"firmware": "18.1"}, "expect": 5})
    assert (done["changed"], done["same"], done["refused"]) == (5, 0, 0)
    assert api.get("/ipads/count", q="firmware:18.1")["count"] == 5
    again = api.post("/ipads/bulk", {"q": "room:2.14", "values": {"firmware": "18.1"}})
    assert (again["changed"], again["same"]) == (0, 5)


def test_a_dry_run_tells_and_changes_nothing(api: Api, cart: list[Any]) -> None:
    body = {"q": "", "values": {"owner": "Cart 1"}, "dry_run": True}
    assert api.post("/ipads/bulk", body)["changed"] == 5
    assert api.get("/ipads/count", q="owner:*")["count"] == 0
    assert not any(row[6] == "bulk edit" for row in api.get("/audit")["rows"])


def test_a_count_that_changed_meanwhile_stops_the_change(api: Api, cart: list[Any]) -> None:
    problem = api.post("/ipads/bulk", {"q": "", "values": {"owner": "x"}, "expect": 4}, 409)
    assert problem["code"] == "estate.count_changed"
    assert api.get("/ipads/count", q="owner:*")["count"] == 0


def test_bulk_retiring_names_what_it_refuses_and_does_the_rest(api: Api, cart: list[Any]) -> None:
    api.post("/devices/DMPX0/retire", {"version": 1, "reason": "broken"})
    ids = [device["id"] for device in cart]
    done = api.post("/ipads/bulk", {"ids": ids, "retire": True, "reason": "sold"})
    assert (done["changed"], done["refused"]) == (4, 1)
    assert [row["key"] for row in done["rows"] if row["outcome"] == "refused"] == ["DMPX0"]


def test_identifying_fields_are_not_set_in_bulk(api: Api, cart: list[Any]) -> None:
    api.post("/ipads/bulk", {"q": "", "values": {"serial": "SAME"}}, 422)


def test_a_bulk_edit_is_one_event_that_names_the_records(api: Api, cart: list[Any]) -> None:
    api.post("/ipads/bulk", {"q": "", "values": {"owner": "Cart 1"}})
    events = [row for row in api.get("/audit")["rows"] if row[6] == "bulk edit"]
    assert len(events) == 1
    assert "DMPX4" in events[0][9]


def test_a_dry_run_has_the_old_and_the_new_value_of_each_field(api: Api, cart: list[Any]) -> None:
    api.create("rooms", school="164800", name="3.01")
    api.edit("devices", cart[0], firmware="17.0")
    values = {"firmware": "18.1", "room": "164800/3.01"}
    plan = api.post("/ipads/bulk", {"q": "", "values": values, "dry_run": True})
    assert {row["key"]: row["changes"] for row in plan["rows"]}["DMPX0"] == {
        "firmware": ["17.0", "18.1"],
        "room": ["164800/2.14", "164800/3.01"],
    }
    gone = api.post("/ipads/bulk", {"q": "", "retire": True, "reason": "old", "dry_run": True})
    assert gone["rows"][0]["changes"] == {"retired": [False, True]}


def test_a_room_without_its_school_is_that_of_the_device_s_own_school(
    api: Api, cart: list[Any]
) -> None:
    api.create("schools", number="164801", name="B")
    for school in ("164800", "164801"):
        api.create("rooms", school=school, name="3.01")
    api.create("ipads", serial="OTHER", school="164801")
    api.create("schools", number="164802", name="C")
    api.create("ipads", serial="THIRD", school="164802")
    done = api.post("/ipads/bulk", {"q": "", "values": {"room": "3.01"}})
    assert (done["changed"], done["refused"]) == (6, 1)
    assert api.get("/devices/DMPX0")["values"]["room"] == "164800/3.01"
    assert api.get("/devices/OTHER")["values"]["room"] == "164801/3.01"
    (refused,) = (row for row in done["rows"] if row["outcome"] == "refused")
    assert (refused["key"], refused["reason"]) == ("THIRD", "there is no room 3.01 at its school")


def test_a_room_without_its_school_is_that_of_the_school_to_which_devices_go(
    api: Api, cart: list[Any]
) -> None:
    api.create("schools", number="164801", name="B")
    api.create("rooms", school="164801", name="1")
    api.create("rooms", school="164800", name="1")
    api.post("/ipads/bulk", {"q": "", "values": {"school": "164801", "room": "1"}})
    assert api.get("/devices/DMPX0")["values"]["room"] == "164801/1"


def test_a_retired_room_is_none_of_its_school(api: Api, cart: list[Any]) -> None:
    made = api.create("rooms", school="164800", name="9")
    api.post("/rooms/164800/9/retire", {"version": made["version"], "reason": "gone"})
    done = api.post("/ipads/bulk", {"q": "", "values": {"room": "9"}})
    assert (done["changed"], done["refused"]) == (0, 5)
