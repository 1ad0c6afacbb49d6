"""A filter finds in SQL exactly the records that `inventory.filter.matches` names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from inventory.fields import Field, Type, Value, fold
from inventory.filter import TIME_FIELDS, Filter, FilterError, matches, parse
from inventory.filter.writing import quote
from inventory.kinds import KINDS, Kind
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.db.folding import folded
from schoolops.estate.loading import Loader
from schoolops.estate.models import TABLES, observation
from schoolops.estate.repository import Estate
from schoolops.estate.values import make_search_text

ADMIN = Actor.of("m.weber", "authority-admin")
NOW = 1_795_507_200_000_000  # 2026-11-24T08:00:00Z, 09:00 in Berlin
HOUR = 3_600_000_000
LETTERS = "aAbäÄöÜßẞéÈáóÓŁłЖжΣς12. .-_%*\\\"',:/<!ﬁ"
NUMBERS = ("100001", "100002", "100003")
ROOMS = ("2.14", "2.15", "a.2", "A", "Ä 1", "a/2.14", "100%", "x_1")
MACS = ("aa:bb:cc:00:00:01", "aa:bb:cc:00:00:02", "00:11:22:aa:bb:cc", "cc:00:00:01:aa:bb")


def text(length: int = 4) -> st.SearchStrategy[str]:
    return st.text(LETTERS, min_size=1, max_size=length)


def as_typed(field: Field) -> st.SearchStrategy[str]:
    """Text that somebody may put into the field, from a small choice, so that filters find."""
    if field.choices:
        return st.sampled_from(list(field.choices)[:4])
    if field.reference == "school":
        return st.sampled_from(NUMBERS)
    if field.reference == "room":
        return st.sampled_from([f"{n}/{room}" for n in NUMBERS[:2] for room in ROOMS])
    return {
        Type.INTEGER: st.integers(-2, 30).map(str),
        Type.DECIMAL: st.sampled_from(["51.2", "6.75", "0", "-1.5"]),
        Type.DATE: st.sampled_from(["2026-11-23", "2026-11-24", "2027-01-01"]),
        Type.MACS: st.lists(st.sampled_from(MACS), min_size=1, max_size=3).map(" ".join),
        Type.ADDRESS: st.sampled_from(["10.0.0.1", "10.0.0.10", "fe80::1", "fd00::a:1"]),
        Type.RATE: st.sampled_from(["50M", "100M", "1G"]),
        Type.EMAIL: st.sampled_from(["A@b.de", "ä@b.de", "c@d.org"]),
    }.get(field.type, text())


def record(kind: Kind) -> st.SearchStrategy[dict[str, str]]:
    fields = [f for f in kind.editable_fields() if f.reference in (None, "school", "room")]
    # A device without a serial number has its asset tag as key.
    must = {f.name for f in fields if f.required or f.name == "asset_tag"}
    needed = {f.name: as_typed(f) for f in fields if f.name in must}
    others = {f.name: as_typed(f) for f in fields if f.name not in must}
    if kind.name == "school":
        needed["number"] = st.sampled_from([*NUMBERS[2:], "Ä1", "a1", "100%"])
    return st.fixed_dictionaries(needed, optional=others)


@st.composite
def term(draw: st.DrawFn, kind: Kind, records: list[dict[str, str]]) -> str:
    """A term of a filter that often concerns what is stored."""
    bang = draw(st.sampled_from(["", "", "!"]))
    stored = [value for one in records for value in one.values()]
    if draw(st.integers(0, 5)) == 0:
        return bang + quote(draw(text(2) | st.sampled_from(stored)))
    field = draw(st.sampled_from(list(kind.by_name().values())))
    if field.name in TIME_FIELDS:
        values = st.sampled_from(
            ["2026-11-24", "2026-11-23", "2026-11-24T08:00Z", "2026-11-24T09:00", "24.11.2026"]
        )
    elif field.type is Type.BOOLEAN:
        values = st.sampled_from(["yes", "no"])
    else:
        own = [one[field.name] for one in records if field.name in one]
        values = as_typed(field) | (st.sampled_from(own) if own else st.nothing())
        if field.reference == "room":
            values |= st.sampled_from(ROOMS)
        if field.name in ("key", "school_name", "updated_by"):
            values |= st.sampled_from([*stored, "M.Weber", *NUMBERS, "SCHULE"])
    typed = draw(values)
    form = draw(
        st.sampled_from(["=", "=", "case", "star", "star", "order", "list", "empty", "any"])
    )
    if form == "case":
        typed = typed.swapcase()
    if form == "order":
        return f"{bang}{field.name}:{draw(st.sampled_from(['<', '<=', '>', '>=']))}{quote(typed)}"
    if form == "list":
        return f"{bang}{field.name}:{quote(typed)},{quote(draw(values))}"
    if form == "star":
        cuts = sorted(draw(st.lists(st.integers(0, len(typed)), min_size=1, max_size=3)))
        starred = "*".join(typed[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True))
        return f'{bang}{field.name}:"{_inside_quotes(starred)}"'
    return f"{bang}{field.name}:" + {"empty": "", "any": "*"}.get(form, quote(typed))


def _inside_quotes(pattern: str) -> str:
    return pattern.replace("\\", "\\\\").replace('"', '\\"')


@contextmanager
def taken_back(store: Store) -> Iterator[Any]:
    """A unit of work whose writes are rolled back."""
    with suppress(_TakeBack), store.write(ADMIN) as unit:
        yield unit
        raise _TakeBack


class _TakeBack(Exception):
    pass


def load(unit: Any, kind: Kind, given: list[dict[str, str]]) -> None:
    """Load typed records; a key or a MAC address that comes twice is left out."""
    rows: dict[str, dict[str, Value]] = {}
    macs: set[str] = set()
    for one in given:
        try:
            values = {name: kind.field(name).parse(typed) for name, typed in one.items()}
            key = kind.make_key(values, {})
        except ValueError:
            continue  # blank text in a field that is needed
        if key not in rows:
            if not macs.isdisjoint(own := values.get("macs") or ()):
                values["macs"] = None
            else:
                macs.update(own)
            rows[key] = values
    Loader(unit).load(kind, rows.values())


def load_surroundings(unit: Any, kind: Kind) -> None:
    schools = [
        {"number": NUMBERS[0], "name": "Große Schule"},
        {"number": NUMBERS[1], "name": "Schule", "short_name": "ÄÖ-Schule"},
        {"number": NUMBERS[2], "name": "B"},
    ]
    load(unit, KINDS["school"], schools[: 2 if kind.name == "school" else 3])
    if kind.name == "device":
        rooms = [{"school": n, "name": r, "kind": "other"} for n in NUMBERS[:2] for r in ROOMS]
        load(unit, KINDS["room"], rooms)


def set_states(unit: Any, kind: Kind, data: st.DataObject) -> None:
    """Health, retirement, times and observations as they may stand in a row."""
    table = TABLES[kind.name]
    times = st.sampled_from([NOW - 48 * HOUR, NOW - 9 * HOUR, NOW - HOUR, NOW])
    for row in unit.connection.execute(select(table.c.id)).all():
        unit.connection.execute(
            update(table).where(table.c.id == row.id),
            {
                "retired_at": data.draw(st.sampled_from([None, None, NOW])),
                "updated_at": data.draw(times),
                "updated_by": data.draw(st.sampled_from(["m.weber", "J.Öztürk"])),
                "health": data.draw(st.sampled_from(["ok", "down", "warning", "unknown"])),
                "health_reason": data.draw(st.sampled_from(["", "No answer"])),
                "health_since": data.draw(st.none() | times),
            },
        )
        seen = data.draw(st.none() | times)
        if seen is not None:
            unit.connection.execute(
                insert(observation),
                {"kind": kind.name, "record_id": row.id, "observed_at": seen, "received_at": seen,
                 "fresh_until": seen + HOUR, "source": "test"},
            )  # fmt: skip


def stored_values(estate: Estate, kind: Kind, uid: str) -> dict[str, Value]:
    """A record as the API shows it, as `matches` takes it."""
    record = estate.record(kind, uid)
    values: dict[str, Value] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in record["values"].items()
    }
    values["search_text"] = make_search_text(kind, record["key"], values)
    shown = estate.by_ids(kind, [uid], ["school_name"]).rows[0][-1]
    return record | values | {"school_name": shown}


def expected(tree: Filter, kind: Kind, records: dict[str, dict[str, Value]]) -> set[str]:
    return {
        uid
        for uid, values in records.items()
        if (tree.names("retired") or not values["retired"]) and matches(tree, kind, values)
    }


@pytest.mark.parametrize("name", ["device", "school", "room"])
@settings(max_examples=25)
@given(data=st.data())
def test_sql_finds_what_matches_says(store: Store, name: str, data: st.DataObject) -> None:
    kind = KINDS[name]
    given_records = data.draw(st.lists(record(kind), min_size=1, max_size=6))
    with taken_back(store) as unit:
        load_surroundings(unit, kind)
        load(unit, kind, given_records)
        set_states(unit, kind, data)
        estate = Estate(unit.connection, ADMIN, NOW)
        uids = unit.connection.scalars(select(TABLES[name].c.uid)).all()
        records = {uid: stored_values(estate, kind, uid) for uid in uids}
        for _ in range(12):
            q = " ".join(data.draw(st.lists(term(kind, given_records), min_size=1, max_size=2)))
            try:
                tree = parse(q, kind)
            except FilterError:
                continue
            found = estate.ids(kind, q)
            assert set(found) == expected(tree, kind, records), q
            assert estate.count(kind, q) == len(found), q


def test_every_letter_of_our_scripts_folds_in_the_database_as_it_does_here(store: Store) -> None:
    codes = [*range(0x20, 0x530), *range(0x1E00, 0x2000), *range(0x2100, 0x2150)]
    letters = [chr(code) for code in [*codes, *range(0xFB00, 0xFB07)]]
    table = TABLES["school"]
    with taken_back(store) as unit:
        rows = [{"number": str(n), "name": "x", "notes": c} for n, c in enumerate(letters)]
        Loader(unit).load(KINDS["school"], rows)
        found = unit.connection.execute(select(table.c.notes, folded(table.c.notes))).all()
    assert len(found) == len(letters)
    assert [(c, f) for c, f in found if f != fold(c)] == []


@pytest.mark.parametrize(
    "q", ["\0", "name:*\0", "key:a\0*", "key:\ud800*", "a\udfff", "pupils:>999999999999999"]
)
def test_what_no_database_can_hold_is_searched_for_in_vain(store: Store, q: str) -> None:
    with taken_back(store) as unit:
        load_surroundings(unit, KINDS["school"])
        assert Estate(unit.connection, ADMIN, NOW).ids(KINDS["school"], q) == []
        assert len(Estate(unit.connection, ADMIN, NOW).ids(KINDS["school"], "!" + q)) == 2
