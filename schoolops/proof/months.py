"""A calendar month on the schools' clock. Pure."""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from inventory.sentences import say
from schoolops.core.errors import Invalid

_WRITTEN = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


class Month(NamedTuple):
    """Year and month, as in 2026-10."""

    year: int
    month: int

    @classmethod
    def read(cls, text: str) -> Month:
        """The month that '2026-10' names; `Invalid` for anything else."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise Invalid(say("{text!r} is no month such as 2026-10", text=text[:20]))
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, at_s: float, zone: dt.tzinfo) -> Month:
        """The month of an instant (seconds since 1970)."""
        day = dt.datetime.fromtimestamp(at_s, zone)
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"

    @property
    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def before(self) -> Month:
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def span(self, zone: dt.tzinfo) -> tuple[int, int]:
        """Begin and end in seconds since 1970: an hour less in March, one more in October."""
        begin, end = (
            dt.datetime(one.year, one.month, 1, tzinfo=zone).timestamp()
            for one in (self, self.next)
        )
        return int(begin), int(end)

    def days(self) -> list[dt.date]:
        """Its days in order."""
        first = dt.date(self.year, self.month, 1)
        last = dt.date(self.next.year, self.next.month, 1)
        return [first + dt.timedelta(days=n) for n in range((last - first).days)]
