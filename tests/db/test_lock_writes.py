"""The second lock under writes: PostgreSQL itself takes no change at schools of others.

These tests go round the query layer, as a bug in it would: plain statements, no scope in them.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from inventory.kinds import EDITABLE, KINDS
from schoolops.core.errors import Forbidden
from schoolops.core.permissions import SYSTEM, Actor, Grant, Scope
from schoolops.db.engine import Store
from schoolops.db.row_policies import HIDDEN, WRITES
from schoolops.db.tables import audit_event, metadata, note
from schoolops.estate.models import TABLES, device_mac, placement, revision
from schoolops.estate.service import Inventory
from schoolops.identity.models import access_grant, account, approval, token

OWN, OTHER = "164800", "164801"
EVERY = frozenset({"estate.read", "estate.write", "contacts.read", "contacts.write",
                   "credentials.write", "agents.write"})  # fmt: skip
CARETAKER = Actor("k.huber", (Grant(EVERY, Scope(schools=frozenset({OWN})), "delegation 1"),))
"""Somebody who may write everything, at one school."""
AUTHORITY = Actor.of("amt", "authority-admin", authority="10042")
PROVIDER = Actor.of("netz-gmbh", "service-provider")
MACS = {OWN: "02:00:00:00:00:01", OTHER: "02:00:00:00:00:02"}


@pytest.fixture
def city(store: Store) -> Store:
    """Two schools of two authorities, with a record of each kind that has a school."""
    if not store.is_postgresql:
        pytest.skip("SQLite has no row-level security")
    with store.write(SYSTEM) as unit:
        made = Inventory(unit)
        for number, authority in ((OWN, "10042"), (OTHER, "10099")):
            school = {"number": number, "name": f"Schule {number}", "authority": authority}
            made.create(KINDS["school"], school)
            made.create(KINDS["room"], {"school": number, "name": "2.14"})
            made.create(KINDS["contact"], {"school": number, "role": "head", "name": "B. Meier"})
            device = {"school": number, "kind": "ipad", "serial": f"S{number}",
                      "macs": MACS[number]}  # fmt: skip
            made.create(KINDS["device"], device)
    return store


def id_of(store: Store, kind: str, school: str) -> int:
    table, schools = TABLES[kind], TABLES["school"]
    with store.read() as connection:
        wanted = select(schools.c.id).where(schools.c.number == school).scalar_subquery()
        column = table.c.id if kind == "school" else table.c.school_id
        return connection.scalars(select(table.c.id).where(column == wanted)).one()


def everything(store: Store) -> dict[str, list[Any]]:
    """All rows of the tables with records."""
    tables = {**TABLES, "device_mac": device_mac, "placement": placement, "revision": revision}
    with store.read() as connection:
        return {
            name: sorted(tuple(row) for row in connection.execute(select(table)))
            for name, table in tables.items()
        }


KINDS_OF_A_SCHOOL = ("school", "device", "contact", "room")


@pytest.mark.parametrize("actor", [CARETAKER, AUTHORITY], ids=lambda actor: actor.name)
@pytest.mark.parametrize("kind", KINDS_OF_A_SCHOOL)
def test_an_update_without_a_scope_changes_own_rows_alone(
    city: Store, kind: str, actor: Actor
) -> None:
    table = TABLES[kind]
    with city.write(actor) as unit:
        changed = unit.connection.execute(update(table).values(retired_reason="bug")).rowcount
    assert changed == 1
    with city.read() as connection:
        hit = select(table.c.id).where(table.c.retired_reason == "bug")
        assert connection.scalars(hit).all() == [id_of(city, kind, OWN)]


@pytest.mark.parametrize("actor", [CARETAKER, AUTHORITY], ids=lambda actor: actor.name)
@pytest.mark.parametrize("kind", KINDS_OF_A_SCHOOL)
def test_a_foreign_row_that_is_named_is_not_changed(city: Store, kind: str, actor: Actor) -> None:
    before, table = everything(city), TABLES[kind]
    foreign = table.c.id == id_of(city, kind, OTHER)
    with city.write(actor) as unit:
        values = {"retired_reason": "bug"}
        assert unit.connection.execute(update(table).where(foreign).values(values)).rowcount == 0
    assert everything(city) == before


@pytest.mark.parametrize("actor", [CARETAKER, AUTHORITY], ids=lambda actor: actor.name)
@pytest.mark.parametrize("kind", KINDS_OF_A_SCHOOL)
def test_an_insert_at_a_foreign_school_is_refused(city: Store, kind: str, actor: Actor) -> None:
    before, table = everything(city), TABLES[kind]
    with city.read() as connection:
        row = connection.execute(select(table).where(table.c.id == id_of(city, kind, OTHER))).one()
    values = dict(row._mapping) | {"id": 900, "uid": "bug", "key": "bug", "key_folded": "bug"}
    with pytest.raises(Forbidden, match="the database refused"), city.write(actor) as unit:
        unit.connection.execute(insert(table), values)
    assert everything(city) == before


@pytest.mark.parametrize("kind", [*KINDS_OF_A_SCHOOL, "uplink", "credential"])
def test_records_are_never_deleted_not_even_own_ones(city: Store, kind: str) -> None:
    before = everything(city)
    for actor in (CARETAKER, AUTHORITY):
        with pytest.raises(Forbidden, match="the database refused"), city.write(actor) as unit:
            unit.connection.execute(delete(TABLES[kind]))
    assert everything(city) == before


@pytest.mark.parametrize("kind", ["device", "contact", "room"])
def test_a_row_is_neither_pushed_to_a_foreign_school_nor_pulled_from_it(
    city: Store, kind: str
) -> None:
    before, table = everything(city), TABLES[kind]
    own, foreign = id_of(city, kind, OWN), id_of(city, kind, OTHER)
    there, here = id_of(city, "school", OTHER), id_of(city, "school", OWN)
    push = update(table).where(table.c.id == own).values(school_id=there)
    with pytest.raises(Forbidden), city.write(CARETAKER) as unit:
        unit.connection.execute(push)
    with city.write(CARETAKER) as unit:
        pull = update(table).where(table.c.id == foreign).values(school_id=here)
        assert unit.connection.execute(pull).rowcount == 0
    assert everything(city) == before


def test_an_authority_takes_no_school_of_another(city: Store) -> None:
    schools, before = TABLES["school"], everything(city)
    with city.write(AUTHORITY) as unit:
        take = update(schools).where(schools.c.number == OTHER).values(authority="10042")
        assert unit.connection.execute(take).rowcount == 0
    with pytest.raises(Forbidden), city.write(AUTHORITY) as unit:
        unit.connection.execute(
            update(schools).where(schools.c.number == OWN).values(authority="10099")
        )
    assert everything(city) == before


def test_each_permission_opens_its_own_tables(city: Store) -> None:
    """Who may write contacts here and devices there writes no device here."""
    both = Actor("both", (
        Grant(frozenset({"contacts.write"}), Scope(schools=frozenset({OWN})), "secretary"),
        Grant(frozenset({"estate.write"}), Scope(schools=frozenset({OTHER})), "delegation 1"),
    ))  # fmt: skip
    for kind, home in (("contact", OWN), ("device", OTHER)):
        with city.write(both) as unit:
            unit.connection.execute(update(TABLES[kind]).values(retired_reason="bug"))
        with city.read() as connection:
            hit = select(TABLES[kind].c.id).where(TABLES[kind].c.retired_reason == "bug")
            assert connection.scalars(hit).all() == [id_of(city, kind, home)], kind


def test_the_service_provider_changes_every_device_and_no_contact(city: Store) -> None:
    with city.write(PROVIDER) as unit:
        for kind, rows in (("device", 2), ("room", 2), ("contact", 0)):
            said = update(TABLES[kind]).values(retired_reason="bug")
            assert unit.connection.execute(said).rowcount == rows, kind


def test_who_may_write_nowhere_writes_nothing(city: Store) -> None:
    before = everything(city)
    viewer = Actor.of("v", "viewer")
    for kind in EDITABLE:
        with city.write(viewer) as unit:
            gone = update(TABLES[kind.name]).values(retired_reason="bug")
            assert unit.connection.execute(gone).rowcount == 0
    assert everything(city) == before


def test_a_class_is_no_school(city: Store) -> None:
    scope = Scope(classes=frozenset({f"{OWN}/5a"}))
    of_a_class = Actor("t", (Grant(EVERY, scope, "delegation 1"),))
    with city.write(of_a_class) as unit:
        gone = update(TABLES["device"]).values(retired_reason="bug")
        assert unit.connection.execute(gone).rowcount == 0


def test_addresses_and_traces_of_foreign_devices_stay(city: Store) -> None:
    before, foreign = everything(city), id_of(city, "device", OTHER)
    with city.write(CARETAKER) as unit:
        theirs = delete(device_mac).where(device_mac.c.device_id == foreign)
        assert unit.connection.execute(theirs).rowcount == 0
        moved = update(placement).where(placement.c.device_id == foreign).values(until_at=1)
        assert unit.connection.execute(moved).rowcount == 0
    stolen = {"mac": "02:00:00:00:00:03", "device_id": foreign}
    with pytest.raises(Forbidden), city.write(CARETAKER) as unit:
        unit.connection.execute(insert(device_mac), stolen)
    assert everything(city) == before


def test_the_audit_is_written_in_ones_own_name_and_stays(city: Store) -> None:
    event = {"at": 1, "actor": "m.weber", "action": "edit", "kind": "", "record": ""}
    with pytest.raises(Forbidden), city.write(CARETAKER) as unit:
        unit.connection.execute(insert(audit_event), event)
    sealed = event | {"actor": CARETAKER.name, "sealed_as": 1, "hash": "0"}
    with pytest.raises(Forbidden), city.write(CARETAKER) as unit:
        unit.connection.execute(insert(audit_event), sealed)
    for change in (delete(audit_event), update(audit_event).values(actor="m.weber"),
                   delete(revision), update(revision).values(by="m.weber")):  # fmt: skip
        with pytest.raises(Forbidden), city.write(AUTHORITY) as unit:
            unit.connection.execute(change)


def test_nobody_gives_rights_past_the_rules(city: Store) -> None:
    """Neither to oneself by a row of one's own, nor by deciding what one proposed."""
    right = {"uid": "g", "source": "emergency", "receiver": CARETAKER.name, "giver": "m.weber",
             "permissions": "estate.write", "school_id": id_of(city, "school", OTHER),
             "reason": "x", "from_at": 0, "until_at": 9}  # fmt: skip
    for giver in ("m.weber", CARETAKER.name):
        with pytest.raises(Forbidden), city.write(CARETAKER) as unit:
            unit.connection.execute(insert(access_grant), right | {"giver": giver})
    proposed = {"uid": "p", "action": "emergency-access", "subject": "s", "detail": "{}",
                "detail_hash": "0", "school_id": id_of(city, "school", OWN), "reason": "x",
                "state": "open", "proposed_by": CARETAKER.name, "proposed_at": 0,
                "until_at": 9}  # fmt: skip
    with city.write(CARETAKER) as unit:
        unit.connection.execute(insert(approval), proposed)
    own = update(approval).values(state="approved", decided_by=CARETAKER.name)
    with pytest.raises(Forbidden), city.write(CARETAKER) as unit:
        unit.connection.execute(own)
    with pytest.raises(Forbidden), city.write(CARETAKER) as unit:
        unit.connection.execute(update(approval).values(proposed_by="m.weber"))


