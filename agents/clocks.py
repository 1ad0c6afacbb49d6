"""Jumps of the wall clock, and the times of the rows that were stamped before one.

A router without a battery measures by a wrong clock until NTP sets it; somebody sets a clock
wrong. The clock that counts since the machine's start knows nothing of that: what the two are
apart is the wall clock's *setting*. Rows of this process that still wait when the setting changes
are told in the new one, so that all times of a batch are those of one clock, whose offset the
server knows.
"""

from __future__ import annotations

import time

JUMP_US = 2_000_000
"""Smaller changes are NTP's slow corrections; they count once they have come to this."""
MOST_TURNS = 64
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""It goes on while the machine is suspended, where the system has such a clock."""


def setting_us() -> int:
    """Wall clock less steady clock, in microseconds."""
    return (time.time_ns() - time.clock_gettime_ns(_STEADY)) // 1000


class Turns:
    """Up to which row of which boot the wall clock had another setting."""

    def __init__(self, setting: int) -> None:
        self.setting = setting
        self._first: dict[str, int] = {}
        self._turns: list[tuple[str, int, int]] = []

    def own(self, boot: str, seq: int) -> None:
        """Rows of `boot` from `seq` on are of this process: their setting is known."""
        self._first.setdefault(boot, seq)

    def note(self, setting: int, boots: list[tuple[str, int]]) -> bool:
        """Look whether the clock has jumped; `boots` with their last rows. True if it has."""
        if abs(setting - self.setting) < JUMP_US:
            return False
        self._turns += [(boot, last, self.setting) for boot, last in boots]
        del self._turns[:-MOST_TURNS]
        self.setting = setting
        return True

    def correction_us(self, boot: str, seq: int) -> int:
        """What to add to the time of a row, to have it by the clock as it is set now."""
        if seq >= self._first.get(boot, seq + 1):
            for name, last, setting in self._turns:
                if name == boot and seq <= last:
                    return self.setting - setting
        return 0

    @property
    def happened(self) -> bool:
        """Whether any row may need a correction."""
        return bool(self._turns)
