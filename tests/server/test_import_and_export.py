"""Files in: compared, reported row by row, one transaction. Files out: read back the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schoolops.core.clock import FixedClock
from tests.server.conftest import Api

LIST = Path(__file__).parents[1] / "inventory" / "data" / "NRW-Schulen.csv"
DEVICES = "Geräteart;Seriennummer;Schulnummer;Raum;Modell\n"


def outcome(report: Any) -> tuple[int, int, int, int]:
    return report["new"], report["changed"], report["same"], report["refused"]


def test_importing_the_same_list_twice_changes_nothing(api: Api) -> None:
    data = LIST.read_bytes()
    first = api.upload("schools", "NRW-Schulen.csv", data)
    count = first["new"]
    assert count > 10
    assert outcome(first) == (count, 0, 0, 0)
    assert outcome(api.upload("schools", "NRW-Schulen.csv", data)) == (0, 0, count, 0)
    assert api.get("/schools/count")["count"] == count


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(api: Api) -> None:
    report = api.upload("schools", "NRW-Schulen.csv", LIST.read_bytes(), dry_run=True)
    assert report["dry_run"] is True
    assert report["new"] > 10
    assert api.get("/schools/count")["count"] == 0
    assert api.get("/audit/count")["count"] == 0


def test_devices_come_from_a_german_spreadsheet_with_rooms_by_their_number(
    api: Api, room: Any
) -> None:
    text = DEVICES + "iPad;DMPX1;164800;2.14;iPad 10\nSwitch;S1;164800;;X\n"
    report = api.upload("devices", "geräte.csv", text.encode("cp1252"))
    assert outcome(report) == (2, 0, 0, 0)
    assert report["mapping"]["Seriennummer"] == "serial"
    assert api.get("/devices/DMPX1")["values"]["room"] == "164800/2.14"
    assert api.get("/devices/DMPX1/history")["placements"][0]["room"] == "164800/2.14"


def test_what_cannot_be_taken_is_refused_with_its_row_and_the_rest_goes_in(
    api: Api, room: Any
) -> None:
    text = DEVICES + (
        "iPad;A;164800;2.14;x\n"
        "iPad;B;999999;;x\n"
        "iPad;C;164800;9.99;x\n"
        "Teekanne;D;164800;;x\n"
        "iPad;E;164800;;x\n"
        "iPad;E;164800;;x\n"
    )
    report = api.upload("devices", "g.csv", text.encode())
    assert outcome(report) == (1, 0, 0, 5)
    reasons = {row["row"]: row["reason"] for row in report["rows"] if row["outcome"] == "refused"}
    assert "999999" in reasons[3]
    assert "9.99" in reasons[4]
    assert "Teekanne" in reasons[5]
    assert "6" in reasons[7]
    assert "7" in reasons[6]


def test_a_row_says_all_that_is_wrong_with_it_in_the_file_and_in_the_inventory(
    api: Api, room: Any
) -> None:
    text = "serial;kind;school;room;parent;purchased;ip\nX;ipod;164800;9.99;SW-9;soon;10.0.0.300\n"
    (row,) = api.upload("devices", "g.csv", text.encode())["rows"]
    for part in ("kind:", "room 164800/9.99", "device SW-9", "purchased:", "ip:"):
        assert part in row["reason"]
    assert row["message"] == "{1}; {2}; {3}; {4}; {5}"


def test_of_very_many_problems_of_a_row_some_are_told_and_the_rest_counted(api: Api) -> None:
    text = (
        "number;name;utm_easting;utm_northing;latitude;longitude;pupils;classes;email\n"
        "164800;A;a;b;c;d;e;f;g\n"
    )
    (row,) = api.upload("schools", "s.csv", text.encode())["rows"]
    assert row["reason"].count("; ") == 6
    assert row["reason"].endswith("; and 1 more")


def test_a_row_of_a_school_that_is_not_there_does_not_ask_who_may_write_at_it(
    api: Api, token: Any, room: Any
) -> None:
    ours = token("it", "service-provider", schools=["164800"])
    (row,) = ours.upload("rooms", "r.csv", b"school;name\n999999;1\n")["rows"]
    assert row["reason"] == "there is no school 999999"


def test_a_room_that_a_spreadsheet_counted_as_a_day_says_so(api: Api, room: Any) -> None:
    report = api.upload("devices", "g.csv", (DEVICES + "iPad;A;164800;45170;x\n").encode())
    assert "45170, which may be 2023-09-01" in report["rows"][0]["reason"]


def test_a_change_is_reported_field_by_field_and_moves_the_device(
    api: Api, room: Any, clock: FixedClock
) -> None:
    api.create("rooms", school="164800", name="3.01")
    api.upload("devices", "g.csv", (DEVICES + "iPad;A;164800;2.14;iPad 9\n").encode())
    clock.advance(60)
    report = api.upload("devices", "g.csv", (DEVICES + "iPad;A;164800;3.01;iPad 10\n").encode())
    assert outcome(report) == (0, 1, 0, 0)
    assert report["rows"][0]["changes"] == {
        "model": ["iPad 9", "iPad 10"],
        "room": ["164800/2.14", "164800/3.01"],
    }
    assert len(api.get("/devices/A/history")["placements"]) == 2
    assert api.get("/devices/A")["version"] == 2


def test_an_empty_cell_never_empties_what_is_known(api: Api, room: Any) -> None:
    api.upload("devices", "g.csv", (DEVICES + "iPad;A;164800;2.14;iPad 9\n").encode())
    report = api.upload("devices", "g.csv", (DEVICES + "iPad;A;164800;;\n").encode())
    assert outcome(report) == (0, 0, 1, 0)
    assert api.get("/devices/A")["values"]["model"] == "iPad 9"


def test_a_file_that_is_none_is_refused_whole(api: Api, school: Any) -> None:
    for name, data in (
        ("x.xlsx", b"PK\x03\x04 broken"),
        ("x.csv", b"\x00\x01\x02"),
        ("x.csv", b""),
        ("x.csv", b"Farbe;Form\nrot;rund\n"),
    ):
        problem = api.upload("devices", name, data, 422)
        assert problem["code"] == "import.refused"
        assert len(problem["detail"]) > 20


def test_a_file_over_the_limit_is_refused_while_it_arrives(
    api: Api, school: Any, monkeypatch: pytest.MonkeyPatch, local: Any
) -> None:
    local.app.app.state.store.settings.imports.max_megabytes = 1
    assert api.upload("devices", "x.csv", b"x" * 1_100_000, 413)["code"] == "request.too_large"


def test_an_import_is_one_event_with_the_hash_of_the_file(api: Api) -> None:
    api.upload("schools", "NRW-Schulen.csv", LIST.read_bytes())
    events = api.get("/audit")["rows"]
    assert [row[6] for row in events] == ["import"]
    assert "sha256" in events[0][9]


@pytest.mark.parametrize("format", ["csv", "json", "xlsx"])
def test_what_is_exported_reads_back_as_the_same(api: Api, room: Any, format: str) -> None:
    api.create(
        "ipads",
        serial="DMPX1",
        school="164800",
        room="164800/2.14",
        owner='=Müller; "Anna"',
        macs="02:00:00:00:00:01 02:00:00:00:00:02",
        purchased="31.08.2025",
    )
    answer = api.client.get(f"/v1/devices/export?format={format}")
    report = api.upload("devices", f"devices.{format}", answer.content)
    assert outcome(report) == (0, 0, 1, 0), report


def test_a_download_link_works_once_and_without_a_login(
    api: Api, room: Any, remote: Any, clock: FixedClock
) -> None:
    link = api.post("/downloads", {"plural": "rooms", "format": "csv"}, 201)
    assert b"2.14" in remote.get(link["url"]).content
    assert remote.get(link["url"]).status_code == 404
    late = api.post("/downloads", {"plural": "rooms", "format": "csv"}, 201)
    clock.advance(700)
    assert remote.get(late["url"]).status_code == 404


def test_a_wrong_export_is_refused_before_it_begins(api: Api, school: Any) -> None:
    api.get("/schools/export", 422, format="pdf")
    api.get("/schools/export", 422, columns="nonsense")
    assert api.get("/schools/export", 422, q="nonsense:1")["code"] == "filter.invalid"