@pytest.mark.parametrize("table", [token, account, note], ids=lambda table: table.name)
def test_what_the_server_keeps_is_not_written_by_a_limited_actor(city: Store, table: Any) -> None:
    for change in (f"INSERT INTO {table.name} DEFAULT VALUES", f"DELETE FROM {table.name}"):
        with pytest.raises(Forbidden), city.write(CARETAKER) as unit:
            unit.connection.exec_driver_sql(change)


def test_a_table_that_nobody_named_is_closed(city: Store) -> None:
    """So that a new table is thought of here, and not open by chance."""
    closed = [name for name in metadata.tables if name not in WRITES and name not in HIDDEN]
    assert {"note", "observation", "sample_device", "account_role"} <= set(closed)
    for name in closed:
        with pytest.raises(Forbidden), city.write(CARETAKER) as unit:
            unit.connection.execute(delete(metadata.tables[name]))


def test_the_server_and_the_administrator_of_the_city_write_as_before(city: Store) -> None:
    for actor in (SYSTEM, Actor.of("m.weber", "authority-admin")):
        with city.write(actor) as unit:
            assert unit.connection.scalar(text("SELECT current_user")) != "schoolops_limited"
            gone = update(TABLES["device"]).values(retired_reason=actor.name)
            assert unit.connection.execute(gone).rowcount == 2


