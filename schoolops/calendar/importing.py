"""Bring a school's days (iCalendar) and its timetable (Untis) in: first a report, then all at once.

Both work in one unit of work: a dry run decides the same and writes nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from inventory.fields import fold
from inventory.kinds import KINDS
from inventory.sentences import Sentence, say
from schoolops.calendar import ical, repository, untis
from schoolops.calendar.models import calendar_lesson
from schoolops.calendar.service import (
    put_bells,
    put_day,
    room_of,
    told_bells,
    writable_school,
)
from schoolops.calendar.times import Bells, EntryKind, LessonTime, Span, clock, shown
from schoolops.core.errors import Invalid, SchoolopsError
from schoolops.core.permissions import Actor
from schoolops.core.zone import local_zone
from schoolops.db.engine import UnitOfWork
from schoolops.estate.models import TABLES
from schoolops.estate.repository import Estate

MOST_TOLD = 1000
"""Rows of a report besides the refused ones."""
_PERIOD = re.compile(r"(\d{1,2})=(\d\d:\d\d)-(\d\d:\d\d)")


# -- days ---------------------------------------------------------------------------------------


def import_days(
    unit: UnitOfWork, school: str, data: bytes, kind: EntryKind | None, *, dry_run: bool
) -> dict[str, Any]:
    """Enter the days of an iCalendar file. `kind`: what all its events are, None to go by words."""
    row = writable_school(unit, school)
    today = dt.datetime.fromtimestamp(unit.now / 1e6, local_zone()).date()
    events = ical.read(data, today, kind)
    rooms = _rooms_of(unit.connection, row.id)
    there = _there(unit.connection, row.id, today)
    nested = unit.connection.begin_nested()
    rows = [_enter(unit, row, event, rooms, there) for event in events]
    if dry_run:
        nested.rollback()
        unit.forget_changes()
    else:
        nested.commit()
        counts = Counter(one["outcome"] for one in rows)
        unit.audit("import calendar", "school", row.key, row.id, dict(counts))
    return _report(rows, dry_run)


Entered = set[tuple[str, str, str, str]]
"""(kind, first day, last day, ids of rooms as JSON) of what a school has."""


def _there(connection: Connection, school_id: int, today: dt.date) -> Entered:
    until = today + dt.timedelta(days=2 * ical.DAYS_AHEAD)
    found = repository.days_of(connection, school_id, today, until)
    return {
        (row.kind, row.first_day, row.last_day, row.rooms)
        for row in found
        if row.school_id == school_id
    }


def _enter(
    unit: UnitOfWork, school: Row[Any], event: ical.Event, rooms: Mapping[str, int], there: Entered
) -> dict[str, Any]:
    days = event.first.isoformat()
    if event.last != event.first:
        days += f" – {event.last.isoformat()}"
    told = {"row": event.number, "key": f"{days} {event.title}".strip()}
    if event.problem:
        return _refused(told | {"key": event.title}, event.problem)
    if event.kind is None:
        return told | {"outcome": "ignored", **_reason(event.left_out or say("it is left out"))}
    unknown = [name for name in event.rooms if fold(name) not in rooms]
    if unknown:
        return _refused(told, say("there is no room {name} at this school", name=unknown[0][:60]))
    ids = sorted({rooms[fold(name)] for name in event.rooms})
    entry = (event.kind, event.first.isoformat(), event.last.isoformat(), json.dumps(ids))
    told["kind"] = event.kind
    if entry in there:
        return told | {"outcome": "same", "reason": ""}
    try:
        put_day(unit, school, event.kind, event.first, event.last, event.title, ids)
    except SchoolopsError as error:
        return _refused(told, error.detail)
    there.add(entry)
    return told | {"outcome": "new", "reason": ""}


# -- the timetable ------------------------------------------------------------------------------


def import_lessons(
    unit: UnitOfWork, school: str, data: bytes, periods: str, *, dry_run: bool
) -> dict[str, Any]:
    """Put the timetable of a GPU001 file in the place of the one that is there.

    `periods`: '1=07:50-08:35,2=08:40-09:25', the times of the periods; those left out are the ones
    of the timetable before, or the school's bells in order. A school without bells of its own
    gets those of the timetable.
    """
    row = writable_school(unit, school)
    times = _Times(unit.connection, row.id, _periods(periods))
    rooms = _rooms_of(unit.connection, row.id)
    rows: list[dict[str, Any]] = []
    lessons: dict[untis.Lesson, None] = {}
    for found in untis.read(data):
        told = {"row": found.number, "key": ", ".join(map(_words, found.lessons))[:200]}
        problem = found.problem or times.lack(found.lessons)
        if problem:
            rows.append(_refused(told, problem))
            continue
        odd = [one.room for one in found.lessons if one.room and fold(one.room) not in rooms]
        known = all(one in lessons for one in found.lessons)
        lessons |= dict.fromkeys(found.lessons)
        why = say("there is no room {name} at this school", name=odd[0]) if odd else None
        outcome = {"outcome": "same" if known else "new"}
        rows.append(told | outcome | (_reason(why) if why else {"reason": ""}))
    bells = times.bells(lessons)
    follows = bells and (not times.own or times.own == times.last_bells)
    report = _report(rows, dry_run) | {"bells": told_bells(bells, None)["bells"] if follows else []}
    if dry_run or not lessons:
        return report
    _replace(unit, row, lessons, times, rooms)
    if follows:
        put_bells(unit, row, bells)
    return report


def _replace(
    unit: UnitOfWork,
    school: Row[Any],
    lessons: Iterable[untis.Lesson],
    times: _Times,
    rooms: Mapping[str, int],
) -> None:
    c = calendar_lesson.c
    unit.connection.execute(delete(calendar_lesson).where(c.school_id == school.id))
    made = []
    for one in lessons:
        span = times.of(one)
        assert span is not None  # rows without were refused
        made.append(
            {
                "school_id": school.id,
                "weekday": one.weekday,
                "period": one.period,
                "begin_minute": span.begin,
                "end_minute": span.end,
                "room_id": rooms.get(fold(one.room)),
                "room": one.room,
                "class_name": one.class_name,
                "subject": one.subject,
                "by": unit.actor.name,
                "at": unit.now,
            }
        )
    unit.connection.execute(insert(calendar_lesson), made)
    unit.audit("import timetable", "school", school.key, school.id, {"lessons": len(made)})
    unit.announce("calendar", school.uid, school.id)


class _Times:
    """When a period is: as given, else as in the timetable before, else by the school's bells."""

    def __init__(self, connection: Connection, school_id: int, given: Mapping[int, Span]) -> None:
        self.given = given
        self.own = dict(repository.bells_of(connection, school_id))
        c = calendar_lesson.c
        rows = connection.execute(
            select(c.weekday, c.period, c.begin_minute, c.end_minute)
            .where(c.school_id == school_id)
            .distinct()
        ).all()
        self.last = {(r.weekday, r.period): Span(r.begin_minute, r.end_minute) for r in rows}
        self.last_bells = _week((day, span) for (day, _), span in self.last.items())
        self.any_day = {period: span for (_, period), span in self.last.items()}

    def of(self, lesson: untis.Lesson) -> Span | None:
        if lesson.period in self.given:
            return self.given[lesson.period]
        found = self.last.get((lesson.weekday, lesson.period)) or self.any_day.get(lesson.period)
        bells = self.own.get(lesson.weekday, ())
        if found is None and not self.last and 1 <= lesson.period <= len(bells):
            # One bell for the whole morning is no grid of periods.
            found = bells[lesson.period - 1] if len(bells) > 2 else None
        return found

    def lack(self, lessons: Iterable[untis.Lesson]) -> Sentence | None:
        for one in lessons:
            if self.of(one) is None:
                return say("period {number} has no time; say it with periods {number}=07:50-08:35",
                           number=one.period)  # fmt: skip
        return None

    def bells(self, lessons: Iterable[untis.Lesson]) -> Bells:
        return _week((one.weekday, span) for one in lessons if (span := self.of(one)))


