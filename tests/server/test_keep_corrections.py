"""The state's list brings news, and leaves what people corrected here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Api

DATA = Path(__file__).parents[1] / "inventory" / "data"
LISTS = ("NRW-Schulen.csv", "schuldaten.csv")
NUMBER = "100015"
TOTALS = ("new", "changed", "same", "refused", "kept")


@pytest.fixture(params=LISTS)
def published(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def load(api: Api, name: str, old: str = "", new: str = "", **params: Any) -> Any:
    data = (DATA / name).read_text("utf-8-sig")
    assert old in data
    return api.upload("schools", name, data.replace(old, new).encode(), **params)


def totals(report: Any) -> dict[str, int]:
    return {name: report[name] for name in TOTALS}


def correct(api: Api, **values: Any) -> Any:
    return api.edit("schools", api.get(f"/schools/{NUMBER}"), **values)


def test_an_edit_survives_the_next_list_and_is_reported(api: Api, published: str) -> None:
    count = load(api, published)["new"]
    correct(api, phone="0211 1", opening_hours="7–16")
    report = load(api, published)
    assert totals(report) == {"new": 0, "changed": 0, "same": count, "refused": 0, "kept": 1}
    (row,) = report["rows"]
    assert (row["key"], row["outcome"]) == (NUMBER, "same")
    assert row["kept"] == {"phone": ["0211 1", "0211 8924260"]}
    school = api.get(f"/schools/{NUMBER}")
    assert school["values"]["phone"] == "0211 1"
    assert school["own_fields"] == ["opening_hours", "phone"]


def test_both_forms_of_the_list_leave_a_correction(api: Api) -> None:
    load(api, LISTS[0])
    correct(api, street="Neue Str. 1")
    assert load(api, LISTS[1])["kept"] == 1
    assert api.get(f"/schools/{NUMBER}")["values"]["street"] == "Neue Str. 1"


def test_news_of_other_fields_come_all_the_same(api: Api) -> None:
    load(api, LISTS[0])
    correct(api, phone="0211 1")
    report = load(api, LISTS[0], "Schmiedestr. 25", "Schmiedestr. 26")
    assert (report["changed"], report["kept"]) == (1, 1)
    (row,) = report["rows"]
    assert row["changes"] == {"street": ["Schmiedestr. 25", "Schmiedestr. 26"]}
    assert row["kept"]["phone"][0] == "0211 1"
    assert api.get(f"/schools/{NUMBER}")["own_fields"] == ["phone"]


@pytest.mark.parametrize("way", ["bulk", "file", "mapped file"])
def test_a_change_in_bulk_and_an_own_file_are_corrections_too(api: Api, way: str) -> None:
    load(api, LISTS[0])
    if way == "bulk":
        ids = [api.get(f"/schools/{NUMBER}")["id"]]
        api.post("/schools/bulk", {"ids": ids, "values": {"phone": "0211 1"}})
    else:
        text = f"Schulnummer;Name;Telefon\n{NUMBER};Städt. Wim-Wenders-Gymnasium;0211 1\n"
        params = {"mapping": '{"Telefon": "phone"}'} if way == "mapped file" else {}
        assert api.upload("schools", "eigene.csv", text.encode(), **params)["changed"] == 1
    assert load(api, LISTS[0])["kept"] == 1
    assert api.get(f"/schools/{NUMBER}")["values"]["phone"] == "0211 1"


def test_what_a_person_recorded_first_is_theirs(api: Api) -> None:
    api.create("schools", number=NUMBER, name="Wim-Wenders", phone="0211 1")
    report = load(api, LISTS[0])
    assert report["changed"] == 1
    school = api.get(f"/schools/{NUMBER}")["values"]
    assert (school["name"], school["phone"]) == ("Wim-Wenders", "0211 1")
    assert school["city"] == "Düsseldorf"


def test_overwrite_takes_the_lists_values_and_ends_the_marks(api: Api) -> None:
    load(api, LISTS[0])
    correct(api, phone="0211 1")
    report = load(api, LISTS[0], overwrite=True)
    assert (report["changed"], report["kept"]) == (1, 0)
    school = api.get(f"/schools/{NUMBER}")
    assert (school["values"]["phone"], school["own_fields"]) == ("0211 8924260", [])
    (taken, mine) = api.get(f"/schools/{NUMBER}/history")["changes"]
    assert (taken["how"], taken["note"]) == ("import", LISTS[0])
    assert taken["fields"] == {"phone": ["0211 1", "0211 8924260"]}
    assert mine["fields"] == {"phone": ["0211 8924260", "0211 1"]}


def test_a_mark_ends_when_the_list_says_the_same(api: Api) -> None:
    load(api, LISTS[0])
    correct(api, street="Neue Str. 1")
    version = api.get(f"/schools/{NUMBER}")["version"]
    news = load(api, LISTS[0], "Schmiedestr. 25", "Neue Str. 1")
    assert (news["changed"], news["kept"]) == (0, 0)
    school = api.get(f"/schools/{NUMBER}")
    assert (school["own_fields"], school["version"]) == ([], version)
    assert load(api, LISTS[0])["changed"] == 1
    assert api.get(f"/schools/{NUMBER}")["values"]["street"] == "Schmiedestr. 25"


def test_a_dry_run_ends_no_mark(api: Api) -> None:
    load(api, LISTS[0])
    correct(api, street="Neue Str. 1")
    load(api, LISTS[0], "Schmiedestr. 25", "Neue Str. 1", dry_run=True)
    assert load(api, LISTS[0], dry_run=True)["kept"] == 1
    assert api.get(f"/schools/{NUMBER}")["own_fields"] == ["street"]


def test_a_field_that_was_emptied_stays_empty(api: Api) -> None:
    load(api, LISTS[0])
    correct(api, fax=None)
    assert load(api, LISTS[0])["rows"][0]["kept"] == {"fax": [None, "0211 8929604"]}
    assert api.get(f"/schools/{NUMBER}")["values"]["fax"] is None


def test_the_own_file_itself_overwrites(api: Api) -> None:
    load(api, LISTS[0])
    correct(api, phone="0211 1")
    text = f"Schulnummer;Name;Telefon\n{NUMBER};Wim-Wenders;0211 2\n"
    report = api.upload("schools", "eigene.csv", text.encode())
    assert (report["changed"], report["kept"]) == (1, 0)
    assert api.get(f"/schools/{NUMBER}")["values"]["phone"] == "0211 2"


def test_a_retired_school_stays_retired_and_is_no_error(api: Api, published: str) -> None:
    count = load(api, published)["new"]
    school = api.get(f"/schools/{NUMBER}")
    api.post(f"/schools/{NUMBER}/retire", {"version": school["version"], "reason": "closed"})
    report = load(api, published)
    assert (report["same"], report["retired"], report["refused"]) == (count - 1, 1, 0)
    (row,) = report["rows"]
    assert (row["key"], row["outcome"], row["reason"]) == (NUMBER, "retired", "")
    assert api.get(f"/schools/{NUMBER}")["retired"]


def test_an_own_file_that_names_a_retired_school_is_refused(api: Api) -> None:
    load(api, LISTS[0])
    school = api.get(f"/schools/{NUMBER}")
    api.post(f"/schools/{NUMBER}/retire", {"version": school["version"], "reason": "closed"})
    report = api.upload("schools", "own.csv", f"number;name\n{NUMBER};A\n".encode())
    assert (report["refused"], report["retired"]) == (1, 0)
    assert report["rows"][0]["reason"] == "is retired; reinstate it first"
