"""How the inventory's fields are found, compared and ordered in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, literal, or_, select

from inventory.fields import Type
from inventory.filter import Filter, Match, Op
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
    return filtering.Source(columns, references, table.c.search_text)


def _school_name(kind: Kind) -> ColumnElement[Any]:
    schools = TABLES["school"]
    if kind.name == "school":
        return schools.c.name
    table = TABLES[kind.name]
    return (
        select(schools.c.search_text)
        .where(schools.c.id == table.c.school_id)
        .correlate(table)
        .scalar_subquery()
    )


def translate(kind: Kind, tree: Filter, dialect: str, now: int) -> list[ColumnElement[bool]]:
    """The WHERE clauses of a filter."""
    clauses: list[ColumnElement[bool]] = []
    rest = []
    for term in tree.terms:
        if isinstance(term, Match) and term.field == "retired" and term.op is Op.EQ:
            clauses.append(_retired(kind, term))
        else:
            rest.append(term)
    return clauses + filtering.translate(kind, Filter(tuple(rest)), source(kind, now), dialect)


def _retired(kind: Kind, term: Match) -> ColumnElement[bool]:
    column = TABLES[kind.name].c.retired_at
    wanted = {bool(value) != term.negated for value in term.values}
    return or_(*(column.is_not(None) if yes else column.is_(None) for yes in wanted))


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
