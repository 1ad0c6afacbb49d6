"""Personal fields: null, not searched and not written where they are closed, whoever asks how."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from inventory.fields import Field
from inventory.kinds import ACCOUNT, AUDIT, CONTACT, DEVICE, KINDS, SERVICE, Kind
from schoolops.core.errors import Conflict, Forbidden, NotFound
from schoolops.core.permissions import (
    ACCOUNTS_READ,
    CITY,
    CONTACTS_READ,
    CONTACTS_WRITE,
    ESTATE_READ,
    PERMISSIONS,
    ROLES,
    SYSTEM,
    Actor,
    Grant,
    Scope,
    grants_of,
)
from schoolops.db.access import read_permission
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.estate import audit as _audit
from schoolops.estate import revisions, transfer
from schoolops.estate.listing import lister
from schoolops.estate.models import TABLES
from schoolops.estate.repository import Estate
from schoolops.estate.schemas import DownloadRequest
from schoolops.estate.service import Inventory
from schoolops.estate.transfer import Export
from schoolops.identity import listings as _listings  # noqa: F401  (registers its lists)
from schoolops.identity.models import account, account_role

A, B = "164800", "164801"
AUTHORITIES: dict[str | None, str | None] = {A: "10042", B: "10099", None: None}
DEVICES = {A: "DMPX1", B: "DMPX2"}
OWNERS = {A: "Zacharias Amsel", B: "Yvonne Bussard"}
HEADS = {A: "Wilma Drossel", B: "Vera Elster"}
FORMER = "Ulf Falke"
SERVICES = {A: "Moodle", None: "Logineo"}
NAMES = (*OWNERS.values(), *HEADS.values(), FORMER)

PROVIDER = Actor.of("netz-gmbh", "service-provider")
ADMIN = Actor.of("m.weber", "authority-admin")
AUDITOR = Actor.of("r.pruefer", "auditor")


def at(*schools: str) -> Scope:
    return Scope(schools=frozenset(schools))


MIXED = Actor("b.meier", (*grants_of("teacher", at(A)), *grants_of("service-provider", at(A, B))))
"""Teaches at one school and runs the equipment of two."""


@pytest.fixture
def city(store: Store) -> Store:
    """Two schools with a device and a contact each, two services; the owners were once others."""
    with store.write(ADMIN) as unit:
        make = Inventory(unit).create
        for number in (A, B):
            school = {"number": number, "name": "Schule", "authority": AUTHORITIES[number]}
            make(KINDS["school"], school)
            device = {"kind": "ipad", "serial": DEVICES[number], "model": "Air", "school": number}
            made = make(DEVICE, device | {"owner": FORMER})
            Inventory(unit).edit(DEVICE, made["id"], 1, {"owner": OWNERS[number], "name": "N"})
            contact = {"school": number, "role": "head", "name": HEADS[number], "phone": "0221 1"}
            make(CONTACT, contact | {"email": f"{HEADS[number].split()[1].lower()}@x.de"})
        for school_number, name in SERVICES.items():
            make(SERVICE, {"name": name, "school": school_number, "owner": f"Tom {name}er"})
    return store


def stored(kind: Kind, store: Store) -> dict[str, tuple[str | None, dict[str, Any]]]:
    """Id → (school, values), read by somebody to whom all is open."""
    with store.read() as connection:
        estate = Estate(connection, SYSTEM, 0)
        records = [estate.record(kind, uid) for uid in estate.ids(kind, "")]
    assert not any(record["closed"] for record in records)
    return {one["id"]: (one["values"]["school"], one["values"]) for one in records}


def is_open(actor: Actor, kind: Kind, field: Field, school: str | None) -> bool:
    """What `sees` means, written down once more."""
    permission = read_permission(kind)
    wanted = (PERMISSIONS[permission].purpose, field.personal)
    return any(
        permission in grant.permissions
        and wanted in grant.opens
        and grant.scope.covers(school, AUTHORITIES[school])
        for grant in actor.grants
    )


def visible(actor: Actor, kind: Kind, school: str | None) -> bool:
    reads = actor.scope(read_permission(kind)).covers(school, AUTHORITIES[school])
    return reads and (kind is not CONTACT or is_open(actor, kind, kind.field("name"), school))


SCOPES = st.sampled_from([CITY, at(A), at(B), at(A, B), Scope(authorities=frozenset({"10042"}))])
CLASSES = st.sets(st.sampled_from(["core", "contact"]))
BARE = st.builds(
    lambda scope, classes: Grant(
        frozenset({ESTATE_READ, CONTACTS_READ}),
        scope,
        "delegation 1",
        opens=frozenset(("operations", one) for one in classes),
    ),
    SCOPES,
    CLASSES,
)
GRANTS = st.lists(
    st.builds(grants_of, st.sampled_from(list(ROLES)), SCOPES) | BARE.map(lambda one: (one,)),
    min_size=1,
    max_size=3,
)
ACTORS = GRANTS.map(lambda parts: Actor("x", tuple(grant for part in parts for grant in part)))


@pytest.mark.parametrize("kind", [DEVICE, SERVICE, CONTACT], ids=lambda kind: kind.name)
class TestReading:
    @settings(max_examples=60)
    @given(actor=ACTORS)
    def test_every_way_to_read_shows_what_is_open_and_no_more(
        self, city: Store, kind: Kind, actor: Actor
    ) -> None:
        if not actor.may(read_permission(kind)):
            return
        records = stored(kind, city)
        names = [field.name for field in kind.fields]
        expected = {}
        for uid, (school, values) in records.items():
            if visible(actor, kind, school):
                expected[uid] = {
                    n: None
                    if (f := kind.field(n)).personal and not is_open(actor, kind, f, school)
                    else values[n]
                    for n in names
                }
        with city.read(actor) as connection:
            estate = Estate(connection, actor, 0)
            pages = [
                estate.page(kind, columns=names), estate.by_ids(kind, list(records), names)
            ]  # fmt: skip
            for page in pages:
                shown = {row[0]: dict(zip(names, row[4:], strict=True)) for row in page.rows}
                assert shown == expected
            exported = [dict(zip(names, r, strict=True)) for r in estate.export(kind, "", names)]
            assert sorted(map(str, exported)) == sorted(map(str, expected.values()))
            for uid, (school, values) in records.items():
                if uid not in expected:
                    with pytest.raises(NotFound):
                        estate.record(kind, uid)
                    continue
                record = estate.record(kind, uid)
                assert record["values"] == expected[uid]
                closed = [
                    f.name
                    for f in kind.fields
                    if f.personal and not is_open(actor, kind, f, school)
                ]
                assert record["closed"] == sorted(closed)
                told = json.dumps(revisions.history(estate, kind, uid), ensure_ascii=False)
                for name in closed:
                    assert str(values[name]) not in told
                    assert FORMER not in told

    @settings(max_examples=60)
    @given(actor=ACTORS)
    def test_words_find_by_a_person_only_where_that_is_open(
        self, city: Store, kind: Kind, actor: Actor
    ) -> None:
        if not actor.may(read_permission(kind)):
            return
        with city.read(actor) as connection:
            estate = Estate(connection, actor, 0)
            seen = {*estate.ids(kind, "")}
            for uid, (school, values) in stored(kind, city).items():
                for field in kind.fields:
                    if not (field.personal and field.searchable):
                        continue
                    word = values[field.name].split()[-1]
                    shown = uid in seen and is_open(actor, kind, field, school)
                    assert (uid in estate.ids(kind, word)) == shown
                    assert set(estate.ids(kind, f"!{word}")) == seen - set(estate.ids(kind, word))
                    assert estate.count(kind, word) == len(estate.ids(kind, word))

    @settings(max_examples=60)
    @given(actor=ACTORS)
    def test_filters_and_sorts_ask_only_for_what_is_open_wherever_one_reads(
        self, city: Store, kind: Kind, actor: Actor
    ) -> None:
        if not actor.may(read_permission(kind)):
            return
        with city.read(actor) as connection:
            estate = Estate(connection, actor, 0)
            for field in kind.fields:
                if not field.personal:
                    continue
                allowed = all(
                    is_open(actor, kind, field, school)
                    for school in AUTHORITIES
                    if visible(actor, kind, school)
                )
                asking = [
                    lambda q=f"{field.name}:*a*": estate.ids(kind, q),
                    lambda q=f"!{field.name}:": estate.count(kind, q),
                    lambda q=f"{field.name}:*": list(estate.export(kind, q, ["key"])),
                    lambda q=f"{field.name}:x*": estate.page(kind, q),
                    lambda sort=field.name: estate.page(kind, sort=sort),
                    lambda sort=f"-{field.name}": estate.page(kind, sort=sort),
                ]
                for ask in asking:
                    if allowed:
                        ask()
                    else:
                        with pytest.raises(Forbidden) as caught:
                            ask()
                        assert caught.value.code == "auth.field_closed"


def test_a_teacher_and_a_viewer_see_the_owners_of_their_schools(city: Store) -> None:
    person = Actor("x", (*grants_of("teacher", at(A)), *grants_of("viewer", at(B))))
    with city.read(person) as connection:
        page = Estate(connection, person, 0).page(DEVICE, "owner:*", "owner", columns=["owner"])
    assert [row[4] for row in page.rows] == [OWNERS[B], OWNERS[A]]


def test_a_list_over_two_schools_is_open_row_by_row(city: Store) -> None:
    with city.read(MIXED) as connection:
        page = Estate(connection, MIXED, 0).page(DEVICE, columns=["serial", "owner"])
    assert [row[4:] for row in page.rows] == [[DEVICES[A], OWNERS[A]], [DEVICES[B], None]]


def test_a_jump_finds_nothing_by_a_person_either(city: Store) -> None:
    for q in ("amsel", "schule amsel", "amsel dmpx1"):
        for actor, found in ((PROVIDER, 0), (ADMIN, 1)):
            with city.read(actor) as connection:
                page = Estate(connection, actor, 0).page(DEVICE, q, wide=True)
            assert len(page.rows) == found, (q, actor.name)


def test_no_question_is_asked_for_those_to_whom_all_is_open(city: Store) -> None:
    with city.read() as connection:
        for actor in (ADMIN, Actor.of("v", "viewer"), Actor.of("t", "teacher", schools=[A])):
            assert not Estate(connection, actor, 0).personal(DEVICE)
        assert not Estate(connection, PROVIDER, 0).personal(KINDS["room"])
        assert Estate(connection, PROVIDER, 0).personal(DEVICE)


# --- files and links --------------------------------------------------------------------------


def exported(store: Store, actor: Actor, request: Export) -> bytes:
    transfer.check(store, actor, request)
    with store.read(actor) as connection:
        return b"".join(transfer.export(connection, actor, 0, request))


@pytest.mark.parametrize("format", ["csv", "json"])
@pytest.mark.parametrize("columns", [(), ("serial", "owner")], ids=["all", "named"])
def test_a_file_has_no_closed_value(city: Store, format: str, columns: tuple[str, ...]) -> None:
    data = exported(city, PROVIDER, Export(DEVICE, "", format, columns)).decode()
    assert DEVICES[B] in data
    assert not any(name in data for name in NAMES)


def test_a_file_of_the_provider_can_be_read_back(city: Store) -> None:
    data = exported(city, PROVIDER, Export(DEVICE, "", "csv", ()))
    assert b"owner" not in data.splitlines()[0]
    report = transfer.import_file(city, PROVIDER, DEVICE, "", "d.csv", data, None, False)
    assert (report["same"], report["refused"]) == (2, 0)


def test_a_link_shows_what_is_open_to_whoever_made_it(city: Store) -> None:
    wanted = DownloadRequest(plural="devices", q="", format="csv", columns=["owner"])
    link = transfer.make_link(city, MIXED, wanted)["url"].rpartition("/")[2]
    actor, request = transfer.take_link(city, link)
    data = exported(city, actor, request).decode()
    assert OWNERS[A] in data
    assert OWNERS[B] not in data


@pytest.mark.parametrize("actor", [PROVIDER, MIXED], ids=["provider", "mixed"])
def test_an_export_that_asks_what_is_closed_is_refused_before_it_begins(
    city: Store, actor: Actor
) -> None:
    with pytest.raises(Forbidden) as caught:
        transfer.check(city, actor, Export(DEVICE, "owner:*amsel*", "csv", ()))
    assert caught.value.code == "auth.field_closed"


# --- writing ----------------------------------------------------------------------------------


def owner_of(store: Store, serial: str) -> Any:
    with store.read() as connection:
        return Estate(connection, SYSTEM, 0).record(DEVICE, serial)["values"]["owner"]


def test_a_closed_field_is_neither_set_nor_emptied(city: Store) -> None:
    new = {"kind": "ipad", "serial": "NEW", "school": A}
    with city.write(PROVIDER) as unit:
        inventory = Inventory(unit)
        uid = inventory.estate.find(DEVICE, DEVICES[A]).uid
        refused = [
            lambda: inventory.create(DEVICE, new | {"owner": "Somebody"}),
            lambda: inventory.edit(DEVICE, uid, 2, {"owner": "Somebody"}),
            lambda: inventory.edit(DEVICE, uid, 1, {"owner": OWNERS[A]}),
            lambda: inventory.edit(DEVICE, uid, 2, {"owner": None, "name": "X"}),
            lambda: inventory.bulk(DEVICE, uids=[uid], values={"owner": OWNERS[A]}),
            lambda: inventory.bulk(DEVICE, uids=[uid], values={"owner": None, "name": "X"}),
        ]
        for write in refused:
            with pytest.raises(Forbidden) as caught:
                write()
            assert caught.value.code == "auth.field_closed"
            assert caught.value.extra["errors"].keys() == {"owner"}
            assert OWNERS[A] not in str(caught.value.problem())
        made = inventory.create(DEVICE, new)
        assert (made["values"]["owner"], made["closed"]) == (None, ["owner"])
        edited = inventory.edit(DEVICE, uid, 2, {"name": "Y"})
        assert (edited["values"]["name"], edited["values"]["owner"]) == ("Y", None)
    assert owner_of(city, DEVICES[A]) == OWNERS[A]


def test_where_it_is_open_it_is_written(city: Store) -> None:
    with city.write(MIXED) as unit:
        inventory = Inventory(unit)
        uids = inventory.estate.ids(DEVICE, "")
        done = inventory.bulk(DEVICE, uids=uids, values={"owner": "Cart 1"})
        assert (done["changed"], done["refused"]) == (1, 1)
        assert [row["key"] for row in done["rows"] if "owner" in row["reason"]] == [DEVICES[B]]
        with pytest.raises(Forbidden):  # nor does it come along to where it is closed
            inventory.edit(DEVICE, DEVICES[A], 3, {"school": B, "owner": "Cart 2"})
    assert (owner_of(city, DEVICES[A]), owner_of(city, DEVICES[B])) == ("Cart 1", OWNERS[B])


def imported(store: Store, actor: Actor, text: str) -> dict[str, Any]:
    return transfer.import_file(
        store, actor, DEVICE, "", "d.csv", text.encode(), None, dry_run=False
    )


def test_a_file_with_a_closed_column_is_refused_as_a_whole(city: Store) -> None:
    rows = f"kind;serial;school;name;owner\nipad;NEW;{A};first;\nipad;{DEVICES[A]};{A};second;"
    for owner in (OWNERS[A], "Somebody"):
        with pytest.raises(Forbidden, match="owner is personal and closed to you") as caught:
            imported(city, PROVIDER, rows + owner + "\n")
        assert caught.value.code == "auth.field_closed"
    with city.read() as connection:
        assert Estate(connection, SYSTEM, 0).count(DEVICE, "name:first,second") == 0
    # An empty column says nothing and hurts nobody.
    report = imported(city, PROVIDER, rows + "\n")
    assert (report["new"], report["changed"]) == (1, 1)
    assert owner_of(city, DEVICES[A]) == OWNERS[A]


def test_a_row_is_refused_where_the_column_is_closed(city: Store) -> None:
    rows = "".join(f"ipad;{DEVICES[n]};{n};Cart {n}\n" for n in (A, B))
    report = imported(city, MIXED, "kind;serial;school;owner\n" + rows)
    assert (report["changed"], report["refused"]) == (1, 1)
    (refused,) = [row for row in report["rows"] if row["outcome"] == "refused"]
    assert refused["key"] == DEVICES[B]
    assert OWNERS[B] not in str(report)


def test_a_clash_of_edits_tells_nothing_that_is_closed(city: Store) -> None:
    with city.write(PROVIDER) as unit, pytest.raises(Conflict) as caught:
        Inventory(unit).edit(DEVICE, DEVICES[B], 1, {"name": "mine"})
    extra = caught.value.extra
    assert extra["since"][0]["fields"] == {"owner": None, "name": [None, "N"]}
    assert extra["current"]["closed"] == ["owner"]
    assert not any(name in str(caught.value.problem()) for name in NAMES)


def test_who_may_write_contacts_without_seeing_persons_writes_none(city: Store) -> None:
    grant = Grant(frozenset({ESTATE_READ, CONTACTS_READ, CONTACTS_WRITE}), at(A), "delegation 1")
    person = Actor("x", (grant,))
    with city.write(person) as unit:
        inventory = Inventory(unit)
        assert inventory.estate.ids(CONTACT, "") == []
        with pytest.raises(NotFound):
            inventory.estate.find(CONTACT, f"{A}/head/{HEADS[A]}")
        with pytest.raises(Forbidden):
            inventory.create(CONTACT, {"school": A, "role": "head", "name": HEADS[A]})


# --- the audit --------------------------------------------------------------------------------


def events(store: Store, actor: Actor, q: str = "") -> list[dict[str, Any]]:
    names = [field.name for field in AUDIT.fields]
    with store.read(actor) as connection:
        page = lister(AUDIT, connection, actor, 0).page(AUDIT, q, "", 0, 100, names)
    return [dict(zip(names, row[4:], strict=True)) for row in page.rows]


@pytest.fixture
def older(city: Store) -> Store:
    """With events as they were written before fields had classes and contacts their ids."""
    with city.write(ADMIN) as unit:
        school = TABLES["school"]
        id = unit.connection.scalar(select(school.c.id).where(school.c.number == A))
        details = {
            "edit": {"changes": {"owner": [FORMER, OWNERS[A]], "name": [None, "N"]}},
            "create": {"owner": FORMER, "name": "N"},
            "bulk edit": {"set": {"owner": FORMER, "name": "N"}, "changed": 1},
        }
        unit.connection.execute(insert(audit_event), [
            {"at": 1, "actor": "m.weber", "action": action, "kind": "device", "record": DEVICES[A],
             "school_id": id, "detail": json.dumps(detail)}
            for action, detail in details.items()
        ])  # fmt: skip
        for number in (A, B):
            at = unit.connection.scalar(select(school.c.id).where(school.c.number == number))
            unit.audit("create", "contact", f"{number}/head/{HEADS[number]}", at)
        unit.audit("bulk edit", "contact", "", id, {"records": [f"{A}/head/{HEADS[A]}"]})
    return city


def test_an_edit_leaves_names_of_personal_fields_in_the_audit_and_no_values(city: Store) -> None:
    told = {(e["action"], e["kind"], e["record"]): json.loads(e["detail"])
            for e in events(city, ADMIN)}  # fmt: skip
    assert told["edit", "device", DEVICES[A]] == {
        "fields": ["owner"], "changes": {"name": [None, "N"]},
    }  # fmt: skip
    assert told["create", "device", DEVICES[A]] == {
        "fields": ["owner"], "kind": "ipad", "serial": DEVICES[A], "model": "Air", "school": A,
    }  # fmt: skip
    with city.write(ADMIN) as unit:
        inventory = Inventory(unit)
        ids = inventory.estate.ids(DEVICE, "")
        inventory.bulk(DEVICE, uids=ids, values={"owner": "Cart 9", "firmware": "18"})
    detail = json.loads(events(city, ADMIN)[0]["detail"])
    assert detail["set"] == {"firmware": "18", "fields": ["owner"]}
    with city.read() as connection:
        assert not any(
            name in detail
            for detail in connection.scalars(select(audit_event.c.detail))
            for name in (*OWNERS.values(), FORMER, "Cart 9")
        )


def test_older_events_keep_their_values_for_those_to_whom_they_are_open(older: Store) -> None:
    for role in ("authority-admin", "data-protection-officer"):
        shown = str(events(older, Actor.of("x", role)))
        assert all(name in shown for name in (FORMER, OWNERS[A], HEADS[A]))


def test_a_history_tells_older_events_without_what_is_closed(older: Store) -> None:
    for actor, values in ((PROVIDER, None), (ADMIN, [FORMER, OWNERS[A]])):
        with older.read(actor) as connection:
            told = revisions.history(Estate(connection, actor, 0), DEVICE, DEVICES[A])
        (changes,) = [e["detail"]["changes"] for e in told["events"] if "owner" in
                      e["detail"].get("changes", {})]  # fmt: skip
        assert changes == {"owner": values, "name": [None, "N"]}


def test_the_auditor_sees_who_did_what_and_no_person(older: Store) -> None:
    shown = events(older, AUDITOR)
    assert not any(name in str(shown) for name in NAMES)
    details = [json.loads(e["detail"]) for e in shown if e["record"] == DEVICES[A]]
    assert {"changes": {"owner": None, "name": [None, "N"]}} in details
    assert {"owner": None, "name": "N"} in details
    assert {"set": {"owner": None, "name": "N"}, "changed": 1} in details
    contacts = {e["record"] for e in shown if e["kind"] == "contact" and e["action"] == "create"}
    assert {record for record in contacts if "/" in record} == {f"{A}/…", f"{B}/…"}
    assert json.loads(shown[0]["detail"]) == {"records": [f"{A}/…"]}
    for q in ("drossel", "record:*drossel*", f'record:"{A}/head/{HEADS[A]}"'):
        assert events(older, AUDITOR, q) == []
    assert len(events(older, ADMIN, "drossel")) == 1  # the older event alone tells the name


def test_the_audit_of_one_school_is_open_at_that_school(older: Store) -> None:
    person = Actor("x", (*grants_of("auditor", CITY), *grants_of("authority-admin", at(A))))
    shown = str(events(older, person))
    assert OWNERS[A] in shown
    assert HEADS[A] in shown
    assert HEADS[B] not in shown


def test_closed_details_are_not_asked_for(older: Store) -> None:
    with pytest.raises(Forbidden) as caught:
        events(older, AUDITOR, "detail:*falke*")
    assert caught.value.code == "auth.field_closed"
    with older.read(AUDITOR) as connection, pytest.raises(Forbidden):
        lister(AUDIT, connection, AUDITOR, 0).page(AUDIT, "", "detail", 0, 10, [])
    assert len(events(older, ADMIN, "detail:*falke*")) == 3
    with pytest.raises(Forbidden, match="audit verify"):
        _audit.refuse_chain(AUDITOR)
    _audit.refuse_chain(ADMIN)


# --- people -----------------------------------------------------------------------------------


def test_people_are_listed_without_what_is_closed(city: Store) -> None:
    with city.write(ADMIN) as unit:
        for number, (place, name) in enumerate(HEADS.items(), 1):
            unit.connection.execute(insert(account), {
                "id": number, "uid": f"u{number}", "issuer": "i", "subject": f"s{number}",
                "username": f"user{number}", "shown": name, "email": f"{number}@x.de",
                "groups": "[]", "classes": "[]", "strong": False, "first_seen_at": 1,
                "last_seen_at": 1, "ended_before": 0,
            })  # fmt: skip
            role = {"account_id": number, "role": "head", "place": place}
            unit.connection.execute(insert(account_role), role)
    bare = Grant(frozenset({ACCOUNTS_READ}), at(A, B), "delegation 1")
    person = Actor("x", (*grants_of("head", at(A)), bare))
    with city.read(person) as connection:
        found = lister(ACCOUNT, connection, person, 0)
        page = found.page(ACCOUNT, "", "username", 0, 10, ["username", "name", "email"])
        assert [row[4:] for row in page.rows] == [
            ["user1", HEADS[A], "1@x.de"], ["user2", None, None],
        ]  # fmt: skip
        record = found.record(ACCOUNT, "u2")
        assert (record["values"]["name"], record["closed"]) == (None, ["email", "name"])
        assert found.record(ACCOUNT, "u1")["closed"] == []
        assert found.count(ACCOUNT, "drossel") == 1
        assert found.count(ACCOUNT, "elster") == 0
        assert found.count(ACCOUNT, "user2") == 1
        for q, sort in (("name:*elster*", "username"), ("", "email")):
            with pytest.raises(Forbidden):
                found.page(ACCOUNT, q, sort, 0, 10, [])
