"""Values of a line in slots of equal width, and how much lesson time lies in each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schoolops.proof.shapes import Spread


class Slot(NamedTuple):
    """Measurements of one metric in one slot, in the metric's unit."""

    reports: int
    mean: float
    least: float
    most: float


Slots = Mapping[int, Slot]
"""Begin of a slot, seconds since 1970 → its values."""


class Span(NamedTuple):
    """Seconds since 1970."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


def weigh(lessons: Iterable[tuple[float, float]], step_s: int) -> dict[int, float]:
    """Begin of a slot → how many seconds of lesson time lie in it; others are left out."""
    found: dict[int, float] = {}
    for begin, end in lessons:
        slot = int(begin - begin % step_s)
        while slot < end:
            inside = min(end, slot + step_s) - max(begin, slot)
            found[slot] = found.get(slot, 0.0) + inside
            slot += step_s
    return found


def overlap(spans: Iterable[tuple[float, float]], begin: float, end: float) -> float:
    """How many seconds of the spans lie between two instants."""
    return sum(max(0.0, min(e, end) - max(b, begin)) for b, e in spans)


def spread(slots: Slots, weights: Mapping[int, float], step_s: int) -> Spread:
    """How a metric lies in lesson time. A slot counts by its reports and its lesson time."""
    taken = [
        (slots[at].mean, slots[at].reports * seconds / step_s)
        for at, seconds in weights.items()
        if at in slots
    ]
    inside = [slots[at] for at in weights if at in slots]
    total = sum(weight for _, weight in taken)
    if not total:
        return {"reports": 0, "mean": None, "least": None, "p50": None, "p95": None, "most": None}
    return {
        "reports": round(total),
        "mean": sum(value * weight for value, weight in taken) / total,
        "least": min(slot.least for slot in inside),
        "p50": weighted_rank(taken, 0.5),
        "p95": weighted_rank(taken, 0.95),
        "most": max(slot.most for slot in inside),
    }


def weighted_rank(values: Iterable[tuple[float, float]], share: float) -> float | None:
    """The smallest value that at least `share` of the weight does not exceed; None of none."""
    ordered = sorted(values)
    wanted = share * sum(weight for _, weight in ordered)
    so_far = 0.0
    for value, weight in ordered:
        so_far += weight
        if so_far >= wanted - 1e-9:
            return value
    return None


def singles(slot: Slot) -> list[float]:
    """The single values of a slot: exact up to three, else the ends and the mean of the rest."""
    if slot.reports <= 1:
        return [slot.mean] * slot.reports
    rest = slot.reports - 2
    middle = (slot.mean * slot.reports - slot.least - slot.most) / rest if rest else 0.0
    middle = min(max(middle, slot.least), slot.most)
    return [slot.least, *[middle] * rest, slot.most]
