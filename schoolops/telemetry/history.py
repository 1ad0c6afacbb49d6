"""What was measured, over any span: raw rows, buckets, percentiles, availability.

The store holds one truth in three grains: raw rows (two days as they are, then packed), buckets of
5 minutes (thirteen months) and of an hour (five years). Whoever asks names a span; the grain
follows from it, and hours not rolled up yet are rolled up on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from schoolops.db.tables import note
from schoolops.telemetry import raw
from schoolops.telemetry.chunks import Chunk
from schoolops.telemetry.metrics import METRICS, RATES, Metric, natural, shown
from schoolops.telemetry.models import rolled_hour, rollup
from schoolops.telemetry.rollups import (
    DAY_S,
    FINE_S,
    GAP_S,
    HOUR_S,
    MICROS,
    Buckets,
    coarsen,
    derived,
    open_buckets,
    roll,
)

ROLLED_TO = "measurements rolled up to"
"""Note: the hour (since 1970) before which all hours have their rollup."""

STEPS = (0, FINE_S, HOUR_S, DAY_S)
"""Grains, seconds; 0 is raw."""
_SPANS = ((6 * HOUR_S, 0), (4 * DAY_S, FINE_S), (70 * DAY_S, HOUR_S))

Within = Callable[[int], bool]
"""Whether a bucket (its begin, seconds since 1970) counts: lesson time, say."""


class Point(NamedTuple):
    """A value at a time (seconds since 1970), in the metric's unit."""

    at: int
    value: float
    least: float
    most: float


class Availability(NamedTuple):
    """Seconds of a span in which something was up, down, or was not measured."""

    up_s: float
    down_s: float
    unmeasured_s: float

    @property
    def share(self) -> float | None:
        """Up of what was measured, 0 … 1; None when nothing was."""
        measured = self.up_s + self.down_s
        return self.up_s / measured if measured else None


def step_for(span_s: int) -> int:
    """The grain in which a graph of a span is drawn, seconds."""
    return next((step for longest, step in _SPANS if span_s <= longest), DAY_S)


