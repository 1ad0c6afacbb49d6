"""Measurements from the browser of a device in a room: who may begin one, what is kept.

A measurement loads the school's line and the server's own. So a school has one at a time, the city
a few, a room some an hour, and none runs in a room that writes an exam. All of this is counted in
the database: several servers keep one count. What is refused here has a code, for which the page
has its own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, text, update

from inventory.kinds import KINDS
from schoolops.calendar.repository import lesson_time_of
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, NotFound, TooMany
from schoolops.core.ids import hash_token, new_token
from schoolops.db.engine import Store, UnitOfWork
from schoolops.estate.models import TABLES
from schoolops.estate.places import place_at
from schoolops.estate.repository import Estate
from schoolops.telemetry import raw
from schoolops.telemetry.models import SAMPLES, room_test
from schoolops.telemetry.room_verdicts import Line, Result, enough, narrow

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
RUNS = 60 * SECOND
"""So long a measurement may take, and so long a browser that went away blocks the school."""
AT_ONCE = 4
"""Measurements at one time in the whole city: they share the server's own line."""
PER_HOUR = 6
"""Measurements of one room in an hour, 30 of a school."""
PER_HOUR_OF_SCHOOL = 30
SHOWN = 50

DEVICES = ("ipad", "phone", "computer")


class Snapshot(NamedTuple):
    """A school's line as it is known at the time of a measurement; None for what is not known."""

    uplink_id: int
    down_bps: int | None
    up_bps: int | None
    basis: str
    busy_bps: int | None
    rtt_us: int | None


# -- measuring ----------------------------------------------------------------------------------


def find(connection: Connection, code: str) -> Row[Any]:
    """The room of a code. `NotFound` for one that leads nowhere (any more)."""
    place = place_at(connection, code)
    if place is None:
        raise NotFound("this code is not in use; look for a newer one", code="room.unknown")
    return place


def has_exam(connection: Connection, place: Row[Any], now: int) -> bool:
    """Whether an exam is entered for the room, or for the whole school, today."""
    exams = lesson_time_of(connection, place.school_id).exams_at(now / SECOND)
    return any(not exam.rooms or place.room_id in exam.rooms for exam in exams)


def begin(unit: UnitOfWork, code: str) -> str:
    """The ticket of a measurement that may begin now; raises why it may not."""
    connection, now = unit.connection, unit.now
    place = find(connection, code)
    if has_exam(connection, place, now):
        raise Conflict("there is an exam in this room today; nothing is measured", code="room.exam")
    if unit.store.is_postgresql:
        connection.execute(text("SELECT pg_advisory_xact_lock(730002)"))
    c = room_test.c
    running = connection.scalars(
        select(c.school_id).where(c.begun_at > now - RUNS, c.done_at.is_(None))
    ).all()
    if place.school_id in running or len(running) >= AT_ONCE:
        raise Conflict(
            "another measurement is running; try again in a minute", code="room.busy", wait_s=20
        )
    of_room, of_school = (
        connection.scalar(
            select(func.count()).select_from(room_test).where(c.begun_at > now - HOUR, where)
        )
        or 0
        for where in (c.room_id == place.room_id, c.school_id == place.school_id)
    )
    if of_room >= PER_HOUR or of_school >= PER_HOUR_OF_SCHOOL:
        raise TooMany(
            "this was measured often in the last hour; try again later", code="room.often"
        )
    ticket = new_token("som")
    values = {
        "room_id": place.room_id,
        "school_id": place.school_id,
        "begun_at": now,
        "ticket": hash_token(ticket),
    }
    connection.execute(insert(room_test), values)
    return ticket


def running(connection: Connection, ticket: str, now: int) -> Row[Any]:
    """The measurement of a ticket, as long as it runs."""
    c = room_test.c
    row = connection.execute(
        select(room_test).where(
            c.ticket == hash_token(ticket), c.done_at.is_(None), c.begun_at > now - RUNS
        )
    ).one_or_none()
    if row is None:
        raise Conflict("this measurement is over; begin a new one", code="room.over")
    return row


def finish(unit: UnitOfWork, ticket: str, device: str, result: Result) -> dict[str, Any]:
    """Keep what a browser measured, with what the line was; answers it as it is told."""
    connection, now = unit.connection, unit.now
    row = running(connection, ticket, now)
    line = _snapshot(connection, row.school_id, row.begun_at)
    values: dict[str, Any] = {"done_at": now, "device": device, **result._asdict()}
    if line is not None:
        values |= {
            "uplink_id": line.uplink_id,
            "line_down_bps": line.down_bps,
            "line_up_bps": line.up_bps,
            "line_basis": line.basis,
            "line_busy_bps": line.busy_bps,
            "line_rtt_us": line.rtt_us,
        }
    mine = room_test.c.id == row.id
    connection.execute(update(room_test).where(mine).values(values))
    rooms = TABLES["room"]
    uid = connection.scalar(select(rooms.c.uid).where(rooms.c.id == row.room_id))
    unit.announce("room", str(uid), row.school_id)
    kept = connection.execute(select(room_test).where(mine)).one()
    return _told(kept, _uplink_keys(connection, [kept]))


