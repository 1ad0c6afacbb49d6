"""Times without a way out, and times in which nobody measured. Pure."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NamedTuple

from schoolops.proof.slots import Slots, Span, overlap


class Out(NamedTuple):
    """An outage: seconds since 1970. `down_s` is less than its length if it came and went."""

    begin: float
    end: float
    down_s: float
    exact_s: int
    open: bool = False


Reading = tuple[float, bool]
"""When (seconds since 1970) the line answered, or did not."""


def outages(reachable: Slots, step_s: int, until_s: float) -> list[Out]:
    """Runs of slots in which the line did not always answer. A slot without a report ends a run:
    what was not measured was not seen to be down."""
    runs: list[list[int]] = []
    for at in sorted(reachable):
        if reachable[at].mean >= 1:
            continue
        if runs and runs[-1][-1] + step_s == at:
            runs[-1].append(at)
        else:
            runs.append([at])
    return [_outage(run, reachable, step_s, until_s) for run in runs]


def _outage(run: Sequence[int], reachable: Slots, step_s: int, until_s: float) -> Out:
    down = [step_s * (1 - reachable[at].mean) for at in run]
    begin, end = float(run[0]), float(run[-1] + step_s)
    if len(run) > 1:
        # It began within the first slot and lasted to that one's end; the last one mirrors it.
        begin, end = run[0] + step_s - down[0], run[-1] + down[-1]
    elif down[0] < step_s:
        end = run[0] + down[0]
    still = run[-1] + step_s not in reachable and end >= until_s - 2 * step_s
    return Out(begin, min(end, until_s), sum(down), step_s, still)


def refine(out: Out, readings: Sequence[Reading]) -> list[Out]:
    """The outages that the single reports around a coarse one show; it itself without any."""
    found: list[Out] = []
    began: float | None = None
    last = None
    for at, up in readings:
        if not up and began is None:
            began = at
        elif up and began is not None:
            found.append(Out(began, at, at - began, _apart(last, at)))
            began = None
        last = at
    if began is not None and last is not None:
        found.append(Out(began, max(last, out.end), max(last, out.end) - began, 60, out.open))
    return found or [out]


def _apart(last: float | None, at: float) -> int:
    return round(at - last) if last is not None else 60


def gaps(
    lessons: Sequence[tuple[float, float]], measured: Container[int], step_s: int
) -> list[Span]:
    """The parts of the lesson time in whose slots nothing was measured."""
    found: list[Span] = []
    for begin, end in lessons:
        slot = int(begin - begin % step_s)
        while slot < end:
            if slot not in measured:
                piece = Span(max(begin, slot), min(end, slot + step_s))
                if found and found[-1].end == piece.begin:
                    found[-1] = Span(found[-1].begin, piece.end)
                else:
                    found.append(piece)
            slot += step_s
    return found


def in_lessons(out: Out, lessons: Sequence[tuple[float, float]]) -> float:
    """How much of an outage's length lay in lesson time, seconds."""
    return overlap(lessons, out.begin, out.end)
