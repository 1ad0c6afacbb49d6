"""The charts of a proof as SVG. Pure but for the template's file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment

from schoolops.core import resources
from schoolops.proof.figures import Figures
from schoolops.proof.limits import Limits
from schoolops.proof.shapes import Proof

GOOD, BAD, UNKNOWN = "#2f6f9f", "#c0392b", "#c9ced4"
"""Told apart in grey as well: the bars differ in lightness, and stripes mark what is bad."""


def tests_chart(proof: Proof, figures: Figures, limits: Limits, label: str) -> str:
    """The fastest download of each day, and the line that it has to reach."""
    booked = [terms["down_bps"] for terms in proof["terms"] if terms["down_bps"]]
    goal = limits.reached_share * booked[-1] / 1e6 if booked else None
    bars = []
    for day in proof["days"]:
        best = day["best_down_bps"]
        parts = [(best / 1e6, GOOD if goal is None or best / 1e6 >= goal else BAD)] if best else []
        bars.append((day["day"], parts))
    return _bars(bars, figures, goal, label)


def days_chart(proof: Proof, figures: Figures, legend: Sequence[str]) -> str:
    """The lesson hours of each day: measured and up, not measured, down."""
    bars = []
    for day in proof["days"]:
        up, gap = day["measured_s"] - day["down_s"], day["lesson_s"] - day["measured_s"]
        parts = [(up / 3600, GOOD), (gap / 3600, UNKNOWN), (day["down_s"] / 3600, BAD)]
        bars.append((day["day"], [part for part in parts if part[0]]))
    return _bars(bars, figures, None, "", list(zip(legend, (GOOD, UNKNOWN, BAD), strict=True)))


def _bars(
    bars: Sequence[tuple[str, Sequence[tuple[float, str]]]],
    figures: Figures,
    goal: float | None,
    label: str,
    legend: Sequence[tuple[str, str]] = (),
) -> str:
    highest = max([sum(v for v, _ in parts) for _, parts in bars] + [goal or 0, 0.001])
    top = _round_up(highest)
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(resources.read_text("templates/report/bars.svg.j2"))
    steps = {"1": 5, "3": 3}.get(f"{top:e}"[0], 5 if f"{top:e}".startswith(("2.5", "5")) else 4)
    drawn: list[dict[str, Any]] = []
    for day, parts in bars:
        stacked, rects = 0.0, []
        for value, colour in parts:
            rects.append({"from": stacked / top, "height": value / top, "colour": colour})
            stacked += value
        drawn.append({"label": str(int(day[8:])), "rects": rects})
    return template.render(
        bars=drawn,
        ticks=[(n / steps, figures.number(top * n / steps)) for n in range(steps + 1)],
        goal=None if goal is None else goal / top,
        label=label,
        legend=legend,
        bad=BAD,
    )


def _round_up(value: float) -> float:
    """The next of 1, 2, 2.5, 3, 4, 5, 8, 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(
        step * power for step in (1, 2, 2.5, 3, 4, 5, 8, 10) if step * power >= value * 0.999
    )
