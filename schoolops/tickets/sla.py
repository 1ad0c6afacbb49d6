"""What was promised for a ticket, and how it stands: pure, reckoned on read.

    times = lesson_time_of(connection, school_id)
    reckon(times, opened, None, waits, PROMISES["P2"].fix, now)      a `Clock`

All clocks run in the school's lesson time alone. They stand still while the school or a vendor is
waited for, and while a ticket counts as solved (a ticket that was solved in vain goes on where it
stopped). So a clock is made of what happened, and changes by itself when a holiday is entered.

A promise in days ends with the lessons of that many days of lessons later: reported on Monday,
one day is Tuesday's last bell; reported on Saturday, it is as if reported on Monday.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from schoolops.calendar.times import LessonTime

DAY_S = 86_400
LONGEST_S = 400 * DAY_S
"""A year with all its holidays: what is not due by then is not due."""
_STRIDE_S = 14 * DAY_S
WARN_AT = (0.5, 0.8, 1.0)
"""Shares of a promise at which somebody is told."""

State = Literal["none", "running", "waiting", "met", "missed"]


class Target(NamedTuple):
    """Minutes of lesson time, or days of lessons."""

    minutes: int = 0
    days: int = 0


class Promise(NamedTuple):
    """What is promised for a priority; None: nothing."""

    acknowledge: Target | None = None
    workaround: Target | None = None
    fix: Target | None = None


PROMISES: Mapping[str, Promise] = MappingProxyType({
    "P1": Promise(Target(minutes=15), None, Target(minutes=240)),
    "P2": Promise(Target(minutes=60), None, Target(days=1)),
    # A workaround is promised once a loaner can be handed out in a ticket.
    "P3": Promise(Target(days=1), None, Target(days=5)),
    "P4": Promise(),
})  # fmt: skip
"""Priority → promise: the school is offline, a room cannot teach, a device is broken, a wish."""

Spell = tuple[float, float]
"""From … to, seconds since 1970."""


class Clock(NamedTuple):
    """How one promise stands. Seconds since 1970, and of lesson time; `due` None: never, or not
    within `LONGEST_S`. While it waits `due` moves on, and is what it would be from now on."""

    state: State
    due: float | None
    used_s: float
    budget_s: float

    @property
    def share(self) -> float:
        """Used of what was promised, 1.0 is all of it."""
        return self.used_s / self.budget_s if self.budget_s else 0.0


NO_CLOCK = Clock("none", None, 0.0, 0.0)


def reckon(
    times: LessonTime,
    opened: float,
    stopped: float | None,
    waits: Iterable[Spell],
    target: Target | None,
    now: float,
) -> Clock:
    """The clock of a promise that runs since `opened`. `stopped`: when it was kept. `waits`: when
    it stood still; one that lasts ends with `now` or later."""
    if target is None:
        return NO_CLOCK
    until = now if stopped is None else stopped
    still = _joined(waits)
    budget = _budget(times, opened, target)
    used = sum(end - begin for begin, end in _running(times, opened, until, still))
    due = _after(times, opened, still, budget)
    if used > budget:
        state: State = "missed"
    elif stopped is not None:
        state = "met"
    else:
        state = "waiting" if any(begin <= now < end for begin, end in still) else "running"
    return Clock(state, due, used, budget)


def warnings(clock: Clock) -> tuple[float, ...]:
    """The shares of `WARN_AT` that are reached."""
    if clock.state in ("none", "met"):
        return ()
    return tuple(share for share in WARN_AT if clock.share >= share)


def _budget(times: LessonTime, opened: float, target: Target) -> float:
    if not target.days:
        return target.minutes * 60.0
    first: dt.date | None = None
    days = 0
    total = 0.0
    for begin, end in _lessons(times, opened):
        day = dt.datetime.fromtimestamp(begin, times.zone).date()
        if first is None:
            first = last = day
        if day != last:
            days, last = days + 1, day
        if days > target.days:
            break
        total += end - begin
    return total


def _after(times: LessonTime, opened: float, still: Sequence[Spell], budget: float) -> float | None:
    """When so much of the time that counts has passed."""
    left = budget
    for begin, end in _lessons(times, opened):
        for start, stop in _without((begin, end), still):
            if left <= stop - start:
                return start + left
            left -= stop - start
    return None


def _running(
    times: LessonTime, since: float, until: float, still: Sequence[Spell]
) -> Iterator[Spell]:
    for spell in times.intervals(since, until):
        yield from _without(spell, still)


def _lessons(times: LessonTime, since: float) -> Iterator[Spell]:
    """The lesson time from then on; a lesson that lies across two looks comes in two parts."""
    for begin in range(0, LONGEST_S, _STRIDE_S):
        yield from times.intervals(since + begin, since + begin + _STRIDE_S)


def _without(spell: Spell, still: Sequence[Spell]) -> Iterator[Spell]:
    begin, end = spell
    for start, stop in still:
        if stop <= begin or start >= end:
            continue
        if start > begin:
            yield begin, start
        begin = max(begin, stop)
    if begin < end:
        yield begin, end


def _joined(spells: Iterable[Spell]) -> list[Spell]:
    """In order, without overlaps."""
    found: list[Spell] = []
    for begin, end in sorted(spells):
        if end <= begin:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found
