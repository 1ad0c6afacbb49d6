"""How the inventory's fields are found, compared and ordered in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, false, func, literal, not_, select, true

from inventory.fields import Type
from inventory.filter import Filter, Match, Op, Term
from inventory.kinds import HEALTH, Kind
from schoolops.core.errors import Invalid
from schoolops.db import filtering
from schoolops.estate.models import TABLES, column_name, observation


def source(kind: Kind, now: int) -> filtering.Source:
    """The kind's fields as expressions. `observation` must be joined for those it holds."""
    table = TABLES[kind.name]
    columns: dict[str, ColumnElement[Any]] = {}
    references = {}
    for field in kind.fields:
        if field.type is Type.REFERENCE:
            references[field.name] = (table.c[column_name(field)], TABLES[field.reference or ""])
        else:
            columns[field.name] = table.c[field.name]
    columns |= {
        "key": table.c.key,
        "updated": table.c.updated_at,
        "updated_by": table.c.updated_by,
        "retired": table.c.retired_at.is_not(None),
        "school_name": _school_name(kind),
    }
    if kind.health:
        columns |= {
            "health": table.c.health,
            "reason": table.c.health_reason,
            "since": table.c.health_since,
            "observed": observation.c.observed_at,
            "freshness": case(
                (observation.c.fresh_until.is_(None), "never"),
                (observation.c.fresh_until >= now, "fresh"),
                else_="stale",
            ),
        }
    folded = {"key": table.c.key_folded}
    if len(kind.key) == 1:
        # Where it is not empty, this field is the key.
        folded[kind.key[0]] = table.c.key_folded
    return filtering.Source(columns, references, table.c.search_text, folded)


def shown_name() -> ColumnElement[str]:
    """A school's name as lists show it."""
    schools = TABLES["school"]
    return func.coalesce(func.nullif(schools.c.short_name, ""), schools.c.name)


def _school_name(kind: Kind) -> ColumnElement[Any]:
    if kind.name == "school":
        return shown_name()
    schools, table = TABLES["school"], TABLES[kind.name]
    return (
        select(shown_name())
        .where(schools.c.id == table.c.school_id)
        .correlate(table)
        .scalar_subquery()
    )


def translate(kind: Kind, tree: Filter, dialect: str, now: int) -> list[ColumnElement[bool]]:
    """The WHERE clauses of a filter."""
    found = source(kind, now)
    return [_term(kind, term, found, dialect) for term in tree.terms]


def _term(kind: Kind, term: Term, found: filtering.Source, dialect: str) -> ColumnElement[bool]:
    if isinstance(term, Match) and term.op in (Op.EQ, Op.LIKE):
        if term.field == "retired":
            return _retired(kind, term)
        if term.field == "school_name" and kind.name != "school":
            return _of_schools(kind, term, dialect)
    return filtering.clause(kind, term, found, dialect)


def _retired(kind: Kind, term: Match) -> ColumnElement[bool]:
    """Not by comparing the expression: this way the indexes of records in use serve."""
    column = TABLES[kind.name].c.retired_at
    wanted = {bool(value) for value in term.values} ^ ({True, False} if term.negated else set())
    if wanted == {True, False}:
        return true()
    return column.is_not(None) if True in wanted else column.is_(None) if wanted else false()


def _of_schools(kind: Kind, term: Match, dialect: str) -> ColumnElement[bool]:
    """The schools' names are compared once each, not once a record."""
    schools, column = TABLES["school"], TABLES[kind.name].c.school_id
    names = filtering.Source({"school_name": shown_name()}, {}, schools.c.search_text)
    plain = Match(term.field, term.op, term.values)
    fits = column.in_(select(schools.c.id).where(filtering.clause(kind, plain, names, dialect)))
    return not_(func.coalesce(fits, false())) if term.negated else fits


def order_by(kind: Kind, sort: str) -> list[ColumnElement[Any]]:
    """ORDER BY of `sort` ('name', '-name'); ends in the id, so that pages never overlap."""
    name = sort.removeprefix("-")
    table = TABLES[kind.name]
    field = kind.by_name().get(name)
    if field is None or not field.sortable:
        known = ", ".join(f.name for f in kind.by_name().values() if f.sortable)
        raise Invalid(f"cannot sort by {name!r}; sort by one of {known}", code="filter.invalid")
    descending = sort.startswith("-")
    column: ColumnElement[Any]
    if field.type is Type.REFERENCE:
        other = TABLES[field.reference or ""].alias()
        column = (
            select(other.c.key)
            .where(other.c.id == table.c[column_name(field)])
            .correlate(table)
            .scalar_subquery()
        )
    elif name == "health":
        ranks = {word: rank for rank, word in enumerate(HEALTH)}
        column = case(ranks, value=table.c.health, else_=literal(len(ranks)))
    elif name in ("key", "updated"):
        column = table.c.key if name == "key" else table.c.updated_at
    else:
        column = table.c[name]
    return [column.desc(), table.c.id.desc()] if descending else [column.asc(), table.c.id.asc()]