def _snapshot(connection: Connection, school_id: int, at: int) -> Snapshot | None:
    """The school's active line that can most, from what its own agent measured before `at`."""
    uplinks = TABLES["uplink"]
    rows = connection.execute(
        select(uplinks).where(
            uplinks.c.school_id == school_id,
            uplinks.c.retired_at.is_(None),
            uplinks.c.state == "active",
        )
    ).all()
    found = [_line(connection, row, at) for row in rows]
    return max(found, key=lambda line: line.down_bps or 0, default=None)


def _line(connection: Connection, uplink: Row[Any], at: int) -> Snapshot:
    readings = raw.load(connection, "uplink", uplink.id, at - HOUR, at, ("rtt_ms", "rx_bps"))
    rtt = [value for value in readings.columns.get("rtt_ms", ()) if value is not None]
    recent = [
        value
        for time, value in zip(readings.times, readings.columns.get("rx_bps", ()), strict=False)
        if value is not None and time > at - HOUR // 6
    ]
    table = SAMPLES["uplink"]
    down, up = (
        connection.scalar(
            select(table.c[name])
            .where(
                table.c.record_id == uplink.id,
                table.c.observed_at > at - DAY,
                table.c.observed_at <= at,
                table.c[name].is_not(None),
            )
            .order_by(table.c.observed_at.desc())
            .limit(1)
        )
        for name in ("test_down_bps", "test_up_bps")
    )
    basis = "test" if down else "contract" if uplink.contract_down_bps else ""
    return Snapshot(
        uplink_id=uplink.id,
        down_bps=down or uplink.contract_down_bps,
        up_bps=up or uplink.contract_up_bps,
        basis=basis,
        busy_bps=round(median(recent)) if recent else None,
        rtt_us=round(median(rtt)) if rtt else None,
    )


# -- reading ------------------------------------------------------------------------------------


def of_room(estate: Estate, room: str, limit: int = SHOWN) -> dict[str, Any]:
    """The finished measurements of a room that the actor may see, newest first."""
    row = estate.find(KINDS["room"], room)
    rows = last_of(estate.connection, row.id, limit)
    uplinks = _uplink_keys(estate.connection, rows)
    return {"room": row.key, "measurements": [_told(one, uplinks) for one in rows]}


def last_of(connection: Connection, room_id: int, limit: int = 1) -> Sequence[Row[Any]]:
    c = room_test.c
    return connection.execute(
        select(room_test)
        .where(c.room_id == room_id, c.done_at.is_not(None))
        .order_by(c.begun_at.desc())
        .limit(limit)
    ).all()


def _uplink_keys(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, str]:
    uplinks = TABLES["uplink"]
    ids = {row.uplink_id for row in rows if row.uplink_id is not None}
    found = connection.execute(select(uplinks.c.id, uplinks.c.key).where(uplinks.c.id.in_(ids)))
    return {row.id: row.key for row in found}


def _told(row: Row[Any], uplinks: dict[int, str]) -> dict[str, Any]:
    result = Result(*(getattr(row, name) for name in Result._fields))
    line = None
    if row.uplink_id is not None:
        line = {
            "uplink": uplinks.get(row.uplink_id, ""),
            "down_bps": row.line_down_bps,
            "up_bps": row.line_up_bps,
            "basis": row.line_basis,
            "busy_bps": row.line_busy_bps,
            "rtt_ms": None if row.line_rtt_us is None else row.line_rtt_us / 1000,
        }
    return {
        "at": to_iso(row.begun_at),
        "device": row.device,
        "down_bps": result.down_bps,
        "up_bps": result.up_bps,
        "latency_ms": result.latency_us / 1000,
        "jitter_ms": result.jitter_us / 1000,
        "sent": result.sent,
        "lost": result.lost,
        "late": result.late,
        "enough": enough(result),
        "narrow": narrow(result.down_bps, Line(row.line_down_bps, row.line_busy_bps)),
        "line": line,
    }


# -- forgetting ---------------------------------------------------------------------------------


def forget_old(store: Store) -> None:
    """Delete what is older than the fine measurements are kept, and what never came to an end."""
    c = room_test.c
    with store.write() as unit:
        oldest = unit.now - store.settings.telemetry.fine_days * DAY
        unfinished = and_(c.done_at.is_(None), c.begun_at < unit.now - 2 * HOUR)
        unit.connection.execute(delete(room_test).where(or_(c.begun_at < oldest, unfinished)))
