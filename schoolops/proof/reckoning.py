"""From measurements of a line to what is proven of its month. Pure: no clock, no database.

    proof = reckon(question, measured)

Values are held in slots: of 5 minutes, or of an hour when the month is older than the finer ones
are kept. All that is judged is judged in lesson time; a slot counts with as many seconds as lessons
lie in it. What was not measured is said, and never counts as fine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schoolops.calendar.times import LessonTime
from schoolops.core.clock import to_iso
from schoolops.proof.limits import Limits
from schoolops.proof.months import Month
from schoolops.proof.outages import Out, Reading, gaps, in_lessons, outages, refine
from schoolops.proof.shapes import Coverage, Day, Hour, Line, Proof, Terms, Tests, Usage
from schoolops.proof.slots import Slots, overlap, spread, weigh, weighted_rank
from schoolops.proof.throughput import Booked, Test, booked_at, counting, judge_tests, tests_of
from schoolops.proof.verdicts import WAYS, findings, verdict

HOUR_S = 3600
VALUES = ("connect_ms", "rtt_ms", "jitter_ms", "loss_percent", "dns_ms")
METRICS = (*VALUES, "rx_bps", "tx_bps", "test_down_bps", "test_up_bps", "reachable")
"""What a proof is made of."""
FLOWS = {"down": "rx_bps", "up": "tx_bps"}


class Question(NamedTuple):
    """What is asked: the line, the month, its lessons, its contract, the limits."""

    line: Line
    month: Month
    lessons: LessonTime
    terms: Sequence[Booked]
    limits: Limits
    source: str
    now_s: float


@dataclass
class Measured:
    """What the store has: slots of each metric, begins in seconds; single reports where there are
    some, by the begin of a coarse outage."""

    step_s: int
    slots: Mapping[str, Slots]
    readings: Mapping[float, Sequence[Reading]] = field(default_factory=dict)

    def of(self, metric: str) -> Slots:
        return self.slots.get(metric, {})


class _Seen(NamedTuple):
    """Of a slot: seconds of lesson time, and how many of these were measured, and down."""

    lesson_s: float
    measured_s: float
    down_s: float


def reckon(question: Question, measured: Measured) -> Proof:
    """The proof of a line and month."""
    zone, limits, step = question.lessons.zone, question.limits, measured.step_s
    begin, end = question.month.span(zone)
    until = min(float(end), question.now_s)
    lessons = question.lessons.intervals(begin, until)
    weights = weigh(lessons, step)
    terms = [one for one in question.terms if one.since_s < end] or list(question.terms[:1])
    tests = {
        way: tests_of(measured.of(f"test_{way}_bps"), weights, step, terms, way) for way in WAYS
    }
    judged: dict[str, Tests] = {way: judge_tests(tests[way], limits, zone) for way in WAYS}
    counted: dict[str, Sequence[Test]] = {
        way: counting(tests[way], judged[way]["basis"]) for way in WAYS
    }
    seen = _see(measured, weights)
    coverage = _coverage(question, lessons, seen, measured, weights)
    values = {name: spread(measured.of(name), weights, step) for name in VALUES}
    booked: dict[str, bool] = {way: any(one.of(way) for one in terms) for way in WAYS}
    found = findings(judged, booked, coverage, values, limits)
    outs = [
        exact
        for out in outages(measured.of("reachable"), step, until)
        for exact in refine(out, measured.readings.get(out.begin, ()))
    ]
    return {
        "uplink": question.line,
        "month": str(question.month),
        "timezone": str(zone),
        "complete": question.now_s >= end,
        "measured_to": _iso(until),
        "grain_s": step,
        "terms": [_told(one, begin) for one in terms],
        "lessons": coverage,
        "values": values,
        "usage": {way: _usage(way, measured, weights, terms, limits) for way in WAYS},
        "tests": judged,
        "outages": [
            {
                "begin": _iso(out.begin), "end": _iso(out.end), "seconds": round(out.down_s),
                "lesson_s": round(in_lessons(out, lessons)), "exact_s": out.exact_s,
                "open": out.open,
            }
            for out in outs
        ],
        "gaps": [
            {"begin": _iso(gap.begin), "end": _iso(gap.end), "lesson_s": round(gap.seconds)}
            for gap in gaps(lessons, {at: one.measured_s for at, one in seen.items()
                                      if one.measured_s}, step)
        ],
        "limits": {name: float(value) for name, value in limits._asdict().items()},
        "source": question.source,
        "findings": found,
        "verdict": verdict(found),
        "days": _days(question, lessons, seen, measured, weights, until, counted),
        "hours": _hours(question, lessons, seen, measured, weights),
    }  # fmt: skip


def coarse_outages(measured: Measured, until_s: float) -> list[Out]:
    """Where single reports are worth looking at."""
    return outages(measured.of("reachable"), measured.step_s, until_s)


def _see(measured: Measured, weights: Mapping[int, float]) -> dict[int, _Seen]:
    """How much of each slot's lesson time was measured. In 5 minutes one report is enough; of an
    hour it is as much as it has of the reports that an hour of that line usually has."""
    reachable = measured.of("reachable")
    usual = 1.0
    if measured.step_s >= HOUR_S and reachable:
        usual = weighted_rank([(slot.reports, 1.0) for slot in reachable.values()], 0.9) or 1.0
    found = {}
    for at, seconds in weights.items():
        slot = reachable.get(at)
        share = min(1.0, slot.reports / usual) if slot else 0.0
        down = share * (1 - slot.mean) if slot else 0.0
        found[at] = _Seen(seconds, seconds * share, seconds * down)
    return found


def _coverage(
    question: Question,
    lessons: Sequence[tuple[float, float]],
    seen: Mapping[int, _Seen],
    measured: Measured,
    weights: Mapping[int, float],
) -> Coverage:
    zone = question.lessons.zone
    lesson = sum(one.lesson_s for one in seen.values())
    known = sum(one.measured_s for one in seen.values())
    down = sum(one.down_s for one in seen.values())
    return {
        "days": len({dt.datetime.fromtimestamp(begin, zone).date() for begin, _ in lessons}),
        "lesson_s": round(lesson),
        "measured_s": round(known),
        "unmeasured_s": round(lesson) - round(known),
        "up_s": round(known) - round(down),
        "down_s": round(down),
        "reports": spread(measured.of("reachable"), weights, measured.step_s)["reports"],
        "measured": known / lesson if lesson else 0.0,
        "availability": 1 - down / known if known else None,
    }


def _usage(
    way: str,
    measured: Measured,
    weights: Mapping[int, float],
    terms: Sequence[Booked],
    limits: Limits,
) -> Usage:
    slots = measured.of(FLOWS[way])
    lies = spread(slots, weights, measured.step_s)
    rated = [
        (weights[at], slots[at].mean, booked)
        for at in weights
        if at in slots and (booked := booked_at(terms, at).of(way))
    ]
    total = sum(seconds for seconds, _, _ in rated)
    busy = sum(seconds for seconds, mean, rate in rated if mean >= limits.busy_share * rate)
    return {
        "mean_bps": lies["mean"],
        "p95_bps": lies["p95"],
        "most_bps": lies["most"],
        "busy": busy / total if total else None,
    }


def _told(booked: Booked, begin: float) -> Terms:
    return {
        "since": _iso(booked.since_s) if booked.since_s > begin else None,
        "provider": booked.provider,
        "circuit": booked.circuit,
        "down_bps": booked.down_bps,
        "up_bps": booked.up_bps,
    }


def _days(
    question: Question,
    lessons: Sequence[tuple[float, float]],
    seen: Mapping[int, _Seen],
    measured: Measured,
    weights: Mapping[int, float],
    until: float,
    counted: Mapping[str, Sequence[Test]],
) -> list[Day]:
    zone, step = question.lessons.zone, measured.step_s
    found: list[Day] = []
    for day in question.month.days():
        begin, end = (
            dt.datetime.combine(one, dt.time(), zone).timestamp()
            for one in (day, day + dt.timedelta(days=1))
        )
        if begin >= until:
            break
        kind = question.lessons.day(day)
        inside = {at: weight for at, weight in weights.items() if begin <= at < end}
        tested = {
            way: [test.bps for test in counted[way] if begin <= test.at_s < end] for way in WAYS
        }
        found.append({
            "day": day.isoformat(),
            "kind": kind.kind,
            "reason": kind.reason,
            "lesson_s": round(overlap(lessons, begin, end)),
            "measured_s": round(sum(seen[at].measured_s for at in inside)),
            "down_s": round(sum(seen[at].down_s for at in inside)),
            "connect_ms": spread(measured.of("connect_ms"), inside, step)["mean"],
            "loss_percent": spread(measured.of("loss_percent"), inside, step)["mean"],
            "best_down_bps": max(tested["down"], default=None),
            "best_up_bps": max(tested["up"], default=None),
            "tests": len(tested["down"]),
        })  # fmt: skip
    return found


def _hours(
    question: Question,
    lessons: Sequence[tuple[float, float]],
    seen: Mapping[int, _Seen],
    measured: Measured,
    weights: Mapping[int, float],
) -> list[Hour]:
    """Hours of the clock with lessons in them; zones lie whole hours apart from UTC here."""
    groups: dict[int, dict[int, float]] = {}
    for at, seconds in weights.items():
        groups.setdefault(at - at % HOUR_S, {})[at] = seconds
    found: list[Hour] = []
    for begin, inside in sorted(groups.items()):
        lies = {name: spread(measured.of(name), inside, measured.step_s) for name in METRICS}
        begins = max(begin, min((b for b, e in lessons if e > begin), default=begin))
        local = dt.datetime.fromtimestamp(begins, question.lessons.zone)
        found.append({
            "begin": _iso(begins),
            "local": local.isoformat(timespec="minutes"),
            "lesson_s": round(sum(inside.values())),
            "measured_s": round(sum(seen[at].measured_s for at in inside)),
            "down_s": round(sum(seen[at].down_s for at in inside)),
            "reports": lies["reachable"]["reports"],
            "connect_ms": lies["connect_ms"]["mean"],
            "connect_least_ms": lies["connect_ms"]["least"],
            "connect_p95_ms": lies["connect_ms"]["p95"],
            "connect_most_ms": lies["connect_ms"]["most"],
            "rtt_ms": lies["rtt_ms"]["mean"],
            "jitter_ms": lies["jitter_ms"]["mean"],
            "loss_percent": lies["loss_percent"]["mean"],
            "loss_most_percent": lies["loss_percent"]["most"],
            "dns_ms": lies["dns_ms"]["mean"],
            "rx_bps": lies["rx_bps"]["mean"],
            "rx_most_bps": lies["rx_bps"]["most"],
            "tx_bps": lies["tx_bps"]["mean"],
            "tx_most_bps": lies["tx_bps"]["most"],
            "test_down_bps": lies["test_down_bps"]["mean"],
            "test_up_bps": lies["test_up_bps"]["mean"],
        })  # fmt: skip
    return found


def _iso(at_s: float) -> str:
    return to_iso(round(at_s * 1_000_000)) or ""
