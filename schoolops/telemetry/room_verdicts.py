"""What a measurement from a classroom means: is it enough for a class, and where is it narrow.

Pure. A browser cannot count packets: what it sees are requests that were answered, late or never.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

MBIT = 1_000_000
VIDEO_DOWN_BPS = 30 * MBIT
"""A class: 30 Mbit/s, as the state's Gigabit office reckons."""
VIDEO_UP_BPS = 5 * MBIT
VIDEO_LATENCY_US = 150_000
VIDEO_LOST = 0.02
PAGES_DOWN_BPS = 6 * MBIT
PAGES_UP_BPS = MBIT
PAGES_LATENCY_US = 400_000
PAGES_LOST = 0.1

NEARLY_ALL = 0.7
"""Whoever gets so much of the line has the line as limit: protocols take their part, and two
measurements at different minutes differ."""

Enough = Literal["video", "pages", "little"]
"""Enough for a class with video on each device; for pages and one video on the board; for less."""
Narrow = Literal["line", "others", "room", "unknown"]
"""What limits the room: the school's line itself; the line, which others use at the same time; what
lies before and behind the line, which is mostly the WLAN; unknown without a figure of the line."""


class Result(NamedTuple):
    """What the browser measured; `late`: answered, but only after a resent packet's time."""

    down_bps: int
    up_bps: int
    latency_us: int
    jitter_us: int
    sent: int
    lost: int
    late: int


class Line(NamedTuple):
    """The school's line at that time: what it can, and what others loaded just before."""

    down_bps: int | None
    busy_bps: int | None


def enough(result: Result) -> Enough:
    """What a class can do with it."""
    lost = result.lost / result.sent if result.sent else 1.0
    if (
        result.down_bps >= VIDEO_DOWN_BPS
        and result.up_bps >= VIDEO_UP_BPS
        and result.latency_us <= VIDEO_LATENCY_US
        and lost <= VIDEO_LOST
    ):
        return "video"
    if (
        result.down_bps >= PAGES_DOWN_BPS
        and result.up_bps >= PAGES_UP_BPS
        and result.latency_us <= PAGES_LATENCY_US
        and lost <= PAGES_LOST
    ):
        return "pages"
    return "little"


def narrow(down_bps: int, line: Line) -> Narrow:
    """What limits the room's download."""
    if not line.down_bps:
        return "unknown"
    if down_bps >= NEARLY_ALL * line.down_bps:
        return "line"
    if down_bps + (line.busy_bps or 0) >= NEARLY_ALL * line.down_bps:
        return "others"
    return "room"
