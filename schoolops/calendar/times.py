"""When a school has lessons: pure, from bell times, holidays and the days of the school.

    times = LessonTime(default_bells("20"), days)
    times.within(1_795_680_000)

Instants are seconds since 1970 (UTC), dates and bell times are the school's own clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from inventory.sentences import say
from schoolops.calendar.holidays import public_holiday_on, school_holiday_on
from schoolops.core.zone import local_zone

DAY_S = 86_400
BREAK_MINUTES = 30
"""A gap between two lessons up to this long is a break, and belongs to the lesson time."""

DayKind = Literal[
    "lessons", "weekend", "public_holiday", "school_holidays", "movable", "closed", "open"
]
EntryKind = Literal["movable", "closed", "open", "exam"]
ENTRY_KINDS: tuple[EntryKind, ...] = ("movable", "closed", "open", "exam")
"""What can be entered for days: a movable holiday, closed or open against the rule, an exam."""


class Span(NamedTuple):
    """A lesson or several, in minutes since midnight on the school's clock."""

    begin: int
    end: int


Bells = Mapping[int, tuple[Span, ...]]
"""Day of the week (1 is Monday) → its lessons in order. A day that is missing has none."""


class Entry(NamedTuple):
    """Days entered by people, first and last included; `rooms`: the ids of an exam's rooms, none
    for the whole school."""

    kind: EntryKind
    first: dt.date
    last: dt.date
    note: str = ""
    rooms: tuple[int, ...] = ()
    everywhere: bool = False
    """Entered for all schools: what the school itself entered for the day counts more."""


class Day(NamedTuple):
    """What a day is, and why: the holidays' name, or the note of whoever entered it."""

    kind: DayKind
    reason: str = ""


def clock(text: str) -> int:
    """Minutes since midnight of '07:50'; ValueError for anything else."""
    found = dt.time.fromisoformat(text)
    if len(text) != 5:
        raise ValueError(say("{text!r} is no time of day such as 07:50", text=text))
    return found.hour * 60 + found.minute


def shown(minute: int) -> str:
    """'07:50' of minutes since midnight."""
    return f"{minute // 60:02}:{minute % 60:02}"


# -- what a school of a form has until somebody enters its own ----------------------------------

_PRIMARY = Span(clock("08:00"), clock("13:15"))
_SECONDARY = Span(clock("07:50"), clock("15:15"))
_VOCATIONAL = Span(clock("07:30"), clock("17:00"))
_SECOND_CHANCE = Span(clock("08:00"), clock("21:30"))
_BY_FORM = {
    "02": _PRIMARY,
    "06": _PRIMARY,
    "08": _PRIMARY,
    "83": _PRIMARY,
    "25": _SECOND_CHANCE,
    "30": _VOCATIONAL,
    "88": _VOCATIONAL,
}
"""Key of the school form → its usual school day; all others have that of secondary schools."""


def default_bells(form: str | None) -> Bells:
    """The usual school day of a form (key of the state's list), Monday to Friday."""
    return dict.fromkeys(range(1, 6), (_BY_FORM.get(form or "", _SECONDARY),))


class LessonTime:
    """The lesson time of one school. Cheap to ask often; what a day has is worked out once."""

    def __init__(
        self, bells: Bells, entries: Iterable[Entry] = (), zone: dt.tzinfo | None = None
    ) -> None:
        self.bells = {
            weekday: _with_breaks(spans) for weekday, spans in sorted(bells.items()) if spans
        }
        self.zone = zone or local_zone()
        every = tuple(entries)
        self.exams = tuple(entry for entry in every if entry.kind == "exam")
        # The school's own come first, and whoever comes first decides.
        self._entries = sorted(
            (entry for entry in every if entry.kind != "exam"), key=lambda e: e.everywhere
        )
        self._known: dict[int, tuple[tuple[int, int], ...]] = {}

    def day(self, day: dt.date) -> Day:
        """What kind of day it is."""
        for entry in self._entries:
            if entry.first <= day <= entry.last:
                return Day(entry.kind, entry.note)  # type: ignore[arg-type] # no exam is there
        if name := public_holiday_on(day):
            return Day("public_holiday", name)
        if name := school_holiday_on(day):
            return Day("school_holidays", name)
        return Day("lessons") if day.isoweekday() in self.bells else Day("weekend")

    def spans(self, day: dt.date) -> tuple[Span, ...]:
        """The lesson time of a day. One that is open against the rule has that of its day of the
        week; when that has none, of the first one that has some."""
        kind = self.day(day).kind
        if kind == "lessons":
            return self.bells[day.isoweekday()]
        if kind == "open" and self.bells:
            return self.bells.get(day.isoweekday()) or next(iter(self.bells.values()))
        return ()

    def within(self, at: float) -> bool:
        """Whether there are lessons at that instant."""
        number = int(at // DAY_S)
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = self._of_utc_day(number)
        for begin, end in found:  # noqa: SIM110 (`any` takes twice as long)
            if begin <= at < end:
                return True
        return False

    def intervals(self, since: float, until: float) -> list[tuple[float, float]]:
        """The lesson time between two instants, as (begin, end) in order; they do not touch."""
        if until <= since:
            return []
        first = self._local_date(since) - dt.timedelta(days=1)
        last = self._local_date(until) + dt.timedelta(days=1)
        found: list[tuple[float, float]] = []
        for number in range((last - first).days + 1):
            for begin, end in self._instants(first + dt.timedelta(days=number)):
                begins, ends = max(begin, since), min(end, until)
                if begins >= ends:
                    continue
                if found and begins <= found[-1][1]:
                    found[-1] = (found[-1][0], max(ends, found[-1][1]))
                else:
                    found.append((begins, ends))
        return found

    def seconds(self, since: float, until: float) -> float:
        """How many seconds of lesson time lie between two instants."""
        return sum(end - begin for begin, end in self.intervals(since, until))

    def exams_at(self, at: float) -> list[Entry]:
        """The exams of the day of an instant."""
        day = self._local_date(at)
        return [exam for exam in self.exams if exam.first <= day <= exam.last]

    def _local_date(self, at: float) -> dt.date:
        return dt.datetime.fromtimestamp(at, self.zone).date()

    def _instants(self, day: dt.date) -> list[tuple[int, int]]:
        """The lesson time of a local day in UTC seconds."""
        found = []
        for span in self.spans(day):
            begin, end = self._instant(day, span.begin), self._instant(day, span.end)
            if begin < end:  # a lesson in the hour that spring leaves out is none
                found.append((begin, end))
        return found

    def _instant(self, day: dt.date, minute: int) -> int:
        local = dt.datetime.combine(day + dt.timedelta(minute // 1440), dt.time(), self.zone)
        return int(local.replace(hour=minute // 60 % 24, minute=minute % 60).timestamp())

    def _of_utc_day(self, number: int) -> tuple[tuple[int, int], ...]:
        since, until = number * DAY_S, (number + 1) * DAY_S
        middle = self._local_date((since + until) / 2)
        return tuple(
            (begin, end)
            for shift in (-1, 0, 1)
            for begin, end in self._instants(middle + dt.timedelta(days=shift))
            if begin < until and end > since
        )


def _with_breaks(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans in order, joined where only a break lies between them."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.begin - joined[-1].end <= BREAK_MINUTES:
            joined[-1] = Span(joined[-1].begin, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)
