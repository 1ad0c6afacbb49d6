"""PromQL over the kept measurements: what Grafana's Prometheus data source asks.

The expression is parsed by `promql_parser`; here it is evaluated over `History`. Known are
selectors with matchers and offset, `*_over_time`, `rate`, `irate` and `increase` of counters,
aggregations with by and without, arithmetic and comparisons with numbers, and arithmetic between
vectors that match one to one. What is not known is refused by name. Values between two steps are
the means of the grain that the step allows; an instant is the last report of five minutes, as in
Prometheus.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import promql_parser as pp
from sqlalchemy import Connection

from inventory.sentences import say
from schoolops.core.permissions import Actor
from schoolops.telemetry.exposition import Labels, Subject, counters, names, subjects
from schoolops.telemetry.history import History, nearest_rank
from schoolops.telemetry.metrics import RATES, Metric
from schoolops.telemetry.rollups import DAY_S, FINE_S, HOUR_S, Bucket
from schoolops.telemetry.vectors import (
    AGGREGATES,
    ARITHMETIC,
    COMPARISONS,
    SCALARS,
    BadQuery,
    Row,
    Series,
    Value,
    arithmetic,
    compare,
    each,
    group_of,
    unknown,
)

LOOKBACK_S = 300
MOST_SERIES = 400
MOST_NOW = 2000
"""The same of an instant, for which few points are read."""
MOST_POINTS = 11_000
MOST_READ = 400_000
"""Points read for one expression at most: a wide selector over years would hold the server."""
MOST_LETTERS = 1000
"""Of an expression, besides what stands in quotation marks."""
RAW_SPAN_S = 6 * HOUR_S
_STRINGS = re.compile(r"""\"(?:\\.|[^"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`""")


@dataclass(slots=True)
class Evaluation:
    """One expression at some times (seconds since 1970), for one actor."""

    connection: Connection
    actor: Actor
    now: int
    times: Sequence[int]
    step_s: int
    read: int = 0
    _subjects: dict[str, list[Subject]] = field(default_factory=dict)
    _history: History = field(init=False)

    def __post_init__(self) -> None:
        self._history = History(self.connection, self.now)

    def run(self, text: str) -> Value:
        """The value of an expression. Raises `BadQuery`."""
        if len(self.times) > MOST_POINTS:
            raise BadQuery(say("more than {most} steps; ask for a larger step", most=MOST_POINTS))
        try:
            return self._value(_parse(text))
        except RecursionError:
            raise BadQuery("the expression is nested too deeply; ask in parts") from None

    def matching(self, text: str) -> list[Labels]:
        """The labels of the series that a selector names."""
        node = _parse(text)
        if not isinstance(node, pp.VectorSelector):
            raise BadQuery("match[] takes a selector, such as schoolops_device_clients")
        name, found = self._select(node)
        return [{"__name__": name, **subject.labels} for subject in found]

    def _value(self, node: Any) -> Value:
        visit = _NODES.get(type(node))
        if visit is None:
            raise unknown(type(node).__name__)
        return visit(self, node)

    # -- leaves ----------------------------------------------------------------------------

    def _number(self, node: pp.NumberLiteral) -> Value:
        return node.val

    def _paren(self, node: pp.ParenExpr) -> Value:
        return self._value(node.expr)

    def _minus(self, node: pp.UnaryExpr) -> Value:
        return arithmetic(operator.mul, self._value(node.expr), -1.0)

    def _instant(self, node: pp.VectorSelector) -> Value:
        name, found = self._select(node)
        if name in counters():
            raise BadQuery(say("{name} is a counter; ask for rate({name}[5m])", name=name))
        metric = names()[name][1]
        shift = _offset(node)
        grain = self._grain(self.step_s)
        made = []
        for subject in found:
            values = self._at(subject, metric, grain, shift)
            if any(value is not None for value in values):
                made.append(Series({"__name__": name, **subject.labels}, values))
        return made

    def _grain(self, wanted_s: int) -> int:
        span = self.times[-1] - self.times[0]
        if wanted_s < FINE_S and span <= RAW_SPAN_S:
            return 0
        if wanted_s < HOUR_S and span <= 40 * DAY_S:
            return FINE_S
        return HOUR_S

    def _at(self, subject: Subject, metric: Metric, grain: int, shift: int) -> Row:
        since, until = self.times[0] - shift, self.times[-1] - shift
        if not grain:
            points = self._history.series(
                subject.kind, subject.record, metric, since - LOOKBACK_S, until + 1
            )
            self._count(len(points))
            return _last_before([(p.at, p.value) for p in points], self.times, shift)
        buckets = self._buckets(subject, metric, since - grain, until + 1, grain)
        found: Row = []
        for at in self.times:
            bucket = buckets.get((at - shift - 1) // grain * grain)
            found.append(None if bucket is None else bucket.mean / metric.scale)
        return found

    def _buckets(
        self, subject: Subject, metric: Metric, since: int, until: int, grain: int
    ) -> Mapping[int, Bucket]:
        found = self._history.buckets(subject.kind, subject.record, metric, since, until, grain)
        self._count(len(found))
        return found

    def _count(self, points: int) -> None:
        self.read += points
        if self.read > MOST_READ:
            raise BadQuery("too much is read for this; narrow the labels or the time")

    def _select(self, node: pp.VectorSelector) -> tuple[str, list[Subject]]:
        """The name of the series, and the subjects that match."""
        if node.at is not None:
            raise unknown("@")
        matchers = [_Matcher.of(one) for one in node.matchers.matchers]
        name = node.name or next(
            (m.value for m in matchers if m.label == "__name__" and m.plain), ""
        )
        part = names()[name][0] if name in names() else counters().get(name, ("", ""))[0]
        if not part:
            raise BadQuery(
                say("there is no series {name!r}; label/__name__/values lists them", name=name)
            )
        if part not in self._subjects:
            self._subjects[part] = subjects(self.connection, self.actor, part)
        rest = [m for m in matchers if m.label != "__name__"]
        found = [s for s in self._subjects[part] if all(m.takes(s.labels) for m in rest)]
        most = MOST_NOW if len(self.times) == 1 else MOST_SERIES
        if len(found) > most:
            raise BadQuery(
                say(
                    "{count} series match and {most} are answered at most; name a school",
                    count=len(found),
                    most=most,
                )
            )
        return name, found

    # -- functions -------------------------------------------------------------------------

    def _call(self, node: pp.Call) -> Value:
        name, arguments = node.func.name, list(node.args)
        if name in SCALARS and len(arguments) == 1:
            return each(SCALARS[name], self._value(arguments[0]))
        if name == "quantile_over_time" and len(arguments) == 2:
            share = self._value(arguments[0])
            if isinstance(share, float):
                return self._over_time(arguments[1], lambda window: _quantile(window, share))
        if name in _OVER_TIME and len(arguments) == 1:
            return self._over_time(arguments[0], _OVER_TIME[name])
        if name in ("rate", "irate", "increase") and len(arguments) == 1:
            return self._rate(name, arguments[0])
        raise unknown(f"{name}()")

    def _over_time(self, node: Any, fold: Callable[[list[Bucket]], float]) -> Value:
        if not isinstance(node, pp.MatrixSelector):
            raise BadQuery("a time in square brackets is missing, such as [1h]")
        name, found = self._select(node.vector_selector)
        if name in counters():
            raise BadQuery(say("{name} is a counter; ask for rate({name}[5m])", name=name))
        metric = names()[name][1]
        return self._folded(node, found, metric, fold, 1 if fold is _reports else metric.scale)

    def _folded(
        self,
        node: pp.MatrixSelector,
        found: Sequence[Subject],
        metric: Metric,
        fold: Callable[[list[Bucket]], float],
        scale: float,
    ) -> list[Series]:
        made = []
        for subject in found:
            values = self._windows(node, subject, metric, fold)
            if any(value is not None for value in values):
                shown = [None if value is None else value / scale for value in values]
                made.append(Series(dict(subject.labels), shown))
        return made

    def _windows(
        self,
        node: pp.MatrixSelector,
        subject: Subject,
        metric: Metric,
        fold: Callable[[list[Bucket]], float],
    ) -> Row:
        length, shift = int(node.range.total_seconds()), _offset(node.vector_selector)
        grain = FINE_S if length <= 2 * DAY_S else HOUR_S
        since = self.times[0] - shift - length
        buckets = self._buckets(subject, metric, since, self.times[-1] - shift + 1, grain)
        begins = sorted(buckets)
        found: Row = []
        low = high = 0
        for at in self.times:
            end = at - shift
            while high < len(begins) and begins[high] < end:
                high += 1
            while low < high and begins[low] < end - max(length, grain):
                low += 1
            window = [buckets[begin] for begin in begins[low:high]]
            found.append(fold(window) if window else None)
        return found

    def _rate(self, function: str, node: Any) -> Value:
        if not isinstance(node, pp.MatrixSelector):
            raise BadQuery("a time in square brackets is missing, such as [5m]")
        name, found = self._select(node.vector_selector)
        if name not in counters():
            raise BadQuery(say("{name} is no counter; it is a rate already", name=name))
        part, counter = counters()[name]
        rate, factor = RATES[counter]
        metric = names()[f"schoolops_{part}_{rate}"][1]
        scale = metric.scale * factor
        if function == "increase":
            scale /= node.range.total_seconds()
        return self._folded(node, found, metric, _mean, scale)

    # -- aggregation and arithmetic --------------------------------------------------------

    def _aggregate(self, node: pp.AggregateExpr) -> Value:
        name = str(node.op)
        fold = AGGREGATES.get(name)
        if fold is None or node.param is not None:
            raise unknown(name)
        inner = self._value(node.expr)
        if not isinstance(inner, list):
            raise BadQuery(say("{name} wants series, not a number", name=name))
        groups: dict[tuple[tuple[str, str], ...], list[Series]] = {}
        for series in inner:
            groups.setdefault(group_of(series.labels, node.modifier), []).append(series)
        return [
            Series(
                dict(key),
                [
                    fold(known) if (known := [v for v in column if v is not None]) else None
                    for column in zip(*(series.values for series in group), strict=True)
                ],
            )
            for key, group in groups.items()
        ]

    def _binary(self, node: pp.BinaryExpr) -> Value:
        name = str(node.op)
        left, right = self._value(node.lhs), self._value(node.rhs)
        modifier = node.modifier
        if name in ARITHMETIC:
            return arithmetic(ARITHMETIC[name], left, right, modifier)
        if name in COMPARISONS:
            as_bool = modifier is not None and modifier.return_bool
            return compare(COMPARISONS[name], left, right, as_bool)
        raise unknown(name)


@dataclass(frozen=True, slots=True)
class _Matcher:
    label: str
    value: str
    pattern: re.Pattern[str] | None
    negative: bool

    @classmethod
    def of(cls, one: pp.Matcher) -> _Matcher:
        pattern = None
        if one.op in (pp.MatchOp.Re, pp.MatchOp.NotRe):
            try:
                pattern = re.compile(one.value)
            except (re.error, RecursionError, OverflowError):
                raise BadQuery(say("{pattern!r} is no pattern", pattern=one.value)) from None
        negative = one.op in (pp.MatchOp.NotEqual, pp.MatchOp.NotRe)
        return cls(one.name, one.value, pattern, negative)

    @property
    def plain(self) -> bool:
        return self.pattern is None and not self.negative

    def takes(self, labels: Labels) -> bool:
        value = labels.get(self.label, "")
        fits = bool(self.pattern.fullmatch(value)) if self.pattern else value == self.value
        return fits is not self.negative


def _parse(text: str) -> Any:
    # The parser descends by its stack: a chain of thousands would end the whole process.
    if len(_STRINGS.sub("", text)) > MOST_LETTERS:
        raise BadQuery(
            say("the expression is longer than {most} characters; ask in parts", most=MOST_LETTERS)
        )
    try:
        return pp.parse(text)
    except ValueError as error:
        raise BadQuery(say("this is no PromQL: {error}", error=str(error))) from None


def _offset(node: pp.VectorSelector) -> int:
    return int(node.offset.total_seconds()) if node.offset is not None else 0


def _last_before(points: Sequence[tuple[int, float]], times: Sequence[int], shift: int) -> Row:
    found: Row = []
    place = 0
    for at in times:
        while place < len(points) and points[place][0] <= at - shift:
            place += 1
        fresh = place and points[place - 1][0] > at - shift - LOOKBACK_S
        found.append(points[place - 1][1] if fresh else None)
    return found


def _mean(window: list[Bucket]) -> float:
    return sum(b.mean * b.reports for b in window) / sum(b.reports for b in window)


def _reports(window: list[Bucket]) -> float:
    return float(sum(b.reports for b in window))


def _quantile(window: list[Bucket], share: float) -> float:
    found = nearest_rank([b.mean for b in window], share)
    return math.nan if found is None else found


_OVER_TIME: dict[str, Callable[[list[Bucket]], float]] = {
    "avg_over_time": _mean,
    "min_over_time": lambda window: float(min(b.least for b in window)),
    "max_over_time": lambda window: float(max(b.most for b in window)),
    "sum_over_time": lambda window: sum(b.mean * b.reports for b in window),
    "last_over_time": lambda window: window[-1].mean,
    "count_over_time": _reports,
}
_NODES: dict[type, Callable[[Evaluation, Any], Value]] = {
    pp.NumberLiteral: Evaluation._number,
    pp.ParenExpr: Evaluation._paren,
    pp.UnaryExpr: Evaluation._minus,
    pp.VectorSelector: Evaluation._instant,
    pp.Call: Evaluation._call,
    pp.AggregateExpr: Evaluation._aggregate,
    pp.BinaryExpr: Evaluation._binary,
}
