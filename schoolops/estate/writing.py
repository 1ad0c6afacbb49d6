"""The one way in which records are written: rows in, columns changed, nothing forgotten.

Whoever changes records (an edit, a change in bulk, an import) comes through here, many at once. So
each change leaves the old values in the history, a device its trace, its MAC addresses are its own,
and what a person corrected is marked, all in the transaction of the caller and in few statements.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import bindparam, func, insert, select, text, update

from inventory.fields import Type, Value, fold
from inventory.kinds import DEVICE, Kind
from inventory.sentences import say
from schoolops.core.errors import Conflict
from schoolops.core.ids import uuid7
from schoolops.db.engine import UnitOfWork
from schoolops.estate import macs
from schoolops.estate.models import TABLES, column_name, placement, revision
from schoolops.estate.values import from_column, make_search_text, to_columns, to_json

T = TypeVar("T")
CHUNK = 5000
CREATED, IMPORTED = "create", "create by import"
"""How a record began, in its history."""
HIDDEN = ("secret", "secret2")
"""Columns of which the history says only that they changed."""


class Cause(NamedTuple):
    """Why records change. `how`: the audit's word; `note`: what a person said to it, or the name
    of the file. `published`: the values come from a published list and are nobody's own."""

    how: str
    note: str = ""
    published: bool = False


class Change(NamedTuple):
    """A row as it was read, and the columns to set, all of which differ from it."""

    row: Any
    columns: Mapping[str, Any]


# -- new records ---------------------------------------------------------------------------


def insert_one(
    unit: UnitOfWork, kind: Kind, values: Mapping[str, Value], ids: Mapping[str, int]
) -> tuple[int, str]:
    """Make one record; answers its id and uuid. IntegrityError when its key is taken meanwhile."""
    row = _new_row(unit, kind, values, ids, kind.make_key(values, {}), by_person=True)
    result = unit.connection.execute(insert(TABLES[kind.name]), row)
    (row["id"],) = result.inserted_primary_key or (0,)
    _settle_new(unit, kind, [row])
    _write_history(unit, kind, [row["id"]], [_made_of(values)], Cause(CREATED))
    return row["id"], row["uid"]


def insert_many(
    unit: UnitOfWork,
    kind: Kind,
    prepared: Sequence[tuple[Mapping[str, Value], Mapping[str, int]]],
    keys: Sequence[str] = (),
    first: int = 0,
    cause: Cause | None = None,
) -> None:
    """Make records of values and the ids of their references, numbered from `first` on.

    With a `cause` the history keeps what they were made of.
    """
    by_person = cause is not None and not cause.published
    table = TABLES[kind.name]
    first = first or next_id(unit, kind)
    empty = dict.fromkeys((column_name(f) for f in kind.fields), None)
    rows = []
    for number, (values, ids) in enumerate(prepared):
        key = keys[number] if keys else kind.make_key(values, {})
        row = empty | _new_row(unit, kind, values, ids, key, by_person)
        row["id"] = first + number
        rows.append(row)
    for part in _parts(rows):
        unit.connection.execute(insert(table), part)
    if unit.store.is_postgresql:
        unit.connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :value)"),
            {"table": kind.plural, "value": first + len(rows) - 1},
        )
    _settle_new(unit, kind, rows)
    if cause is not None:
        made = [_made_of(values) for values, _ in prepared]
        _write_history(unit, kind, [row["id"] for row in rows], made, cause)


def _made_of(values: Mapping[str, Value]) -> dict[str, list[Any]]:
    return {name: [None, to_json(value)] for name, value in values.items() if value is not None}


def next_id(unit: UnitOfWork, kind: Kind) -> int:
    """The id that the next record gets."""
    return (unit.connection.scalar(select(func.max(TABLES[kind.name].c.id))) or 0) + 1