def _week(spans: Iterable[tuple[int, Span]]) -> dict[int, tuple[Span, ...]]:
    """The bells of a week: spans that overlap become one."""
    days: dict[int, list[Span]] = {}
    for weekday, span in sorted(set(spans)):
        day = days.setdefault(weekday, [])
        if day and span.begin < day[-1].end:
            day[-1] = Span(day[-1].begin, max(day[-1].end, span.end))
        else:
            day.append(span)
    return {weekday: tuple(day) for weekday, day in days.items()}


def _periods(text: str) -> dict[int, Span]:
    found: dict[int, Span] = {}
    for part in text.replace(" ", ",").split(","):
        if not part:
            continue
        match = _PERIOD.fullmatch(part)
        try:
            span = Span(clock(match[2]), clock(match[3])) if match else Span(0, 0)
        except ValueError:
            span = Span(0, 0)
        if match is None or span.end <= span.begin or int(match[1]) in found:
            raise Invalid(
                say("periods are such as 1=07:50-08:35,2=08:40-09:25, each once, not {text!r}",
                    text=part[:60]),
                code="calendar.invalid",
            )  # fmt: skip
        found[int(match[1])] = span
    return found


def _words(lesson: untis.Lesson) -> str:
    day = f"{lesson.weekday}/{lesson.period}"
    return " ".join(filter(None, (day, lesson.class_name, lesson.subject, lesson.room)))


