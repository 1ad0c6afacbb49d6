"""Every query over the inventory. Each starts at `readable_by(actor)`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from inventory.fields import Field, Type
from inventory.filter import Filter, Match, parse
from inventory.kinds import Kind
from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Invalid, NotFound
from schoolops.core.permissions import Actor, Scope
from schoolops.db.access import read_permission
from schoolops.estate.access import inside, readable_by, school_column
from schoolops.estate.models import TABLES, column_name, observation, school_of
from schoolops.estate.personal import Personal
from schoolops.estate.query import Way, order_by, translate, way
from schoolops.estate.values import from_column, to_json

OBSERVED = frozenset({"observed", "freshness"})


class Page(NamedTuple):
    """Rows of a list: id, key, version, retired, then the columns."""

    columns: tuple[str, ...]
    rows: list[list[Any]]
    offset: int
    more: bool


class Estate:
    """Reads of one actor at one time (`now`: UTC microseconds) over one connection."""

    def __init__(self, connection: Connection, actor: Actor, now: int) -> None:
        self.connection = connection
        self.actor = actor
        self.now = now
        self._personal: dict[str, Personal] = {}

    def personal(self, kind: Kind) -> Personal:
        """Which personal fields of the kind are open to the actor."""
        if kind.name not in self._personal:
            self._personal[kind.name] = Personal(self.connection, self.actor, kind)
        return self._personal[kind.name]

    def parse(self, kind: Kind, q: str) -> Filter:
        """A filter. `FilterError` when it is wrong, `Forbidden` when it asks what is closed."""
        tree = parse(q, kind)
        self.personal(kind).refuse_search(asked(tree))
        return tree

    # -- lists -----------------------------------------------------------------------------

    def page(
        self,
        kind: Kind,
        q: str = "",
        sort: str = "",
        offset: int = 0,
        limit: int = 128,
        columns: Sequence[str] = (),
        wide: bool = False,
        within: Scope | None = None,
    ) -> Page:
        """One page of a list; with `within` only what lies in that scope too.

        Raises `FilterError`, `Invalid` for a wrong column or sort, `Forbidden` for a closed one.
        `wide`: a word may also be in the record's school, if another one is in the record itself.
        """
        fields = self._fields(kind, columns)
        # First which rows, from the index alone where it can be; then those rows.
        statement = self.place(kind, q, sort, wide).offset(offset).limit(limit + 1)
        if within is not None:
            column = school_column(kind.name, TABLES[kind.name])
            statement = statement.where(inside(within, column))
        ids = self.connection.scalars(statement).all()
        found = self.connection.execute(
            _select(kind, self._needed(fields)).where(TABLES[kind.name].c.id.in_(ids[:limit]))
        )
        by_id = {row.id: row for row in found}
        rows = self._render(kind, fields, [by_id[i] for i in ids[:limit]])
        return Page(tuple(f.name for f in fields), rows, offset, len(ids) > limit)

    def place(self, kind: Kind, q: str, sort: str, wide: bool = False) -> Select[Any]:
        """The ids of all that match, in order; `wide` as for a page."""
        tree = self.parse(kind, q)
        table = TABLES[kind.name]
        sort = sort or kind.default_sort
        self.personal(kind).refuse_search((sort.removeprefix("-"),))
        found = self._way(kind, tree, sort)
        return (
            select(table.c.id)
            .select_from(_source(kind, asked(tree)))
            .where(
                readable_by(self.actor, kind), *self._where(kind, tree, table, found.hidden, wide)
            )
            .order_by(*order_by(kind, sort, found.sort))
        )

    def count(self, kind: Kind, q: str = "") -> int:
        """How many records match."""
        tree = self.parse(kind, q)
        table = TABLES[kind.name]
        statement = select(func.count()).select_from(_source(kind, asked(tree)))
        return (
            self.connection.scalar(
                statement.where(
                    readable_by(self.actor, kind),
                    *self._where(kind, tree, table, self._way(kind, tree, "key").hidden),
                )
            )
            or 0
        )

    def ids(self, kind: Kind, q: str) -> list[str]:
        """The uuids of all that match, in order of key."""
        tree = self.parse(kind, q)
        table = TABLES[kind.name]
        statement = select(table.c.uid).select_from(_source(kind, asked(tree)))
        statement = statement.where(
            readable_by(self.actor, kind), *self._where(kind, tree, table)
        ).order_by(table.c.key)
        return list(self.connection.scalars(statement))

    def by_ids(self, kind: Kind, uids: Sequence[str], columns: Sequence[str] = ()) -> Page:
        """The rows with these uuids, in that order; what is not there is left out."""
        fields = self._fields(kind, columns)
        statement = _select(kind, self._needed(fields)).where(
            readable_by(self.actor, kind), TABLES[kind.name].c.uid.in_(uids)
        )
        rows = self._render(kind, fields, self.connection.execute(statement).all())
        place = {uid: position for position, uid in enumerate(uids)}
        rows.sort(key=lambda row: place[row[0]])
        return Page(tuple(f.name for f in fields), rows, 0, False)

    def export(self, kind: Kind, q: str, columns: Sequence[str]) -> Iterable[list[Any]]:
        """All matching rows, some at a time: the values of the columns alone."""
        fields = self._fields(kind, columns)
        statement = self._matching(kind, q, self._needed(fields))
        statement = statement.order_by(TABLES[kind.name].c.key).execution_options(yield_per=1000)
        # The cursor is closed too when the reader stops early.
        with self.connection.execute(statement) as found:
            for part in found.partitions():
                for row in self._render(kind, fields, part):
                    yield row[4:]

    # -- single records --------------------------------------------------------------------

    def find(self, kind: Kind, id_or_key: str) -> Row[Any]:
        """The row of a record by uuid or key; `NotFound` names what was looked for."""
        table = TABLES[kind.name]
        column = table.c.uid if _is_uuid(id_or_key) else table.c.key
        statement = select(table).where(readable_by(self.actor, kind), column == id_or_key)
        row = self.connection.execute(statement).one_or_none()
        if row is None:
            raise NotFound(
                say(
                    "there is no {kind} {key!r} that you may see; look for it with: schoolops ls "
                    "{plural}",
                    kind=say(kind.label),
                    key=id_or_key,
                    plural=kind.plural,
                )
            )
        return row

    def record(self, kind: Kind, id_or_key: str) -> dict[str, Any]:
        """The whole record as the API answers it."""
        return self.render_record(kind, self.find(kind, id_or_key))

    def render_record(self, kind: Kind, row: Row[Any]) -> dict[str, Any]:
        """A table row as the API's record."""
        stored = row._mapping
        values: dict[str, Any] = {}
        for field in kind.fields:
            value = stored[column_name(field)]
            if field.type is Type.REFERENCE:
                keys = self.keys(field.reference or "", [value] if value else [])
                values[field.name] = keys.get(value)
            else:
                values[field.name] = to_json(from_column(field, value))
        closed = self.personal(kind).hide(values, school_of(kind, row))
        record = {
            "id": row.uid,
            "kind": kind.name,
            "key": row.key,
            "version": row.version,
            "values": values,
            "closed": closed,
            "retired": row.retired_at is not None,
            "retired_reason": row.retired_reason,
            "updated": to_iso(row.updated_at),
            "updated_by": row.updated_by,
        }
        if kind.name != "school" and row.school_id is not None:
            record["school_name"] = self._school_names([row.school_id]).get(row.school_id)
        if kind.health:
            seen = self.observed(kind.name, [row.id]).get(row.id)
            record |= {
                "health": row.health,
                "reason": row.health_reason,
                "since": to_iso(row.health_since),
                "observed": to_iso(seen[0]) if seen else None,
                "freshness": self._freshness(seen[1] if seen else None),
            }
        if kind.published:
            record["own_fields"] = (row.own_fields or "").split()
        if kind.name == "credential":
            record["has_secret"] = row.secret is not None
        return record

    # -- references ------------------------------------------------------------------------

    def keys(self, kind_name: str, ids: Iterable[int]) -> dict[int, str]:
        """id → key."""
        wanted = sorted({i for i in ids if i is not None})
        if not wanted:
            return {}
        table = TABLES[kind_name]
        found = self.connection.execute(
            select(table.c.id, table.c.key).where(table.c.id.in_(wanted))
        )
        return {row.id: row.key for row in found}

    def observed(self, kind_name: str, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
        """id → (observed at, fresh until)."""
        rows = self.connection.execute(
            select(
                observation.c.record_id, observation.c.observed_at, observation.c.fresh_until
            ).where(observation.c.kind == kind_name, observation.c.record_id.in_(ids))
        )
        return {row.record_id: (row.observed_at, row.fresh_until) for row in rows}

    def latest(self, kind_name: str, record_id: int) -> dict[str, Any] | None:
        """What was last known: `{"observed", "received", "freshness", "source", "values"}`."""
        row = self.connection.execute(
            select(observation).where(
                observation.c.kind == kind_name, observation.c.record_id == record_id
            )
        ).one_or_none()
        if row is None:
            return None
        return {
            "observed": to_iso(row.observed_at),
            "received": to_iso(row.received_at),
            "freshness": self._freshness(row.fresh_until),
            "source": row.source,
            "values": json.loads(row.facts),
        }

    # -- inside ----------------------------------------------------------------------------

    def _matching(self, kind: Kind, q: str, needed: frozenset[str]) -> Select[Any]:
        tree = self.parse(kind, q)
        table = TABLES[kind.name]
        statement = _select(kind, needed | asked(tree))
        return statement.where(readable_by(self.actor, kind), *self._where(kind, tree, table))

    def _way(self, kind: Kind, tree: Filter, sort: str) -> Way:
        if self.connection.dialect.name != "sqlite":
            return Way()  # PostgreSQL knows better
        return way(kind, tree, sort, not self.actor.scope(read_permission(kind)).everywhere)

    def _where(
        self,
        kind: Kind,
        tree: Filter,
        table: Any,
        hidden: frozenset[str] = frozenset(),
        wide: bool = False,
    ) -> list[ColumnElement[bool]]:
        search = self.personal(kind).searched()
        dialect = self.connection.dialect.name
        clauses = translate(kind, tree, dialect, self.now, hidden, search, wide)
        if "retired" not in asked(tree):
            clauses.append(table.c.retired_at.is_(None))
        return clauses

    def _fields(self, kind: Kind, columns: Sequence[str]) -> tuple[Field, ...]:
        if not columns:
            return kind.columns()
        known = kind.by_name()
        wrong = [name for name in columns if name not in known]
        if wrong:
            raise Invalid(
                say(
                    "there is no column {name!r}; known are {known}",
                    name=wrong[0],
                    known=", ".join(known),
                ),
                code="filter.invalid",
            )
        return tuple(known[name] for name in columns)

    @staticmethod
    def _needed(fields: Iterable[Field]) -> frozenset[str]:
        return frozenset(field.name for field in fields)

    def _render(self, kind: Kind, fields: Sequence[Field], rows: Sequence[Row[Any]]) -> list[Any]:
        """Table rows → lists, with the keys of references looked up once a page."""
        references: dict[str, Mapping[int, str]] = {}
        for field in fields:
            if field.type is Type.REFERENCE and field.reference:
                ids = [row._mapping[column_name(field)] for row in rows]
                references[field.name] = self.keys(field.reference, ids)
        names: Mapping[int, str] = {}
        if any(field.name == "school_name" for field in fields):
            names = self._school_names(
                [row.id if kind.name == "school" else row.school_id for row in rows]
            )
        rendered = [
            [row.uid, row.key, row.version, row.retired_at is not None]
            + [self._cell(kind, field, row, references, names) for field in fields]
            for row in rows
        ]
        if personal := self.personal(kind):
            places = {field.name: place for place, field in enumerate(fields, 4)}
            for row, cells in zip(rows, rendered, strict=True):
                for name in personal.closed(school_of(kind, row)) & places.keys():
                    cells[places[name]] = None
        return rendered

    def _cell(
        self,
        kind: Kind,
        field: Field,
        row: Row[Any],
        references: Mapping[str, Mapping[int, str]],
        names: Mapping[int, str],
    ) -> Any:
        name = field.name
        if name in _SYSTEM_CELLS:
            return _SYSTEM_CELLS[name](row)
        if name == "school_name":
            return names.get(row.id if kind.name == "school" else row.school_id)
        if name == "freshness":
            return self._freshness(row.fresh_until)
        if field.type is Type.REFERENCE:
            return references[name].get(row._mapping[column_name(field)])
        return to_json(from_column(field, row._mapping[name]))

    def _school_names(self, ids: Iterable[int | None]) -> dict[int, str]:
        wanted = sorted({i for i in ids if i is not None})
        schools = TABLES["school"]
        found = self.connection.execute(
            select(schools.c.id, schools.c.name, schools.c.short_name).where(
                schools.c.id.in_(wanted)
            )
        )
        return {row.id: row.short_name or row.name for row in found}

    def _freshness(self, fresh_until: int | None) -> str:
        if fresh_until is None:
            return "never"
        return "fresh" if fresh_until >= self.now else "stale"


_SYSTEM_CELLS: dict[str, Any] = {
    "key": lambda row: row.key,
    "retired": lambda row: row.retired_at is not None,
    "updated": lambda row: to_iso(row.updated_at),
    "updated_by": lambda row: row.updated_by,
    "reason": lambda row: row.health_reason,
    "since": lambda row: to_iso(row.health_since),
    "observed": lambda row: to_iso(row.observed_at),
}


_FOR_FILTERS = frozenset({"search_text", "key_folded"})
"""Columns that are never shown."""


def asked(tree: Filter) -> frozenset[str]:
    """The fields that a filter asks for."""
    return frozenset(term.field for term in tree.terms if isinstance(term, Match))


def _source(kind: Kind, needed: frozenset[str]) -> Any:
    table = TABLES[kind.name]
    if kind.health and needed & OBSERVED:
        return table.outerjoin(
            observation,
            and_(observation.c.kind == kind.name, observation.c.record_id == table.c.id),
        )
    return table


def _select(kind: Kind, needed: frozenset[str]) -> Select[Any]:
    table = TABLES[kind.name]
    columns: list[Any] = [c for c in table.c if c.name not in _FOR_FILTERS]
    if kind.health and needed & OBSERVED:
        columns += [observation.c.observed_at, observation.c.fresh_until]
    return select(*columns).select_from(_source(kind, needed))


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4
