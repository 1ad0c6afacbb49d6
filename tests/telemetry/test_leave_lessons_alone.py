"""When agents may test a line's rate: never in lessons or on the day of an exam."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from schoolops.calendar.times import Entry, LessonTime, default_bells
from schoolops.telemetry.windows import AHEAD_DAYS, MARGIN_S, windows

ZONE = ZoneInfo("Europe/Berlin")
BELLS = default_bells("20")  # 07:50 to 15:15


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> int:
    return int(dt.datetime(2026, month, day, hour, minute, tzinfo=ZONE).timestamp())


def allowed(found: list[list[int]], instant: int) -> bool:
    return any(begin <= instant < end for begin, end in found)


def test_they_lie_between_the_lessons_of_the_next_weeks() -> None:
    times = LessonTime(BELLS, zone=ZONE)
    found = windows(times, at(26, 12))  # a Thursday
    assert found[0] == [at(23, 0), at(23, 7, 50) - MARGIN_S]
    assert found[1] == [at(23, 15, 15), at(24, 7, 50) - MARGIN_S]
    assert found[-1][1] == at(14, 0, month=12)
    assert found[-1][1] - at(26, 12) > 14 * 86_400
    step = 300
    for instant in range(at(23, 0), at(14, 0, month=12), step):
        assert not (allowed(found, instant) and times.within(instant))
    assert found == windows(times, at(29, 23))  # the same all week: configs stay as they are


def test_the_day_of_an_exam_is_left_alone_and_holidays_are_not() -> None:
    saturday = dt.date(2026, 11, 28)
    times = LessonTime(BELLS, [Entry("exam", saturday, saturday)], ZONE)
    found = windows(times, at(26, 12))
    assert not allowed(found, at(28, 6))
    assert not allowed(found, at(28, 19, 59))
    assert allowed(found, at(28, 20))
    christmas = windows(times, at(23, 12, month=12))
    assert allowed(christmas, at(28, 10, month=12))


def test_a_school_without_lessons_may_be_tested_at_any_time() -> None:
    found = windows(LessonTime({}, zone=ZONE), at(26, 12))
    assert found == [[at(23, 0), at(23, 0) + AHEAD_DAYS * 86_400]]
