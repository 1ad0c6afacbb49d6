"""What must hold before a record is written. Each rule raises the error that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, func, select

from inventory.fields import Type, Value, fold
from inventory.kinds import EDITABLE, KINDS, Kind
from inventory.sentences import as_sentence, join, say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Forbidden
from schoolops.db.access import outside, require, write_permission
from schoolops.db.engine import UnitOfWork
from schoolops.estate import macs
from schoolops.estate.access import place_of, readable_by
from schoolops.estate.bulk import foreign
from schoolops.estate.models import TABLES, column_name
from schoolops.estate.repository import Estate
from schoolops.estate.revisions import since
from schoolops.estate.values import invalid, to_json

DEVICE = KINDS["device"]


class Rules:
    """The rules of one unit of work."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit
        self.estate = Estate(unit.connection, unit.actor, unit.now)

    def resolve(self, kind: Kind, values: Mapping[str, Value]) -> dict[str, int]:
        """Ids of the referenced records. `Invalid` names a reference that leads nowhere."""
        ids: dict[str, int] = {}
        errors: dict[str, str] = {}
        for name, value in values.items():
            field = kind.field(name)
            if field.type is not Type.REFERENCE or not value or not field.reference:
                continue
            table = TABLES[field.reference]
            found = self.unit.connection.execute(
                select(table.c.id, table.c.retired_at).where(
                    readable_by(self.unit.actor, KINDS[field.reference]),
                    table.c.key == str(value),
                )
            ).one_or_none()
            label = say(KINDS[field.reference].label)
            if found is None:
                errors[name] = say(
                    "there is no {kind} {key!r}; create it first", kind=label, key=value
                )
            elif found.retired_at is not None:
                errors[name] = say(
                    "{kind} {key} is retired; reinstate it or take another", kind=label, key=value
                )
            else:
                ids[name] = found.id
        if errors:
            raise invalid(errors)
        return ids

    def require_fields(self, kind: Kind, values: Mapping[str, Value]) -> None:
        missing = [f for f in kind.editable_fields() if f.required and values.get(f.name) is None]
        if missing:
            raise invalid({f.name: say("{field} is needed", field=f.name) for f in missing})

    def make_key(self, kind: Kind, values: Mapping[str, Value]) -> str:
        try:
            return kind.make_key(values, {})
        except ValueError as error:
            raise invalid({kind.key[0]: as_sentence(error)}) from None

    def allow(
        self, kind: Kind, school_id: int | None, new_school: Mapping[str, Value] | None
    ) -> None:
        """Raise `Forbidden` unless the actor may write at that school."""
        actor = self.unit.actor
        permission = write_permission(kind)
        require(actor, permission)
        scope = actor.scope(permission)
        if scope.everywhere:
            return
        if new_school is not None:
            place = (str(new_school["number"]), str(new_school.get("authority")))
            here = scope.covers(*place)
        else:
            here = scope.covers(*place_of(self.unit.connection, school_id))
        if not here:
            raise Forbidden(outside(actor, permission))

    def check(
        self, kind: Kind, values: Mapping[str, Value], ids: Mapping[str, int], own_id: int = 0
    ) -> None:
        """What must hold between fields: a room lies in the record's school, and so on."""
        for name in ("room", "building", "site"):
            if name not in ids or "school" not in ids:
                continue
            table = TABLES[name]
            school_id = self.unit.connection.scalar(
                select(table.c.school_id).where(table.c.id == ids[name])
            )
            if school_id != ids["school"]:
                raise invalid({name: foreign(name, values.get(name))})
        parent = ids.get("parent")
        devices = TABLES["device"]
        for _ in range(20):
            if parent is None:
                return
            if parent == own_id:
                raise invalid(
                    {"parent": say("a device cannot be connected to itself, even by others")}
                )
            parent = self.unit.connection.scalar(
                select(devices.c.parent_id).where(devices.c.id == parent)
            )

    def refuse_taken(self, kind: Kind, key: str, own_id: int = 0) -> None:
        table = TABLES[kind.name]
        found = self.unit.connection.execute(
            select(table.c.id, table.c.key, table.c.retired_at).where(
                table.c.key_folded == fold(key), table.c.id != own_id
            )
        ).first()
        if found is not None:
            # 'cn12' and 'CN12' are one label on one case.
            raise taken(kind, found.key, retired=found.retired_at is not None)

    def refuse_macs(self, kind: Kind, values: Mapping[str, Value], own_id: int = 0) -> None:
        """Raise `Conflict` when a MAC address among the values is another device's."""
        given = values.get("macs") if kind is DEVICE else None
        if isinstance(given, tuple):
            for why in macs.conflicts(self.unit, [macs.Claim(own_id, given)]).values():
                raise Conflict(why, code="estate.duplicate", errors={"macs": why})

    def in_use(self, kind: Kind, row: Row[Any]) -> str:
        """Why a record cannot be retired yet ('… still has 3 devices, …'), or ''."""
        if kind is DEVICE:
            return ""  # what was connected to it stays, and shows that its switch is gone
        found: list[str] = []
        for other in EDITABLE:
            for field in other.fields:
                if field.reference != kind.name:
                    continue
                table = TABLES[other.name]
                count = self.unit.connection.scalar(
                    select(func.count())
                    .select_from(table)
                    .where(table.c[column_name(field)] == row.id, table.c.retired_at.is_(None))
                )
                if count:
                    label = other.label if count == 1 else other.label_plural
                    found.append(say("{count} {things}", count=count, things=say(label)))
        if not found:
            return ""
        return say(
            "{kind} {key} still has {things}; move or retire them first",
            kind=say(kind.label),
            key=row.key,
            things=join(found, ", "),
        )

    def stale(self, kind: Kind, row: Row[Any], version: int, mine: Mapping[str, Value]) -> Conflict:
        """The refusal of a write to an older version: who changed what since, and what differs.

        `changes` is field → [theirs, mine] of what the actor wanted, `since` all that others did
        (as in the record's history), `current` the record as it is.
        """
        record = self.estate.render_record(kind, row)
        changes = {
            name: [record["values"].get(name), to_json(value)]
            for name, value in mine.items()
            if record["values"].get(name) != to_json(value)
        }
        return Conflict(
            say(
                "{kind} {key} was changed by {name} at {time} while you edited version "
                "{version}; look at the change and edit again",
                kind=say(kind.label),
                key=row.key,
                name=row.updated_by,
                time=to_iso(row.updated_at),
                version=version,
            ),
            code="estate.stale",
            changed_by=row.updated_by,
            changed_at=to_iso(row.updated_at),
            current=record,
            changes=changes,
            since=since(self.estate, kind, row, version),
        )


def refuse_clashes(kind: Kind, old: Mapping[str, Value], new: Mapping[str, Value]) -> None:
    """Raise `Invalid` when new values cannot be beside each other or beside the old ones."""
    if clashes := kind.clashes(old, new):
        raise invalid(clashes)


def refuse_retired(kind: Kind, row: Row[Any]) -> None:
    if row.retired_at is not None:
        raise Conflict(
            say("{kind} {key} is retired; reinstate it first", kind=say(kind.label), key=row.key),
            code="estate.retired",
        )


def taken(kind: Kind, key: str, retired: bool = False) -> Conflict:
    what: dict[str, Any] = {"kind": say(kind.label), "key": key}
    if retired:
        problem = say("{kind} {key} is there already, retired; reinstate it", **what)
    else:
        problem = say("{kind} {key} is there already; edit that one, or give another key", **what)
    return Conflict(problem, code="estate.duplicate")
