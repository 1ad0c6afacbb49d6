"""Show a calendar, set bell times, enter and remove days. Never commits."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert

from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.calendar import repository, schemas
from schoolops.calendar.holidays import known_until, public_holidays, school_holidays
from schoolops.calendar.models import calendar_bell, calendar_day
from schoolops.calendar.times import Bells, EntryKind, Span, clock, default_bells, shown
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Forbidden, Invalid
from schoolops.core.ids import uuid7
from schoolops.core.permissions import ESTATE_WRITE, Actor
from schoolops.db.access import outside, require, require_everywhere
from schoolops.db.engine import UnitOfWork
from schoolops.estate.repository import Estate

SHOWN_DAYS = 366
MOST_DAYS = 800
"""So many days a calendar shows at once, and an entry lasts at most."""
YEARS = (2000, 2100)


# -- looking ------------------------------------------------------------------------------------


def show(
    connection: Connection,
    actor: Actor,
    now: int,
    school: str,
    since: dt.date | None,
    until: dt.date | None,
) -> dict[str, Any]:
    """The calendar of a school between two days; left out: a year from today."""
    estate = Estate(connection, actor, now)
    row = estate.find(KINDS["school"], school)
    own = repository.bells_of(connection, row.id)
    times = repository.lesson_time_of(connection, row.id)
    today = dt.datetime.fromtimestamp(now / 1_000_000, times.zone).date()
    first, last = _span(since or today, until)
    found = repository.days_of(connection, row.id, first, last)
    kind = times.day(today)
    return {
        "school": row.number,
        **told_bells(own, row.form),
        "today": {
            "day": today.isoformat(),
            "kind": kind.kind,
            "reason": kind.reason,
            "lessons": times.within(now / 1_000_000),
        },
        "holidays": _holidays(first, last),
        "days": _told(estate, found),
        "known_until": known_until().isoformat(),
    }


def _span(first: dt.date, until: dt.date | None) -> tuple[dt.date, dt.date]:
    _check_years(first, until or first)
    last = until or first + dt.timedelta(days=SHOWN_DAYS)
    if not 0 <= (last - first).days <= MOST_DAYS:
        raise Invalid(say("ask for at most {days} days, the first before the last", days=MOST_DAYS))
    return first, last


def told_bells(own: Bells, form: str | None) -> dict[str, Any]:
    """`own` and `bells` of an answer."""
    bells = own or default_bells(form)
    return {
        "own": bool(own),
        "bells": [
            {"weekday": weekday, "begin": shown(span.begin), "end": shown(span.end)}
            for weekday, spans in sorted(bells.items())
            for span in spans
        ],
    }


def _holidays(first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    found = [
        ("public_holiday", name, day, day)
        for year in range(first.year, last.year + 1)
        for day, name in public_holidays(year).items()
    ]
    found += [("school_holidays", one.name, one.first, one.last) for one in school_holidays()]
    return [
        {"kind": kind, "name": name, "first": begin.isoformat(), "last": end.isoformat()}
        for kind, name, begin, end in sorted(found, key=lambda one: one[2])
        if begin <= last and end >= first
    ]


def _told(estate: Estate, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    ids = {row.uid: json.loads(row.rooms) for row in rows}
    keys = estate.keys("room", [room for rooms in ids.values() for room in rooms])
    return [
        {
            "id": row.uid,
            "kind": row.kind,
            "first": row.first_day,
            "last": row.last_day,
            "note": row.note,
            "rooms": [keys[room] for room in ids[row.uid] if room in keys],
            "everywhere": row.school_id is None,
            "by": row.by,
            "at": to_iso(row.at),
        }
        for row in rows
    ]


# -- changing -----------------------------------------------------------------------------------


def set_bells(unit: UnitOfWork, school: str, given: Sequence[schemas.Bell]) -> dict[str, Any]:
    """Set the lessons of the school's week; none: those of its form. Answers what holds then."""
    row = writable_school(unit, school)
    bells: dict[int, list[Span]] = {}
    for one in given:
        bells.setdefault(one.weekday, []).append(Span(clock(one.begin), clock(one.end)))
    return put_bells(unit, row, {day: tuple(sorted(spans)) for day, spans in bells.items()})


def put_bells(unit: UnitOfWork, school: Row[Any], bells: Bells) -> dict[str, Any]:
    """The same for the row of a school that the actor may write."""
    for spans in bells.values():
        _check_spans(spans)
    before = repository.bells_of(unit.connection, school.id)
    if dict(bells) == dict(before):
        return told_bells(before, school.form)
    c = calendar_bell.c
    unit.connection.execute(delete(calendar_bell).where(c.school_id == school.id))
    rows = [
        {"school_id": school.id, "weekday": weekday, "begin_minute": span.begin,
         "end_minute": span.end, "by": unit.actor.name, "at": unit.now}
        for weekday, spans in sorted(bells.items())
        for span in spans
    ]  # fmt: skip
    if rows:
        unit.connection.execute(insert(calendar_bell), rows)
    detail = {"bells": _brief(bells), "before": _brief(before)}
    unit.audit("set bell times", "school", school.key, school.id, detail)
    unit.announce("calendar", school.uid, school.id)
    return told_bells(bells, school.form)


