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
