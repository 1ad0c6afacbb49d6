"""Days of a school from an iCalendar file: which event means what, on which days. Pure.

Schools write what they like into their calendars. What an event is follows from words of its title
and its categories; what has none of them is left out and said. Whole days count, on the school's
own clock; series are worked out as far as the calendar goes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from inventory.fields import fold
from inventory.sentences import Sentence, say
from schoolops.calendar.series import days as days_of
from schoolops.calendar.series import series_of
from schoolops.calendar.times import EntryKind
from schoolops.core.errors import Invalid
from schoolops.core.zone import local_zone

MOST_EVENTS = 20_000
MOST_OF_SERIES = 400
DAYS_AHEAD = 800
WHOLE_DAY_S = 6 * 3600
"""An event with times is a day without lessons if it lasts so long."""
FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_SERIES = 500

WORDS: tuple[tuple[EntryKind, str], ...] = (
    ("exam", r"abitur|\bzp ?10|\bzap\b|pruefung|klausur|nachschreib|\bexam"),
    ("movable", r"beweglich|rosenmontag|weiberfastnacht|brueckentag"),
    ("closed", r"schulfrei|unterrichtsfrei|kein unterricht|geschlossen|paedagogische[rn]? tag"
               r"|studientag|fortbildungstag|no lessons|closed"),
    ("open", r"tag der offenen tuer|unterrichtssamstag|open day"),
)  # fmt: skip
"""Words (folded) of a title or category → what is entered."""


class Event(NamedTuple):
    """Days of one event. `rooms`: what it names as its place. `left_out`: why it says nothing."""

    number: int
    title: str
    first: dt.date
    last: dt.date
    kind: EntryKind | None
    rooms: tuple[str, ...] = ()
    left_out: Sentence | None = None
    problem: Sentence | None = None


def read(data: bytes, today: dt.date, kind: EntryKind | None = None) -> list[Event]:
    """The events of a file in order of their days, past ones left out; `kind`: all are that.

    `Invalid` for what is no iCalendar file.
    """
    from icalendar import Calendar

    try:
        calendars = Calendar.from_ical(data, multiple=True)
        found = [one for calendar in calendars for one in calendar.walk("VEVENT")]
    except Exception:  # a library over a stranger's bytes: whatever it stumbles over
        found = []
    if not found:
        raise Invalid(say("the file is no iCalendar file with events"), code="import.refused")
    if sum("RRULE" in one for one in found) > MOST_SERIES:
        raise Invalid(say("the file has more than {most} series", most=MOST_SERIES),
                      code="import.refused")  # fmt: skip
    if len(found) > MOST_EVENTS:
        raise Invalid(say("the file has more than {most} events", most=MOST_EVENTS),
                      code="import.refused")  # fmt: skip
    replaced = _replaced(found)
    events = [
        event
        for number, component in enumerate(found, 1)
        for event in _events(number, component, replaced, today, kind)
    ]
    return sorted(events, key=lambda event: (event.first, event.number))


def _replaced(found: list[Any]) -> set[tuple[str, dt.date]]:
    """(uid, day) of those of a series that an event of its own stands for."""
    days = set()
    for component in found:
        moment = getattr(component.get("RECURRENCE-ID"), "dt", None)
        if isinstance(moment, dt.date):
            days.add((str(component.get("UID")), _day(moment)))
    return days


def _events(
    number: int,
    component: Any,
    replaced: set[tuple[str, dt.date]],
    today: dt.date,
    wanted: EntryKind | None,
) -> Iterator[Event]:
    title = " ".join(str(component.get("SUMMARY") or "").split())[:200]
    try:
        first, last, seconds = _span(component)
        days = list(_days(component, first, last, replaced, today))
    except _Unclear as error:
        yield Event(number, title, today, today, None, problem=error.args[0])
        return
    except Exception:  # the library's own, from a value that it took and cannot use
        unclear = say("its days cannot be read")
        yield Event(number, title, today, today, None, problem=unclear)
        return
    kind = wanted or _kind(title, component)
    rooms = _rooms(component) if kind == "exam" else ()
    why = None
    if str(component.get("STATUS") or "").upper() == "CANCELLED":
        why = say("it is cancelled")
    elif kind is None:
        why = say("no word in it says what it means for lessons")
    elif kind == "exam" and "klausur" in fold(title) and not rooms and wanted is None:
        why = say("it names no room; it would be an exam of the whole school")
    elif kind != "exam" and seconds < WHOLE_DAY_S:
        why = say("it is a part of a day")
    for day in days:
        end = day + (last - first)
        if end >= today:
            yield Event(number, title, day, end, None if why else kind, rooms, why)


class _Unclear(Exception):
    """An event whose days are not to be had; carries the sentence."""


def _span(component: Any) -> tuple[dt.date, dt.date, float]:
    """First and last day, and how many seconds it lasts."""
    if component.get("DTSTART") is None:
        raise _Unclear(say("it has no begin"))
    begin, end = component.start, component.end
    if not (FIRST_YEAR <= begin.year <= LAST_YEAR and FIRST_YEAR <= end.year <= LAST_YEAR):
        raise _Unclear(say("the calendar goes from {first} to {last}", first=FIRST_YEAR,
                           last=LAST_YEAR))  # fmt: skip
    first, last = _day(begin), _day(end)
    seconds = (end - begin).total_seconds()
    # The end is the first moment that does not belong to it any more.
    if last > first and (not isinstance(end, dt.datetime) or _local(end).time() == dt.time()):
        last -= dt.timedelta(days=1)
    if not 0 <= (last - first).days < DAYS_AHEAD:
        raise _Unclear(say("it ends before it begins, or lasts for years"))
    return first, last, max(seconds, 0.0) if isinstance(begin, dt.datetime) else 86_400.0


def _local(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(local_zone()) if moment.tzinfo else moment


def _day(moment: dt.date) -> dt.date:
    return _local(moment).date() if isinstance(moment, dt.datetime) else moment


def _days(
    component: Any,
    first: dt.date,
    last: dt.date,
    replaced: set[tuple[str, dt.date]],
    today: dt.date,
) -> Iterator[dt.date]:
    """The first days of each of a series; of a single event its own."""
    rule = component.get("RRULE")
    days = {first}
    if rule is not None:
        if isinstance(rule, list):
            raise _Unclear(say("its series has several rules"))
        days |= set(_series(rule, first, last, today))
    days |= set(_listed(component, "RDATE"))
    days -= set(_listed(component, "EXDATE"))
    uid = str(component.get("UID"))
    own = component.get("RECURRENCE-ID") is not None
    return (day for day in sorted(days) if own or (uid, day) not in replaced)


def _listed(component: Any, name: str) -> Iterator[dt.date]:
    given = component.get(name)
    for some in given if isinstance(given, list) else [given] if given is not None else []:
        for one in some.dts:
            if isinstance(one.dt, dt.date):
                yield _day(one.dt)


def _series(rule: Any, first: dt.date, last: dt.date, today: dt.date) -> Iterator[dt.date]:
    """The days on which a series begins again, as far as the calendar looks ahead."""
    found = series_of(rule)
    if found is None:
        raise _Unclear(say("its series is not understood; enter its days by themselves"))
    end = today + dt.timedelta(days=DAYS_AHEAD)
    if rule.get("UNTIL"):
        end = min(end, _day(rule["UNTIL"][0]))
    return islice(days_of(found, first, today - (last - first), end), MOST_OF_SERIES)


def _kind(title: str, component: Any) -> EntryKind | None:
    categories = component.get("CATEGORIES")
    told = [title]
    for some in categories if isinstance(categories, list) else [categories] if categories else []:
        told += [str(one) for one in getattr(some, "cats", [some])]
    words = fold(" ".join(told))
    return next((kind for kind, pattern in WORDS if re.search(pattern, words)), None)


def _rooms(component: Any) -> tuple[str, ...]:
    """'Raum 2.14, 2.15' → ('2.14', '2.15')."""
    place = str(component.get("LOCATION") or "")[:1000]
    parts = re.split(r"[,;/+\n]|\bund\b|\band\b", place)
    names = (re.sub(r"^\s*(räume|raum|rooms?|r\.)\s+", "", part, flags=re.I) for part in parts)
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
