"""Time: integer UTC microseconds inside, ISO 8601 at the edge, injected so tests can turn it."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Source of the current time."""

    def now(self) -> int:
        """UTC microseconds since 1970."""
        ...


class SystemClock:
    """The computer's clock."""

    def now(self) -> int:
        return time.time_ns() // 1000


class FixedClock:
    """A clock that stands until it is moved; for tests."""

    def __init__(self, now: int = 1_795_507_200_000_000) -> None:
        self.value = now

    def now(self) -> int:
        return self.value

    def advance(self, seconds: float) -> None:
        self.value += round(seconds * 1_000_000)


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def to_iso(micros: int | None) -> str | None:
    """1795507200000000 → '2026-11-24T08:00:00Z'; None stays None."""
    if micros is None:
        return None
    return (_EPOCH + dt.timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_datetime(moment: dt.datetime) -> int:
    """UTC microseconds of a time with a zone."""
    return (moment.astimezone(dt.UTC) - _EPOCH) // dt.timedelta(microseconds=1)


def from_iso(text: str) -> int:
    """Read a date or time; without a zone it is UTC. Raises ValueError."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)
