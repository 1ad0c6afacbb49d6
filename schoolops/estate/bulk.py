"""One change for many records, in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from inventory.fields import Type, Value
from inventory.kinds import DEVICE, Kind
from schoolops.core.errors import Invalid
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import readable_by, require, write_permission
from schoolops.estate.loading import Loader
from schoolops.estate.models import TABLES, placement
from schoolops.estate.values import invalid, to_columns

CHUNK = 500


class BulkChange:
    """Changes or retires records of a kind within one unit of work.

    `values` are parsed, `ids` has the ids of the references among them. A record that cannot be
    changed is refused with its reason; the others go.
    """

    def __init__(
        self, unit: UnitOfWork, kind: Kind, values: Mapping[str, Value], ids: Mapping[str, int]
    ) -> None:
        self.unit = unit
        self.kind = kind
        self.values = dict(values)
        self.columns = to_columns(kind, values, ids)
        self.counts = {"changed": 0, "same": 0, "refused": 0}
        self.rows: list[dict[str, Any]] = []
        self._schools = self._writable_schools()
        self._homes = self._homes_of_references(ids)
        required = [f for f in kind.fields if f.required and f.name in values]
        empty = [f.name for f in required if values[f.name] is None]
        if empty:
            raise invalid({name: f"{name} must not be empty" for name in empty})

    def edit(self, uids: Sequence[str]) -> None:
        """Set the values on the records."""
        updates: list[tuple[Any, dict[str, Any]]] = []
        for row in self._read(uids):
            stored = row._mapping
            columns = self._columns_for(row)
            differing = {name: value for name, value in columns.items() if stored[name] != value}
            problem = self._refusal(row)
            if not problem and row.retired_at is not None:
                problem = "is retired; reinstate it first"
            if problem:
                self._note(row, "refused", problem)
            elif not differing:
                self._note(row, "same")
            else:
                self._note(row, "changed")
                updates.append((row, differing))
        Loader(self.unit).update_rows(self.kind, updates)

    def retire(self, uids: Sequence[str], reason: str, refusal: Any) -> None:
        """Take the records out of use. `refusal(row)` says what still hangs on one, or ''."""
        gone: list[Row[Any]] = []
        for row in self._read(uids):
            problem = self._refusal(row)
            if not problem and row.retired_at is not None:
                problem = f"{self.kind.label} {row.key} is retired already"
            problem = problem or refusal(row)
            self._note(row, "refused" if problem else "changed", problem)
            if not problem:
                gone.append(row)
        if not gone:
            return
        table = TABLES[self.kind.name]
        self.unit.connection.execute(
            update(table)
            .where(table.c.id == bindparam("row_id"))
            .values(
                retired_at=self.unit.now,
                retired_reason=reason,
                version=table.c.version + 1,
                updated_at=self.unit.now,
                updated_by=self.unit.actor.name,
            ),
            [{"row_id": row.id} for row in gone],
        )
        if self.kind is DEVICE:
            self.unit.connection.execute(
                update(placement)
                .where(placement.c.device_id == bindparam("device"), placement.c.until_at.is_(None))
                .values(until_at=self.unit.now),
                [{"device": row.id} for row in gone],
            )

    def changed_keys(self) -> list[str]:
        return [row["key"] for row in self.rows if row["outcome"] == "changed"]

    # -- inside ----------------------------------------------------------------------------

    def _read(self, uids: Sequence[str]) -> Iterable[Row[Any]]:
        table = TABLES[self.kind.name]
        readable = readable_by(self.unit.actor, self.kind)
        for start in range(0, len(uids), CHUNK):
            part = list(uids[start : start + CHUNK])
            yield from self.unit.connection.execute(
                select(table).where(readable, table.c.uid.in_(part)).order_by(table.c.key)
            ).all()

    def _columns_for(self, row: Row[Any]) -> dict[str, Any]:
        """The columns to set; a device that goes to another school leaves its room behind."""
        leaves = self.kind is DEVICE and self.columns.get("school_id", row.school_id) != (
            row.school_id
        )
        if leaves and "room_id" not in self.columns:
            return self.columns | {"room_id": None}
        return self.columns

    def _refusal(self, row: Row[Any]) -> str:
        school_id = row.id if self.kind.name == "school" else row.school_id
        if self._schools is not None and school_id not in self._schools:
            return self._outside()
        target = self.columns.get("school_id", school_id)
        if self._schools is not None and target not in self._schools:
            return self._outside()
        for name, home in self._homes.items():
            if home != target:
                return f"{name} {self.values[name]} belongs to another school"
        if self.columns.get("parent_id") == row.id and self.kind is DEVICE:
            return "a device cannot be connected to itself"
        return ""

    def _outside(self) -> str:
        actor = self.unit.actor
        return f"{actor.name} may change {actor.scope(write_permission(self.kind)).text()} only"

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

    def _note(self, row: Row[Any], outcome: str, reason: str = "") -> None:
        self.counts[outcome] += 1
        if outcome != "same":
            self.rows.append({"id": row.uid, "key": row.key, "outcome": outcome, "reason": reason})


def refuse_key_fields(kind: Kind, values: Mapping[str, Value]) -> None:
    """What tells records apart is not the same for many. Raises `Invalid`."""
    names = set(kind.key) | set(kind.alternative_keys)
    if kind.key != ("school", "name"):
        names -= {"school"}
    if not values.keys().isdisjoint(names):
        wrong = ", ".join(sorted(values.keys() & names))
        raise Invalid(f"{wrong} tells {kind.label_plural} apart: edit it singly")
