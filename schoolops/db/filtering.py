"""A parsed filter (`inventory.filter`) as SQL, for any table.

What it finds is what `inventory.filter.matches` says; a test compares them on both databases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, false, func, not_, or_, select, true

from inventory.fields import Type, fold
from inventory.filter import TIME_FIELDS, Filter, Match, Op, Word, instant_range, pattern_parts
from inventory.kinds import Kind
from schoolops.db.folding import folded, position

MAC_LENGTH = 17
_BIGGEST = 2**63 - 1
_LAST = "\U0010ffff"
"""Behind all letters; no text has it."""


Clause = ColumnElement[bool]
Among = tuple[ColumnElement[Any], Callable[[Clause], Clause]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the fields of a kind are found in a statement.

    `columns`: field name → expression (times are integer microseconds). `references`: field
    name → (id column, table it points to, which has `id`, `key` and `key_folded`). `search`: the
    folded text for words. `folded`: field name → a column that holds its folded text wherever
    the field is not empty, so that an index helps. `whole`: a column that holds `search` and
    more, which is quicker to look through. `among`: reference → where else it may be found, as an
    id column of another table and what makes a clause about that table one about the row.
    """

    columns: Mapping[str, ColumnElement[Any]]
    references: Mapping[str, tuple[ColumnElement[Any], Table]]
    search: ColumnElement[str]
    folded: Mapping[str, ColumnElement[str]] = field(default_factory=dict)
    whole: ColumnElement[str] | None = None
    among: Mapping[str, Among] = field(default_factory=dict)


def translate(kind: Kind, tree: Filter, source: Source, dialect: str) -> list[ColumnElement[bool]]:
    """The WHERE clauses of a filter; all must hold."""
    return [clause(kind, term, source, dialect) for term in tree.terms]


def clause(kind: Kind, term: Word | Match, source: Source, dialect: str) -> ColumnElement[bool]:
    """One term. A negated one is the exact complement: NULL counts as 'does not match'."""
    if isinstance(term, Word):
        found = or_(*(_has(source.search, text) for text in term.texts))
        if source.whole is not None:
            found = and_(or_(*(_has(source.whole, text) for text in term.texts)), found)
    elif term.field in source.references:
        found = _reference(term, *source.references[term.field], dialect)
        if term.field in source.among and term.op not in (Op.EMPTY, Op.ANY):
            column, of_row = source.among[term.field]
            table = source.references[term.field][1]
            found = or_(found, of_row(_reference(term, column, table, dialect)))
    else:
        found = _plain(kind, term, source, dialect)
    return not_(func.coalesce(found, false())) if term.negated else found


def _plain(kind: Kind, term: Match, source: Source, dialect: str) -> ColumnElement[bool]:
    described = kind.field(term.field)
    column = source.columns[term.field]
    is_time = term.field in TIME_FIELDS
    textual = described.type in (Type.TEXT, Type.EMAIL, Type.ADDRESS, Type.MACS) and not is_time
    if term.op is Op.EMPTY:
        return or_(column.is_(None), column == "") if textual else column.is_(None)
    if term.op is Op.ANY:
        return and_(column.is_not(None), column != "") if textual else column.is_not(None)
    if is_time:
        return or_(*(_instant(term.op, column, str(value)) for value in term.values))
    if term.op in _ORDER:
        return _ORDER[term.op](column, _bounded(term.values[0]))
    if described.type is Type.MACS:
        return or_(*(_mac(column, str(value), term.op) for value in term.values))
    if not textual:
        return column.in_([_bounded(value) for value in term.values])
    if described.name not in source.folded:
        return _fits(folded(column), term)
    # Written so that no index on the field itself is tempted to serve.
    filled = func.coalesce(column, "") != ""
    key = source.folded[described.name]
    return and_(filled, _fits(key, term), _between(key, term, dialect))


def _between(text: ColumnElement[str], term: Match, dialect: str) -> ColumnElement[bool]:
    """What follows from one pattern with a beginning, for SQLite, which finds it by the index.

    PostgreSQL may sort by a locale.
    """
    start = fold(pattern_parts(str(term.values[0]))[0])
    if dialect != "sqlite" or term.op is not Op.LIKE or len(term.values) > 1 or not start:
        return true()
    return and_(text >= start, text < start + _LAST) if _storable(start) else false()


def _fits(text: ColumnElement[str], term: Match) -> ColumnElement[bool]:
    """Whether folded text equals one of the values, or fits one of the patterns."""
    if term.op is Op.LIKE:
        return or_(*(_like(text, str(value)) for value in term.values))
    values = [fold(str(value)) for value in term.values]
    return text.in_([value for value in values if _storable(value)])


def _reference(
    term: Match, column: ColumnElement[Any], table: Table, dialect: str
) -> ColumnElement[bool]:
    if term.op is Op.EMPTY:
        return column.is_(None)
    if term.op is Op.ANY:
        return column.is_not(None)
    key = table.c.key_folded
    tests = [_fits(key, term)]
    short = tuple(value for value in term.values if "/" not in str(value))
    if short and table.name != "schools":
        behind_the_school = func.substr(key, position(key, "/") + 1)
        tests.append(_fits(behind_the_school, Match(term.field, term.op, short)))
    return column.in_(select(table.c.id).where(or_(*tests)))


_ORDER: dict[Op, Callable[[Any, Any], ColumnElement[bool]]] = {
    Op.LT: lambda column, value: column < value,
    Op.LE: lambda column, value: column <= value,
    Op.GT: lambda column, value: column > value,
    Op.GE: lambda column, value: column >= value,
}


def _bounded(value: Any) -> Any:
    """No stored number is beyond 64 bits, and neither database takes one that is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_BIGGEST - 1, min(value, _BIGGEST))
    return value


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


def _mac(column: ColumnElement[str], value: str, op: Op) -> ColumnElement[bool]:
    """One of several addresses, divided by blanks; a star must not reach into the next."""
    pieces = [fold(piece) for piece in pattern_parts(value)] if op is Op.LIKE else [fold(value)]
    if any(" " in piece for piece in pieces) or not all(map(_storable, pieces)):
        return false()
    padded: ColumnElement[str] = " " + column + " "
    if len(pieces) == 1:
        return _has(padded, f" {pieces[0]} ")
    if len(pieces) == 2:
        # All addresses are equally long, so that the star stands for a known number of signs.
        any_sign = "_" * (MAC_LENGTH - len("".join(pieces)))
        inner = any_sign.join(map(_escape, pieces))
        fits = len("".join(pieces)) <= MAC_LENGTH
        return padded.like(f"% {inner} %", escape="\\") if fits else false()
    if len(pieces) == 3 and not pieces[0] and not pieces[2]:
        return _has(column, pieces[1])
    return padded.regexp_match(" " + "[^ ]*".join(map(re.escape, pieces)) + " ")


def _like(column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    pieces = [fold(piece) for piece in pattern_parts(pattern)]
    if not all(map(_storable, pieces)):
        return false()
    return column.like("%".join(map(_escape, pieces)), escape="\\")


def _has(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    if not _storable(text):
        return false()
    return column.like(f"%{_escape(text)}%", escape="\\")


def _storable(text: str) -> bool:
    """Neither database can hold NUL or half a surrogate pair, nor be asked for it."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
