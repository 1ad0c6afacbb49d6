"""One change for many records, in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from inventory.fields import Type, Value
from inventory.formats.mapping import SCHOOL_RELATIVE
from inventory.kinds import DEVICE, KINDS, Kind
from inventory.sentences import Sentence, join, say
from schoolops.core.errors import Invalid
from schoolops.db.access import outside, require, write_permission
from schoolops.db.engine import UnitOfWork
from schoolops.estate import macs
from schoolops.estate.access import readable_by
from schoolops.estate.models import TABLES, column_name, school_of
from schoolops.estate.personal import Personal, audited
from schoolops.estate.values import already_retired, explained, invalid, to_columns
from schoolops.estate.writing import Cause, Change, change_rows, differences

CHUNK = 500


class BulkChange:
    """Changes or retires records of a kind within one unit of work.

    `values` are parsed, `ids` has the ids of the references among them. A room given without its
    school ('2.14') has no id: it is that of the record's own school. A record that cannot be
    changed is refused with its reason; the others go.
    """

    def __init__(
        self, unit: UnitOfWork, kind: Kind, values: Mapping[str, Value], ids: Mapping[str, int]
    ) -> None:
        self.unit = unit
        self.kind = kind
        self.values = dict(values)
        short = {name: value for name, value in values.items() if is_short(kind, name, value)}
        whole = {name: value for name, value in values.items() if name not in short}
        self.columns = to_columns(kind, whole, ids)
        self._short = {name: self._by_school(name, value) for name, value in short.items()}
        self.counts = {"changed": 0, "same": 0, "refused": 0}
        self.rows: list[dict[str, Any]] = []
        self._schools = self._writable_schools()
        self._personal = Personal(unit.connection, unit.actor, kind)
        self._personal.refuse_everywhere(values)
        self._homes = self._homes_of_references(ids)
        required = [f for f in kind.fields if f.required and f.name in values]
        empty = [f.name for f in required if values[f.name] is None]
        if empty:
            raise invalid({name: say("{field} must not be empty", field=name) for name in empty})

    def edit(self, uids: Sequence[str]) -> None:
        """Set the values on the records."""
        updates: list[Change] = []
        for row in self._read(uids):
            stored = row._mapping
            columns = self._columns_for(row)
            differing = {name: value for name, value in columns.items() if stored[name] != value}
            problem = self._refusal(row)
            if not problem and row.retired_at is not None:
                problem = say("is retired; reinstate it first")
            if problem:
                self._note(row, "refused", problem)
            elif not differing:
                self._note(row, "same")
            else:
                updates.append(Change(row, differing))
        change_rows(self.unit, self.kind, self._without_foreign_macs(updates), Cause("bulk edit"))

    def retire(self, uids: Sequence[str], reason: str, refusal: Any) -> None:
        """Take the records out of use. `refusal(row)` says what still hangs on one, or ''."""
        gone: list[Row[Any]] = []
        for row in self._read(uids):
            problem = self._refusal(row)
            if not problem and row.retired_at is not None:
                problem = already_retired(self.kind, row.key)
            problem = problem or refusal(row)
            if problem:
                self._note(row, "refused", problem)
            else:
                gone.append(row)
        columns = {"retired_at": self.unit.now, "retired_reason": reason}
        changes = [Change(row, columns) for row in gone]
        self._note_changes(changes)
        change_rows(self.unit, self.kind, changes, Cause("bulk retire", reason))

    def changed_records(self) -> list[str]:
        """What the audit calls the records that changed."""
        changed = (row for row in self.rows if row["outcome"] == "changed")
        return [audited(self.kind, row["key"], row["id"]) for row in changed]

    # -- inside ----------------------------------------------------------------------------

    def _read(self, uids: Sequence[str]) -> Iterable[Row[Any]]:
        table = TABLES[self.kind.name]
        readable = readable_by(self.unit.actor, self.kind)
        unique = list(dict.fromkeys(uids))
        for start in range(0, len(unique), CHUNK):
            part = unique[start : start + CHUNK]
            yield from self.unit.connection.execute(
                select(table).where(readable, table.c.uid.in_(part)).order_by(table.c.key)
            ).all()

    def _without_foreign_macs(self, updates: list[Change]) -> list[Change]:
        """The changes that can be, all of them noted."""
        given = self.values.get("macs")
        refused: Mapping[int, str] = {}
        if isinstance(given, tuple):
            refused = macs.conflicts(self.unit, [macs.Claim(u.row.id, given) for u in updates])
        for place, why in refused.items():
            self._note(updates[place].row, "refused", why)
        changes = [change for place, change in enumerate(updates) if place not in refused]
        self._note_changes(changes)
        return changes

    def _note_changes(self, changes: Sequence[Change]) -> None:
        told = differences(self.unit, self.kind, changes)
        for change, fields in zip(changes, told, strict=True):
            self._note(change.row, "changed", changes=fields)

    def _columns_for(self, row: Row[Any]) -> dict[str, Any]:
        """The columns to set; a device that goes to another school leaves its room behind."""
        columns = dict(self.columns)
        school = columns.get("school_id", school_of(self.kind, row))
        for name, found in self._short.items():
            columns[column_name(self.kind.field(name))] = found.get(school)
        if self.kind is DEVICE and school != row.school_id:
            columns.setdefault("room_id", None)
        return columns

    def _by_school(self, name: str, value: Value) -> dict[int | None, int]:
        """School → the record of that name in it."""
        kind = KINDS[self.kind.field(name).reference or ""]
        table = TABLES[kind.name]
        readable = readable_by(self.unit.actor, kind)
        rows = self.unit.connection.execute(
            select(table.c.school_id, table.c.id).where(
                readable, table.c.name == value, table.c.retired_at.is_(None)
            )
        )
        return {row.school_id: row.id for row in rows}

    def _refusal(self, row: Row[Any]) -> str:
        school_id = school_of(self.kind, row)
        if self._schools is not None and school_id not in self._schools:
            return outside(self.unit.actor, write_permission(self.kind))
        target = self.columns.get("school_id", school_id)
        if self._schools is not None and target not in self._schools:
            return outside(self.unit.actor, write_permission(self.kind))
        if self._schools is not None and "authority" in self.columns:
            scope = self.unit.actor.scope(write_permission(self.kind))
            if not scope.covers(row.key, self.columns["authority"]):
                return outside(self.unit.actor, write_permission(self.kind))
        if closed := self._personal.refusal(self.values, school_id, target):
            return closed
        for name, found in self._short.items():
            if target not in found:
                label = say(name)  # a room stands in the field room
                key = self.values[name]
                return say("there is no {kind} {key} at its school", kind=label, key=key)
        for name, home in self._homes.items():
            if home != target:
                return foreign(name, self.values[name])
        if clashes := self.kind.clashes({**row._mapping}, self.values):
            return join(list(clashes.values()))
        if self.columns.get("parent_id") == row.id and self.kind is DEVICE:
            return say("a device cannot be connected to itself")
        return ""

    def _writable_schools(self) -> set[int] | None:
        """Ids of the schools the actor may write at; None: everywhere."""
        actor, permission = self.unit.actor, write_permission(self.kind)
        require(actor, permission)
        scope = actor.scope(permission)
        if scope.everywhere:
            return None
        schools = TABLES["school"]
        rows = self.unit.connection.execute(
            select(schools.c.id, schools.c.number, schools.c.authority)
        )
        return {row.id for row in rows if scope.covers(row.number, row.authority)}

    def _homes_of_references(self, ids: Mapping[str, int]) -> dict[str, int | None]:
        """The school of the room, building or site that is set."""
        homes: dict[str, int | None] = {}
        for field in self.kind.fields:
            if field.type is not Type.REFERENCE or field.name not in ("room", "building", "site"):
                continue
            if field.name in ids:
                table = TABLES[field.reference or ""]
                homes[field.name] = self.unit.connection.scalar(
                    select(table.c.school_id).where(table.c.id == ids[field.name])
                )
        return homes

    def _note(self, row: Row[Any], outcome: str, reason: str = "", **more: Any) -> None:
        self.counts[outcome] += 1
        if outcome != "same":
            self.rows.append(
                {"id": row.uid, "key": row.key, "outcome": outcome, **explained(reason), **more}
            )


def is_short(kind: Kind, name: str, value: Value) -> bool:
    """Whether a reference is said without the school with which the key of what it means begins."""
    relative = kind.field(name).reference in SCHOOL_RELATIVE
    return relative and bool(value) and "/" not in str(value)


def foreign(field: str, key: Value) -> Sentence:
    """Why a room, building or site cannot be referred to."""
    return say("{field} {key} belongs to another school", field=field, key=key)


def refuse_key_fields(kind: Kind, values: Mapping[str, Value]) -> None:
    """What tells records apart is not the same for many. Raises `Invalid`."""
    names = set(kind.key) | set(kind.alternative_keys)
    if kind.key != ("school", "name"):
        names -= {"school"}
    if not values.keys().isdisjoint(names):
        wrong = ", ".join(sorted(values.keys() & names))
        raise Invalid(
            say(
                "{wrong} tells {kinds} apart: edit it singly",
                wrong=wrong,
                kinds=say(kind.label_plural),
            )
        )
