"""A MAC address is one device's, in the whole city."""

from __future__ import annotations

from typing import Any

import pytest

from schoolops.core.errors import Conflict
from schoolops.db.engine import Store
from schoolops.estate import macs
from tests.server.conftest import Api

ONE, TWO, THREE = (f"02:00:00:00:00:0{n}" for n in (1, 2, 3))
HEAD = "serial;school;kind;mac\n"


@pytest.fixture
def owner(api: Api, school: Any) -> Any:
    """A device with two addresses."""
    return api.create("ipads", serial="A", school="164800", macs=f"{ONE} {TWO}")


def upload(api: Api, *lines: str, **params: Any) -> Any:
    return api.upload("devices", "d.csv", (HEAD + "\n".join(lines)).encode(), **params)


def test_a_new_device_with_a_taken_address_is_refused_and_the_owner_is_named(
    api: Api, owner: Any
) -> None:
    problem = api.create("ipads", 409, serial="B", school="164800", macs="0200.0000.0002")
    assert problem["code"] == "estate.duplicate"
    assert TWO in problem["errors"]["macs"]
    assert "device A" in problem["detail"]
    assert api.get("/devices/count")["count"] == 1


def test_an_edit_to_a_taken_address_is_refused(api: Api, owner: Any) -> None:
    other = api.create("ipads", serial="B", school="164800", macs=THREE)
    api.edit("devices", other, 409, macs=f"{THREE} {ONE}")
    assert api.edit("devices", other, owner="Cart 1", macs=THREE)["values"]["macs"] == [THREE]


def test_an_address_that_is_given_up_is_free(api: Api, owner: Any) -> None:
    api.edit("devices", owner, macs=ONE)
    api.create("ipads", serial="B", school="164800", macs=TWO)


def test_a_retired_device_has_given_its_addresses_up_and_may_not_take_them_back(
    api: Api, owner: Any
) -> None:
    api.post("/devices/A/retire", {"version": 1, "reason": "broken"})
    api.create("ipads", serial="B", school="164800", macs=ONE)
    problem = api.post("/devices/A/reinstate", {"version": 2}, 409)
    assert "device B" in problem["detail"]
    api.post("/devices/B/retire", {"version": 1, "reason": "lost"})
    api.post("/devices/A/reinstate", {"version": 2})
    api.create("ipads", 409, serial="C", school="164800", macs=TWO)


def test_devices_retired_in_bulk_give_theirs_up(api: Api, owner: Any) -> None:
    api.post("/devices/bulk", {"q": "", "retire": True, "reason": "too old"})
    api.create("ipads", serial="B", school="164800", macs=ONE)


def test_one_address_is_not_given_to_many(api: Api, owner: Any) -> None:
    ids = [api.create("ipads", serial=name, school="164800")["id"] for name in "BC"]
    report = api.post("/devices/bulk", {"ids": ids, "values": {"macs": THREE}})
    assert (report["changed"], report["refused"]) == (0, 2)
    assert THREE in report["rows"][0]["reason"]
    report = api.post("/devices/bulk", {"ids": ids[:1], "values": {"macs": ONE}})
    assert (report["changed"], report["refused"]) == (0, 1)
    assert "device A" in report["rows"][0]["reason"]
    assert api.post("/devices/bulk", {"ids": ids[:1], "values": {"macs": THREE}})["changed"] == 1


def test_a_file_is_refused_where_it_takes_an_address(api: Api, owner: Any) -> None:
    report = upload(api, f"B;164800;ipad;{TWO}", f"C;164800;ipad;{THREE}")
    assert (report["new"], report["refused"]) == (1, 1)
    assert (report["rows"][0]["row"], report["rows"][0]["key"]) == (2, "B")
    assert "device A" in report["rows"][0]["reason"]


def test_two_rows_of_a_file_with_one_address_are_both_named(api: Api, owner: Any) -> None:
    report = upload(api, f"B;164800;ipad;{THREE}", f"C;164800;ipad;{THREE}")
    assert (report["new"], report["refused"]) == (0, 2)
    assert "row 2 and row 3" in report["rows"][1]["reason"]


def test_a_file_may_change_addresses_over(api: Api, owner: Any) -> None:
    api.create("ipads", serial="B", school="164800", macs=THREE)
    report = upload(api, f"A;164800;ipad;{THREE}", f"B;164800;ipad;{ONE}")
    assert (report["changed"], report["refused"]) == (2, 0)
    assert api.get("/devices/B")["values"]["macs"] == [ONE]
    api.create("ipads", 409, serial="C", school="164800", macs=THREE)
    api.create("ipads", serial="C", school="164800", macs=TWO)


def test_what_is_not_given_up_in_the_end_stays_taken(api: Api, owner: Any) -> None:
    for serial, mac in (("B", THREE), ("C", "02:00:00:00:00:04")):
        api.create("ipads", serial=serial, school="164800", macs=mac)
    # A cannot have C's address, so it keeps its own, and B cannot have that.
    report = upload(api, "A;164800;ipad;02:00:00:00:00:04", f"B;164800;ipad;{ONE}")
    assert (report["changed"], report["refused"]) == (0, 2)


def test_a_file_that_says_what_is_there_is_the_same(api: Api, owner: Any) -> None:
    assert upload(api, f"A;164800;ipad;{ONE} {TWO}")["same"] == 1


def test_a_device_of_another_school_is_not_named(api: Api, two_schools: None, token: Any) -> None:
    api.edit("devices", api.get("/devices/THEIRS"), macs=ONE)
    person = token("netz", "service-provider", schools=["164800"])
    told = [
        person.create("ipads", 409, serial="B", school="164800", macs=ONE)["detail"],
        upload(person, f"B;164800;ipad;{ONE}")["rows"][0]["reason"],
    ]
    for text in told:
        assert "another school" in text
        assert "THEIRS" not in text
        assert "164801" not in text


def test_the_database_itself_holds_one_owner(store: Store, api: Api, owner: Any) -> None:
    with pytest.raises(Conflict, match="at the same time"), store.write() as unit:
        macs.claim(unit, [(99, ONE)])