# -- asking -------------------------------------------------------------------------------------


def show_lessons(
    connection: Connection, actor: Actor, now: int, school: str, room: str
) -> dict[str, Any]:
    """The timetable of a school, or of one of its rooms, and what of it is at this moment."""
    estate = Estate(connection, actor, now)
    row = estate.find(KINDS["school"], school)
    c = calendar_lesson.c
    where = [c.school_id == row.id]
    if room:
        where.append(c.room_id == room_of(estate, row, room))
    rows = connection.execute(
        select(calendar_lesson)
        .where(*where)
        .order_by(c.weekday, c.begin_minute, c.class_name, c.room)
    ).all()
    at_work = running(rows, repository.lesson_time_of(connection, row.id), now)
    return {
        "school": row.key,
        "lessons": [_told(one) for one in rows],
        "now": [_told(one) for one in at_work],
    }


def running(rows: Sequence[Row[Any]], times: LessonTime, now: int) -> list[Row[Any]]:
    """Those of the lessons that are at a moment (micros): none in holidays and on closed days."""
    local = dt.datetime.fromtimestamp(now / 1e6, times.zone)
    if times.day(local.date()).kind not in ("lessons", "open"):
        return []
    minute = local.hour * 60 + local.minute
    return [
        row
        for row in rows
        if row.weekday == local.isoweekday() and row.begin_minute <= minute < row.end_minute
    ]


def lessons_now(connection: Connection, room_id: int, now: int) -> list[Row[Any]]:
    """The lessons in a room at this moment. For the server itself: nobody's scope is asked."""
    c = calendar_lesson.c
    rows = connection.execute(select(calendar_lesson).where(c.room_id == room_id)).all()
    if not rows:
        return []
    return running(rows, repository.lesson_time_of(connection, rows[0].school_id), now)


def _told(row: Row[Any]) -> dict[str, Any]:
    return {
        "weekday": row.weekday,
        "period": row.period,
        "begin": shown(row.begin_minute),
        "end": shown(row.end_minute),
        "class": row.class_name,
        "subject": row.subject,
        "room": row.room,
        "known_room": row.room_id is not None,
    }


# -- reports ------------------------------------------------------------------------------------


def _rooms_of(connection: Connection, school_id: int) -> dict[str, int]:
    rooms = TABLES["room"]
    found = connection.execute(
        select(rooms.c.name, rooms.c.id).where(
            rooms.c.school_id == school_id, rooms.c.retired_at.is_(None)
        )
    )
    return {fold(name): id for name, id in found}


def _reason(why: str) -> dict[str, Any]:
    return {
        "reason": str(why),
        "message": str(getattr(why, "message", why)),
        "params": dict(getattr(why, "params", {})),
    }


def _refused(told: dict[str, Any], why: str) -> dict[str, Any]:
    return told | {"outcome": "refused"} | _reason(why)


def _report(rows: list[dict[str, Any]], dry_run: bool) -> dict[str, Any]:
    counts = Counter(row["outcome"] for row in rows)
    first = [row for row in rows if row["outcome"] == "refused"]
    others = [row for row in rows if row["outcome"] != "refused"]
    return {
        **{name: counts[name] for name in ("new", "same", "ignored", "refused")},
        "dry_run": dry_run,
        "rows": first + others[:MOST_TOLD],
    }
