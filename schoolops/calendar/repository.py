"""Every query of the calendar."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from inventory.sentences import say
from schoolops.calendar.models import calendar_bell, calendar_day
from schoolops.calendar.times import Bells, Entry, LessonTime, Span, default_bells
from schoolops.core.errors import NotFound
from schoolops.core.permissions import ESTATE_READ, Actor
from schoolops.db.access import require
from schoolops.estate.models import TABLES

schools = TABLES["school"]


def bells_of(connection: Connection, school_id: int) -> Bells:
    """The school's own bell times; empty when nobody has entered any."""
    c = calendar_bell.c
    found: dict[int, list[Span]] = {}
    rows = connection.execute(
        select(c.weekday, c.begin_minute, c.end_minute)
        .where(c.school_id == school_id)
        .order_by(c.weekday, c.begin_minute)
    )
    for row in rows:
        found.setdefault(row.weekday, []).append(Span(row.begin_minute, row.end_minute))
    return {weekday: tuple(spans) for weekday, spans in found.items()}


def days_of(
    connection: Connection, school_id: int, since: dt.date, until: dt.date
) -> Sequence[Row[Any]]:
    """What was entered for the school, and for all schools, between two days; in order."""
    c = calendar_day.c
    return connection.execute(
        select(calendar_day)
        .where(
            or_(c.school_id == school_id, c.school_id.is_(None)),
            c.last_day >= since.isoformat(),
            c.first_day <= until.isoformat(),
        )
        .order_by(c.first_day, c.id)
    ).all()


def overlapping(
    connection: Connection, school_id: int | None, first: dt.date, last: dt.date
) -> Row[Any] | None:
    """What decides about one of these days already; exams decide nothing."""
    c = calendar_day.c
    place = c.school_id.is_(None) if school_id is None else c.school_id == school_id
    return connection.execute(
        select(calendar_day)
        .where(
            place,
            c.kind != "exam",
            c.last_day >= first.isoformat(),
            c.first_day <= last.isoformat(),
        )
        .limit(1)
    ).one_or_none()


def find_day(connection: Connection, actor: Actor, uid: str, school_id: int | None) -> Row[Any]:
    """What was entered, by its id, for that school or (None) for all."""
    require(actor, ESTATE_READ)
    c = calendar_day.c
    place = c.school_id.is_(None) if school_id is None else c.school_id == school_id
    row = connection.execute(select(calendar_day).where(c.uid == uid, place)).one_or_none()
    if row is None:
        raise NotFound(
            say("there is no such day {id!r}; see: schoolops calendar show SCHOOL", id=uid),
            code="calendar.unknown",
        )
    return row


def entry(row: Row[Any]) -> Entry:
    """The row as what `LessonTime` reckons with."""
    return Entry(
        kind=row.kind,
        first=dt.date.fromisoformat(row.first_day),
        last=dt.date.fromisoformat(row.last_day),
        note=row.note,
        rooms=tuple(json.loads(row.rooms)),
        everywhere=row.school_id is None,
    )


def lesson_time_of(connection: Connection, school_id: int) -> LessonTime:
    """When the school has lessons. For what the server itself judges: nobody's scope is asked."""
    return lesson_times(connection, [school_id])[school_id]


def lesson_times(
    connection: Connection, school_ids: Iterable[int] | None = None
) -> dict[int, LessonTime]:
    """The same of many schools (None: all), in three queries."""
    wanted = None if school_ids is None else sorted(set(school_ids))
    found = select(schools.c.id, schools.c.form)
    bells = select(calendar_bell).order_by(calendar_bell.c.weekday, calendar_bell.c.begin_minute)
    days = select(calendar_day)
    if wanted is not None:
        of = calendar_day.c.school_id
        found = found.where(schools.c.id.in_(wanted))
        bells = bells.where(calendar_bell.c.school_id.in_(wanted))
        days = days.where(or_(of.is_(None), of.in_(wanted)))
    spans: dict[int, dict[int, list[Span]]] = {}
    for row in connection.execute(bells):
        week = spans.setdefault(row.school_id, {})
        week.setdefault(row.weekday, []).append(Span(row.begin_minute, row.end_minute))
    entries: dict[int | None, list[Entry]] = {None: []}
    for row in connection.execute(days):
        entries.setdefault(row.school_id, []).append(entry(row))
    times: dict[int, LessonTime] = {}
    for row in connection.execute(found):
        own = {weekday: tuple(some) for weekday, some in spans.get(row.id, {}).items()}
        times[row.id] = LessonTime(
            own or default_bells(row.form), [*entries.get(row.id, ()), *entries[None]]
        )
    return times
