"""Lists: in order, in pages that do not overlap, and found by an index and not by sorting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, update

from inventory.kinds import AUDIT, KINDS
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store, UnitOfWork
from schoolops.estate import audit as _audit  # noqa: F401  (registers its list)
from schoolops.estate.listing import lister
from schoolops.estate.loading import Loader
from schoolops.estate.models import TABLES
from schoolops.estate.repository import Estate

DEVICE, SCHOOL, ROOM = KINDS["device"], KINDS["school"], KINDS["room"]
ADMIN = Actor.of("m.weber", "authority-admin")
AT_ONE_SCHOOL = Actor.of("b.meier", "viewer", schools=frozenset({"164801"}))
KIND_NAMES = ("ipad", "ipad", "access-point", "switch", "pc")


@pytest.fixture
def city(store: Store) -> Store:
    """Three schools with a hundred devices each; every seventh is retired."""
    with store.write(ADMIN) as unit:
        load(unit)
    return store


def load(unit: UnitOfWork) -> None:
    numbers = ("164800", "164801", "164802")
    Loader(unit).load(SCHOOL, [{"number": n, "name": f"Schule {n[-1]}"} for n in numbers])
    Loader(unit).load(ROOM, [{"school": n, "name": "1", "kind": "other"} for n in numbers])
    rows: list[dict[str, Any]] = [
        {
            "kind": KIND_NAMES[n % 5],
            "serial": f"S{n * 7919 % 1000:04d}",
            "name": f"N{n % 40}" if n % 3 else None,
            "model": f"M{n % 4}",
            "school": numbers[n % 3],
            "room": f"{numbers[n % 3]}/1" if n % 2 else None,
            "owner": "Meier, Ärzte" if n == 50 else None,
        }
        for n in range(300)
    ]
    Loader(unit).load(DEVICE, rows)
    table = TABLES["device"]
    unit.connection.execute(update(table).where(table.c.id % 7 == 0).values(retired_at=1))


@pytest.fixture
def read(city: Store) -> Iterator[Connection]:
    with city.read() as connection:
        yield connection


def everything(estate: Estate, q: str, sort: str, limit: int = 37) -> list[list[Any]]:
    """All rows, page by page."""
    rows: list[list[Any]] = []
    while True:
        page = estate.page(DEVICE, q, sort, len(rows), limit, ("name", "serial", "kind", "model"))
        rows += page.rows
        if not page.more:
            return rows


@pytest.mark.parametrize("sort", ["key", "-key", "name", "-model", "kind", "school", "health"])
@pytest.mark.parametrize("q", ["", "kind:ipad", "model:m1", "s0", "!kind:pc", "kind:pc room:1"])
def test_pages_bring_each_record_once(read: Connection, q: str, sort: str) -> None:
    estate = Estate(read, ADMIN, 0)
    rows = everything(estate, q, sort)
    assert len(rows) == estate.count(DEVICE, q) > 0
    assert sorted(row[0] for row in rows) == sorted(estate.ids(DEVICE, q))


@pytest.mark.parametrize("q", ["", "kind:ipad", "model:m1", "s0", "school:164801"])
@pytest.mark.parametrize(("sort", "column"), [("key", 1), ("serial", 5), ("kind", 6), ("model", 7)])
def test_rows_come_in_order(read: Connection, q: str, sort: str, column: int) -> None:
    estate = Estate(read, ADMIN, 0)
    values = [row[column] for row in everything(estate, q, sort)]
    assert values == sorted(values)
    assert [row[column] for row in everything(estate, q, f"-{sort}")] == values[::-1]


def test_the_worst_come_first_by_health(read: Connection, city: Store) -> None:
    table = TABLES["device"]
    states = ("ok", "unknown", "warning", "down")
    with city.write() as unit:
        for place, state in enumerate(states):
            unit.connection.execute(
                update(table).where(table.c.id % 4 == place).values(health=state)
            )
    with city.read() as fresh:
        page = Estate(fresh, ADMIN, 0).page(DEVICE, sort="health", limit=300, columns=["health"])
    assert list(dict.fromkeys(row[4] for row in page.rows)) == list(reversed(states))


def test_an_export_has_what_the_list_has(read: Connection) -> None:
    estate = Estate(read, ADMIN, 0)
    rows = list(estate.export(DEVICE, "kind:ipad", ["serial"]))
    assert [row[0] for row in rows] == [row[1] for row in everything(estate, "kind:ipad", "key")]


def test_words_find_in_the_audit_whatever_the_letters(city: Store) -> None:
    with city.write(Actor.of("J.Öztürk", "authority-admin")) as unit:
        unit.audit("edit", "school", "164800")
    with city.read() as connection:
        for q, found in (("öztürk", 1), ("OEZTUERK edit", 1), ("m.weber", 3), ("!weber", 1)):
            assert lister(AUDIT, connection, ADMIN, 0).count(AUDIT, q) == found, q


# --- how SQLite finds them --------------------------------------------------------------------


def plan(connection: Connection, q: str, sort: str, actor: Actor = ADMIN) -> str:
    """SQLite's own words for the way it takes."""
    statement = Estate(connection, actor, 0).place(DEVICE, q, sort).limit(129).offset(900)
    compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")
    return "\n".join(str(row[3]) for row in rows)


