"""Simulated time and the load of a school day, from which all counters and clients follow.

`load` is 0…1: full during lessons, low in breaks and afternoons, a trickle at night. `worked`
is its integral, exact and without state, so a counter at any time is one multiplication.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SLOT_S = 300
WEEK_S = 7 * 86_400
ZONE = ZoneInfo("Europe/Berlin")

# Local time of a school day → load from then on.
_DAY = (
    ("00:00", 0.02), ("06:30", 0.10), ("07:40", 0.55), ("08:00", 0.90), ("09:30", 0.45),
    ("09:55", 1.00), ("11:25", 0.45), ("11:40", 0.85), ("13:15", 0.35), ("14:00", 0.55),
    ("15:35", 0.20), ("17:00", 0.08), ("20:00", 0.04), ("22:00", 0.02),
)  # fmt: skip
_WEEKEND = 0.02


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _week() -> list[float]:
    slots = []
    for day in range(7):
        for slot in range(86_400 // SLOT_S):
            minute = slot * SLOT_S // 60
            load = next(value for start, value in reversed(_DAY) if minute >= _minutes(start))
            slots.append(load if day < 5 else _WEEKEND)
    return slots


_LOAD = _week()
_SUM = [0.0]
for _value in _LOAD:
    _SUM.append(_SUM[-1] + _value * SLOT_S)


class SimClock:
    """Seconds of simulated time, and where in the week they lie.

    With `at` ('10:05'), simulated time begins at that local time on a Tuesday, so that a demo in
    the evening shows lessons.
    """

    def __init__(self, at: str = "") -> None:
        now = datetime.now(ZONE)
        self._offset = 0.0
        if at:
            hour, minute = divmod(_minutes(at), 60)
            wanted = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
            wanted += timedelta(days=(1 - now.weekday()) % 7)
            self._offset = (wanted - now).total_seconds()
            now = wanted
        utc_offset = now.utcoffset() or timedelta()
        # The epoch began on a Thursday; slot 0 is Monday 00:00 local time.
        self._shift = utc_offset.total_seconds() + 3 * 86_400

    def now(self) -> float:
        """Simulated seconds since the epoch."""
        return time.time() + self._offset

    def load(self, at: float) -> float:
        """0…1, stepwise in slots of five minutes."""
        return _LOAD[int((at + self._shift) % WEEK_S // SLOT_S)]

    def worked(self, at: float) -> float:
        """The integral of the load up to `at`, in seconds at full load."""
        weeks, rest = divmod(at + self._shift, WEEK_S)
        slot, part = divmod(rest, SLOT_S)
        return weeks * _SUM[-1] + _SUM[int(slot)] + part * _LOAD[int(slot)]