def _check_spans(spans: Sequence[Span]) -> None:
    before = 0
    for span in spans:
        if span.end <= span.begin:
            raise Invalid(
                say(
                    "a lesson ends after it begins, not {begin}-{end}",
                    begin=shown(span.begin),
                    end=shown(span.end),
                ),
                code="calendar.invalid",
            )
        if span.begin < before:
            raise Invalid(
                say("two lessons overlap at {begin}", begin=shown(span.begin)),
                code="calendar.invalid",
            )
        before = span.end


def _brief(bells: Bells) -> dict[str, str]:
    """Bell times for the audit: '1' → '07:50-08:35 08:40-09:25'."""
    return {
        str(weekday): " ".join(f"{shown(one.begin)}-{shown(one.end)}" for one in spans)
        for weekday, spans in sorted(bells.items())
    }


def add_day(unit: UnitOfWork, school: str, new: schemas.NewDay) -> dict[str, Any]:
    """Enter days of one school."""
    row = writable_school(unit, school)
    estate = Estate(unit.connection, unit.actor, unit.now)
    if new.rooms and new.kind != "exam":
        raise Invalid("only an exam names rooms")
    rooms = [room_of(estate, row, key) for key in new.rooms]
    return put_day(unit, row, new.kind, new.first, new.last or new.first, new.note, rooms)


def add_day_of_all(unit: UnitOfWork, new: schemas.NewDayOfAll) -> dict[str, Any]:
    """Enter days of all schools."""
    require_everywhere(unit.actor, ESTATE_WRITE)
    return put_day(unit, None, new.kind, new.first, new.last or new.first, new.note)


def room_of(estate: Estate, school: Row[Any], key: str) -> int:
    """The id of a room of the school, by its key or its name there."""
    key = key if "/" in key else f"{school.key}/{key}"
    room = estate.find(KINDS["room"], key)
    if room.school_id != school.id:
        raise Invalid(
            say("{field} {key} belongs to another school", field=say("Room"), key=room.key)
        )
    return int(room.id)


def put_day(
    unit: UnitOfWork,
    school: Row[Any] | None,
    kind: EntryKind,
    first: dt.date,
    last: dt.date,
    note: str = "",
    rooms: Sequence[int] = (),
) -> dict[str, Any]:
    """The same for the row of a school that the actor may write, or None for all."""
    _check_years(first, last)
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Invalid(
            say("the last day is not before the first, and at most {days} days on", days=MOST_DAYS),
            code="calendar.invalid",
        )
    school_id = None if school is None else school.id
    if kind != "exam":
        taken = repository.overlapping(unit.connection, school_id, first, last)
        if taken is not None:
            raise Conflict(
                say(
                    "there is an entry from {first} to {last} already; remove that first",
                    first=taken.first_day,
                    last=taken.last_day,
                ),
                code="calendar.overlap",
            )
    uid = uuid7()
    values = {
        "uid": uid,
        "school_id": school_id,
        "kind": kind,
        "first_day": first.isoformat(),
        "last_day": last.isoformat(),
        "note": note.strip(),
        "rooms": json.dumps(sorted(set(rooms))),
        "by": unit.actor.name,
        "at": unit.now,
    }
    unit.connection.execute(insert(calendar_day), values)
    row = repository.find_day(unit.connection, unit.actor, uid, school_id)
    _tell(unit, "enter day", school, row)
    return _told(Estate(unit.connection, unit.actor, unit.now), [row])[0]


def remove_day(unit: UnitOfWork, school: str | None, uid: str) -> None:
    """Remove what was entered for a school, or (None) for all."""
    if school is None:
        require_everywhere(unit.actor, ESTATE_WRITE)
        at = None
    else:
        at = writable_school(unit, school)
    row = repository.find_day(unit.connection, unit.actor, uid, None if at is None else at.id)
    unit.connection.execute(delete(calendar_day).where(calendar_day.c.id == row.id))
    _tell(unit, "remove day", at, row)


def _tell(unit: UnitOfWork, action: str, school: Row[Any] | None, row: Row[Any]) -> None:
    detail = {"kind": row.kind, "first": row.first_day, "last": row.last_day,
              "rooms": len(json.loads(row.rooms))}  # fmt: skip
    key, uid, school_id = ("", "", None) if school is None else (school.key, school.uid, school.id)
    unit.audit(action, "school", key, school_id, detail)
    unit.announce("calendar", uid, school_id)


def _check_years(*days: dt.date) -> None:
    if not all(YEARS[0] <= day.year <= YEARS[1] for day in days):
        raise Invalid(
            say("the calendar goes from {first} to {last}", first=YEARS[0], last=YEARS[1]),
            code="calendar.invalid",
        )


def writable_school(unit: UnitOfWork, school: str) -> Row[Any]:
    """The row of a school that the actor sees and may write."""
    require(unit.actor, ESTATE_WRITE)
    row = Estate(unit.connection, unit.actor, unit.now).find(KINDS["school"], school)
    if not unit.actor.scope(ESTATE_WRITE).covers(row.number, row.authority):
        raise Forbidden(outside(unit.actor, ESTATE_WRITE))
    return row
