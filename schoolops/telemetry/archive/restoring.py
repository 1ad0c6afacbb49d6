"""Putting the archive's measurements into a database that was restored without them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from schoolops.db.backup.container import BadBackup
from schoolops.telemetry.archive.files import (
    DAY,
    FINE,
    HOUR,
    HOURLY,
    HOURS,
    PACKED,
    REPORTS,
    Listing,
    Stored,
    date_of,
    read,
)
from schoolops.telemetry.measured_days import BUCKETS, LOST, Part
from schoolops.telemetry.metrics import OBSERVED, TABLES_OF
from schoolops.telemetry.rollups import DAY_S

AT_ONCE = 500
_INSERTS = {
    "sealed": "INSERT INTO sealed (kind, record_id, hour, reports, data)"
              " VALUES (:kind, :record, :at, :reports, :data)",
    "rolled_hour": "INSERT INTO rolled_hour (kind, record_id, hour, fine)"
                   " VALUES (:kind, :record, :at, :data)",
    "rollup": "INSERT INTO rollup (kind, record_id, day, fine, hourly)"
              " VALUES (:kind, :record, :at, :fine, :hourly)",
    "measured_day": "INSERT INTO measured_day (part, day, changes) VALUES (:part, :day, :changes)",
}  # fmt: skip
"""The tables as the backup has them, which may be of an older version: it is upgraded later."""


@dataclass(slots=True)
class Loaded:
    """What was put back."""

    rows: int = 0
    unknown: int = 0
    """Rows of records that the backup does not know: they were made after it."""
    days: dict[str, list[int]] = field(default_factory=dict)
    """Grain → days, in order."""

    def missing(self) -> list[str]:
        """Days in between of which nothing is there."""
        there = self.days.get(FINE, [])
        span = range(there[0], there[-1]) if there else range(0)
        return [date_of(day) for day in span if day not in set(there)]

    def since(self, grain: str) -> int | None:
        """From when on a grain is lost, seconds since 1970."""
        there = self.days.get(grain)
        return (there[-1] + 1) * DAY_S if there else None


def load(connection: Connection, folder: Path) -> Loaded:
    """Put all that the archive holds into the empty tables. `BadBackup` if a file is not good."""
    listing, loaded = Listing(folder), Loaded()
    known = _known(connection)
    connection.execute(text("DELETE FROM measured_day"))
    written: dict[Part, int] = {}
    rows = _Rows(connection)
    for day in listing.days(REPORTS):
        for row in _of(listing, REPORTS, day, known, loaded):
            rows.add("sealed", kind=row.kind, record=row.record, at=row.at, reports=row.reports,
                     data=row.data)  # fmt: skip
        written[REPORTS, day] = listing.entries[REPORTS, day].changes
    for day in sorted({*listing.days(FINE), *listing.days(HOURLY)}):
        _load_buckets(listing, day, known, loaded, rows)
        grain = HOURLY if (HOURLY, day) in listing.entries else FINE
        written[BUCKETS, day] = listing.entries[grain, day].changes
    for (part, day), changes in written.items():
        rows.add("measured_day", part=part, day=day, changes=changes)
    rows.flush()
    loaded.days = {grain: listing.days(grain) for grain in (REPORTS, FINE, HOURLY)}
    return loaded


def forget(connection: Connection) -> None:
    """Take the empty tables for what they are, where no archive is to be put back."""
    connection.execute(text("DELETE FROM measured_day"))


def keep_archive(connection: Connection, before: int) -> None:
    """Note that of days before this one the archive may have more than this database."""
    connection.execute(text("DELETE FROM note WHERE name = :name"), {"name": LOST})
    row = {"name": LOST, "value": str(before)}
    connection.execute(text("INSERT INTO note (name, value) VALUES (:name, :value)"), row)


def _load_buckets(
    listing: Listing, day: int, known: set[tuple[str, int]], loaded: Loaded, rows: _Rows
) -> None:
    # A day's hours are small; its buckets of 5 minutes are met one by one.
    hourly = {(row.kind, row.record): row.data for row in _of(listing, HOURLY, day, known, loaded)}
    for row in _of(listing, FINE, day, known, loaded):
        if row.tag == HOUR:
            rows.add("rolled_hour", kind=row.kind, record=row.record, at=row.at, data=row.data)
        else:
            whole = hourly.pop((row.kind, row.record), None)
            if whole is None:
                raise BadBackup(f"the archive has buckets of {date_of(day)} without their hours")
            rows.add("rollup", kind=row.kind, record=row.record, at=day, fine=row.data,
                     hourly=whole)  # fmt: skip
    for (kind, record), data in hourly.items():
        rows.add("rollup", kind=kind, record=record, at=day, fine=None, hourly=data)


def _of(
    listing: Listing, grain: str, day: int, known: set[tuple[str, int]], loaded: Loaded
) -> Iterator[Stored]:
    entry = listing.entries.get((grain, day))
    if entry is None:
        return
    fitting = {REPORTS: (PACKED,), FINE: (HOUR, DAY), HOURLY: (HOURS,)}[grain]
    for row in read(listing.folder, entry):
        if row.tag not in fitting:
            raise BadBackup(f"{entry.file} holds rows that are not of its kind; take a copy of it")
        if (OBSERVED[row.kind], row.record) in known:
            loaded.rows += 1
            yield row
        else:
            loaded.unknown += 1


def _known(connection: Connection) -> set[tuple[str, int]]:
    """Records that ever reported. Another number may soon be that of another record."""
    rows = connection.execute(text("SELECT kind, record_id FROM observation")).all()
    return {(row.kind, row.record_id) for row in rows if row.kind in TABLES_OF}


class _Rows:
    """Rows on their way into the tables, some at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[str, list[dict[str, Any]]] = {name: [] for name in _INSERTS}

    def add(self, table: str, **values: Any) -> None:
        waiting = self._waiting[table]
        waiting.append(values)
        if len(waiting) == AT_ONCE:
            self._put(table)

    def flush(self) -> None:
        for table in self._waiting:
            self._put(table)

    def _put(self, table: str) -> None:
        if self._waiting[table]:
            self._connection.execute(text(_INSERTS[table]), self._waiting[table])
            self._waiting[table] = []
