"""A tree evaluated over plain values: what the server's SQL must agree with."""

from __future__ import annotations

import re
from collections.abc import Mapping

from inventory.fields import Field, Type, Value, fold
from inventory.filter.reading import PATTERN_TYPES
from inventory.filter.times import TIME_FIELDS, instant_range
from inventory.filter.tree import Filter, Op, Scalar, Term, Word, pattern_parts
from inventory.kinds import Kind


def matches(tree: Filter, kind: Kind, values: Mapping[str, Value]) -> bool:
    """Whether stored values fit. `values['search_text']` is folded; references are keys."""
    return all(_holds(term, kind, values) != term.negated for term in tree.terms)


def _holds(term: Term, kind: Kind, values: Mapping[str, Value]) -> bool:
    if isinstance(term, Word):
        haystack = str(values.get("search_text") or "")
        return any(text in haystack for text in term.texts)
    stored = values.get(term.field)
    if stored is None or stored in ("", ()):
        return term.op is Op.EMPTY
    if term.op in (Op.EMPTY, Op.ANY):
        return term.op is Op.ANY
    field = kind.field(term.field)
    held = stored if isinstance(stored, tuple) else (stored,)
    return any(_compare(field, one, term.op, value) for one in held for value in term.values)


def _compare(field: Field, stored: Scalar, op: Op, value: Scalar) -> bool:
    if field.name in TIME_FIELDS:
        begin, end = instant_range(str(value))
        at = instant_range(str(stored))[0]
        if op is Op.EQ:
            return begin <= at < end
        # 'before' looks at the beginning of a day, 'after' at its end
        return _ordered(at, op, begin if op in (Op.LT, Op.GE) else end - 1)
    if op is Op.LIKE:
        pieces = (re.escape(fold(piece)) for piece in pattern_parts(str(value)))
        regex = re.compile(".*".join(pieces), re.DOTALL)
        return any(regex.fullmatch(text) for text in _texts(field, stored, value))
    if op is Op.EQ and field.type in PATTERN_TYPES:
        return fold(str(value)) in _texts(field, stored, value)
    if op is Op.EQ:
        return stored == value
    if isinstance(stored, str) or isinstance(value, str):  # dates: ISO 8601 sorts as text
        return _ordered(str(stored), op, str(value))
    return _ordered(stored, op, value)


def _texts(field: Field, stored: Scalar, value: Scalar) -> list[str]:
    """The folded forms of a stored text: a reference also without its school."""
    texts = [fold(str(stored))]
    if field.type is Type.REFERENCE and "/" not in str(value) and "/" in texts[0]:
        texts.append(texts[0].partition("/")[2])
    return texts


def _ordered(left: float | str, op: Op, right: float | str) -> bool:
    a: float = (left > right) - (left < right)  # type: ignore[operator]
    return {Op.LT: a < 0, Op.LE: a <= 0, Op.GT: a > 0, Op.GE: a >= 0}[op]