def test_the_limit_of_a_write_ends_with_it_also_when_it_fails(city: Store) -> None:
    """The pool gives the same connection to the next one."""
    for _ in range(10):
        with pytest.raises(Forbidden), city.write(CARETAKER) as unit:
            unit.connection.execute(delete(TABLES["room"]))
        with city.write(SYSTEM) as unit:
            every = select(func.count()).select_from(TABLES["room"])
            assert unit.connection.scalar(every) == 2


def test_who_operates_the_server_reads_of_a_refused_write(
    city: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(Forbidden), city.write(CARETAKER) as unit:
        unit.connection.execute(delete(TABLES["contact"]))
    assert "row-level security refused a write" in caplog.text
    assert "Meier" not in caplog.text


def test_a_place_with_a_comma_opens_nothing(city: Store) -> None:
    """A group's path is what somebody wrote in Keycloak."""
    scope = Scope(authorities=frozenset({"1,estate.write@city"}))
    sly = Actor("sly", (Grant(EVERY, scope, "technician"),))
    with city.write(sly) as unit:
        gone = update(TABLES["device"]).values(retired_reason="bug")
        assert unit.connection.execute(gone).rowcount == 0


def test_the_history_of_a_foreign_record_is_not_read(city: Store) -> None:
    with city.write(SYSTEM) as unit:
        made = Inventory(unit)
        for number in (OWN, OTHER):
            made.edit(KINDS["room"], f"{number}/2.14", 1, {"floor": "2"})
    rooms = select(revision.c.record_id).where(revision.c.kind == "room").distinct()
    with city.read(CARETAKER) as connection:
        assert connection.scalars(rooms).all() == [id_of(city, "room", OWN)]
        seen = connection.scalar(select(func.count()).select_from(revision))
    with city.read() as connection:
        both = {id_of(city, "room", number) for number in (OWN, OTHER)}
        assert set(connection.scalars(rooms)) == both
        assert connection.scalar(select(func.count()).select_from(revision)) == 2 * (seen or 0)


LOOKS_PAST = Path(__file__).resolve().parents[2] / "schoolops"


def writers_by_server() -> Iterator[str]:
    found = subprocess.run(
        ["grep", "-rln", "by_server=True", "--include=*.py", str(LOOKS_PAST)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for line in found.stdout.splitlines():
        yield str(Path(line).relative_to(LOOKS_PAST))


def test_few_known_places_write_past_the_second_lock() -> None:
    """Each keeps something of the server's own; a new one is a decision (ADR 15)."""
    assert sorted(writers_by_server()) == [
        "alerts/endpoints.py",  # closes by hand what its watching would close
        "estate/transfer.py",
        "fleet/service.py",
        "identity/accounts.py",
        "identity/sessions.py",
        "server/web/passwords.py",
        "server/web/uploads.py",
        "telemetry/ingest.py",
    ]
