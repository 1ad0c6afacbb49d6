"""Tables of measurements: raw rows, packed hours, rollups.

Raw rows are wide, one a report, and hold whole numbers (`schoolops.telemetry.metrics`); the views
`measured_host`, `measured_uplink`, `measured_device` and `measured_service` give them in the
metrics' own units, for whoever asks in SQL.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from schoolops.db.tables import BigKey, metadata
from schoolops.telemetry.metrics import METRICS, STATE, TEXTS, Metric


def _type(metric: Metric) -> type[Boolean | BigInteger | Integer]:
    if metric.kind == STATE:
        return Boolean
    return BigInteger if metric.most * metric.scale > 2**31 - 1 else Integer


def _samples(kind: str) -> Table:
    return Table(
        f"sample_{kind}",
        metadata,
        Column("record_id", BigInteger, primary_key=True, autoincrement=False),
        Column("observed_at", BigInteger, primary_key=True, autoincrement=False),
        Column("stream_id", BigInteger, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("delay_ms", BigInteger, nullable=False),
        *(Column(metric.column, _type(metric)) for metric in METRICS[kind]),
        *(Column(name, Text) for name in TEXTS[kind]),
        sqlite_with_rowid=False,
    )


SAMPLES: dict[str, Table] = {kind: _samples(kind) for kind in METRICS}
"""Table of a batch → table of the store. `record_id` is the id of the agent (host), uplink,
device or service; `delay_ms` is how long after its observation a report came."""


school_service = Table(
    "school_service",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("school_id", BigInteger, nullable=False),
    Column("name", String(40), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("school_id", "name"),
)
"""A service of the settings (`agent.services`) as it is had from one school; made when its agent
first reports it."""

readiness = Table(
    "readiness",
    metadata,
    Column("school_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", String(10), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("level", String(8), nullable=False),
    Column("parts", Text, nullable=False),
    Index("ix_readiness_day", "day"),
)
"""Whether teaching worked at a school on the morning of a school day (`YYYY-MM-DD`); `parts` is
JSON of what was found (`schoolops.telemetry.readiness`), and is never changed."""


def _of_a_record(span: str) -> list[Column[Any]]:
    """The key of what is kept of a record: its kind (table of a batch), its id, an hour or day."""
    return [
        Column("kind", String(12), primary_key=True),
        Column("record_id", BigInteger, primary_key=True, autoincrement=False),
        Column(span, Integer, primary_key=True, autoincrement=False),
    ]


sealed = Table(
    "sealed",
    metadata,
    *_of_a_record("hour"),
    Column("reports", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""An hour (since 1970) of one record, packed (`schoolops.telemetry.chunks`)."""

rollup = Table(
    "rollup",
    metadata,
    *_of_a_record("day"),
    Column("fine", LargeBinary),
    Column("hourly", LargeBinary, nullable=False),
)
"""A day (UTC, since 1970) of one record: buckets of 5 minutes, until they are past their time, and
of an hour, packed (`schoolops.telemetry.rollups`)."""

rolled_hour = Table(
    "rolled_hour",
    metadata,
    *_of_a_record("hour"),
    Column("fine", LargeBinary, nullable=False),
)
"""Buckets of 5 minutes of one hour, until its day is over and joined into a `rollup`."""

late_hour = Table(
    "late_hour",
    metadata,
    *_of_a_record("hour"),
    sqlite_with_rowid=False,
)
"""Hours whose rollup was made, or may have been, before this record's reports of it came."""

measured_day = Table(
    "measured_day",
    metadata,
    Column("part", String(8), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("changes", BigInteger, nullable=False),
)
"""How often `part` of a day (UTC, since 1970) was written: `reports`, its rows in `sealed`, or
`buckets`, those in `rolled_hour` and `rollup`. What the archive holds of another number is out of
date (`schoolops.telemetry.archive`)."""

room_test = Table(
    "room_test",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("room_id", BigInteger, nullable=False),
    Column("school_id", BigInteger, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("ticket", String(64), nullable=False, unique=True),
    Column("done_at", BigInteger),
    Column("device", String(8), nullable=False, default=""),
    Column("down_bps", BigInteger),
    Column("up_bps", BigInteger),
    Column("latency_us", Integer),
    Column("jitter_us", Integer),
    Column("sent", Integer),
    Column("lost", Integer),
    Column("late", Integer),
    Column("uplink_id", BigInteger),
    Column("line_down_bps", BigInteger),
    Column("line_up_bps", BigInteger),
    Column("line_basis", String(8)),
    Column("line_busy_bps", BigInteger),
    Column("line_rtt_us", Integer),
    Index("ix_room_test_room_id", "room_id", "begun_at"),
    Index("ix_room_test_begun_at", "begun_at"),
)
"""Measurements from the browser of a device in a room (`schoolops.telemetry.rooms`), and what the
uplink was at that time. `ticket` is the hash of what the browser shows; nothing tells who it
was."""