def _new_row(
    unit: UnitOfWork,
    kind: Kind,
    values: Mapping[str, Value],
    ids: Mapping[str, int],
    key: str,
    by_person: bool,
) -> dict[str, Any]:
    row = to_columns(kind, values, ids)
    row |= {
        "uid": uuid7(),
        "key": key,
        "key_folded": fold(key),
        "version": 1,
        "search_text": make_search_text(kind, key, values),
        "created_at": unit.now,
        "created_by": unit.actor.name,
        "updated_at": unit.now,
        "updated_by": unit.actor.name,
    }
    if kind.published:
        own = (name for name, value in values.items() if value is not None)
        row["own_fields"] = _marks(own) if by_person else None
    return row


def _settle_new(unit: UnitOfWork, kind: Kind, rows: Sequence[Mapping[str, Any]]) -> None:
    if kind is DEVICE:
        _open_placements(unit, rows)
        macs.claim(unit, [(row["id"], row.get("macs")) for row in rows])


# -- changed records -----------------------------------------------------------------------


def change_rows(unit: UnitOfWork, kind: Kind, changes: Sequence[Change], cause: Cause) -> None:
    """Set columns of records that are still as they were read, and keep what they were.

    `Conflict` (`estate.stale`) when somebody changed one of them meanwhile: on PostgreSQL two
    may write at once.
    """
    if not changes:
        return
    _remember(unit, kind, changes, cause)
    # Rows that set the same columns go together: what is not set costs no index anything.
    alike: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    for row, columns in changes:
        new = dict(columns)
        new |= _searched(kind, row, columns) | _owned(kind, row, columns, cause)
        new |= {"version": row.version + 1, "updated_at": unit.now, "updated_by": unit.actor.name}
        values = {f"new_{name}": value for name, value in new.items()}
        alike[frozenset(new)].append(values | {"row_id": row.id, "seen": row.version})
    table = TABLES[kind.name]
    for names, rows in alike.items():
        statement = (
            update(table)
            .where(table.c.id == bindparam("row_id"), table.c.version == bindparam("seen"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        for part in _parts(rows):
            if unit.connection.execute(statement, part).rowcount != len(part):
                raise Conflict(
                    say("somebody changed this at the same time; look again and do it once more"),
                    code="estate.stale",
                )
    if kind is DEVICE:
        _settle_devices(unit, changes, cause)


def set_marks(unit: UnitOfWork, kind: Kind, rows: Sequence[tuple[int, Iterable[str]]]) -> None:
    """Say anew which fields of records are somebody's own; no value changes by that."""
    table = TABLES[kind.name]
    if rows:
        unit.connection.execute(
            update(table)
            .where(table.c.id == bindparam("row_id"))
            .values(own_fields=bindparam("own")),
            [{"row_id": row_id, "own": _marks(names)} for row_id, names in rows],
        )


def own_fields(kind: Kind, row: Any) -> frozenset[str]:
    """The fields of a record that people corrected since a published list said them."""
    return frozenset((row.own_fields or "").split()) if kind.published else frozenset()


def _marks(names: Iterable[str]) -> str | None:
    return " ".join(sorted(names)) or None


def _searched(kind: Kind, row: Any, columns: Mapping[str, Any]) -> dict[str, str]:
    """The new search text, where it is another one."""
    names = {f.name for f in kind.fields if f.searchable} | {"key"}
    if names.isdisjoint(columns):
        return {}
    stored = row._mapping
    values = {
        f.name: from_column(f, columns.get(f.name, stored[f.name]))
        for f in kind.fields
        if f.searchable
    }
    return {"search_text": make_search_text(kind, columns.get("key", row.key), values)}


def _owned(kind: Kind, row: Any, columns: Mapping[str, Any], cause: Cause) -> dict[str, str | None]:
    if not kind.published:
        return {}
    before = own_fields(kind, row)
    changed = {f.name for f in kind.fields if column_name(f) in columns}
    after = before - changed if cause.published else before | changed
    return {"own_fields": _marks(after)} if after != before else {}


# -- what they were ------------------------------------------------------------------------


def differences(
    unit: UnitOfWork, kind: Kind, changes: Sequence[Change]
) -> list[dict[str, list[Any] | None]]:
    """Of each change: field → [old, new], references as keys; None for a secret."""
    fields = {column_name(f): f for f in kind.fields}
    keys = _keys(unit, kind, changes)
    found = []
    for row, columns in changes:
        stored = row._mapping
        told: dict[str, list[Any] | None] = {}
        for name, new in columns.items():
            if (f := fields.get(name)) is None:
                continue
            if f.type is Type.REFERENCE:
                known = keys[f.reference or ""]
                told[f.name] = [known.get(stored[name]), known.get(new)]
            else:
                told[f.name] = [to_json(from_column(f, stored[name])), to_json(from_column(f, new))]
        told |= dict.fromkeys((name for name in HIDDEN if name in columns), None)
        if "retired_at" in columns:
            told["retired"] = [stored["retired_at"] is not None, columns["retired_at"] is not None]
        found.append(told)
    return found


def _remember(unit: UnitOfWork, kind: Kind, changes: Sequence[Change], cause: Cause) -> None:
    """Write the old and new values of the changes into the history."""
    told = differences(unit, kind, changes)
    _write_history(unit, kind, [c.row.id for c in changes], told, cause)


def _write_history(
    unit: UnitOfWork,
    kind: Kind,
    ids: Sequence[Any],
    told: Sequence[Mapping[str, Any]],
    cause: Cause,
) -> None:
    rows = [
        {
            "kind": kind.name, "record_id": record, "at": unit.now, "by": unit.actor.name,
            "how": cause.how, "note": cause.note, "fields": json.dumps(fields, ensure_ascii=False),
        }
        for record, fields in zip(ids, told, strict=True)
    ]  # fmt: skip
    for part in _parts(rows):
        unit.connection.execute(insert(revision), part)


def _keys(
    unit: UnitOfWork, kind: Kind, changes: Sequence[Change]
) -> Mapping[str, Mapping[int, str]]:
    """Kind → id → key, of all references that change, old and new."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for f in kind.fields:
        if f.type is Type.REFERENCE:
            name = column_name(f)
            touched = [change for change in changes if name in change.columns]
            wanted[f.reference or ""] |= {change.row._mapping[name] for change in touched}
            wanted[f.reference or ""] |= {change.columns[name] for change in touched}
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for name, ids in wanted.items():
        table = TABLES[name]
        for part in _parts(sorted(ids - {None})):
            rows = unit.connection.execute(
                select(table.c.id, table.c.key).where(table.c.id.in_(part))
            )
            found[name].update((row.id, row.key) for row in rows)
    return found


# -- devices -------------------------------------------------------------------------------


def _settle_devices(unit: UnitOfWork, changes: Sequence[Change], cause: Cause) -> None:
    """Placements and MAC addresses of devices that moved, went or came back."""
    ended: list[int] = []
    begun: list[dict[str, Any]] = []
    released: list[int] = []
    claimed: list[tuple[int, str | None]] = []
    for row, columns in changes:
        new = {**row._mapping, **columns}
        if not columns.keys().isdisjoint(("school_id", "room_id", "retired_at")):
            ended.append(row.id)
            if new["retired_at"] is None:
                begun.append(new)
        if not columns.keys().isdisjoint(("macs", "retired_at")):
            released.append(row.id)
            if new["retired_at"] is None:
                claimed.append((row.id, new["macs"]))
    if ended:
        unit.connection.execute(
            update(placement)
            .where(placement.c.device_id == bindparam("device"), placement.c.until_at.is_(None))
            .values(until_at=unit.now),
            [{"device": device} for device in ended],
        )
    note = "reinstated" if cause.how == "reinstate" else cause.note if cause.how == "move" else ""
    _open_placements(unit, begun, note)
    macs.release(unit, released)
    macs.claim(unit, claimed)


def _open_placements(unit: UnitOfWork, rows: Sequence[Mapping[str, Any]], note: str = "") -> None:
    placements = [
        {
            "device_id": row["id"],
            "school_id": row["school_id"],
            "room_id": row.get("room_id"),
            "from_at": unit.now,
            "by": unit.actor.name,
            "note": note,
        }
        for row in rows
    ]
    for part in _parts(placements):
        unit.connection.execute(insert(placement), part)


def _parts(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
