"""What is measured, and how it is kept: every value is a whole number of its resolution.

An access point's `cpu_percent` of 12.3 is kept as 123 `cpu_permille`. Whole numbers are small on
disk (SQLite gives 12.3 eight bytes and 123 two), pack well, and cannot be 'not a number'. What
leaves the server is in the metric's own unit again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

GAUGE, COUNTER, STATE = "gauge", "counter", "state"

UNITS = {"bps": "bit/s", "percent": "%", "ms": "ms", "c": "°C", "s": "s", "bytes": "bytes"}


class Metric(NamedTuple):
    """A column of measurements.

    `scale` whole numbers make one of the metric's unit; `column` is its name in the tables and
    carries the unit that is kept. Values outside `least` … `most` (in the metric's unit) are
    no measurements and are kept as 'not known'.
    """

    name: str
    kind: str = GAUGE
    column: str = ""
    scale: int = 1
    least: float = 0
    most: float = 2**53

    @property
    def unit(self) -> str:
        """The unit that the name carries, '' for a plain number."""
        if self.name.endswith("_per_s"):
            return "1/s"
        return UNITS.get(self.name.rsplit("_", 1)[-1], "")


_KEPT = {"_percent": ("_permille", 10), "_ms": ("_us", 1000), "_c": ("_dc", 10)}
_PERCENT = 100.0
_MS = 2_000_000.0  # half an hour; more does not fit the columns
_COUNT = _SECONDS = 2.0**31 - 1
_COUNTER = 2.0**63


def _metric(name: str, kind: str = GAUGE, *, least: float = 0, most: float = 2.0**53) -> Metric:
    for ending, (kept, scale) in _KEPT.items():
        if name.endswith(ending):
            return Metric(name, kind, name.removesuffix(ending) + kept, scale, least, most)
    return Metric(name, kind, name, 1, least, most)


METRICS: dict[str, tuple[Metric, ...]] = {
    "host": (
        _metric("cpu_percent", most=_PERCENT),
        Metric("load_1", GAUGE, "load_1_hundredths", 100, 0, 1e6),
        _metric("memory_used_percent", most=_PERCENT),
        _metric("disk_used_percent", most=_PERCENT),
        _metric("temperature_c", least=-100.0, most=500.0),
        _metric("uptime_s", most=_SECONDS),
        _metric("rx_bytes", COUNTER, most=_COUNTER),
        _metric("tx_bytes", COUNTER, most=_COUNTER),
        _metric("spool_rows", most=_COUNT),
        _metric("dropped_rows", most=_COUNT),
    ),
    "uplink": (
        _metric("connect_ms", most=_MS),
        _metric("rtt_ms", most=_MS),
        _metric("jitter_ms", most=_MS),
        _metric("loss_percent", most=_PERCENT),
        _metric("dns_ms", most=_MS),
        _metric("rx_bps"),
        _metric("tx_bps"),
        _metric("test_down_bps"),
        _metric("test_up_bps"),
        _metric("reachable", STATE, most=1),
    ),
    "device": (
        _metric("reachable", STATE, most=1),
        _metric("response_ms", most=_MS),
        _metric("uptime_s", most=_SECONDS),
        _metric("cpu_percent", most=_PERCENT),
        _metric("memory_used_percent", most=_PERCENT),
        _metric("temperature_c", least=-100.0, most=500.0),
        _metric("clients", most=_COUNT),
        _metric("clients_24", most=_COUNT),
        _metric("clients_5", most=_COUNT),
        _metric("clients_6", most=_COUNT),
        _metric("ports_up", most=_COUNT),
        _metric("rx_bytes", COUNTER, most=_COUNTER),
        _metric("tx_bytes", COUNTER, most=_COUNTER),
        _metric("errors", COUNTER, most=_COUNTER),
    ),
    "service": (
        _metric("reachable", STATE, most=1),
        _metric("connect_ms", most=_MS),
        _metric("tls_ms", most=_MS),
        _metric("status", most=999.0),
    ),
}
"""Table of a batch → its metrics, in the order of the report's fields."""

TEXTS: dict[str, tuple[str, ...]] = {
    "host": (),
    "uplink": (),
    "device": ("source", "error"),
    "service": ("error",),
}
"""Table of a batch → its texts, after the metrics."""

RATES: dict[str, tuple[str, float]] = {
    "rx_bytes": ("rx_bps", 8.0),
    "tx_bytes": ("tx_bps", 8.0),
    "errors": ("errors_per_s", 1.0),
}
"""Counter → its rate, and what a count a second is multiplied with."""

RATE_SCALE = {"errors_per_s": 1000}


def rate_metric(counter: str) -> Metric:
    """The metric of a counter's rate."""
    name, _ = RATES[counter]
    scale = RATE_SCALE.get(name, 1)
    return Metric(name, GAUGE, name if scale == 1 else f"{name}_x{scale}", scale)


def shown(table: str) -> dict[str, Metric]:
    """The metrics of a table as they are asked for: gauges, states, and rates of counters."""
    found = {}
    for metric in METRICS[table]:
        if metric.kind == COUNTER:
            metric = rate_metric(metric.name)
        found[metric.name] = metric
    return found


def keeper(metric: Metric) -> Callable[[Sequence[Any]], list[int | None]]:
    """Turns a column of reported values into what is kept."""
    least, most, scale = metric.least, metric.most, metric.scale

    def keep_state(column: Sequence[Any]) -> list[int | None]:
        return list(column)

    def keep(column: Sequence[Any]) -> list[int | None]:
        return [
            None if value is None or not least <= value <= most else round(value * scale)
            for value in column
        ]

    def keep_whole(column: Sequence[Any]) -> list[int | None]:
        # `int` first: a double cannot tell the bytes of a large counter apart.
        return [
            None if value is None or not least <= value < most else int(value) for value in column
        ]

    if metric.kind == STATE:
        return keep_state
    return keep_whole if metric.kind == COUNTER else keep


def natural(metric: Metric, kept: float | None) -> float | None:
    """A kept value in the metric's unit."""
    if kept is None or metric.scale == 1:
        return kept
    return kept / metric.scale


TABLES_OF: dict[str, str] = {
    "device": "device",
    "uplink": "uplink",
    "agent": "host",
    "service": "service",
}
"""Kind of an observation → table of a batch. An agent reports its host."""

OBSERVED: dict[str, str] = {table: kind for kind, table in TABLES_OF.items()}
"""The reverse."""

SUBJECTS: dict[str, str] = {"uplink": "uplink", "device": "device", "service": "service"}
"""Table of a batch → the text that names what is reported on; the host needs no name."""
