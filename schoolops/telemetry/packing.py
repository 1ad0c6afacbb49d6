"""Rolling up each hour once it is over, and packing raw rows once they are two days old.

Both walk over all records, hour by hour, some records a transaction and for about a second a
call; where they stand is a note in the database, written with the work itself. So a crash repeats
nothing, and of several servers each takes the next records. Reports that come late for an hour
mark it (`late_hour`), and it is rolled up again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, select, tuple_, update

from schoolops.db.engine import Store, UnitOfWork
from schoolops.db.tables import note
from schoolops.db.upsert import add_missing, upsert
from schoolops.estate.models import observation
from schoolops.telemetry import raw
from schoolops.telemetry.booking import ROLLED_AFTER
from schoolops.telemetry.history import ROLLED_TO
from schoolops.telemetry.measured_days import BUCKETS, REPORTS, note_changes
from schoolops.telemetry.metrics import TABLES_OF
from schoolops.telemetry.models import SAMPLES, late_hour, rolled_hour, rollup, sealed
from schoolops.telemetry.raw import HOUR
from schoolops.telemetry.rollups import (
    DAY_S,
    GAP_S,
    HOUR_S,
    MICROS,
    Buckets,
    coarsen,
    open_all,
    pack_buckets,
    roll,
)

AT_ONCE = 50
"""Records a transaction: SQLite's only writer is held for some 30 ms."""
FOR_S = 1.0
"""Seconds a call goes on."""

ROLLING, SEALING = "measurements rolling", "measurements sealing"

Subject = tuple[str, int]
"""Kind of a batch's table, id of the record."""


class _Place(NamedTuple):
    """The hour being worked on, and the last observation done of it. `daily`: this walk also
    joins the hours of days and deletes what is past its time, as the first one of a day does."""

    hour: int
    kind: str = ""
    record: int = 0
    daily: bool = True


def roll_up(store: Store) -> None:
    """Make the rollups of hours that are over, and again of those with late reports."""
    end = time.monotonic() + FOR_S
    while _roll_some(store) and time.monotonic() < end:
        pass
    while _roll_late(store) and time.monotonic() < end:
        pass


def seal(store: Store) -> None:
    """Pack raw rows that are past their time, and forget what is past its own."""
    end = time.monotonic() + FOR_S
    while _seal_some(store) and time.monotonic() < end:
        pass


