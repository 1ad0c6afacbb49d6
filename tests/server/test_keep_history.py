"""Every change of a record leaves what was there before, whoever made it and in whatever way."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.kinds import EDITABLE, KINDS
from schoolops.core.clock import FixedClock
from schoolops.core.errors import Conflict
from schoolops.db.engine import Store
from schoolops.estate import revisions
from schoolops.estate.repository import Estate
from schoolops.estate.writing import Cause, Change, change_rows
from tests.server.conftest import Api

MADE: dict[str, dict[str, Any]] = {
    "school": {"number": "164801", "name": "Andere Schule"},
    "site": {"school": "164800", "name": "Haupthaus"},
    "building": {"school": "164800", "name": "A"},
    "room": {"school": "164800", "name": "2.14"},
    "device": {"school": "164800", "kind": "ipad", "serial": "DMPX1"},
    "uplink": {"school": "164800", "name": "main"},
    "service": {"name": "Moodle"},
    "contact": {"school": "164800", "role": "head", "name": "A. Neu"},
    "credential": {"name": "ap", "kind": "snmp-v2c"},
}


def history(api: Api, plural: str, key: str, **params: Any) -> Any:
    return api.get(f"/{plural}/{key}/history", **params)


def changes(api: Api, plural: str, key: str) -> list[tuple[str, str, Any]]:
    return [(c["how"], c["note"], c["fields"]) for c in history(api, plural, key)["changes"]]


@pytest.fixture
def ipad(api: Api, room: Any) -> Any:
    return api.create("ipads", serial="DMPX1", school="164800", room="164800/2.14")


@pytest.mark.parametrize("kind", EDITABLE, ids=lambda kind: kind.name)
def test_the_history_of_every_kind_has_old_values(api: Api, school: Any, kind: Any) -> None:
    made = api.create(kind.plural, **MADE[kind.name])
    api.edit(kind.plural, made, notes="a\nb")
    told = history(api, kind.plural, made["key"])
    assert told["created"]["by"] == made["updated_by"]
    (change,) = told["changes"]
    assert change["fields"] == {"notes": [None, "a\nb"]}
    assert (change["how"], change["by"]) == ("edit", made["updated_by"])


def test_what_did_not_change_leaves_nothing(api: Api, ipad: Any) -> None:
    api.edit("devices", ipad, owner=None)
    assert changes(api, "devices", "DMPX1") == []


def test_an_import_leaves_old_values_and_the_name_of_its_file(api: Api, ipad: Any) -> None:
    text = "Seriennummer;Schulnr;Geräteart;Modell\nDMPX1;164800;iPad;Air\nNEW;164800;iPad;Air\n"
    api.upload("devices", "geräte.csv", text.encode())
    assert changes(api, "devices", "DMPX1") == [("import", "geräte.csv", {"model": [None, "Air"]})]
    assert changes(api, "devices", "NEW") == []


def test_a_change_in_bulk_leaves_the_old_value_of_each(api: Api, ipad: Any) -> None:
    api.create("ipads", serial="B", school="164800", owner="Cart 1")
    api.post("/ipads/bulk", {"q": "", "values": {"owner": "Cart 2"}})
    assert changes(api, "devices", "DMPX1") == [("bulk edit", "", {"owner": [None, "Cart 2"]})]
    assert changes(api, "devices", "B") == [("bulk edit", "", {"owner": ["Cart 1", "Cart 2"]})]


@pytest.mark.parametrize("plural", ["rooms", "devices"])
def test_a_record_that_went_and_came_back_says_so(api: Api, ipad: Any, plural: str) -> None:
    made = api.create("boards", serial="B1", school="164800")
    if plural == "rooms":
        made = api.create("rooms", school="164800", name="9")
    key = made["key"]
    api.post(f"/{plural}/{key}/retire", {"version": 1, "reason": "walled up"})
    api.post(f"/{plural}/{key}/reinstate", {"version": 2})
    api.post(f"/{plural}/bulk", {"ids": [made["id"]], "retire": True, "reason": "again"})
    assert changes(api, plural, key) == [
        ("bulk retire", "again", {"retired": [False, True]}),
        ("reinstate", "", {"retired": [True, False]}),
        ("retire", "walled up", {"retired": [False, True]}),
    ]


def test_a_reference_stands_as_it_was_called_then(
    api: Api, ipad: Any, room: Any, clock: FixedClock
) -> None:
    api.create("rooms", school="164800", name="3.01")
    body = {"version": 1, "room": "3.01", "note": "for the exam"}
    api.post("/devices/DMPX1/move", body)
    api.edit("rooms", room, name="2.14a")
    told = [("move", "for the exam", {"room": ["164800/2.14", "164800/3.01"]})]
    assert changes(api, "devices", "DMPX1") == told
    assert changes(api, "rooms", "164800/2.14a") == [("edit", "", {"name": ["2.14", "2.14a"]})]


def test_of_a_secret_the_history_says_only_that_it_changed(api: Api, school: Any) -> None:
    api.create("credentials", name="ap", kind="snmp-v3")
    body = {"secret": "hush-hush", "secret2": "quiet"}
    api.call("PUT", "/credentials/ap/secret", 204, json=body)
    assert changes(api, "credentials", "ap") == [
        ("set secret", "", {"secret": None, "secret2": None})
    ]
    assert "hush" not in api.call_raw("/credentials/ap/history")


def test_a_dry_run_leaves_no_trace(api: Api, ipad: Any) -> None:
    api.post("/ipads/bulk", {"q": "", "values": {"owner": "Cart 2"}, "dry_run": True})
    api.upload("devices", "d.csv", b"serial;school;kind;owner\nDMPX1;164800;ipad;x\n", dry_run=1)
    assert changes(api, "devices", "DMPX1") == []


def test_a_refused_change_leaves_no_trace(api: Api, ipad: Any) -> None:
    api.edit("devices", ipad, 422, room="164800/none")
    assert changes(api, "devices", "DMPX1") == []


def test_a_long_history_comes_in_pages(
    api: Api, ipad: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "AT_ONCE", 2)
    for number in range(5):
        ipad = api.edit("devices", ipad, owner=f"Cart {number}")
    seen: list[str] = []
    page = {"changes": [], "more": True}
    while page["more"]:
        last = page["changes"][-1]["number"] if page["changes"] else 0
        page = history(api, "devices", "DMPX1", before=last)
        seen += [change["fields"]["owner"][1] for change in page["changes"]]
    assert seen == ["Cart 4", "Cart 3", "Cart 2", "Cart 1", "Cart 0"]


def test_whoever_may_not_read_a_record_learns_nothing_of_its_past(
    two_schools: None, token: Any, api: Api
) -> None:
    person = token("netz", "service-provider", schools=["164800"])
    assert history(person, "devices", "OURS")["placements"]
    person.get("/devices/THEIRS/history", 404)
    contact = api.create("contacts", school="164800", role="head", name="A. Neu", phone="1")
    api.edit("contacts", contact, phone="2")
    person.get(f"/contacts/{contact['id']}/history", 403)
    api.get("/agents/x/history", 422)


def test_a_device_that_moves_in_a_file_leaves_its_place_like_any_other(
    api: Api, ipad: Any, clock: FixedClock
) -> None:
    api.create("rooms", school="164800", name="3.01")
    clock.advance(60)
    text = b"serial;school;kind;room\nDMPX1;164800;ipad;3.01\n"
    api.upload("devices", "d.csv", text)
    now, before = history(api, "devices", "DMPX1")["placements"]
    assert (before["room"], before["until"]) == ("164800/2.14", now["from"])


def test_the_old_values_of_a_record_can_be_erased(
    api: Api, store: Store, school: Any, room: Any
) -> None:
    contacts = [
        api.create("contacts", school="164800", role="head", name=name) for name in ("A", "B")
    ]
    for contact in contacts:
        api.edit("contacts", contact, phone="0211 1")
    with store.write() as unit:
        row = Estate(unit.connection, unit.actor, unit.now).find(KINDS["contact"], "164800/head/A")
        revisions.forget(unit.connection, KINDS["contact"], [row.id])
    assert changes(api, "contacts", "164800/head/A") == []
    assert len(changes(api, "contacts", "164800/head/B")) == 1


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    store: Store, api: Api, ipad: Any
) -> None:
    device = KINDS["device"]
    with store.write() as unit:
        seen = Estate(unit.connection, unit.actor, unit.now).find(device, "DMPX1")
    api.edit("devices", ipad, owner="Cart 1")
    with pytest.raises(Conflict, match="at the same time"), store.write() as unit:
        change_rows(unit, device, [Change(seen, {"owner": "Cart 2"})], Cause("edit"))
    assert changes(api, "devices", "DMPX1") == [("edit", "", {"owner": [None, "Cart 1"]})]


def test_an_imported_record_tells_its_file_and_what_it_came_with(api: Api, room: Any) -> None:
    text = "serial;kind;school;room;purchased\nIM-1;ipad;164800;2.14;31.08.2025\n"
    api.upload("devices", "lieferung.csv", text.encode())
    told = history(api, "devices", "IM-1")
    assert told["changes"] == []
    assert (told["created"]["how"], told["created"]["note"]) == (
        "create by import",
        "lieferung.csv",
    )
    assert told["created"]["fields"] == {
        "serial": [None, "IM-1"], "kind": [None, "ipad"], "school": [None, "164800"],
        "room": [None, "164800/2.14"], "purchased": [None, "2025-08-31"],
    }  # fmt: skip


def test_a_record_made_by_hand_tells_what_it_was_made_of_even_after_edits(
    api: Api, ipad: Any
) -> None:
    api.edit("devices", ipad, serial="DMPX2")
    told = history(api, "devices", "DMPX2")
    assert told["created"]["how"] == "create"
    assert told["created"]["fields"]["serial"] == [None, "DMPX1"]
    assert [change["how"] for change in told["changes"]] == ["edit"]


def test_what_a_record_was_made_of_is_closed_where_the_field_is(
    api: Api, room: Any, token: Any
) -> None:
    api.create("ipads", serial="DMPX9", school="164800", owner="Zacharias Amsel")
    person = token("netz", "service-provider", schools=["164800"])
    assert history(person, "devices", "DMPX9")["created"]["fields"]["owner"] is None


def test_a_stale_edit_of_an_imported_record_names_the_changes_alone(api: Api, room: Any) -> None:
    api.upload("devices", "d.csv", b"serial;kind;school\nIM-2;ipad;164800\n")
    made = api.get("/devices/IM-2")
    api.edit("devices", made, name="a")
    stale = api.edit("devices", made, 409, name="b")
    assert [change["how"] for change in stale["since"]] == ["edit"]
