"""Many records at once: file imports (compared with what is there) and first loads.

A file is planned completely before anything is written: `ImportPlan` knows for each row
whether it is new, changed, the same or refused and why. Applying it is a few statements in the
transaction of the caller, and one audit event with the file's hash.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, insert, select, text, update

from inventory.fields import Field, Type, Value, fold
from inventory.formats.importing import ParsedRow
from inventory.kinds import KINDS, Kind
from schoolops.core.ids import uuid7
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import readable_by, require, write_permission
from schoolops.estate.models import TABLES, column_name, placement
from schoolops.estate.values import (
    from_column,
    make_search_text,
    refuse_negative,
    to_columns,
    to_json,
)

CHUNK = 500
REPORTED = 1000
"""Rows of new and changed records that a report lists; refused ones are all listed."""


@dataclass(slots=True)
class ImportPlan:
    """What an import would do. `report()` is the API's answer."""

    kind: Kind
    filename: str
    sha256: str
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    inserts: list[tuple[dict[str, Value], dict[str, int]]] = field(default_factory=list)
    updates: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    mapping: Mapping[str, str] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    notes: Sequence[str] = ()

    def note(self, row: int, key: str, outcome: str, reason: str = "", **more: Any) -> None:
        self.counts[outcome] += 1
        listed = outcome == "refused" or (
            outcome != "same" and self.counts["new"] + self.counts["changed"] <= REPORTED
        )
        if listed or (reason and outcome != "same"):
            self.rows.append({"row": row, "key": key, "outcome": outcome, "reason": reason, **more})

    def report(self, dry_run: bool) -> dict[str, Any]:
        return {
            **{name: self.counts[name] for name in ("new", "changed", "same", "refused")},
            "dry_run": dry_run,
            "mapping": dict(self.mapping),
            "ignored": list(self.ignored),
            "notes": list(self.notes),
            "rows": self.rows,
        }


