"""When an agent may test a line's rate: the times between lessons and exams, for weeks ahead.

Whole weeks, so that a config changes on Mondays and when somebody changes the calendar. An agent
that hears nothing for longer than its list lasts tests no more.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from schoolops.calendar.repository import lesson_time_of
from schoolops.calendar.times import LessonTime
from schoolops.fleet.config import PARTS

AHEAD_DAYS = 21
"""From Monday of this week; so there are always two weeks ahead."""
MARGIN_S = 300
"""So long before lessons no test begins any more."""
EXAM_HOURS = (6, 20)
"""On the day of an exam nobody tests from … to (local hours): it may be on a Saturday, and its
times are not known."""


def test_windows(connection: Connection, school_id: int, now: int) -> list[list[int]]:
    """[begin, end) in UTC seconds, in order."""
    return windows(lesson_time_of(connection, school_id), now // 1_000_000)


def windows(times: LessonTime, now: int) -> list[list[int]]:
    """The same of a lesson time."""
    today = dt.datetime.fromtimestamp(now, times.zone).date()
    monday = today - dt.timedelta(days=today.weekday())
    begin = _at(times, monday, 0)
    end = _at(times, monday + dt.timedelta(days=AHEAD_DAYS), 0)
    busy = [(int(a) - MARGIN_S, int(b)) for a, b in times.intervals(begin, end)]
    for number in range(AHEAD_DAYS):
        day = monday + dt.timedelta(days=number)
        if any(exam.first <= day <= exam.last for exam in times.exams):
            busy.append((_at(times, day, EXAM_HOURS[0]), _at(times, day, EXAM_HOURS[1])))
    found: list[list[int]] = []
    for since, until in [*sorted(busy), (end, end)]:
        if since > begin:
            found.append([begin, since])
        begin = max(begin, until)
    return found


def _at(times: LessonTime, day: dt.date, hour: int) -> int:
    return int(dt.datetime.combine(day, dt.time(hour), times.zone).timestamp())


PARTS["test_windows"] = test_windows
