"""Decisions over the inventory: create, edit, move, retire, change in bulk. Never commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from inventory.fields import Type, Value, fold
from inventory.kinds import EDITABLE, KINDS, Kind
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Forbidden, Invalid
from schoolops.core.ids import uuid7
from schoolops.core.permissions import CREDENTIALS_WRITE
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import readable_by, require, write_permission
from schoolops.estate.bulk import BulkChange, refuse_key_fields
from schoolops.estate.models import TABLES, column_name, placement
from schoolops.estate.repository import Estate
from schoolops.estate.values import (
    from_column,
    invalid,
    make_search_text,
    parse_values,
    to_columns,
    to_json,
)

DEVICE = KINDS["device"]


class Inventory:
    """The writes of one unit of work."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit
        self.estate = Estate(unit.connection, unit.actor, unit.now)

    # -- one record ------------------------------------------------------------------------

    def create(self, kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
        """Make a record. `Invalid` names wrong fields, `Conflict` a key that is taken."""
        values = parse_values(kind, given)
        self._require_fields(kind, values)
        ids = self.resolve(kind, values)
        key = self._make_key(kind, values)
        self._check_rules(kind, values, ids)
        school_id = ids.get("school")
        self._allow(kind, school_id, values if kind.name == "school" else None)
        self._refuse_taken(kind, key)
        uid = uuid7()
        columns = to_columns(kind, values, ids) | self._stamps(kind, key, values)
        columns |= {"uid": uid, "created_at": self.unit.now, "version": 1}
        table = TABLES[kind.name]
        try:
            result = self.unit.connection.execute(insert(table), columns)
        except IntegrityError:
            raise _taken(kind, key) from None
        (row_id,) = result.inserted_primary_key or (0,)
        if kind is DEVICE:
            self._place(row_id, ids.get("school"), ids.get("room"), "")
        shown = row_id if kind.name == "school" else school_id
        self.unit.audit("create", kind.name, key, shown, _shown(kind, values))
        self.unit.announce(kind.name, uid, shown)
        return self.estate.record(kind, uid)

    def edit(
        self, kind: Kind, id_or_key: str, version: int, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Change fields of a record that is still at `version`.

        A stale edit is refused with `estate.stale`: who changed what since, and the record as
        it is now.
        """
        row = self.estate.find(kind, id_or_key)
        values = parse_values(kind, given)
        self._allow(kind, _school_of(kind, row), None)
        if row.version != version:
            raise self._stale(kind, row, version, values)
        _refuse_retired(kind, row)
        self._apply(kind, row, values)
        return self.estate.record(kind, row.uid)

    def move(
        self,
        id_or_key: str,
        version: int,
        room: str | None,
        school: str | None = None,
        note: str = "",
    ) -> dict[str, Any]:
        """Put a device into another room (or none), within its school or into another."""
        row = self.estate.find(DEVICE, id_or_key)
        old_school = self.estate.keys("school", [row.school_id]).get(row.school_id)
        if room and "/" in room and school is None:
            school = room.split("/", 1)[0]
        target = school or old_school
        if room and "/" not in room:
            room = f"{target}/{room}"
        values = parse_values(DEVICE, {"school": target, "room": room})
        self._allow(DEVICE, row.school_id, None)
        if row.version != version:
            raise self._stale(DEVICE, row, version, values)
        _refuse_retired(DEVICE, row)
        self._apply(DEVICE, row, values, action="move", note=note)
        return self.estate.record(DEVICE, row.uid)

    def retire(self, kind: Kind, id_or_key: str, version: int, reason: str) -> dict[str, Any]:
        """Take a record out of use. It stays, with its history, and can be reinstated."""
        row = self.estate.find(kind, id_or_key)
        self._allow(kind, _school_of(kind, row), None)
        if row.version != version:
            raise self._stale(kind, row, version, {})
        self._set_retired(kind, row, reason)
        return self.estate.record(kind, row.uid)

    def reinstate(self, kind: Kind, id_or_key: str, version: int) -> dict[str, Any]:
        """Take a retired record back into use."""
        row = self.estate.find(kind, id_or_key)
        self._allow(kind, _school_of(kind, row), None)
        if row.version != version:
            raise self._stale(kind, row, version, {})
        if row.retired_at is None:
            raise Conflict(f"{kind.label} {row.key} is not retired", code="estate.not_retired")
        self._update(kind, row, {"retired_at": None, "retired_reason": None})
        if kind is DEVICE:
            self._place(row.id, row.school_id, row.room_id, "reinstated")
        self.unit.audit("reinstate", kind.name, row.key, _school_of(kind, row))
        return self.estate.record(kind, row.uid)

    def set_secret(self, id_or_key: str, secret: str, secret2: str) -> None:
        """Store the secret of a credential, encrypted. It is never shown again."""
        kind = KINDS["credential"]
        require(self.unit.actor, CREDENTIALS_WRITE)
        row = self.estate.find(kind, id_or_key)
        self._allow(kind, row.school_id, None)
        if not secret:
            raise invalid({"secret": "the secret must not be empty"})
        seal = self.unit.store.secrets.seal
        columns: dict[str, Any] = {"secret": seal(secret, f"credential:{row.uid}")}
        columns["secret2"] = seal(secret2, f"credential:{row.uid}:2") if secret2 else None
        self._update(kind, row, columns)
        self.unit.audit("set secret", kind.name, row.key, row.school_id)

    # -- many records ----------------------------------------------------------------------

    def bulk(
        self,
        kind: Kind,
        *,
        uids: Sequence[str],
        values: Mapping[str, Any],
        retire: bool = False,
        reason: str = "",
    ) -> dict[str, Any]:
        """Change or retire many records; one that cannot is refused and named, the others go.

        Answers `{"changed", "same", "refused", "rows": [{"id","key","outcome","reason"}]}`.
        """
        parsed = parse_values(kind, values)
        if not parsed and not retire:
            raise Invalid("say what is to change: a field and its value")
        refuse_key_fields(kind, parsed)
        change = BulkChange(self.unit, kind, parsed, self.resolve(kind, parsed))
        if retire:
            if not reason.strip():
                raise invalid({"reason": "say why they are retired"})
            change.retire(uids, reason.strip(), lambda row: self._in_use(kind, row))
        else:
            change.edit(uids)
        detail: dict[str, Any] = dict(change.counts)
        detail |= {"reason": reason.strip()} if retire else {"set": _shown(kind, parsed)}
        detail["records"] = change.changed_keys()
        if detail["records"]:
            action = "bulk retire" if retire else "bulk edit"
            self.unit.audit(action, kind.name, "", None, detail)
            self.unit.announce(kind.name, "", None)
        return {**change.counts, "rows": change.rows}

    # -- inside ----------------------------------------------------------------------------

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
            label = KINDS[field.reference].label
            if found is None:
                errors[name] = f"there is no {label} {value!r}; create it first"
            elif found.retired_at is not None:
                errors[name] = f"{label} {value} is retired; reinstate it or take another"
            else:
                ids[name] = found.id
        if errors:
            raise invalid(errors)
        return ids

    def _require_fields(self, kind: Kind, values: Mapping[str, Value]) -> None:
        missing = [f for f in kind.editable_fields() if f.required and values.get(f.name) is None]
        if missing:
            raise invalid({f.name: f"{f.name} ({f.label}) is needed" for f in missing})

    def _make_key(self, kind: Kind, values: Mapping[str, Value]) -> str:
        try:
            return kind.make_key(values, {})
        except ValueError as error:
            raise invalid({kind.key[0]: str(error)}) from None

    def _allow(
        self, kind: Kind, school_id: int | None, new_school: Mapping[str, Value] | None
    ) -> None:
        """Raise `Forbidden` unless the actor may write at that school."""
        actor = self.unit.actor
        permission = write_permission(kind)
        require(actor, permission)
        scope = actor.scope(permission)
        if scope.everywhere:
            return
        number: str | None = None
        authority: str | None = None
        if new_school is not None:
            number, authority = str(new_school["number"]), str(new_school.get("authority"))
        elif school_id is not None:
            schools = TABLES["school"]
            found = self.unit.connection.execute(
                select(schools.c.number, schools.c.authority).where(schools.c.id == school_id)
            ).one()
            number, authority = found.number, found.authority
        if not scope.covers(number, authority):
            raise Forbidden(f"{actor.name} may change {scope.text()} only")

    def _check_rules(
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
                raise invalid({name: f"{name} {values.get(name)} belongs to another school"})
        parent = ids.get("parent")
        devices = TABLES["device"]
        for _ in range(20):
            if parent is None:
                return
            if parent == own_id:
                raise invalid({"parent": "a device cannot be connected to itself, even by others"})
            parent = self.unit.connection.scalar(
                select(devices.c.parent_id).where(devices.c.id == parent)
            )

    def _refuse_taken(self, kind: Kind, key: str, own_id: int = 0) -> None:
        table = TABLES[kind.name]
        found = self.unit.connection.execute(
            select(table.c.id, table.c.key, table.c.retired_at).where(
                table.c.key_folded == fold(key), table.c.id != own_id
            )
        ).first()
        if found is not None:
            # 'cn12' and 'CN12' are one label on one case.
            raise _taken(kind, found.key, retired=found.retired_at is not None)

    def _stamps(self, kind: Kind, key: str, values: Mapping[str, Value]) -> dict[str, Any]:
        return {
            "key": key,
            "key_folded": fold(key),
            "search_text": make_search_text(kind, key, values),
            "updated_at": self.unit.now,
            "updated_by": self.unit.actor.name,
        }

    def current(self, kind: Kind, row: Row[Any]) -> dict[str, Value]:
        """A row as parsed values, references as keys."""
        values: dict[str, Value] = {}
        for field in kind.fields:
            stored = row._mapping[column_name(field)]
            if field.type is Type.REFERENCE and stored is not None:
                values[field.name] = self.estate.keys(field.reference or "", [stored])[stored]
            else:
                values[field.name] = from_column(field, stored)
        return values

    def _apply(
        self,
        kind: Kind,
        row: Row[Any],
        values: Mapping[str, Value],
        *,
        ids: Mapping[str, int] | None = None,
        action: str = "edit",
        note: str = "",
        audit: bool = True,
    ) -> bool:
        """Set parsed values on a row; answers whether anything changed."""
        old = self.current(kind, row)
        new = {name: value for name, value in values.items() if old[name] != value}
        if not new:
            return False
        if kind.name == "school" and "number" in new:
            raise invalid({"number": "a school number never changes: create the new school"})
        merged = old | new
        if kind is DEVICE and "school" in new and "room" not in new:
            merged["room"] = new["room"] = None  # the room stays behind
        self._require_fields(kind, merged)
        all_ids = self._ids_of(kind, row) | dict(
            ids if ids is not None else self.resolve(kind, new)
        )
        all_ids = {name: i for name, i in all_ids.items() if merged.get(name)}
        self._check_rules(kind, merged, all_ids, row.id)
        if "school" in new:
            self._allow(kind, all_ids.get("school"), None)
        key = self._make_key(kind, merged)
        if key != row.key:
            self._refuse_taken(kind, key, row.id)
        columns = to_columns(kind, new, all_ids) | self._stamps(kind, key, merged)
        self._update(kind, row, columns)
        if kind is DEVICE and not new.keys().isdisjoint(("school", "room")):
            self._place(row.id, all_ids.get("school"), all_ids.get("room"), note)
        if audit:
            detail: dict[str, Any] = {"fields": sorted(new)}
            if kind.name != "contact":
                changes = {n: [to_json(old[n]), to_json(merged[n])] for n in new}
                detail = {"changes": changes} | ({"note": note} if note else {})
            self.unit.audit(action, kind.name, key, _school_of(kind, row), detail)
        return True

    def _ids_of(self, kind: Kind, row: Row[Any]) -> dict[str, int]:
        ids: dict[str, int] = {}
        for field in kind.fields:
            if field.type is Type.REFERENCE:
                stored = row._mapping[column_name(field)]
                if stored is not None:
                    ids[field.name] = stored
        return ids

    def _update(self, kind: Kind, row: Row[Any], columns: Mapping[str, Any]) -> None:
        table = TABLES[kind.name]
        stamps = {
            "version": row.version + 1,
            "updated_at": self.unit.now,
            "updated_by": self.unit.actor.name,
        }
        try:
            self.unit.connection.execute(
                update(table).where(table.c.id == row.id), dict(columns) | stamps
            )
        except IntegrityError:
            raise _taken(kind, str(columns.get("key", row.key))) from None
        self.unit.announce(kind.name, row.uid, _school_of(kind, row))

    def _set_retired(self, kind: Kind, row: Row[Any], reason: str) -> None:
        if not reason.strip():
            raise invalid({"reason": "say why it is retired"})
        if row.retired_at is not None:
            raise Conflict(f"{kind.label} {row.key} is retired already", code="estate.retired")
        in_use = self._in_use(kind, row)
        if in_use:
            raise Conflict(in_use, code="estate.in_use")
        self._update(kind, row, {"retired_at": self.unit.now, "retired_reason": reason.strip()})
        detail = {"reason": reason.strip()}
        self.unit.audit("retire", kind.name, row.key, _school_of(kind, row), detail)
        if kind is DEVICE:
            self._close_placement(row.id)

    def _in_use(self, kind: Kind, row: Row[Any]) -> str:
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
                    found.append(f"{count} {other.label if count == 1 else other.label_plural}")
        if not found:
            return ""
        return f"{kind.label} {row.key} still has {', '.join(found)}; move or retire them first"

    def _stale(
        self, kind: Kind, row: Row[Any], version: int, mine: Mapping[str, Value]
    ) -> Conflict:
        record = self.estate.render_record(kind, row)
        changes = {
            name: [record["values"].get(name), to_json(value)]
            for name, value in mine.items()
            if record["values"].get(name) != to_json(value)
        }
        return Conflict(
            f"{kind.label} {row.key} was changed by {row.updated_by} at "
            f"{to_iso(row.updated_at)} while you edited version {version}; "
            "look at the change and edit again",
            code="estate.stale",
            changed_by=row.updated_by,
            changed_at=to_iso(row.updated_at),
            current=record,
            changes=changes,
        )

    def _place(self, device_id: int, school_id: int | None, room_id: int | None, note: str) -> None:
        self._close_placement(device_id)
        self.unit.connection.execute(
            insert(placement),
            {
                "device_id": device_id,
                "school_id": school_id,
                "room_id": room_id,
                "from_at": self.unit.now,
                "by": self.unit.actor.name,
                "note": note,
            },
        )

    def _close_placement(self, device_id: int) -> None:
        self.unit.connection.execute(
            update(placement)
            .where(placement.c.device_id == device_id, placement.c.until_at.is_(None))
            .values(until_at=self.unit.now)
        )


def _school_of(kind: Kind, row: Row[Any]) -> int | None:
    found: int | None = row.id if kind.name == "school" else row.school_id
    return found


def _shown(kind: Kind, values: Mapping[str, Value]) -> dict[str, Any]:
    """Values for the audit: whoever reads it must not learn what the record would hide.

    A contact's data is personal, so only the names of the fields are kept.
    """
    if kind.name == "contact":
        return {"fields": sorted(values)}
    return {name: to_json(value) for name, value in values.items() if value is not None}


def _refuse_retired(kind: Kind, row: Row[Any]) -> None:
    if row.retired_at is not None:
        raise Conflict(
            f"{kind.label} {row.key} is retired; reinstate it first", code="estate.retired"
        )


def _taken(kind: Kind, key: str, retired: bool = False) -> Conflict:
    if retired:
        detail = f"{kind.label} {key} is there already, retired; reinstate it"
    else:
        detail = f"{kind.label} {key} is there already; edit that one, or give another key"
    return Conflict(detail, code="estate.duplicate")
