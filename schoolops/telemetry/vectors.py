"""Vectors of PromQL and what is done with them: functions, aggregations, arithmetic. Pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import promql_parser as pp

from inventory.sentences import say
from schoolops.core.errors import Invalid
from schoolops.telemetry.exposition import Labels

Row = list[float | None]


class BadQuery(Invalid):
    code = "query.invalid"


@dataclass(slots=True)
class Series:
    """A line of a vector: its labels (with `__name__` while it has one), a value a step."""

    labels: Labels
    values: Row


Value = float | list[Series]


def unknown(what: str) -> BadQuery:
    return BadQuery(say("{what} is not known here; docs/telemetry.md lists what is", what=what))


SCALARS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": lambda value: float(math.ceil(value)) if math.isfinite(value) else value,
    "floor": lambda value: float(math.floor(value)) if math.isfinite(value) else value,
    "round": lambda value: float(math.floor(value + 0.5)) if math.isfinite(value) else value,
}
AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "count": lambda values: float(len(values)),
}


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)


def _power(left: float, right: float) -> float:
    try:
        found = left**right
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return math.nan if isinstance(found, complex) else found


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": lambda left, right: math.fmod(left, right) if right and math.isfinite(left) else math.nan,
    "^": _power,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def group_of(labels: Labels, modifier: Any) -> tuple[tuple[str, str], ...]:
    if modifier is None:
        return ()
    named = set(modifier.labels)
    by = modifier.type == pp.AggModifierType.By
    return tuple(
        sorted(
            (name, value)
            for name, value in labels.items()
            if (name in named) is by and name != "__name__"
        )
    )


def _unnamed(labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if name != "__name__"}


def each(function: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, float):
        return function(value)
    return [
        Series(_unnamed(one.labels), [None if v is None else function(v) for v in one.values])
        for one in value
    ]


def arithmetic(
    function: Callable[[float, float], float], left: Value, right: Value, modifier: Any = None
) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        return function(left, right)
    if isinstance(right, float):
        return each(lambda value: function(value, right), left)
    if isinstance(left, float):
        return each(lambda value: function(left, value), right)
    found = []
    for key, one, other in _pairs(left, right, modifier):
        values = [
            None if a is None or b is None else function(a, b)
            for a, b in zip(one.values, other.values, strict=True)
        ]
        found.append(Series(dict(key), values))
    return found


def _pairs(
    left: list[Series], right: list[Series], modifier: Any
) -> list[tuple[tuple[tuple[str, str], ...], Series, Series]]:
    if modifier is not None and modifier.card not in (None, pp.VectorMatchCardinality.OneToOne):
        raise unknown("group_left")
    matching = modifier.matching if modifier is not None else None

    def key_of(labels: Labels) -> tuple[tuple[str, str], ...]:
        kept = _unnamed(labels)
        if matching is not None:
            named = set(matching.labels)
            on = matching.type == pp.LabelModifierType.Include
            kept = {name: value for name, value in kept.items() if (name in named) is on}
        return tuple(sorted(kept.items()))

    others: dict[tuple[tuple[str, str], ...], Series] = {}
    for one in right:
        if others.setdefault(key_of(one.labels), one) is not one:
            raise BadQuery("several series of the right side match one of the left")
    seen = set()
    found = []
    for one in left:
        key = key_of(one.labels)
        if key in others:
            if key in seen:
                raise BadQuery("several series of the left side match one of the right")
            seen.add(key)
            found.append((key, one, others[key]))
    return found


def compare(
    function: Callable[[float, float], bool], left: Value, right: Value, as_bool: bool
) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        if not as_bool:
            raise BadQuery("two numbers are compared with bool, as in 1 > bool 2")
        return float(function(left, right))
    if isinstance(left, list) and isinstance(right, list):
        raise unknown("a comparison of two vectors")
    if isinstance(left, list) and isinstance(right, float):
        return _filtered(left, lambda value: function(value, right), as_bool)
    if isinstance(right, list) and isinstance(left, float):
        return _filtered(right, lambda value: function(left, value), as_bool)
    raise unknown("this comparison")


def _filtered(series: list[Series], holds: Callable[[float], bool], as_bool: bool) -> list[Series]:
    made = []
    for one in series:
        values: Row = [
            None if v is None else float(holds(v)) if as_bool else v if holds(v) else None
            for v in one.values
        ]
        if any(v is not None for v in values):
            made.append(Series(_unnamed(one.labels) if as_bool else one.labels, values))
    return made
