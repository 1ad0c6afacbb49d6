"""Times that recur by the week, and such that do not: pure.

One span from begin to end; with weekdays, on these days between two minutes of the local clock. An
end that is not after the begin lies on the next day: fri 22:00-06:00.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, NamedTuple

from inventory.sentences import say

FOREVER = 253_370_764_800_000_000
"""Microseconds of the year 9999: no end."""


class Span(NamedTuple):
    """Instants in microseconds; `weekdays` '' or digits such as '12345' (1 is Monday)."""

    begins_at: int
    ends_at: int
    weekdays: str = ""
    begin_minute: int = 0
    end_minute: int = 1440


def span_of(row: Any) -> Span:
    """The span of a row of `maintenance` or `on_call`."""
    return Span(row.begins_at, row.ends_at, row.weekdays, row.begin_minute, row.end_minute)


def covers(span: Span, at: int, zone: dt.tzinfo) -> bool:
    """Whether an instant (microseconds) lies in it."""
    if not span.begins_at <= at < span.ends_at:
        return False
    if not span.weekdays:
        return True
    local = dt.datetime.fromtimestamp(at / 1e6, zone)
    minute = local.hour * 60 + local.minute
    today, yesterday = str(local.isoweekday()), str((local - dt.timedelta(days=1)).isoweekday())
    if span.begin_minute < span.end_minute:
        return today in span.weekdays and span.begin_minute <= minute < span.end_minute
    return (today in span.weekdays and minute >= span.begin_minute) or (
        yesterday in span.weekdays and minute < span.end_minute
    )


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?(?:=(\d\d):(\d\d)-(\d\d):(\d\d))?", re.ASCII)


def read_every(text: str) -> tuple[str, int, int]:
    """(weekdays, begin, end) of 'mon-fri=22:00-06:00', 'sat' or 'daily=12:00-13:00'.

    Raises ValueError with a sentence that says what is wrong.
    """
    given = text.strip().casefold().replace("daily", "mon-sun")
    found = _EVERY.fullmatch(given)
    first, last = (found[1], found[2] or found[1]) if found else ("", "")
    if found is None or first not in DAYS or last not in DAYS:
        raise ValueError(say("{text!r} is no time such as mon-fri=22:00-06:00 or sat", text=text))
    begin, end = DAYS.index(first), DAYS.index(last)
    count = (end - begin) % 7 + 1
    weekdays = "".join(sorted(str((begin + n) % 7 + 1) for n in range(count)))
    if found[3] is None:
        return weekdays, 0, 1440
    hours, minutes = (int(found[3]), int(found[5])), (int(found[4]), int(found[6]))
    since, until = (h * 60 + m for h, m in zip(hours, minutes, strict=True))
    if max(minutes) > 59 or since >= 1440 or until > 1440 or since == until:
        raise ValueError(say("{text!r} has no times of day such as 22:00-06:00", text=text))
    return weekdays, since, until