class Loader:
    """Loads records within one unit of work."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit
        self._ids: dict[str, dict[str, int]] = {}
        self._schools: dict[int, tuple[str, str | None]] | None = None

    # -- import of a file ------------------------------------------------------------------

    def plan(self, kind: Kind, rows: Iterable[ParsedRow], filename: str, data: bytes) -> ImportPlan:
        """Compare the rows of a file with the store; nothing is written."""
        require(self.unit.actor, write_permission(kind))
        plan = ImportPlan(kind, filename, hashlib.sha256(data).hexdigest())
        waiting: list[ParsedRow] = []
        for row in rows:
            waiting.append(row)
            if len(waiting) == CHUNK:
                self._plan_some(plan, waiting)
                waiting = []
        self._plan_some(plan, waiting)
        plan.rows.sort(key=lambda item: (item["outcome"] != "refused", item["row"]))
        return plan

    def apply(self, plan: ImportPlan) -> None:
        """Write a plan made in the same transaction."""
        kind = plan.kind
        if plan.inserts:
            self._insert(kind, plan.inserts)
        self.update_rows(kind, plan.updates)
        self.unit.audit(
            "import",
            kind.name,
            "",
            None,
            {
                "file": plan.filename,
                "sha256": plan.sha256,
                **{name: plan.counts[name] for name in ("new", "changed", "same", "refused")},
            },
        )
        if plan.inserts or plan.updates:
            self.unit.announce(kind.name, "", None)

    # -- first load ------------------------------------------------------------------------

    def load(self, kind: Kind, rows: Iterable[Mapping[str, Value]]) -> int:
        """Insert records known to be new and right (the sample city); answers how many.

        Values are parsed, references are keys. One audit event in all. A key that is there
        already or a reference that leads nowhere raises `KeyError` or the database's error:
        this is no way in for foreign data.
        """
        records = [dict(row) for row in rows]
        if not records:
            return 0
        keys = [kind.make_key(values, {}) for values in records]
        first = self._next_id(kind)
        own = self._all_ids(kind.name)
        own.update({key: first + i for i, key in enumerate(keys)})
        references = [f for f in kind.fields if f.type is Type.REFERENCE]
        for f in references:
            self._all_ids(f.reference or "")
        prepared = []
        for values in records:
            ids = {
                f.name: self._ids[f.reference or ""][str(values[f.name])]
                for f in references
                if values.get(f.name)
            }
            prepared.append((values, ids))
        self._insert(kind, prepared, first, keys)
        self.unit.audit("load", kind.name, "", None, {"new": len(records)})
        self.unit.announce(kind.name, "", None)
        return len(records)

    # -- inside ----------------------------------------------------------------------------

    def _plan_some(self, plan: ImportPlan, rows: Sequence[ParsedRow]) -> None:
        kind = plan.kind
        good: list[tuple[ParsedRow, dict[str, Value], str]] = []
        for row in rows:
            if row.values is None:
                plan.note(row.row, "", "refused", row.reason)
                continue
            try:
                good.append((row, row.values, kind.make_key(row.values, {})))
            except ValueError as error:
                plan.note(row.row, "", "refused", str(error))
        self._fetch_references(kind, [values for _, values, _ in good])
        table = TABLES[kind.name]
        existing = {
            found.key_folded: found
            for found in self.unit.connection.execute(
                select(table).where(table.c.key_folded.in_([fold(key) for _, _, key in good]))
            )
        }
        for row, values, key in good:
            ids, problem = self._lookup(kind, values)
            found = existing.get(fold(key))
            problem = problem or _unfit(kind, key, values, found)
            problem = problem or self._refusal(kind, values, ids, found)
            if problem:
                plan.note(row.row, key, "refused", problem)
            elif found is None:
                missing = [
                    f.name for f in kind.editable_fields() if f.required and not values.get(f.name)
                ]
                if missing:
                    plan.note(row.row, key, "refused", f"needs {' and '.join(missing)}")
                    continue
                plan.note(row.row, key, "new", "; ".join(row.warnings))
                plan.inserts.append((values, ids))
            else:
                self._compare(plan, row, values, ids, found)

    def _compare(
        self,
        plan: ImportPlan,
        row: ParsedRow,
        values: dict[str, Value],
        ids: dict[str, int],
        found: Any,
    ) -> None:
        kind = plan.kind
        stored = found._mapping
        # An empty cell says nothing: it never empties what is known.
        columns = to_columns(kind, {n: v for n, v in values.items() if v is not None}, ids)
        differing = {name: value for name, value in columns.items() if stored[name] != value}
        if not differing:
            plan.note(row.row, found.key, "same")
            return
        names = [f.name for f in kind.fields if column_name(f) in differing]
        changes = {
            name: [self._old_value(kind.field(name), stored), to_json(values[name])]
            for name in names
        }
        plan.note(row.row, found.key, "changed", "; ".join(row.warnings), changes=changes)
        plan.updates.append((found, differing))

    def _old_value(self, f: Field, stored: Any) -> Any:
        value = stored[column_name(f)]
        if f.type is Type.REFERENCE and value is not None:
            table = TABLES[f.reference or ""]
            return self.unit.connection.scalar(select(table.c.key).where(table.c.id == value))
        return to_json(from_column(f, value))

    def _fetch_references(self, kind: Kind, rows: Sequence[Mapping[str, Value]]) -> None:
        for f in kind.fields:
            if f.type is not Type.REFERENCE or not f.reference:
                continue
            known = self._ids.setdefault(f.reference, {})
            wanted = {str(values[f.name]) for values in rows if values.get(f.name)} - known.keys()
            if not wanted:
                continue
            table = TABLES[f.reference]
            known.update(
                (found.key, found.id)
                for found in self.unit.connection.execute(
                    select(table.c.key, table.c.id).where(
                        readable_by(self.unit.actor, KINDS[f.reference]),
                        table.c.key.in_(wanted),
                        table.c.retired_at.is_(None),
                    )
                )
            )

    def _lookup(self, kind: Kind, values: Mapping[str, Value]) -> tuple[dict[str, int], str]:
        ids: dict[str, int] = {}
        problems = []
        for f in kind.fields:
            value = values.get(f.name)
            if f.type is not Type.REFERENCE or not value or not f.reference:
                continue
            found = self._ids[f.reference].get(str(value))
            if found is None:
                problems.append(f"there is no {KINDS[f.reference].label} {value}")
            else:
                ids[f.name] = found
        return ids, "; ".join(problems)

    def _refusal(
        self, kind: Kind, values: Mapping[str, Value], ids: Mapping[str, int], found: Any
    ) -> str:
        """Why the actor may not write this row, or ''."""
        if found is not None and found.retired_at is not None:
            return "is retired; reinstate it first"
        actor = self.unit.actor
        scope = actor.scope(write_permission(kind))
        if scope.everywhere:
            return ""
        outside = f"{actor.name} may change {scope.text()} only"
        if kind.name == "school":
            authority = found.authority if found else str(values.get("authority"))
            return "" if scope.covers(str(values["number"]), authority) else outside
        for school_id in {ids.get("school"), found.school_id if found else ids.get("school")}:
            number, authority = self._school(school_id)
            if not scope.covers(number, authority):
                return outside
        return ""

    def _school(self, school_id: int | None) -> tuple[str | None, str | None]:
        if self._schools is None:
            schools = TABLES["school"]
            rows = self.unit.connection.execute(
                select(schools.c.id, schools.c.number, schools.c.authority)
            )
            self._schools = {row.id: (row.number, row.authority) for row in rows}
        return self._schools.get(school_id or 0, (None, None))

    def _all_ids(self, kind_name: str) -> dict[str, int]:
        if kind_name not in self._ids:
            table = TABLES[kind_name]
            rows = self.unit.connection.execute(select(table.c.key, table.c.id))
            self._ids[kind_name] = {row.key: row.id for row in rows}
        return self._ids[kind_name]

    def _next_id(self, kind: Kind) -> int:
        table = TABLES[kind.name]
        return (self.unit.connection.scalar(select(func.max(table.c.id))) or 0) + 1

    def _insert(
        self,
        kind: Kind,
        prepared: Sequence[tuple[Mapping[str, Value], Mapping[str, int]]],
        first: int = 0,
        keys: Sequence[str] = (),
    ) -> None:
        table = TABLES[kind.name]
        first = first or self._next_id(kind)
        now, actor = self.unit.now, self.unit.actor.name
        empty = dict.fromkeys((column_name(f) for f in kind.fields), None)
        rows = []
        for number, (values, ids) in enumerate(prepared):
            key = keys[number] if keys else kind.make_key(values, {})
            rows.append(
                empty
                | to_columns(kind, values, ids)
                | {
                    "id": first + number,
                    "uid": uuid7(),
                    "key": key,
                    "key_folded": fold(key),
                    "version": 1,
                    "search_text": make_search_text(kind, key, values),
                    "created_at": now,
                    "updated_at": now,
                    "updated_by": actor,
                }
            )
        for start in range(0, len(rows), 5000):
            self.unit.connection.execute(insert(table), rows[start : start + 5000])
        if self.unit.store.is_postgresql:
            self.unit.connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :value)"),
                {"table": kind.plural, "value": first + len(rows) - 1},
            )
        if kind.name == "device":
            self._place(rows)

    def _place(self, rows: Sequence[Mapping[str, Any]]) -> None:
        now, actor = self.unit.now, self.unit.actor.name
        placements = [
            {
                "device_id": row["id"],
                "school_id": row["school_id"],
                "room_id": row["room_id"],
                "from_at": now,
                "by": actor,
                "note": "",
            }
            for row in rows
        ]
        if placements:
            self.unit.connection.execute(insert(placement), placements)

    def update_rows(self, kind: Kind, updates: Sequence[tuple[Any, dict[str, Any]]]) -> None:
        """Set the differing columns of rows; devices that move leave a trace."""
        if not updates:
            return
        table = TABLES[kind.name]
        names = [column_name(f) for f in kind.fields]
        rows: list[dict[str, Any]] = []
        moved: list[dict[str, Any]] = []
        for found, differing in updates:
            stored = found._mapping
            columns = {name: differing.get(name, stored[name]) for name in names}
            merged = {f.name: from_column(f, columns[column_name(f)]) for f in kind.fields}
            rows.append(
                {f"new_{name}": value for name, value in columns.items()}
                | {
                    "row_id": found.id,
                    "new_version": found.version + 1,
                    "new_search_text": make_search_text(kind, found.key, merged),
                    "new_updated_at": self.unit.now,
                    "new_updated_by": self.unit.actor.name,
                }
            )
            if kind.name == "device" and not differing.keys().isdisjoint(("school_id", "room_id")):
                moved.append({"id": found.id} | columns)
        set_names = [*names, "version", "search_text", "updated_at", "updated_by"]
        self.unit.connection.execute(
            update(table)
            .where(table.c.id == bindparam("row_id"))
            .values({name: bindparam(f"new_{name}") for name in set_names}),
            rows,
        )
        for row in moved:
            self.unit.connection.execute(
                update(placement)
                .where(placement.c.device_id == row["id"], placement.c.until_at.is_(None))
                .values(until_at=self.unit.now)
            )
        self._place(moved)


def _unfit(kind: Kind, key: str, values: Mapping[str, Value], found: Any) -> str:
    """What is wrong with the values of a row, or ''."""
    if found is not None and found.key != key:
        return f"{found.key} is there already; write it like that"
    for name, value in values.items():
        try:
            refuse_negative(kind.field(name), value)
        except ValueError as error:
            return str(error)
    return ""