@pytest.mark.parametrize("settings_of_store", ["sqlite"], indirect=True)
class TestWaysOfSqlite:
    @pytest.mark.parametrize(
        "sort",
        ["key", "kind", "name", "serial", "asset_tag", "model", "owner", "firmware", "address",
         "updated"],
    )  # fmt: skip
    @pytest.mark.parametrize("sign", ["", "-"])
    def test_a_list_is_read_from_its_index_alone(
        self, read: Connection, sort: str, sign: str
    ) -> None:
        way = plan(read, "", sign + sort)
        assert "USING COVERING INDEX" in way
        assert "TEMP B-TREE" not in way

    def test_a_kind_has_its_own_index(self, read: Connection) -> None:
        way = plan(read, "kind:ipad", "key")
        assert "COVERING INDEX ix_devices_kind_key (kind=?)" in way
        assert "TEMP B-TREE" not in way

    @pytest.mark.parametrize(
        ("q", "index"),
        [
            ("serial:s0001", "ix_devices_key_folded (key_folded=?)"),
            ("serial:s00*", "ix_devices_key_folded (key_folded>? AND key_folded<?)"),
            ("kind:access-point health:down school:164800", "ix_devices_school_id (school_id=?)"),
            ("kind:ipad room:164800/1", "ix_devices_room_id (room_id=?)"),
            ('kind:ipad school_name:"Schule 1"', "ix_devices_school_id (school_id=?)"),
            ("kind:ipad health:down", "ix_devices_health (health=?)"),
        ],
    )
    def test_the_narrowest_index_is_taken(self, read: Connection, q: str, index: str) -> None:
        assert f"INDEX {index}" in plan(read, q, "key")

    @pytest.mark.parametrize("q", ["wenders", "kind:ipad wenders", "owner:meier", "model:*air*"])
    def test_text_is_looked_for_in_the_order_of_the_table(self, read: Connection, q: str) -> None:
        assert plan(read, q, "key").splitlines() == [
            "SCAN devices", "USE TEMP B-TREE FOR ORDER BY"
        ]  # fmt: skip

    @pytest.mark.parametrize("q", ["", "kind:ipad", "health:down", "s0"])
    def test_who_sees_one_school_reads_that_school(self, read: Connection, q: str) -> None:
        assert "ix_devices_school_id (school_id=?)" in plan(read, q, "key", AT_ONE_SCHOOL)


# -- words of the record and of its school, for a jump ----------------------------------------


def found(read: Connection, kind_name: str, q: str, actor: Actor = ADMIN) -> set[str]:
    kind = KINDS[kind_name]
    return {row[1] for row in Estate(read, actor, 0).page(kind, q, limit=1000, wide=True).rows}


@pytest.fixture
def named(store: Store) -> Iterator[Connection]:
    with store.write(ADMIN) as unit:
        schools = [("164574", "Goethe-Gymnasium"), ("164800", "Gymnasium Am Rheinbogen")]
        Loader(unit).load(SCHOOL, [{"number": n, "name": name} for n, name in schools])
        rooms = [(n, r) for n, _ in schools for r in ("2.14", "2.15", "Goethe-Saal")]
        Loader(unit).load(ROOM, [{"school": n, "name": r} for n, r in rooms])
        Loader(unit).load(
            DEVICE,
            [
                {"kind": "ipad", "serial": f"S{n}-{r}", "school": n, "room": f"{n}/{r}",
                 "name": f"iPad {r}"}
                for n, r in rooms
            ],
        )  # fmt: skip
    with store.read() as connection:
        yield connection


def test_a_room_is_found_by_its_name_and_that_of_its_school_in_any_order(
    named: Connection,
) -> None:
    for q in ("goethe 2.14", "2.14 Goethe", "gymn 2.14 GOETHE"):
        assert found(named, "room", q) == {"164574/2.14"}, q
    assert found(named, "room", "am rheinbogen 2.1") == {"164800/2.14", "164800/2.15"}
    assert found(named, "device", "goethe ipad 2.15") == {"S164574-2.15"}


def test_the_name_of_a_school_alone_does_not_mean_all_it_has(named: Connection) -> None:
    assert found(named, "room", "gymnasium") == set()
    assert found(named, "room", "goethe gymnasium") == {"164574/Goethe-Saal", "164800/Goethe-Saal"}
    assert found(named, "school", "goethe") == {"164574"}
    assert found(named, "school", "goethe 2.14") == set()


def test_what_is_excluded_is_excluded_in_the_record(named: Connection) -> None:
    assert found(named, "room", "goethe 2 !2.15") == {"164574/2.14"}
    assert found(named, "room", "goethe 2.14 seats:") == {"164574/2.14"}


def test_a_jump_stays_within_the_schools_one_may_see(named: Connection) -> None:
    only = Actor.of("b.meier", "viewer", schools=frozenset({"164800"}))
    assert found(named, "room", "goethe 2.14", only) == set()
    assert found(named, "room", "gymnasium 2.14", only) == {"164800/2.14"}
