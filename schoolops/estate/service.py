"""Decisions over the inventory: create, edit, move, retire, change in bulk. Never commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from inventory.fields import Type, Value, fold
from inventory.kinds import KINDS, Kind
from inventory.sentences import say
from schoolops.core.errors import Conflict, Invalid
from schoolops.core.permissions import CREDENTIALS_WRITE
from schoolops.db.access import require
from schoolops.db.engine import UnitOfWork
from schoolops.estate.bulk import BulkChange, is_short, refuse_key_fields
from schoolops.estate.models import column_name, school_of
from schoolops.estate.personal import audited, names_a_person, tellable
from schoolops.estate.rules import Rules, refuse_clashes, refuse_retired, taken
from schoolops.estate.values import (
    already_retired,
    from_column,
    invalid,
    parse_values,
    to_columns,
    to_json,
)
from schoolops.estate.writing import Cause, Change, change_rows, insert_one

DEVICE = KINDS["device"]


class Inventory:
    """The writes of one unit of work."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit
        self.rules = Rules(unit)
        self.estate = self.rules.estate

    # -- one record ------------------------------------------------------------------------

    def create(self, kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
        """Make a record. `Invalid` names wrong fields, `Conflict` a key that is taken."""
        values = parse_values(kind, given)
        self.rules.require_fields(kind, values)
        refuse_clashes(kind, {}, values)
        ids = self.rules.resolve(kind, values)
        key = self.rules.make_key(kind, values)
        self.rules.check(kind, values, ids)
        school_id = ids.get("school")
        self.rules.allow(kind, school_id, values if kind.name == "school" else None)
        filled = [name for name, value in values.items() if value is not None]
        self.estate.personal(kind).refuse_given(filled, school_id)
        self.rules.refuse_taken(kind, key)
        self.rules.refuse_macs(kind, values)
        try:
            row_id, uid = insert_one(self.unit, kind, values, ids)
        except IntegrityError:
            raise taken(kind, key) from None
        shown = row_id if kind.name == "school" else school_id
        named = audited(kind, key, uid)
        self.unit.audit("create", kind.name, named, shown, _shown(kind, values))
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
        self.rules.allow(kind, school_of(kind, row), None)
        self.estate.personal(kind).refuse_given(values, school_of(kind, row))
        if row.version != version:
            raise self.rules.stale(kind, row, version, values)
        refuse_retired(kind, row)
        self._apply(kind, row, values, Cause("edit"))
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
        self.rules.allow(DEVICE, row.school_id, None)
        if row.version != version:
            raise self.rules.stale(DEVICE, row, version, values)
        refuse_retired(DEVICE, row)
        self._apply(DEVICE, row, values, Cause("move", note))
        return self.estate.record(DEVICE, row.uid)

    def retire(self, kind: Kind, id_or_key: str, version: int, reason: str) -> dict[str, Any]:
        """Take a record out of use. It stays, with its history, and can be reinstated."""
        row = self.estate.find(kind, id_or_key)
        self.rules.allow(kind, school_of(kind, row), None)
        if row.version != version:
            raise self.rules.stale(kind, row, version, {})
        self._set_retired(kind, row, reason)
        return self.estate.record(kind, row.uid)

    def reinstate(self, kind: Kind, id_or_key: str, version: int) -> dict[str, Any]:
        """Take a retired record back into use."""
        row = self.estate.find(kind, id_or_key)
        self.rules.allow(kind, school_of(kind, row), None)
        if row.version != version:
            raise self.rules.stale(kind, row, version, {})
        if row.retired_at is None:
            raise Conflict(
                say("{kind} {key} is not retired", kind=say(kind.label), key=row.key),
                code="estate.not_retired",
            )
        self.rules.refuse_macs(kind, self.current(kind, row), row.id)
        self._update(kind, row, {"retired_at": None, "retired_reason": None}, Cause("reinstate"))
        named = audited(kind, row.key, row.uid)
        self.unit.audit("reinstate", kind.name, named, school_of(kind, row))
        return self.estate.record(kind, row.uid)

    def set_secret(self, id_or_key: str, secret: str, secret2: str) -> None:
        """Store the secret of a credential, encrypted. It is never shown again."""
        kind = KINDS["credential"]
        require(self.unit.actor, CREDENTIALS_WRITE)
        row = self.estate.find(kind, id_or_key)
        self.rules.allow(kind, row.school_id, None)
        if not secret:
            raise invalid({"secret": say("the secret must not be empty")})
        seal = self.unit.store.secrets.seal
        columns: dict[str, Any] = {"secret": seal(secret, f"credential:{row.uid}")}
        columns["secret2"] = seal(secret2, f"credential:{row.uid}:2") if secret2 else None
        self._update(kind, row, columns, Cause("set secret"))
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

        Answers `{"changed", "same", "refused", "rows": [{"id", "key", "outcome", "reason",
        "changes"}]}`.
        """
        parsed = parse_values(kind, values)
        if not parsed and not retire:
            raise Invalid("say what is to change: a field and its value")
        refuse_key_fields(kind, parsed)
        whole = {name: v for name, v in parsed.items() if not is_short(kind, name, v)}
        change = BulkChange(self.unit, kind, parsed, self.rules.resolve(kind, whole))
        if retire:
            if not reason.strip():
                raise invalid({"reason": say("say why they are retired")})
            change.retire(uids, reason.strip(), lambda row: self.rules.in_use(kind, row))
        else:
            change.edit(uids)
        detail: dict[str, Any] = dict(change.counts)
        detail |= _why(kind, reason) if retire else {"set": _shown(kind, parsed)}
        detail["records"] = change.changed_records()
        if detail["records"]:
            action = "bulk retire" if retire else "bulk edit"
            self.unit.audit(action, kind.name, "", None, detail)
            self.unit.announce(kind.name, "", None)
        return {**change.counts, "rows": change.rows}

    # -- inside ----------------------------------------------------------------------------

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

    def _apply(self, kind: Kind, row: Row[Any], values: Mapping[str, Value], cause: Cause) -> None:
        """Set parsed values on a row, if they are others."""
        old = self.current(kind, row)
        new = {name: value for name, value in values.items() if old[name] != value}
        if not new:
            return
        if kind.name == "school" and "number" in new:
            raise invalid({"number": say("a school number never changes: create the new school")})
        merged = old | new
        if kind is DEVICE and "school" in new and "room" not in new:
            merged["room"] = new["room"] = None  # the room stays behind
        self.rules.require_fields(kind, merged)
        refuse_clashes(kind, old, new)
        ids = self._ids_of(kind, row) | self.rules.resolve(kind, new)
        ids = {name: i for name, i in ids.items() if merged.get(name)}
        self.rules.check(kind, merged, ids, row.id)
        if "school" in new:
            self.rules.allow(kind, ids.get("school"), None)
            self.estate.personal(kind).refuse_given(values, ids.get("school"))
        if kind.name == "school" and "authority" in new:
            self.rules.allow(kind, None, merged)  # nobody gives away what is then not theirs
        self.rules.refuse_macs(kind, new, row.id)
        key = self.rules.make_key(kind, merged)
        columns = to_columns(kind, new, ids)
        columns = {n: value for n, value in columns.items() if row._mapping[n] != value}
        if key != row.key:
            self.rules.refuse_taken(kind, key, row.id)
            columns |= {"key": key, "key_folded": fold(key)}
        self._update(kind, row, columns, cause)
        told, untold = tellable(kind, new)
        detail: dict[str, Any] = {"fields": untold} if untold else {}
        if told:
            detail["changes"] = {n: [to_json(old[n]), to_json(merged[n])] for n in told}
        if cause.note:
            detail["note"] = cause.note
        named = audited(kind, key, row.uid)
        self.unit.audit(cause.how, kind.name, named, school_of(kind, row), detail)

    def _ids_of(self, kind: Kind, row: Row[Any]) -> dict[str, int]:
        ids: dict[str, int] = {}
        for field in kind.fields:
            if field.type is Type.REFERENCE:
                stored = row._mapping[column_name(field)]
                if stored is not None:
                    ids[field.name] = stored
        return ids

    def _update(self, kind: Kind, row: Row[Any], columns: Mapping[str, Any], cause: Cause) -> None:
        try:
            change_rows(self.unit, kind, [Change(row, columns)], cause)
        except IntegrityError:
            raise taken(kind, str(columns.get("key", row.key))) from None
        self.unit.announce(kind.name, row.uid, school_of(kind, row))

    def _set_retired(self, kind: Kind, row: Row[Any], reason: str) -> None:
        if not reason.strip():
            raise invalid({"reason": say("say why it is retired")})
        if row.retired_at is not None:
            raise Conflict(already_retired(kind, row.key), code="estate.retired")
        in_use = self.rules.in_use(kind, row)
        if in_use:
            raise Conflict(in_use, code="estate.in_use")
        reason = reason.strip()
        gone = {"retired_at": self.unit.now, "retired_reason": reason}
        self._update(kind, row, gone, Cause("retire", reason))
        named = audited(kind, row.key, row.uid)
        self.unit.audit("retire", kind.name, named, school_of(kind, row), _why(kind, reason))


def _why(kind: Kind, reason: str) -> dict[str, str]:
    """A reason for the audit; what is written about a person stays in the record's history."""
    return {} if names_a_person(kind) else {"reason": reason.strip()}


def _shown(kind: Kind, values: Mapping[str, Value]) -> dict[str, Any]:
    """Values for the audit, and the names of the fields whose values it does not tell."""
    told, untold = tellable(kind, values)
    found = {name: to_json(values[name]) for name in told if values[name] is not None}
    return found | ({"fields": untold} if untold else {})