class History:
    """Reads of measurements of records that the caller may see; `now` in micros."""

    def __init__(self, connection: Connection, now: int) -> None:
        self.connection = connection
        self.now = now

    @cached_property
    def _rolled_s(self) -> int:
        return rolled_to(self.connection) * HOUR_S

    def series(
        self, kind: str, record: int, metric: Metric, since_s: int, until_s: int, step_s: int = 0
    ) -> list[Point]:
        """Points of a metric from `since_s` up to before `until_s`."""
        if not step_s:
            return self._raw(kind, record, metric, since_s, until_s)
        buckets = self.buckets(kind, record, metric, since_s, until_s, step_s)
        scale = metric.scale
        return [
            Point(at, bucket.mean / scale, bucket.least / scale, bucket.most / scale)
            for at, bucket in sorted(buckets.items())
        ]

    def _raw(
        self, kind: str, record: int, metric: Metric, since_s: int, until_s: int
    ) -> list[Point]:
        before = GAP_S if _counter_of(metric) else 0
        readings = raw.load(
            self.connection, kind, record, (since_s - before) * MICROS, until_s * MICROS,
            _columns_for(kind, metric),
        )  # fmt: skip
        column = derived(kind, readings).get(metric.name, [])
        points = []
        for at, kept in zip(readings.times, column, strict=False):
            value = natural(metric, kept)
            if value is not None and at >= since_s * MICROS:
                points.append(Point(at // MICROS, value, value, value))
        return points

    def buckets(
        self, kind: str, record: int, metric: Metric, since_s: int, until_s: int, step_s: int
    ) -> Buckets:
        """Buckets of a metric that begin in the span, in its resolution.

        Older than the buckets of 5 minutes are kept, an hour is the finest.
        """
        return self.columns(kind, record, [metric], since_s, until_s, step_s)[metric.name]

    def columns(
        self,
        kind: str,
        record: int,
        metrics: Sequence[Metric],
        since_s: int,
        until_s: int,
        step_s: int,
    ) -> dict[str, Buckets]:
        """The same of several metrics, by name; what is packed is read once."""
        since_s -= since_s % step_s
        packed: Any = rollup.c.hourly
        if step_s == FINE_S:
            packed = func.coalesce(rollup.c.fine, packed)
        rows = self.connection.scalars(
            select(packed)
            .where(
                rollup.c.kind == kind,
                rollup.c.record_id == record,
                rollup.c.day >= since_s // DAY_S,
                rollup.c.day <= (until_s - 1) // DAY_S,
            )
            .order_by(rollup.c.day)
        ).all()
        found: dict[str, Buckets] = {metric.name: {} for metric in metrics}
        for data in rows:
            chunk = Chunk(data)
            for name in found:
                found[name] |= open_buckets(chunk, name)
        hours = self.connection.scalars(
            select(rolled_hour.c.fine).where(
                rolled_hour.c.kind == kind,
                rolled_hour.c.record_id == record,
                rolled_hour.c.hour >= since_s // HOUR_S,
                rolled_hour.c.hour <= (until_s - 1) // HOUR_S,
            )
        )
        for data in hours:
            chunk = Chunk(data)
            for name in found:
                part = open_buckets(chunk, name)
                found[name] |= part if step_s == FINE_S else coarsen(part)
        for name, part in self._unrolled(kind, record, metrics, since_s, until_s, step_s).items():
            found[name] |= part
        return {
            name: {
                at: bucket
                for at, bucket in (coarsen(one, step_s) if step_s > HOUR_S else one).items()
                if since_s <= at < until_s
            }
            for name, one in found.items()
        }

    def _unrolled(
        self,
        kind: str,
        record: int,
        metrics: Sequence[Metric],
        since_s: int,
        until_s: int,
        step_s: int,
    ) -> dict[str, Buckets]:
        """Buckets of the last hours, whose rollup is not made yet."""
        begin = max(self._rolled_s, since_s)
        end = min(until_s, self.now // MICROS + 1)
        if begin >= end:
            return {}
        begin -= begin % FINE_S
        readings = raw.load(
            self.connection, kind, record, (begin - GAP_S) * MICROS, end * MICROS,
            {name for metric in metrics for name in _columns_for(kind, metric)},
        )  # fmt: skip
        rolled = roll(kind, readings, begin, end + FINE_S)
        found = {metric.name: rolled.get(metric.name, {}) for metric in metrics}
        if step_s == FINE_S:
            return found
        return {name: coarsen(part) for name, part in found.items()}

    def percentile(
        self,
        kind: str,
        record: int,
        metric: Metric,
        share: float,
        since_s: int,
        until_s: int,
        within: Within | None = None,
    ) -> float | None:
        """The value that `share` (0 … 1) of the 5-minute means do not exceed (nearest rank)."""
        buckets = self.buckets(kind, record, metric, since_s, until_s, FINE_S)
        means = [b.mean for at, b in buckets.items() if within is None or within(at)]
        found = nearest_rank(means, share)
        return None if found is None else found / metric.scale

    def availability(
        self, kind: str, record: int, since_s: int, until_s: int, within: Within | None = None
    ) -> Availability:
        """How long a device or uplink answered, by the reports of each 5 minutes."""
        metric = shown(kind)["reachable"]
        buckets = self.buckets(kind, record, metric, since_s, until_s, FINE_S)
        up = down = missing = 0.0
        for at in range(since_s - since_s % FINE_S, until_s, FINE_S):
            if within is not None and not within(at):
                continue
            bucket = buckets.get(at)
            if bucket is None:
                missing += FINE_S
            else:
                up += FINE_S * bucket.mean
                down += FINE_S * (1 - bucket.mean)
        return Availability(up, down, missing)


def rolled_to(connection: Connection) -> int:
    """The hour before which all rollups are made; 0 on a store without any."""
    found = connection.scalar(select(note.c.value).where(note.c.name == ROLLED_TO))
    return int(found) if found else 0


def nearest_rank(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered), math.ceil(share * len(ordered))) - 1)]


def _counter_of(metric: Metric) -> str:
    """The counter whose rate the metric is, '' if it is none."""
    return next((counter for counter, (name, _) in RATES.items() if name == metric.name), "")


def _columns_for(kind: str, metric: Metric) -> list[str]:
    kept: Mapping[str, Metric] = {m.name: m for m in METRICS[kind]}
    if metric.name in kept:
        return [metric.name]
    counter = _counter_of(metric)
    return [name for name in (counter, "uptime_s") if name in kept]
