"""From readings to buckets of 5 minutes and of an hour: how many, least, mean, most.

Pure. Counters become rates on the way: a counter that wrapped at 32 bits is continued, one that
was set back (reboot, driver, another device) says nothing about that step, and neither does a gap
of more than a quarter of an hour. Buckets begin at whole multiples of their width in UTC.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schoolops.telemetry.chunks import Chunk, pack
from schoolops.telemetry.metrics import COUNTER, METRICS, RATES, rate_metric

FINE_S, HOUR_S, DAY_S = 300, 3600, 86_400
MICROS = 1_000_000
GAP_S = 900
"""Two readings of a counter that lie further apart give no rate."""
FASTEST = 50_000_000_000
"""Bytes a second that no line of a school carries (400 Gbit/s): the counter is another one."""
_WRAP = 1 << 32


class Bucket(NamedTuple):
    """Values of one metric within one bucket, in the metric's resolution."""

    reports: int
    mean: float
    least: int
    most: int


Buckets = dict[int, Bucket]
"""Begin of a bucket, seconds since 1970 → its values."""


@dataclass(slots=True)
class Readings:
    """Raw rows of one record in order of time: micros, and a column a metric (kept values)."""

    times: list[int] = field(default_factory=list)
    columns: dict[str, list[int | None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times)


def rates(
    times: Sequence[int],
    counter: Sequence[int | None],
    factor: float,
    uptime: Sequence[int | None] | None = None,
) -> list[float | None]:
    """A rate for each reading since the one before that has a value; None where there is none.

    `uptime` (seconds) shows reboots: after one the counter began anew, even if it is larger now.
    """
    found: list[float | None] = []
    last: tuple[int, int, int | None] | None = None
    for place, (at, value) in enumerate(zip(times, counter, strict=True)):
        up = uptime[place] if uptime is not None else None
        rate = None
        if value is not None:
            if last is not None:
                rate = _rate(last, (at, value, up), factor)
            last = (at, value, up)
        found.append(rate)
    return found


def _rate(
    before: tuple[int, int, int | None], after: tuple[int, int, int | None], factor: float
) -> float | None:
    seconds = (after[0] - before[0]) / MICROS
    if not 0 < seconds <= GAP_S:
        return None
    if before[2] is not None and after[2] is not None and after[2] < before[2]:
        return None
    grown = after[1] - before[1]
    if grown < 0:
        # A wrap is told from a reset by where the counter stood, and how far it came.
        wrapped = grown + _WRAP
        if not (_WRAP // 2 <= before[1] < _WRAP and 0 <= wrapped < _WRAP // 2):
            return None
        grown = wrapped
    if grown > seconds * FASTEST:
        return None
    return grown * factor / seconds


def derived(kind: str, readings: Readings) -> dict[str, Sequence[float | None]]:
    """The columns of the metrics as they are shown: counters as rates."""
    found: dict[str, Sequence[float | None]] = {}
    uptime = readings.columns.get("uptime_s")
    for metric in METRICS[kind]:
        column = readings.columns.get(metric.name)
        if column is None:
            continue
        if metric.kind != COUNTER:
            found[metric.name] = column
            continue
        rate = rate_metric(metric.name)
        factor = RATES[metric.name][1] * rate.scale
        found[rate.name] = rates(readings.times, column, factor, uptime)
    return found


def roll(kind: str, readings: Readings, since_s: int, until_s: int) -> dict[str, Buckets]:
    """Buckets of 5 minutes from `since_s` (a multiple of 300) to `until_s`, a metric each.

    Readings before `since_s` serve the rates alone. The metric '' counts the reports.
    """
    columns = derived(kind, readings)
    edges = range(since_s, until_s + 1, FINE_S)
    places = [bisect_left(readings.times, edge * MICROS) for edge in edges]
    found: dict[str, Buckets] = {name: {} for name in ("", *columns)}
    for edge, begin, end in zip(edges, places, places[1:], strict=False):
        if begin == end:
            continue
        found[""][edge] = Bucket(end - begin, 1, 1, 1)
        for name, column in columns.items():
            values = [value for value in column[begin:end] if value is not None]
            if values:
                found[name][edge] = Bucket(
                    len(values), sum(values) / len(values), round(min(values)), round(max(values))
                )
    return found


def coarsen(buckets: Buckets, width_s: int = HOUR_S) -> Buckets:
    """Wider buckets from narrow ones."""
    groups: dict[int, list[Bucket]] = {}
    for begin, bucket in buckets.items():
        groups.setdefault(begin - begin % width_s, []).append(bucket)
    return {begin: _join(group) for begin, group in groups.items()}


def _join(group: Iterable[Bucket]) -> Bucket:
    group = list(group)
    count = sum(bucket.reports for bucket in group)
    return Bucket(
        count,
        sum(bucket.mean * bucket.reports for bucket in group) / count,
        min(bucket.least for bucket in group),
        max(bucket.most for bucket in group),
    )


def pack_buckets(buckets: Mapping[str, Buckets]) -> bytes:
    """Buckets of one record, packed. The mean is kept to a tenth of the resolution."""
    begins = sorted({begin for one in buckets.values() for begin in one})
    columns: dict[str, list[int | None]] = {"at": list(begins)}
    for name, one in buckets.items():
        row = [one.get(begin) for begin in begins]
        columns[f"{name}#"] = [b and b.reports for b in row]
        if name:
            columns[name] = [b and round(b.mean * 10) for b in row]
            # Least and most lie near the mean: so they are small numbers.
            columns[f"{name}-"] = [b and b.least * 10 - round(b.mean * 10) for b in row]
            columns[f"{name}+"] = [b and b.most * 10 - round(b.mean * 10) for b in row]
    return pack(columns)


def open_buckets(chunk: Chunk, metric: str) -> Buckets:
    """The buckets of one metric out of a pack; '' for the counts of reports."""
    counts = chunk.column(f"{metric}#")
    if not metric:
        return {
            at: Bucket(count, 1, 1, 1)
            for at, count in zip(chunk.column("at"), counts, strict=True)
            if at is not None and count is not None
        }
    rows = zip(
        chunk.column("at"), counts, chunk.column(metric), chunk.column(f"{metric}-"),
        chunk.column(f"{metric}+"), strict=True,
    )  # fmt: skip
    return {
        at: Bucket(count, mean / 10, (mean + low) // 10, (mean + high) // 10)
        for at, count, mean, low, high in rows
        if at is not None and count is not None
        and mean is not None and low is not None and high is not None
    }  # fmt: skip


def open_all(data: bytes) -> dict[str, Buckets]:
    """All buckets of a pack."""
    chunk = Chunk(data)
    names = [name[:-1] for name in chunk.names if name.endswith("#")]
    return {name: open_buckets(chunk, name) for name in names}
