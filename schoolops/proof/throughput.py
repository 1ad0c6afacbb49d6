"""The throughput tests of a month against what was booked at their time. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from schoolops.proof.limits import Limits
from schoolops.proof.shapes import Tests
from schoolops.proof.slots import Slots, singles, weighted_rank


class Booked(NamedTuple):
    """What the contract says from a time on, seconds since 1970 (0: since ever)."""

    since_s: float
    provider: str = ""
    circuit: str = ""
    down_bps: int | None = None
    up_bps: int | None = None

    def of(self, direction: str) -> int | None:
        """Booked bit/s of 'down' or 'up'."""
        return self.down_bps if direction == "down" else self.up_bps


class Test(NamedTuple):
    """One throughput test: when, what came through, and what was booked then."""

    at_s: int
    bps: float
    booked: int | None
    in_lessons: bool

    @property
    def share(self) -> float | None:
        """Delivered of booked."""
        return self.bps / self.booked if self.booked else None


def booked_at(terms: Sequence[Booked], at_s: float) -> Booked:
    """The terms in force at a time; `terms` in order, never empty."""
    return next((one for one in reversed(terms) if one.since_s <= at_s), terms[0])


def tests_of(
    slots: Slots, weights: Mapping[int, float], step_s: int, terms: Sequence[Booked], way: str
) -> list[Test]:
    """The tests of one direction in order. One counts as in lessons when half its slot is."""
    return [
        Test(at, bps, booked_at(terms, at).of(way), weights.get(at, 0.0) >= step_s / 2)
        for at, slot in sorted(slots.items())
        for bps in singles(slot)
    ]


def judge_tests(every: Sequence[Test], limits: Limits, zone: dt.tzinfo) -> Tests:
    """What the tests of one direction show. Days and shares count tests with booked rates alone."""
    inside = [test for test in every if test.in_lessons]
    enough = len(inside) >= limits.least_tests and len(_days(inside, zone)) >= limits.least_days
    basis: Literal["lessons", "all"] = "lessons" if enough else "all"
    taken = counting(every, basis)
    shares = [(test, test.share) for test in taken]
    judged = [(test, share) for test, share in shares if share is not None]
    by_day: dict[dt.date, list[float]] = {}
    for test, share in judged:
        by_day.setdefault(_day(test, zone), []).append(share)
    rates = [(test.bps, 1.0) for test in taken]
    return {
        "basis": basis,
        "in_lessons": len(inside),
        "outside": len(every) - len(inside),
        "tests": len(taken),
        "judged": len(judged),
        "days": len(by_day),
        "days_reached": sum(max(day) >= limits.reached_share for day in by_day.values()),
        "days_below": sum(min(day) < limits.minimum_share for day in by_day.values()),
        "usual_reached": sum(share >= limits.usual_share for _, share in judged),
        "mean_bps": sum(rate for rate, _ in rates) / len(rates) if rates else None,
        "least_bps": min((test.bps for test in taken), default=None),
        # Nine of ten tests are at least as fast: the smallest value above a tenth of them.
        "p10_bps": weighted_rank(rates, 0.1),
        "p50_bps": weighted_rank(rates, 0.5),
        "most_bps": max((test.bps for test in taken), default=None),
        "p50_of_booked": weighted_rank([(share, 1.0) for _, share in judged], 0.5),
    }


def counting(every: Sequence[Test], basis: str) -> Sequence[Test]:
    """The tests that count: all, or those in lessons alone."""
    return every if basis == "all" else [test for test in every if test.in_lessons]


def _day(test: Test, zone: dt.tzinfo) -> dt.date:
    return dt.datetime.fromtimestamp(test.at_s, zone).date()


def _days(tests: Sequence[Test], zone: dt.tzinfo) -> set[dt.date]:
    return {_day(test, zone) for test in tests}
