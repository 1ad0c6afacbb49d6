"""Findings: each limit held against what was measured, and the verdict that follows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from schoolops.proof.limits import Limits
from schoolops.proof.shapes import Coverage, Finding, Spread, Tests, Verdict

Way = Literal["down", "up", ""]
WAYS: tuple[Literal["down", "up"], ...] = ("down", "up")


def findings(
    tests: Mapping[str, Tests],
    booked: Mapping[str, bool],
    lessons: Coverage,
    values: Mapping[str, Spread],
    limits: Limits,
) -> list[Finding]:
    """What each limit that holds says. `booked`: whether the contract names that direction."""
    found: list[Finding] = []
    for way in WAYS:
        if booked[way]:
            found += _of_tests(way, tests[way], limits)
    if limits.availability:
        known = lessons["measured"] >= limits.least_measured
        # What was down stays down, however the time that was not measured would have been.
        at_best = 1 - lessons["down_s"] / lessons["lesson_s"] if lessons["lesson_s"] else None
        missed = at_best is not None and at_best < limits.availability
        share = lessons["availability"] if known or missed else None
        found.append(_at_least("availability", "", limits.availability, share))
    enough = lessons["measured"] >= limits.least_measured
    for rule, limit, metric, statistic in (
        ("loss", limits.loss_percent, "loss_percent", "mean"),
        ("connect", limits.connect_ms, "connect_ms", "p95"),
        ("jitter", limits.jitter_ms, "jitter_ms", "p95"),
    ):
        if limit:
            value = values[metric][statistic] if enough else None  # type: ignore[literal-required]
            found.append(_at_most(rule, limit, value))
    return found


def verdict(found: Iterable[Finding]) -> Verdict:
    """One limit missed is the contract missed; one that nobody can tell leaves it open."""
    said = [one["verdict"] for one in found]
    if "missed" in said:
        return "missed"
    return "met" if said and set(said) == {"met"} else "unknown"


def _of_tests(way: Way, tests: Tests, limits: Limits) -> Sequence[Finding]:
    enough = tests["judged"] >= limits.least_tests and tests["days"] >= limits.least_days

    def share(count: int, of: int) -> float | None:
        return count / of if enough and of else None

    found = [
        _at_least("reached", way, limits.reached_days, share(tests["days_reached"], tests["days"]))
    ]
    if limits.usual_share:
        reached = share(tests["usual_reached"], tests["judged"])
        found.append(_at_least("usual", way, limits.usual_tests, reached))
    if limits.minimum_share:
        # On at least as many days as have to be good, no test may fall below the least.
        good = share(tests["days"] - tests["days_below"], tests["days"])
        found.append(_at_least("minimum", way, limits.reached_days, good))
    return found


def _at_least(rule: str, way: Way, wanted: float, found: float | None) -> Finding:
    met = found is not None and found >= wanted - 1e-9
    return _finding(rule, way, wanted, found, met)


def _at_most(rule: str, wanted: float, found: float | None) -> Finding:
    return _finding(rule, "", wanted, found, found is not None and found <= wanted)


def _finding(rule: str, way: Way, wanted: float, found: float | None, met: bool) -> Finding:
    said: Verdict = "unknown" if found is None else "met" if met else "missed"
    return {
        "rule": rule, "direction": way, "wanted": wanted, "found": found, "verdict": said,
    }  # fmt: skip
