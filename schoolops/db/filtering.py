"""A parsed filter (`inventory.filter`) as SQL, for any table.

Text compares folded: on SQLite by a function of ours, on PostgreSQL by `lower` and `replace`,
which give what `inventory.fields.fold` gives for German names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, false, func, not_, or_, select

from inventory.fields import Type, fold
from inventory.filter import TIME_FIELDS, Filter, Match, Op, Word, instant_range, pattern_parts
from inventory.kinds import Kind

EXACT = frozenset({"serial", "asset_tag", "key", "number", "postcode", "municipality", "authority"})
"""Identifiers: compared as written and in capitals, so that their index is used."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the fields of a kind are found in a statement.

    `columns`: field name → expression (times are integer microseconds). `references`: field
    name → (id column, table it points to). `search`: the folded text for words.
    """

    columns: Mapping[str, ColumnElement[Any]]
    references: Mapping[str, tuple[ColumnElement[Any], Table]]
    search: ColumnElement[str]


def translate(kind: Kind, tree: Filter, source: Source, dialect: str) -> list[ColumnElement[bool]]:
    """The WHERE clauses of a filter; all must hold."""
    folded = _folder(dialect)
    return [
        _word(term, source) if isinstance(term, Word) else _match(kind, term, source, folded)
        for term in tree.terms
    ]


def _word(term: Word, source: Source) -> ColumnElement[bool]:
    clause = or_(*(source.search.like(_contains(text), escape="\\") for text in term.texts))
    return not_(clause) if term.negated else clause


def _match(
    kind: Kind, term: Match, source: Source, folded: Callable[[Any], ColumnElement[str]]
) -> ColumnElement[bool]:
    if term.field in source.references:
        clause = _reference(term, *source.references[term.field], folded)
    else:
        clause = _plain(kind, term, source.columns[term.field], folded)
    # A negated term is the exact complement: NULL counts as 'does not match'.
    return not_(func.coalesce(clause, false())) if term.negated else clause


def _plain(
    kind: Kind,
    term: Match,
    column: ColumnElement[Any],
    folded: Callable[[Any], ColumnElement[str]],
) -> ColumnElement[bool]:
    field = kind.field(term.field)
    is_time = term.field in TIME_FIELDS
    textual = field.type in (Type.TEXT, Type.EMAIL, Type.ADDRESS, Type.MACS) and not is_time
    if term.op is Op.EMPTY:
        return or_(column.is_(None), column == "") if textual else column.is_(None)
    if term.op is Op.ANY:
        return and_(column.is_not(None), column != "") if textual else column.is_not(None)
    if is_time:
        return or_(*(_instant(term.op, column, str(value)) for value in term.values))
    if term.op is Op.LIKE:
        return or_(*(_like(folded(column), str(value)) for value in term.values))
    if term.op in _ORDER:
        return _ORDER[term.op](column, term.values[0])
    if field.type is Type.MACS:
        return or_(*(column.like(_contains(str(value)), escape="\\") for value in term.values))
    if not textual:
        return column.in_(term.values)
    if field.name in EXACT:
        variants = {v for value in term.values for v in (str(value), str(value).upper())}
        return column.in_(variants)
    return folded(column).in_([fold(str(value)) for value in term.values])


def _reference(
    term: Match, column: ColumnElement[Any], table: Table, folded: Callable[[Any], Any]
) -> ColumnElement[bool]:
    if term.op is Op.EMPTY:
        return column.is_(None)
    if term.op is Op.ANY:
        return column.is_not(None)
    tests: list[ColumnElement[bool]] = []
    for value in map(str, term.values):
        if term.op is Op.LIKE:
            tests.append(_like(folded(table.c.key), value))
            continue
        tests.append(table.c.key.in_({value, value.upper()}))
        if "/" not in value and table.name != "schools":
            tests.append(folded(table.c.key).like("%/" + _escape(fold(value)), escape="\\"))
    if table.name == "schools":
        return column.in_(select(table.c.id).where(or_(*tests)))
    return exists(select(1).where(table.c.id == column, or_(*tests)).correlate_except(table))


_ORDER: dict[Op, Callable[[Any, Any], ColumnElement[bool]]] = {
    Op.LT: lambda column, value: column < value,
    Op.LE: lambda column, value: column <= value,
    Op.GT: lambda column, value: column > value,
    Op.GE: lambda column, value: column >= value,
}


def _instant(op: Op, column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    start, end = instant_range(text)
    if op is Op.LT:
        return column < start
    if op is Op.LE:
        return column < end
    if op is Op.GT:
        return column >= end
    if op is Op.GE:
        return column >= start
    return and_(column >= start, column < end)


def _like(column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    return column.like("%".join(_escape(fold(p)) for p in pattern_parts(pattern)), escape="\\")


def _contains(text: str) -> str:
    return f"%{_escape(text)}%"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_LETTERS = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("é", "e"), ("è", "e"), ("á", "a"))


def _folder(dialect: str) -> Callable[[Any], ColumnElement[str]]:
    if dialect == "sqlite":
        return lambda column: func.schoolops_fold(column)

    def postgresql(column: Any) -> ColumnElement[str]:
        folded = func.lower(column)
        for letter, written in _LETTERS:
            folded = func.replace(folded, letter, written)
        return folded

    return postgresql