def _roll_some(store: Store) -> bool:
    with store.write() as unit:
        place = _place(unit, ROLLING)
        last = (unit.now - ROLLED_AFTER) // HOUR - 1
        if place is None:
            place = _Place(_first_hour(unit.connection, last + 1))
        if place.hour > last:
            return False
        first = not place.kind
        subjects, place = _next(unit.connection, place, since=place.hour * HOUR)
        for kind, record in subjects:
            _roll_hour(unit, kind, record, place.hour)
        if subjects:
            note_changes(unit.connection, BUCKETS, {place.hour // 24})
        if len(subjects) < AT_ONCE:
            # Nothing was heard in this hour or since: the city or the server stood still.
            place = _Place(last + 1 if first and not subjects else place.hour + 1)
            upsert(unit.connection, note, [{"name": ROLLED_TO, "value": str(place.hour)}])
        _keep_place(unit, ROLLING, place)
    return True


def _roll_late(store: Store) -> bool:
    with store.write() as unit:
        # What is not rolled up yet will be with its turn.
        turn = _place(unit, ROLLING)
        if turn is None:
            return False
        rows = unit.connection.execute(
            select(late_hour).where(late_hour.c.hour < turn.hour).limit(AT_ONCE)
        ).all()
        for row in rows:
            _roll_hour(unit, row.kind, row.record_id, row.hour)
            # A rate of the next hour begins with the last reading of this one.
            if row.hour + 1 < turn.hour:
                _roll_hour(unit, row.kind, row.record_id, row.hour + 1)
        changed = {hour // 24 for row in rows for hour in (row.hour, row.hour + 1)}
        note_changes(unit.connection, BUCKETS, changed)
        keys = [(row.kind, row.record_id, row.hour) for row in rows]
        if keys:
            unit.connection.execute(
                delete(late_hour).where(tuple_(*late_hour.primary_key).in_(keys))
            )
    return len(rows) == AT_ONCE


def _roll_hour(unit: UnitOfWork, kind: str, record: int, hour: int) -> None:
    connection = unit.connection
    begin_s, end_s = hour * HOUR_S, (hour + 1) * HOUR_S
    readings = raw.load(connection, kind, record, (begin_s - GAP_S) * MICROS, end_s * MICROS)
    if not readings.times or readings.times[-1] < hour * HOUR:
        return
    fine = roll(kind, readings, begin_s, end_s)
    day = begin_s // DAY_S
    where = (rollup.c.kind == kind, rollup.c.record_id == record, rollup.c.day == day)
    joined = connection.execute(select(rollup.c.fine, rollup.c.hourly).where(*where)).one_or_none()
    if joined is None and day >= _oldest(unit).fine_day:
        upsert(
            connection, rolled_hour,
            [{"kind": kind, "record_id": record, "hour": hour, "fine": pack_buckets(fine)}],
        )  # fmt: skip
        return
    whole, hourly = fine, {name: coarsen(buckets) for name, buckets in fine.items()}
    if joined is not None:
        whole = _replaced(open_all(joined.fine), fine, hour) if joined.fine else {}
        hourly = _replaced(open_all(joined.hourly), hourly, hour)
    _write_day(unit, kind, record, day, whole, hourly)


def _write_day(
    unit: UnitOfWork,
    kind: str,
    record: int,
    day: int,
    fine: dict[str, Buckets],
    hourly: dict[str, Buckets],
) -> None:
    kept = fine and day >= _oldest(unit).fine_day
    upsert(
        unit.connection, rollup,
        [{"kind": kind, "record_id": record, "day": day,
          "fine": pack_buckets(fine) if kept else None, "hourly": pack_buckets(hourly)}],
    )  # fmt: skip


def _join_days(unit: UnitOfWork, kind: str, record: int, before_day: int) -> set[int]:
    """Make one rollup of the hours of each day that is over; answers which days."""
    mine = (
        rolled_hour.c.kind == kind,
        rolled_hour.c.record_id == record,
        rolled_hour.c.hour < before_day * 24,
    )
    rows = unit.connection.execute(
        select(rolled_hour.c.hour, rolled_hour.c.fine).where(*mine).order_by(rolled_hour.c.hour)
    ).all()
    joined = set()
    for day, hours in groupby(rows, key=lambda row: row.hour // 24):
        joined.add(day)
        fine: dict[str, Buckets] = {}
        for row in hours:
            for name, buckets in open_all(row.fine).items():
                fine.setdefault(name, {}).update(buckets)
        hourly = {name: coarsen(buckets) for name, buckets in fine.items()}
        _write_day(unit, kind, record, day, fine, hourly)
    unit.connection.execute(delete(rolled_hour).where(*mine))
    return joined


def _replaced(old: dict[str, Buckets], new: dict[str, Buckets], hour: int) -> dict[str, Buckets]:
    begin, end = hour * HOUR_S, (hour + 1) * HOUR_S
    kept = {
        name: {at: bucket for at, bucket in buckets.items() if not begin <= at < end}
        for name, buckets in old.items()
    }
    for name, buckets in new.items():
        kept.setdefault(name, {}).update(buckets)
    return kept


def _seal_some(store: Store) -> bool:
    with store.write() as unit:
        due = unit.now // HOUR - store.settings.telemetry.raw_hours
        place = _place(unit, SEALING) or _Place(due)
        if place.hour > due:
            return False
        subjects, place = _next(unit.connection, place)
        packed, joined = set[int](), set[int]()
        for kind, record in subjects:
            packed |= _seal_record(unit, kind, record, place.hour)
            if place.daily:
                joined |= _join_days(unit, kind, record, place.hour // 24)
                _forget(unit, kind, record)
        note_changes(unit.connection, REPORTS, packed)
        note_changes(unit.connection, BUCKETS, joined)
        done = len(subjects) < AT_ONCE
        if done:
            # Hours missed while the server stood still are sealed together.
            hour = max(due, place.hour + 1)
            place = _Place(hour, daily=hour // 24 > place.hour // 24)
        _keep_place(unit, SEALING, place)
    return not done


def _seal_record(unit: UnitOfWork, kind: str, record: int, before_hour: int) -> set[int]:
    """Pack what is older than an hour; answers of which days that is."""
    connection, table = unit.connection, SAMPLES[kind]
    where = (table.c.record_id == record, table.c.observed_at < before_hour * HOUR)
    rows = connection.execute(select(table).where(*where).order_by(table.c.observed_at)).all()
    if not rows:
        return set()
    days = set()
    for hour, group in groupby(rows, key=lambda row: row.observed_at // HOUR):
        days.add(hour // 24)
        _seal_hour(connection, kind, record, hour, list(group))
    connection.execute(delete(table).where(*where))
    return days


def _seal_hour(
    connection: Connection, kind: str, record: int, hour: int, rows: Sequence[Row[Any]]
) -> None:
    where = (sealed.c.kind == kind, sealed.c.record_id == record, sealed.c.hour == hour)
    before = connection.execute(select(sealed.c.data, sealed.c.reports).where(*where)).one_or_none()
    count = len(rows) + (before.reports if before else 0)
    data = raw.pack_hour(kind, hour, rows, before.data if before else None)
    upsert(
        connection, sealed,
        [{"kind": kind, "record_id": record, "hour": hour, "reports": count, "data": data}],
    )  # fmt: skip


class _Oldest(NamedTuple):
    """What is kept at least: hours of packed rows, days of buckets."""

    sealed_hour: int
    fine_day: int
    day: int


def _oldest(unit: UnitOfWork) -> _Oldest:
    settings = unit.store.settings.telemetry
    today = unit.now // (DAY_S * MICROS)
    return _Oldest(
        unit.now // HOUR - settings.sealed_days * 24,
        today - settings.fine_days,
        today - settings.hourly_days,
    )


def _forget(unit: UnitOfWork, kind: str, record: int) -> None:
    """Delete what is past its time; once a day for each record."""
    oldest = _oldest(unit)
    unit.connection.execute(
        delete(sealed).where(
            sealed.c.kind == kind, sealed.c.record_id == record,
            sealed.c.hour < oldest.sealed_hour,
        )
    )  # fmt: skip
    mine = (rollup.c.kind == kind, rollup.c.record_id == record)
    unit.connection.execute(
        update(rollup)
        .where(*mine, rollup.c.day < oldest.fine_day, rollup.c.fine.is_not(None))
        .values(fine=None)
    )
    unit.connection.execute(delete(rollup).where(*mine, rollup.c.day < oldest.day))


def _place(unit: UnitOfWork, name: str) -> _Place | None:
    """Where a walk stands. On PostgreSQL the row is locked: one server at a time."""
    if unit.store.is_postgresql:
        add_missing(unit.connection, note, [{"name": name, "value": ""}])
    found = unit.connection.scalar(
        select(note.c.value).where(note.c.name == name).with_for_update()
    )
    return _Place(*json.loads(found)) if found else None


def packed_to(connection: Connection) -> int:
    """The day (since 1970) before which all reports are packed, and the hours of days joined.

    0 while nothing is known: before the first walk, and while one joins days.
    """
    found = connection.scalar(select(note.c.value).where(note.c.name == SEALING))
    place = _Place(*json.loads(found)) if found else None
    return 0 if place is None or place.daily else place.hour // 24


def _keep_place(unit: UnitOfWork, name: str, place: _Place) -> None:
    upsert(unit.connection, note, [{"name": name, "value": json.dumps(place)}])


def _next(connection: Connection, place: _Place, since: int = 0) -> tuple[list[Subject], _Place]:
    """The next records that ever reported (and since then), and where the walk stands then."""
    o = observation.c
    rows = connection.execute(
        select(o.kind, o.record_id)
        .where(
            tuple_(o.kind, o.record_id) > tuple_(place.kind, place.record),
            o.kind.in_(TABLES_OF),
            o.observed_at >= since,
        )
        .order_by(o.kind, o.record_id)
        .limit(AT_ONCE)
    ).all()
    if rows:
        place = place._replace(kind=rows[-1].kind, record=rows[-1].record_id)
    return [(TABLES_OF[row.kind], row.record_id) for row in rows], place


def _first_hour(connection: Connection, otherwise: int) -> int:
    """The hour of the oldest raw row."""
    found = [
        at
        for table in SAMPLES.values()
        if (at := connection.scalar(select(func.min(table.c.observed_at)))) is not None
    ]
    return min(found) // HOUR if found else otherwise
