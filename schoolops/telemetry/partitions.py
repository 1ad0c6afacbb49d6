"""Raw rows on PostgreSQL lie in a partition a day: made beforehand, dropped when it is empty.

What belongs to no partition (reports of days ago, when an agent was cut off) lies in the one that
takes the rest.
"""

from __future__ import annotations

import datetime as dt
import re

from sqlalchemy import Connection, text

from schoolops.db.engine import Store
from schoolops.telemetry.models import SAMPLES
from schoolops.telemetry.rollups import DAY_S, MICROS

AHEAD = 3
"""Days for which partitions stand ready."""
_DAY = re.compile(r"_(\d{8})$")


def keep_ready(store: Store) -> None:
    """Make the partitions of the next days, and drop empty ones that are past their time."""
    if not store.is_postgresql:
        return
    with store.write() as unit:
        unit.connection.execute(text("SELECT pg_advisory_xact_lock(730003)"))
        today = unit.now // (DAY_S * MICROS)
        oldest = (unit.now // MICROS - store.settings.telemetry.raw_hours * 3600) // DAY_S
        for table in SAMPLES.values():
            there = partitions(unit.connection, table.name)
            for day in range(today + 1, today + 1 + AHEAD):
                if day not in there:
                    _make(unit.connection, table.name, day)
            for day in there:
                if day < oldest:
                    _drop_empty(unit.connection, _name(table.name, day))


def partitions(connection: Connection, table: str) -> set[int]:
    """The days (since 1970) that have a partition of their own."""
    names = connection.scalars(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:t)"),
        {"t": table},
    )
    found = (_DAY.search(name) for name in names)
    return {
        dt.datetime.strptime(f"{match[1]}+0000", "%Y%m%d%z").date().toordinal() - _EPOCH
        for match in found
        if match
    }


_EPOCH = dt.date(1970, 1, 1).toordinal()


def _name(table: str, day: int) -> str:
    return f"{table}_{dt.date.fromordinal(day + _EPOCH):%Y%m%d}"


def _make(connection: Connection, table: str, day: int) -> None:
    begin, end = day * DAY_S * MICROS, (day + 1) * DAY_S * MICROS
    connection.execute(
        text(
            f"CREATE TABLE {_name(table, day)} PARTITION OF {table} "
            f"FOR VALUES FROM ({begin}) TO ({end})"
        )
    )


def _drop_empty(connection: Connection, name: str) -> None:
    if not connection.scalar(text(f"SELECT EXISTS (SELECT FROM {name})")):  # noqa: S608 (ours)
        connection.execute(text(f"DROP TABLE {name}"))
