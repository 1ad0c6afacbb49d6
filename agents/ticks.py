"""When an agent measures: at its interval, plus a phase of its own."""

from __future__ import annotations

import time
import zlib


def until_next(interval_s: float, agent: str, now_ns: int | None = None) -> float:
    """Seconds until the agent's next tick, in (0, interval_s]."""
    interval = max(int(interval_s * 1e9), 1)
    phase = zlib.crc32(agent.encode()) * 1_000_003 % interval
    now = time.time_ns() if now_ns is None else now_ns
    return (interval - (now - phase) % interval) / 1e9


def pause_s(interval_s: float, agent: str) -> float:
    """Seconds to wait after a measurement: to the next tick, or the one after it if that is less
    than half an interval away (the first one after a start, a clock that was set back, a
    measurement that took too long: what was missed is not made up for)."""
    pause = until_next(interval_s, agent)
    return pause if pause >= interval_s / 2 else pause + interval_s
