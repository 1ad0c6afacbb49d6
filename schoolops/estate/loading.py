"""Many records at once: file imports (compared with what is there) and first loads.

A file is planned completely before anything is written: `ImportPlan` knows for each row
whether it is new, changed, the same or refused and why. Applying it is a few statements in the
transaction of the caller, and one audit event with the file's hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from inventory.fields import Field, Type, Value, counted_day, fold
from inventory.formats.importing import ParsedRow
from inventory.kinds import DEVICE, KINDS, Kind
from inventory.sentences import Sentence, join, say
from schoolops.db.access import outside, require, write_permission
from schoolops.db.engine import UnitOfWork
from schoolops.estate import macs
from schoolops.estate.access import readable_by
from schoolops.estate.models import TABLES, column_name
from schoolops.estate.personal import Personal
from schoolops.estate.plan import ImportPlan, Proposal
from schoolops.estate.values import from_column, to_columns, to_json
from schoolops.estate.writing import (
    IMPORTED,
    Cause,
    Change,
    change_rows,
    insert_many,
    next_id,
    own_fields,
    set_marks,
)

CHUNK = 500


class Loader:
    """Loads records within one unit of work."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit
        self._ids: dict[str, dict[str, int]] = {}
        self._schools: dict[int, tuple[str, str | None]] | None = None
        self._personal: dict[str, Personal] = {}

    # -- import of a file ------------------------------------------------------------------

    def plan(
        self,
        kind: Kind,
        rows: Iterable[ParsedRow],
        filename: str,
        data: bytes,
        published: bool = False,
        overwrite: bool = False,
    ) -> ImportPlan:
        """Compare the rows of a file with the store; nothing is written.

        A `published` list leaves what people corrected, unless it shall `overwrite`.
        """
        require(self.unit.actor, write_permission(kind))
        sha256 = hashlib.sha256(data).hexdigest()
        plan = ImportPlan(kind, filename, sha256, published, overwrite)
        waiting: list[ParsedRow] = []
        proposals: list[Proposal] = []
        for row in rows:
            waiting.append(row)
            if len(waiting) == CHUNK:
                proposals += self._plan_some(plan, waiting)
                waiting = []
        proposals += self._plan_some(plan, waiting)
        for proposal in self._without_foreign_macs(plan, proposals):
            self._take(plan, proposal)
        plan.rows.sort(key=lambda item: (item["outcome"] != "refused", item["row"]))
        return plan

    def apply(self, plan: ImportPlan) -> None:
        """Write a plan made in the same transaction."""
        kind = plan.kind
        if plan.inserts:
            new = [(one.values, one.ids) for one in plan.inserts]
            made_by = Cause(IMPORTED, plan.filename, plan.published)
            insert_many(self.unit, kind, new, cause=made_by)
        cause = Cause("import", plan.filename, plan.published)
        changes = [Change(one.found, one.columns) for one in plan.updates]
        change_rows(self.unit, kind, changes, cause)
        marks = [
            (one.found.id, own_fields(kind, one.found) - one.settled - one.columns.keys())
            for one in plan.settled
        ]
        set_marks(self.unit, kind, marks)
        detail = {"file": plan.filename, "sha256": plan.sha256, **plan.totals()}
        self.unit.audit("import", kind.name, "", None, detail)
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
        first = next_id(self.unit, kind)
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
        insert_many(self.unit, kind, prepared, keys, first)
        self.unit.audit("load", kind.name, "", None, {"new": len(records)})
        self.unit.announce(kind.name, "", None)
        return len(records)

    # -- inside ----------------------------------------------------------------------------

    def _plan_some(self, plan: ImportPlan, rows: Sequence[ParsedRow]) -> Iterator[Proposal]:
        """The good rows compared with what is there; the others are noted."""
        kind = plan.kind
        self._fetch_references(kind, [row.values for row in rows])
        table = TABLES[kind.name]
        existing = {
            found.key_folded: found
            for found in self.unit.connection.execute(
                select(table).where(table.c.key_folded.in_({fold(row.key) for row in rows}))
            )
        }
        for row in rows:
            found = existing.get(fold(row.key))
            ids, unknown = self._lookup(kind, row.values)
            problems = [*row.problems, *unknown, *self._refusals(plan, row, ids, found)]
            if problems:
                plan.refuse(row.row, row.key, problems)
            elif found is None:
                yield Proposal(row, row.key, row.values, ids)
            elif found.retired_at is not None:
                plan.note(row.row, found.key, "retired")
            else:
                yield self._compare(plan, Proposal(row, found.key, row.values, ids, found))

    def _compare(self, plan: ImportPlan, one: Proposal) -> Proposal:
        kind, stored = plan.kind, one.found._mapping
        # An empty cell says nothing: it never empties what is known.
        said = {name: value for name, value in one.values.items() if value is not None}
        columns = to_columns(kind, said, one.ids)
        one.columns = {name: value for name, value in columns.items() if stored[name] != value}
        if plan.published and (own := own_fields(kind, one.found)):
            one.settled = (own & said.keys()) - one.columns.keys()
            if not plan.overwrite:
                for name in sorted(own & one.columns.keys()):
                    one.kept[name] = [to_json(stored[name]), to_json(one.columns.pop(name))]
        return one

    def _without_foreign_macs(
        self, plan: ImportPlan, proposals: Sequence[Proposal]
    ) -> Iterator[Proposal]:
        """The proposals of which no MAC address is another device's; the others are noted."""
        claiming = [one for one in proposals if plan.kind is DEVICE and _claims(one)]
        claims = [macs.Claim(one.found.id if one.found else 0, _claims(one)) for one in claiming]
        refused = macs.conflicts(self.unit, claims) if claims else {}
        why = {claiming[place].row.row: reason for place, reason in refused.items()}
        for one in proposals:
            if one.row.row in why:
                plan.note(one.row.row, one.key, "refused", why[one.row.row])
            else:
                yield one

    def _take(self, plan: ImportPlan, one: Proposal) -> None:
        """Note a proposal and keep it to be written."""
        outcome = "changed" if one.columns else "same" if one.found else "new"
        more: dict[str, Any] = {"kept": one.kept} if one.kept else {}
        warned = join(one.row.warnings) if one.row.warnings and outcome != "same" else ""
        if outcome == "changed" and (warned or more or plan.lists(outcome)):
            stored = one.found._mapping
            more["changes"] = {
                f.name: [self._old_value(f, stored), to_json(one.values[f.name])]
                for f in plan.kind.fields
                if column_name(f) in one.columns
            }
        plan.note(one.row.row, one.key, outcome, warned, **more)
        if outcome != "same":
            (plan.inserts if outcome == "new" else plan.updates).append(one)
        if one.settled:
            plan.settled.append(one)

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

    def _lookup(
        self, kind: Kind, values: Mapping[str, Value]
    ) -> tuple[dict[str, int], list[Sentence]]:
        ids: dict[str, int] = {}
        problems = []
        for f in kind.fields:
            value = values.get(f.name)
            if f.type is not Type.REFERENCE or not value or not f.reference:
                continue
            found = self._ids[f.reference].get(str(value))
            if found is None:
                label = say(KINDS[f.reference].label)
                problems.append(_unknown(label, str(value)))
            else:
                ids[f.name] = found
        return ids, problems

    def _refusals(
        self, plan: ImportPlan, row: ParsedRow, ids: Mapping[str, int], found: Any
    ) -> Iterator[str]:
        """Why what was read of a row cannot be written, beside what could not be read."""
        kind, values = plan.kind, row.values
        if not row.key:
            return  # then nobody can say which record it is about
        yield from _unfit(kind, row.key, values, found)
        if found is not None and found.retired_at is not None and not plan.published:
            yield say("is retired; reinstate it first")
        school = kind.by_name().get("school")
        if school and "school" not in ids and (school.required or values.get("school")):
            return  # said already, and nobody can say who may write there
        if forbidden := self._forbidden(kind, values, ids, found):
            yield forbidden
        if closed := self._closed(kind, values, ids, found):
            yield closed

    def _forbidden(
        self, kind: Kind, values: Mapping[str, Value], ids: Mapping[str, int], found: Any
    ) -> str:
        """Why the actor may not write this row, or ''."""
        actor, permission = self.unit.actor, write_permission(kind)
        scope = actor.scope(permission)
        if scope.everywhere:
            return ""
        if kind.name == "school":
            authority = found.authority if found else str(values.get("authority"))
            school = str(values["number"])
            allowed = scope.covers(school, authority)
            if found and values.get("authority"):  # nobody gives away what is then not theirs
                allowed = allowed and scope.covers(school, str(values["authority"]))
            return "" if allowed else outside(actor, permission)
        for school_id in {ids.get("school"), found.school_id if found else ids.get("school")}:
            number, authority = self._school(school_id)
            if not scope.covers(number, authority):
                return outside(actor, permission)
        return ""

    def _closed(
        self, kind: Kind, values: Mapping[str, Value], ids: Mapping[str, int], found: Any
    ) -> str:
        """Why personal values of this row cannot be written, or ''.

        `Forbidden` for a column that is closed at every school: it does not belong into the file.
        """
        if kind.name not in self._personal:
            self._personal[kind.name] = Personal(self.unit.connection, self.unit.actor, kind)
        personal = self._personal[kind.name]
        if not personal:
            return ""
        given = [name for name, value in values.items() if value is not None]
        personal.refuse_everywhere(given)
        school_id = ids.get("school")
        return personal.refusal(given, school_id, found.school_id if found else school_id)

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


def _unfit(kind: Kind, key: str, values: Mapping[str, Value], found: Any) -> Iterator[Sentence]:
    """What is wrong with the values of a row."""
    if found is not None and found.key != key:
        yield say("{key} is there already; write it like that", key=found.key)
    said = {name: value for name, value in values.items() if value is not None}
    yield from kind.clashes({**found._mapping} if found is not None else {}, said).values()
    if found is None:
        needed = [f.name for f in kind.editable_fields() if f.required and f.name not in values]
        if needed:
            yield say("needs {fields}", fields=", ".join(needed))


def _unknown(label: Sentence, key: str) -> Sentence:
    if day := counted_day(key.rpartition("/")[2]):
        return say(
            "there is no {kind} {key}, which may be {day}, as a spreadsheet counts days; format "
            "the column as text and type it again",
            kind=label,
            key=key,
            day=day,
        )
    return say("there is no {kind} {key}", kind=label, key=key)


def _claims(one: Proposal) -> tuple[str, ...]:
    """The MAC addresses that a row would give to its device."""
    given = one.values.get("macs") if one.found is None or "macs" in one.columns else None
    return given if isinstance(given, tuple) else ()
