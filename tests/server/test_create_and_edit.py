"""Records are made and changed by named persons; a stale edit is refused."""

from __future__ import annotations

from typing import Any

from schoolops.core.clock import FixedClock
from tests.server.conftest import Api


def test_a_new_record_comes_back_parsed_with_key_and_author(api: Api, school: Any) -> None:
    room = api.create("rooms", school="164800", name="2.14", seats="30")
    assert room["key"] == "164800/2.14"
    assert room["values"]["seats"] == 30
    assert room["version"] == 1
    assert room["updated_by"]
    assert room["school_name"] == "Große Schule am Rhein"
    assert room["freshness"] == "never"


def test_a_record_is_found_by_key_and_by_id(api: Api, room: Any) -> None:
    assert api.get("/rooms/164800/2.14")["id"] == room["id"]
    assert api.get(f"/rooms/{room['id']}")["key"] == "164800/2.14"


def test_all_wrong_fields_are_named_at_once(api: Api, school: Any) -> None:
    body = {"values": {"kind": "teapot", "serial": "X1", "school": "164800", "macs": "12:34"}}
    problem = api.post("/devices", body, 422)
    assert problem["code"] == "estate.invalid"
    assert set(problem["errors"]) == {"kind", "macs"}


def test_a_missing_field_and_an_unknown_school_are_named(api: Api, school: Any) -> None:
    assert "kind" in api.create("devices", 422, serial="X1", school="164800")["errors"]
    problem = api.create("devices", 422, kind="ipad", serial="X1", school="999999")
    assert "999999" in problem["errors"]["school"]


def test_a_key_that_is_taken_is_refused(api: Api, room: Any) -> None:
    problem = api.create("rooms", 409, school="164800", name="2.14")
    assert problem["code"] == "estate.duplicate"


def test_a_serial_in_other_letters_is_the_same_device(api: Api, school: Any) -> None:
    api.create("ipads", serial="CN12K3456", school="164800")
    problem = api.create("ipads", 409, serial="cn12k3456", school="164800")
    assert "CN12K3456" in problem["detail"]
    report = api.upload("ipads", "d.csv", b"serial;school\ncn12k3456;164800\n")
    assert report["refused"] == 1
    assert "CN12K3456" in report["rows"][0]["reason"]


def test_there_are_never_fewer_than_none(api: Api, school: Any) -> None:
    assert "pupils" in api.edit("schools", school, 422, pupils=-3)["errors"]
    report = api.upload("schools", "s.csv", b"Schulnummer;Name;Sch\xfcler\n164800;X;-3\n")
    assert report["refused"] == 1


def test_a_retired_record_is_not_edited(api: Api, school: Any) -> None:
    device = api.create("ipads", serial="A", school="164800")
    retired = api.post("/devices/A/retire", {"version": 1, "reason": "broken"})
    assert "reinstate" in api.edit("devices", retired, 409, owner="x")["detail"]
    done = api.post("/devices/bulk", {"ids": [device["id"]], "values": {"owner": "x"}})
    assert done["refused"] == 1


def test_an_edit_changes_only_what_it_names(api: Api, room: Any) -> None:
    edited = api.edit("rooms", room, seats=28)
    assert edited["version"] == 2
    assert edited["values"]["seats"] == 28
    assert edited["values"]["kind"] == "classroom"


def test_an_edit_to_the_same_values_changes_nothing(api: Api, room: Any) -> None:
    assert api.edit("rooms", room, kind="classroom")["version"] == 1


def test_a_stale_edit_is_refused_and_says_who_changed_what(
    api: Api, room: Any, clock: FixedClock
) -> None:
    clock.advance(60)
    api.edit("rooms", room, seats=28)
    problem = api.call(
        "PATCH",
        f"/rooms/{room['id']}",
        409,
        json={"version": room["version"], "values": {"seats": 30}},
    )
    assert problem["code"] == "estate.stale"
    assert problem["changes"] == {"seats": [28, 30]}
    assert problem["changed_by"]
    assert problem["current"]["version"] == 2


def test_a_stale_edit_names_everything_that_others_changed_since(
    api: Api, room: Any, clock: FixedClock
) -> None:
    seen = api.edit("rooms", room, kind="hall")
    clock.advance(60)
    latest = api.edit("rooms", seen, seats=28, floor="2")
    clock.advance(60)
    api.edit("rooms", latest, seats=29)
    body = {"version": seen["version"], "values": {"notes": "mine"}}
    problem = api.call("PATCH", f"/rooms/{room['id']}", 409, json=body)
    assert [one["fields"] for one in problem["since"]] == [
        {"seats": [28, 29]},
        {"seats": [None, 28], "floor": [None, "2"]},
    ]
    assert problem["since"][0]["by"] == problem["changed_by"]
    assert problem["since"][0]["at"] == problem["changed_at"] > problem["since"][1]["at"]


def test_a_school_number_never_changes(api: Api, school: Any) -> None:
    assert "number" in api.edit("schools", school, 422, number="164801")["errors"]


def test_a_room_of_another_school_is_refused(api: Api, room: Any) -> None:
    api.create("schools", number="164801", name="Andere Schule")
    problem = api.create("devices", 422, kind="ipad", serial="X", school="164801", room=room["key"])
    assert "another school" in problem["errors"]["room"]


def test_devices_are_not_connected_in_a_circle(api: Api, school: Any) -> None:
    first = api.create("switches", serial="S1", school="164800")
    api.create("switches", serial="S2", school="164800", parent="S1")
    assert "parent" in api.edit("devices", first, 422, parent="S2")["errors"]


def test_a_path_of_a_device_kind_sets_the_kind(api: Api, school: Any) -> None:
    assert api.create("ipads", serial="DMPX1", school="164800")["values"]["kind"] == "ipad"


def test_what_schoolops_writes_itself_cannot_be_created(api: Api) -> None:
    assert "itself" in api.create("agents", 422, name="x")["detail"]


def test_an_unknown_kind_names_the_known_ones(api: Api) -> None:
    assert "access-points" in api.get("/teapots", 404)["detail"]


def test_a_secret_goes_in_and_never_comes_out(api: Api, school: Any) -> None:
    made = api.create("credentials", name="snmp", kind="snmp-v2c")
    assert made["has_secret"] is False
    api.call("PUT", "/credentials/snmp/secret", 204, json={"secret": "verySecret42"})
    record = api.get("/credentials/snmp")
    assert record["has_secret"] is True
    everything = [record, api.get("/credentials"), api.get("/audit")]
    assert "verySecret42" not in str(everything) + api.call_raw("/credentials/export")
