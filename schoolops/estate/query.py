"""How the inventory's fields are found, compared and ordered in SQL."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    UnaryExpression,
    case,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.sql.operators import custom_op

from inventory.fields import Type
from inventory.filter import TIME_FIELDS, Filter, Match, Op, Term, Word
from inventory.kinds import HEALTH, KINDS, Kind
from inventory.sentences import say
from schoolops.core.errors import Invalid
from schoolops.db import filtering
from schoolops.db.folding import position
from schoolops.estate.models import PERSONS_FOLLOW, TABLES, column_name, observation, person_fields


def source(
    kind: Kind,
    now: int,
    hidden: frozenset[str] = frozenset(),
    search: ColumnElement[str] | None = None,
) -> filtering.Source:
    """The kind's fields as expressions. `observation` must be joined for those it holds.

    `hidden`: fields that no index shall find (SQLite). `search`: the text for words, by default
    without what is about persons.
    """
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
    columns |= {name: opaque(columns[name]) for name in hidden}
    folded = {"key": table.c.key_folded}
    if len(kind.key) == 1:
        # Where it is not empty, this field is the key.
        folded[kind.key[0]] = table.c.key_folded
    search = without_persons(kind) if search is None else search
    whole = None if search is table.c.search_text else table.c.search_text
    return filtering.Source(columns, references, search, folded, whole)


def without_persons(kind: Kind) -> ColumnElement[str]:
    """The text for words, without what is about persons."""
    text: ColumnElement[str] = TABLES[kind.name].c.search_text
    if not person_fields(kind):
        return text
    return func.substr(text, 1, position(text + PERSONS_FOLLOW, PERSONS_FOLLOW) - 1)


def shown_name() -> ColumnElement[str]:
    """A school's name as lists show it."""
    schools = TABLES["school"]
    return func.coalesce(func.nullif(schools.c.short_name, ""), schools.c.name)


def _school_name(kind: Kind) -> ColumnElement[Any]:
    if kind.name == "school":
        return shown_name()
    table = TABLES[kind.name]
    return school_name_of(table.c.school_id, table)


def school_name_of(column: ColumnElement[Any], table: Any) -> ColumnElement[Any]:
    """The shown name of the school whose id is in that column of the table."""
    return (
        select(shown_name())
        .where(TABLES["school"].c.id == column)
        .correlate(table)
        .scalar_subquery()
    )


def translate(
    kind: Kind,
    tree: Filter,
    dialect: str,
    now: int,
    hidden: frozenset[str] = frozenset(),
    search: ColumnElement[str] | None = None,
    wide: bool = False,
) -> list[ColumnElement[bool]]:
    """The WHERE clauses of a filter; `wide`: its words may be in the record's school too."""
    found = source(kind, now, hidden, search)
    clauses = []
    words = []
    for term in tree.terms:
        clause = _term(kind, term, found, dialect)
        if wide and isinstance(term, Word) and not term.negated and kind.name != "school":
            words.append(clause)
            clause = or_(clause, _in_school(kind, term, dialect))
        clauses.append(clause)
    # One word at least is the record's own: a school's name alone does not mean all it has.
    return [*clauses, or_(*words)] if len(words) > 1 else [*clauses, *words]


def _in_school(kind: Kind, term: Word, dialect: str) -> ColumnElement[bool]:
    """Whether the word is in the search text of the record's school; each is looked at once."""
    school = KINDS["school"]
    schools = TABLES["school"]
    named = filtering.clause(school, term, source(school, 0), dialect)
    return TABLES[kind.name].c.school_id.in_(select(schools.c.id).where(named))


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


class Way(NamedTuple):
    """How SQLite shall find rows; it knows nothing of how many there are of what.

    `hidden`: fields whose index it must not take. `sort`: sort what was found, do not walk an
    index in the order of the list: that fetches the rows of the table in no order, which is ten
    times as slow as reading the table through.
    """

    hidden: frozenset[str] = frozenset()
    sort: bool = False


def way(kind: Kind, tree: Filter, sort: str, limited: bool) -> Way:
    """The way to the rows of a filter. `limited`: the actor sees some schools only."""
    finding = [term for term in tree.terms if _finds(term)]
    choices = frozenset(
        term.field
        for term in finding
        if isinstance(term, Match) and kind.field(term.field).type is Type.CHOICE
    )
    if limited or any(_of_a_place(kind, term) for term in finding):
        return Way(choices, sort=True)  # a school or a room has few, of whatever kind
    if any(_looks_at_text(kind, term) for term in finding):
        return Way(choices, sort=True)
    by_key = sort.lstrip("-") in ("key", "")
    if "kind" in choices and (len(finding) > 1 or not by_key):
        return Way(frozenset({"kind"}), sort=True)
    return Way()


def _finds(term: Term) -> bool:
    """Whether the term narrows the list, as far as can be told."""
    if term.negated:
        return False
    return isinstance(term, Word) or (term.op in (Op.EQ, Op.LIKE) and term.field != "retired")


def _of_a_place(kind: Kind, term: Term) -> bool:
    if isinstance(term, Word):
        return False
    return kind.field(term.field).type is Type.REFERENCE or term.field == "school_name"


def _looks_at_text(kind: Kind, term: Term) -> bool:
    """Whether each row's text must be looked at to find few."""
    if isinstance(term, Word):
        return True
    textual = kind.field(term.field).type in (Type.TEXT, Type.EMAIL, Type.ADDRESS, Type.MACS)
    return textual and term.field not in TIME_FIELDS


def opaque(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value, by which SQLite sorts without an index."""
    return UnaryExpression(column, operator=custom_op("+"))


def order_by(kind: Kind, sort: str, plain: bool = False) -> list[ColumnElement[Any]]:
    """ORDER BY of `sort` ('name', '-name'); ends in the id, so that pages never overlap.

    `plain`: by sorting alone, not along an index.
    """
    name = sort.removeprefix("-")
    table = TABLES[kind.name]
    field = kind.by_name().get(name)
    if field is None or not field.sortable:
        known = ", ".join(f.name for f in kind.by_name().values() if f.sortable)
        raise Invalid(
            say("cannot sort by {name!r}; sort by one of {known}", name=name, known=known),
            code="filter.invalid",
        )
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
    if plain:
        column = opaque(column)
    return [column.desc(), table.c.id.desc()] if descending else [column.asc(), table.c.id.asc()]
