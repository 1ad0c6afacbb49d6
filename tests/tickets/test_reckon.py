"""Promises against cases that were reckoned by hand: holidays, lesson hours, waits, summer time."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolops.calendar.times import Entry, LessonTime, default_bells
from schoolops.tickets.sla import PROMISES, Target, reckon, warnings

BERLIN = ZoneInfo("Europe/Berlin")
TIMES = LessonTime(default_bells("20"), (), BERLIN)
"""07:50 to 15:15 from Monday to Friday."""
DAY_MIN = 445


def at(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def due(opened: str, target: Target, *waits: tuple[str, str], times: LessonTime = TIMES) -> str:
    spells = [(at(begin), at(end)) for begin, end in waits]
    clock = reckon(times, at(opened), None, spells, target, at(opened))
    assert clock.due is not None
    return dt.datetime.fromtimestamp(clock.due, BERLIN).isoformat(" ", "minutes")[:16]


# Monday 2026-11-23 is a usual day; the Christmas holidays are 2026-12-23 to 2027-01-06.
BY_HAND = [
    ("in a lesson", "2026-11-23 09:00", Target(15), "2026-11-23 09:15"),
    ("before the first", "2026-11-23 06:00", Target(15), "2026-11-23 08:05"),
    ("over the last bell", "2026-11-23 15:10", Target(15), "2026-11-24 08:00"),
    ("exactly to the bell", "2026-11-23 15:00", Target(15), "2026-11-23 15:15"),
    ("at the bell", "2026-11-23 15:15", Target(15), "2026-11-24 08:05"),
    ("over a weekend", "2026-11-27 15:00", Target(60), "2026-11-30 08:35"),
    ("four hours", "2026-11-23 13:00", Target(240), "2026-11-24 09:35"),
    ("four hours in one day", "2026-11-23 08:00", Target(240), "2026-11-23 12:00"),
    ("a day", "2026-11-23 09:00", Target(days=1), "2026-11-24 15:15"),
    ("a day, at night", "2026-11-23 20:00", Target(days=1), "2026-11-25 15:15"),
    ("a day, from Friday", "2026-11-27 09:00", Target(days=1), "2026-11-30 15:15"),
    ("a day, from Saturday", "2026-11-28 09:00", Target(days=1), "2026-12-01 15:15"),
    ("five days", "2026-11-23 09:00", Target(days=5), "2026-11-30 15:15"),
    ("into the holidays", "2026-12-22 15:00", Target(60), "2027-01-07 08:35"),
    ("five days over the holidays", "2026-12-21 09:00", Target(days=5), "2027-01-12 15:15"),
    ("in the holidays", "2026-12-28 09:00", Target(15), "2027-01-07 08:05"),
    ("on a public holiday", "2026-05-01 09:00", Target(15), "2026-05-04 08:05"),
    ("summer time begins", "2026-03-27 15:00", Target(30), "2026-04-13 08:05"),
    ("summer time ends", "2026-10-16 15:00", Target(30), "2026-11-02 08:05"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "opened", "target", "expected"), BY_HAND)
def test_a_promise_ends_when_it_was_reckoned_by_hand(
    name: str, opened: str, target: Target, expected: str
) -> None:
    assert due(opened, target) == expected, name


def test_a_week_in_which_the_clock_changes_has_its_lessons_on_the_school_clock() -> None:
    times = LessonTime(
        default_bells("20"),
        [Entry("open", dt.date(2026, 3, 29), dt.date(2026, 3, 29))],
        BERLIN,
    )
    # The Sunday on which 02:00 becomes 03:00 has lessons, entered by somebody.
    assert due("2026-03-29 01:00", Target(15), times=times) == "2026-03-29 08:05"
    assert due("2026-03-29 07:50", Target(DAY_MIN), times=times) == "2026-03-29 15:15"


@pytest.mark.parametrize(
    ("waits", "expected"),
    [
        ([("2026-11-23 09:05", "2026-11-23 10:05")], "2026-11-23 10:15"),
        ([("2026-11-23 09:05", "2026-11-24 09:05")], "2026-11-24 09:15"),
        ([("2026-11-23 16:00", "2026-11-24 07:00")], "2026-11-23 09:15"),
        ([("2026-11-23 09:05", "2026-11-23 09:20"), ("2026-11-23 09:10", "2026-11-23 09:25")],
         "2026-11-23 09:35"),
        ([("2026-11-20 09:00", "2026-11-23 09:05")], "2026-11-23 09:20"),
    ],
)  # fmt: skip
def test_while_school_or_vendor_is_waited_for_the_clock_stands_still(
    waits: list[tuple[str, str]], expected: str
) -> None:
    assert due("2026-11-23 09:00", Target(15), *waits) == expected


@pytest.mark.parametrize(
    ("stopped", "now", "state", "used_min"),
    [
        (None, "2026-11-23 09:10", "running", 10),
        (None, "2026-11-23 09:16", "missed", 16),
        (None, "2026-11-23 20:00", "missed", 375),
        ("2026-11-23 09:15", "2026-11-24 10:00", "met", 15),
        ("2026-11-23 09:16", "2026-11-24 10:00", "missed", 16),
    ],
)
def test_a_clock_says_how_it_stands(
    stopped: str | None, now: str, state: str, used_min: int
) -> None:
    clock = reckon(
        TIMES, at("2026-11-23 09:00"), at(stopped) if stopped else None, [], Target(15), at(now)
    )
    assert (clock.state, clock.used_s) == (state, used_min * 60)


def test_what_waits_says_so_and_what_is_not_promised_has_no_clock() -> None:
    waits = [(at("2026-11-23 09:05"), at("2026-11-23 12:00"))]
    now = at("2026-11-23 10:00")
    assert reckon(TIMES, at("2026-11-23 09:00"), None, waits, Target(15), now).state == "waiting"
    assert reckon(TIMES, at("2026-11-23 09:00"), None, [], PROMISES["P4"].fix, now).state == "none"


def test_somebody_is_told_at_half_at_four_fifths_and_at_the_end() -> None:
    def told(now: str) -> tuple[float, ...]:
        return warnings(reckon(TIMES, at("2026-11-23 08:00"), None, [], Target(100), at(now)))

    assert told("2026-11-23 08:49") == ()
    assert told("2026-11-23 08:50") == (0.5,)
    assert told("2026-11-23 09:20") == (0.5, 0.8)
    assert told("2026-11-23 09:40") == (0.5, 0.8, 1.0)


minutes = st.integers(0, 60 * 24 * 90)


@given(minutes, st.integers(1, 3000), st.lists(st.tuples(minutes, minutes), max_size=5))
def test_when_it_is_due_all_of_it_is_used_and_no_more(
    opened: int, target: int, waits: list[tuple[int, int]]
) -> None:
    begin = at("2026-08-31 00:00") + opened * 60
    spells = [(begin + one * 60, begin + other * 60) for one, other in waits]
    clock = reckon(TIMES, begin, None, spells, Target(target), begin)
    assert clock.due is not None
    then = reckon(TIMES, begin, None, spells, Target(target), clock.due)
    assert then.used_s == pytest.approx(then.budget_s)
    assert then.due == clock.due
