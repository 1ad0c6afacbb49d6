"""Lists of what the system alone writes (agents, discovered devices, the audit).

Such a kind has a table of its own shape. A `Listing` says where its fields are found; it
answers the same calls as `Estate`, so that one endpoint serves all kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Integer, Row, Select, func, or_, select

from inventory.fields import Field, Type
from inventory.filter import TIME_FIELDS, Filter, parse
from inventory.kinds import Kind
from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Invalid, NotFound
from schoolops.core.permissions import Actor
from schoolops.db import filtering
from schoolops.db.folding import folded
from schoolops.estate.models import TABLES
from schoolops.estate.personal import refuse_search
from schoolops.estate.repository import Estate, Page, asked


class Lister(Protocol):
    """What a list endpoint calls."""

    def page(
        self,
        kind: Kind,
        q: str,
        sort: str,
        offset: int,
        limit: int,
        columns: Sequence[str],
        wide: bool = False,
    ) -> Page: ...

    def count(self, kind: Kind, q: str) -> int: ...

    def by_ids(self, kind: Kind, uids: Sequence[str], columns: Sequence[str]) -> Page: ...

    def record(self, kind: Kind, id_or_key: str) -> dict[str, Any]: ...

    def parse(self, kind: Kind, q: str) -> Filter: ...


class Listing:
    """Lists one read-only kind for one actor.

    `columns` maps each field's name to its expression (times as micros; a school as its id
    column); `uid` and `key` identify a row; `search` is the text for words; `where` limits it
    to what the actor may see. `opened`: field → where it is open, of those that are not open in
    every row; where such a field is closed, its expression must be NULL. `among`: as in
    `filtering.Source`.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        source: Any,
        columns: Mapping[str, ColumnElement[Any]],
        uid: ColumnElement[Any],
        key: ColumnElement[Any],
        search: ColumnElement[str],
        where: Sequence[ColumnElement[bool]],
        sort: ColumnElement[Any],
        opened: Mapping[str, ColumnElement[bool]] | None = None,
        among: Mapping[str, filtering.Among] | None = None,
    ) -> None:
        self.connection = connection
        self.source = source
        self.columns = columns
        self.uid, self.key, self.search, self.sort = uid, key, search, sort
        self.where = where
        self.opened, self.among = opened or {}, among or {}

    def page(
        self,
        kind: Kind,
        q: str,
        sort: str,
        offset: int,
        limit: int,
        columns: Sequence[str],
        wide: bool = False,
    ) -> Page:
        """One page. `wide` makes no difference: nobody jumps to these."""
        fields = self._fields(kind, columns)
        statement = self._statement(kind, q, fields)
        statement = statement.order_by(*self._order(kind, sort or kind.default_sort))
        found = self.connection.execute(statement.offset(offset).limit(limit + 1)).all()
        rows = self._render(fields, found[:limit])
        return Page(tuple(f.name for f in fields), rows, offset, len(found) > limit)

    def count(self, kind: Kind, q: str) -> int:
        statement = select(func.count()).select_from(self.source)
        return self.connection.scalar(statement.where(*self._clauses(kind, q))) or 0

    def by_ids(self, kind: Kind, uids: Sequence[str], columns: Sequence[str]) -> Page:
        fields = self._fields(kind, columns)
        statement = self._statement(kind, "", fields).where(self.uid.in_(self._uids(uids)))
        rows = self._render(fields, self.connection.execute(statement).all())
        return Page(tuple(f.name for f in fields), rows, 0, False)

    def record(self, kind: Kind, id_or_key: str) -> dict[str, Any]:
        here: ColumnElement[bool] = self.uid.in_(self._uids([id_or_key]))
        if kind.key != ("id",):
            here = or_(here, self.key == id_or_key)
        statement = self._statement(kind, "", kind.fields).where(here)
        is_open = [where.label(f"o_{name}") for name, where in self.opened.items()]
        found = self.connection.execute(statement.add_columns(*is_open)).all()
        rows = self._render(kind.fields, found)
        if not rows:
            raise NotFound(
                say(
                    "there is no {kind} {key!r} that you may see",
                    kind=say(kind.label),
                    key=id_or_key,
                )
            )
        uid, key, version, retired, *values = rows[0]
        named = dict(zip((f.name for f in kind.fields), values, strict=True))
        return {
            "id": uid,
            "kind": kind.name,
            "key": key,
            "version": version,
            "retired": retired,
            "values": named,
            "closed": sorted(name for name in self.opened if not found[0]._mapping[f"o_{name}"]),
        }

    def parse(self, kind: Kind, q: str) -> Filter:
        """A filter. `FilterError` when it is wrong, `Forbidden` when it asks what is closed."""
        tree = parse(q, kind)
        refuse_search(self.opened, asked(tree))
        return tree

    def _uids(self, given: Sequence[str]) -> list[Any]:
        """Ids as the column has them: a number is one for PostgreSQL too."""
        if not isinstance(self.uid.type, Integer):
            return list(given)
        return [int(text) for text in given if text.isdecimal() and len(text) < 19]

    def _fields(self, kind: Kind, columns: Sequence[str]) -> tuple[Field, ...]:
        known = {f.name: f for f in kind.fields}
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
        return tuple(known[name] for name in columns) or kind.columns()

    def _statement(self, kind: Kind, q: str, fields: Sequence[Field]) -> Select[Any]:
        expressions = [self.columns[f.name].label(f"f_{f.name}") for f in fields]
        statement = select(self.uid.label("uid"), self.key.label("key"), *expressions)
        return statement.select_from(self.source).where(*self._clauses(kind, q))

    def _clauses(self, kind: Kind, q: str) -> list[ColumnElement[bool]]:
        schools = TABLES["school"]
        references = {
            f.name: (self.columns[f.name], schools) for f in kind.fields if f.type is Type.REFERENCE
        }
        dialect = self.connection.dialect.name
        found = filtering.Source(self.columns, references, folded(self.search), among=self.among)
        return [*self.where, *filtering.translate(kind, self.parse(kind, q), found, dialect)]

    def _order(self, kind: Kind, sort: str) -> list[ColumnElement[Any]]:
        name = sort.removeprefix("-")
        refuse_search(self.opened, (name,))
        column = self.sort if name == "id" else self.columns.get(name)
        if column is None:
            raise Invalid(say("cannot sort by {name!r}", name=name), code="filter.invalid")
        if sort.startswith("-"):
            return [column.desc(), self.sort.desc()]
        return [column.asc(), self.sort.asc()]

    def _render(self, fields: Sequence[Field], rows: Sequence[Row[Any]]) -> list[list[Any]]:
        schools: dict[int, str] = {}
        if any(f.type is Type.REFERENCE for f in fields):
            table = TABLES["school"]
            ids = {row._mapping["f_school"] for row in rows} - {None}
            found = self.connection.execute(
                select(table.c.id, table.c.number).where(table.c.id.in_(ids))
            )
            schools = {row.id: row.number for row in found}

        def cell(f: Field, value: Any) -> Any:
            if f.type is Type.REFERENCE:
                return schools.get(value)
            return to_iso(value) if f.name in TIME_FIELDS else value

        return [
            [str(row.uid), str(row.key), 1, False]
            + [cell(f, row._mapping[f"f_{f.name}"]) for f in fields]
            for row in rows
        ]


LISTINGS: dict[str, Callable[[Connection, Actor, int], Lister]] = {}
"""Kind name → how it is listed; capabilities add their read-only kinds."""


def lister(kind: Kind, connection: Connection, actor: Actor, now: int) -> Lister:
    """Who answers lists of the kind."""
    if kind.editable:
        return Estate(connection, actor, now)
    return LISTINGS[kind.name](connection, actor, now)
