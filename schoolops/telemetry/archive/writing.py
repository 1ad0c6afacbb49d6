"""Writing what the archive misses: a part of a day at a time, newest first, in bounded memory."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from schoolops.core.errors import Unusable
from schoolops.db.engine import Store
from schoolops.estate.models import observation
from schoolops.telemetry.archive.files import (
    DAY,
    FINE,
    GRAINS,
    HOUR,
    HOURLY,
    HOURS,
    PACKED,
    Listing,
    Stored,
    Writer,
    date_of,
    folder_of,
    own_folder,
)
from schoolops.telemetry.history import rolled_to
from schoolops.telemetry.measured_days import (
    BUCKETS,
    REPORTS,
    Part,
    changes_of,
    lost_before,
)
from schoolops.telemetry.metrics import TABLES_OF
from schoolops.telemetry.models import measured_day, rolled_hour, rollup, sealed
from schoolops.telemetry.packing import packed_to
from schoolops.telemetry.rollups import DAY_S, MICROS

log = logging.getLogger("schoolops.telemetry")

ANEW_AFTER = 20 * 3600 * MICROS
"""A day that late reports change is written anew no sooner than this."""
OF_PART = {REPORTS: (REPORTS,), BUCKETS: (FINE, HOURLY)}
"""Part of a day → grains of the files that hold it."""


class Kept(NamedTuple):
    """The oldest day that is kept of each grain."""

    reports: int
    fine: int
    hourly: int

    def has(self, grain: str, day: int) -> bool:
        return day >= int(self[GRAINS.index(grain)])


def kept_days(store: Store) -> Kept:
    """What the settings say now."""
    settings, now = store.settings.telemetry, store.clock.now() // MICROS
    hourly = now // DAY_S - settings.hourly_days
    return Kept(
        # Of a day that is half forgotten the database has less than the archive.
        -(-(now // 3600 - settings.sealed_days * 24) // 24),
        max(hourly, now // DAY_S - settings.fine_days),
        hourly,
    )


def archive(store: Store) -> bool:
    """Write one part of one day that the archive misses, and delete what is past its time.

    Answers whether something was written: so whoever wants all of it calls again.
    """
    folder, kept = folder_of(store.settings), kept_days(store)
    with store.read() as connection:
        state = look(connection)
    _forget(store, state, kept)
    todo = _Todo(Listing(folder), state, kept, store.clock.now())
    if not todo.past and todo.next is None:
        return False
    try:
        with own_folder(folder):
            # Another process may have done it meanwhile.
            todo = _Todo(Listing(folder), state, kept, store.clock.now())
            for key in todo.past:
                del todo.listing.entries[key]
            if todo.next is not None:
                _write(store, todo.listing, kept, todo.next)
            todo.listing.write()
            todo.listing.clear()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise Unusable(
            f"the disk of {folder} is full; free some space", code="backup.disk_full"
        ) from None
    return todo.next is not None


class _Todo:
    """What is past its time, and the next part to write."""

    def __init__(self, listing: Listing, state: State, kept: Kept, now: int) -> None:
        self.listing = listing
        self.past = [key for key in listing.entries if not kept.has(*key)]
        self.next = next(due(listing, state, kept, now), None)


class State(NamedTuple):
    """What a database has of which days."""

    changes: dict[Part, int]
    over: dict[str, int]
    """Part → the day before which it is complete, but for reports that come late."""
    lost: int
    """Of days before this one the archive may have more."""


def look(connection: Connection) -> State:
    """The state of a database now."""
    over = {BUCKETS: rolled_to(connection) // 24, REPORTS: packed_to(connection)}
    return State(changes_of(connection), over, lost_before(connection))


def due(listing: Listing, state: State, kept: Kept, now: int) -> Iterator[Part]:
    """What the archive misses or holds of a former state, newest first."""
    for (part, day), changes in sorted(state.changes.items(), key=lambda item: -item[0][1]):
        grains = [grain for grain in OF_PART[part] if kept.has(grain, day)]
        if day >= state.over[part] or not grains:
            continue
        entry = listing.entries.get((grains[0], day))
        if entry is None:
            yield part, day
        elif day >= state.lost and entry.changes != changes:
            lately = now - ANEW_AFTER < entry.written <= now
            if not lately:
                yield part, day


def _forget(store: Store, state: State, kept: Kept) -> None:
    oldest = min(kept)
    if any(day < oldest for _, day in state.changes):
        with store.write() as unit:
            unit.connection.execute(delete(measured_day).where(measured_day.c.day < oldest))


def _write(store: Store, listing: Listing, kept: Kept, what: Part) -> None:
    """Write the files of a part of a day and list them."""
    part, day = what
    grains = [grain for grain in OF_PART[part] if kept.has(grain, day)]
    with ExitStack() as stack:
        writers = {
            grain: stack.enter_context(closing(Writer(listing.folder, grain, day)))
            for grain in grains
        }
        with store.read() as connection:
            # Of the same snapshot as the rows: a change that is not in them counts later.
            changes = changes_of(connection)[what]
            for grain, row in rows_of(connection, part, day):
                if grain in writers:
                    writers[grain].add(row)
        for grain, writer in writers.items():
            entry = writer.finish(changes, store.clock.now())
            listing.entries[grain, day] = entry
        size = sum(listing.entries[grain, day].bytes for grain in writers)
        log.info("archived the %s of %s, %s bytes", part, date_of(day), f"{size:,}")


def rows_of(connection: Connection, part: str, day: int) -> Iterator[tuple[str, Stored]]:
    """(grain, row) of all records, in their order."""
    o = observation.c
    subjects = connection.execute(
        select(o.kind, o.record_id).where(o.kind.in_(TABLES_OF)).order_by(o.kind, o.record_id)
    ).all()
    for table, record in ((TABLES_OF[row.kind], row.record_id) for row in subjects):
        if part == REPORTS:
            yield from _reports(connection, table, record, day)
        else:
            yield from _buckets(connection, table, record, day)


def _reports(
    connection: Connection, kind: str, record: int, day: int
) -> Iterator[tuple[str, Stored]]:
    c = sealed.c
    rows = connection.execute(
        select(c.hour, c.reports, c.data)
        .where(
            c.kind == kind, c.record_id == record, c.hour >= day * 24, c.hour < day * 24 + 24,
        )
        .order_by(c.hour)
    ).all()  # fmt: skip
    for row in rows:
        yield REPORTS, Stored(PACKED, kind, record, row.hour, row.reports, row.data)


def _buckets(
    connection: Connection, kind: str, record: int, day: int
) -> Iterator[tuple[str, Stored]]:
    c = rollup.c
    whole = connection.execute(
        select(c.fine, c.hourly).where(c.kind == kind, c.record_id == record, c.day == day)
    ).one_or_none()
    if whole is not None:
        yield HOURLY, Stored(HOURS, kind, record, day, 0, whole.hourly)
        if whole.fine is not None:
            yield FINE, Stored(DAY, kind, record, day, 0, whole.fine)
    h = rolled_hour.c
    rows = connection.execute(
        select(h.hour, h.fine)
        .where(
            h.kind == kind, h.record_id == record, h.hour >= day * 24, h.hour < day * 24 + 24,
        )
        .order_by(h.hour)
    ).all()  # fmt: skip
    for row in rows:
        yield FINE, Stored(HOUR, kind, record, row.hour, 0, row.fine)
