"""On which days an event of a series is again (RFC 5545, of RRULE what school calendars have).

Pure. Each day up to the end is asked, so that a rule that never holds ends too.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

DAY = dt.timedelta(days=1)
KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "WKST"}
_WEEK = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")


class Series(NamedTuple):
    """`weekdays`: (which of the month, 0 for each; 0 is Monday); negative ones from its end.
    `most`: how many there are at most."""

    freq: str
    interval: int
    most: int | None
    weekdays: tuple[tuple[int, int], ...]
    months: tuple[int, ...]
    month_days: tuple[int, ...]


def series_of(rule: Mapping[str, Sequence[Any]]) -> Series | None:
    """The series of a rule's parts, None for one that is not understood."""
    given = {name.upper(): list(values) for name, values in rule.items()}
    freq = str((given.get("FREQ") or [""])[0]).upper()
    interval = int((given.get("INTERVAL") or [1])[0])
    weekdays = []
    for text in given.get("BYDAY", ()):
        match = _WEEKDAY.fullmatch(str(text).upper())
        if match is None:
            return None
        weekdays.append((int(match[1] or 0), _WEEK.index(match[2])))
    if set(given) - KNOWN or interval < 1 or freq not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        return None
    months = tuple(int(month) for month in given.get("BYMONTH", ()))
    if freq == "YEARLY" and weekdays and not months:
        return None  # the twentieth Monday of a year: nobody means that
    return Series(
        freq,
        interval,
        int(given["COUNT"][0]) if given.get("COUNT") else None,
        tuple(weekdays),
        months,
        tuple(int(day) for day in given.get("BYMONTHDAY", ())),
    )


def days(series: Series, first: dt.date, since: dt.date, until: dt.date) -> Iterator[dt.date]:
    """The days of a series that begins on `first`, from `since` to `until`."""
    day = first if series.most is not None else max(first, since)
    left = series.most
    while day <= until and (left is None or left > 0):
        if _holds(series, first, day):
            left = None if left is None else left - 1
            if day >= since:
                yield day
        day += DAY


def _holds(series: Series, first: dt.date, day: dt.date) -> bool:
    if series.months and day.month not in series.months:
        return False
    if series.freq == "DAILY":
        on, steps = True, (day - first).days
    elif series.freq == "WEEKLY":
        on = bool(series.weekdays) or day.weekday() == first.weekday()
        monday = (day - day.weekday() * DAY) - (first - first.weekday() * DAY)
        steps = monday.days // 7
    else:
        months = 12 * (day.year - first.year) + day.month - first.month
        yearly = series.freq == "YEARLY"
        steps = day.year - first.year if yearly else months
        on = bool(series.weekdays or series.month_days) or day.day == first.day
        if yearly and not series.months:
            on = on and day.month == first.month
    return on and steps % series.interval == 0 and _of_month(series, day)


def _of_month(series: Series, day: dt.date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    if series.month_days and not {day.day, day.day - length - 1} & set(series.month_days):
        return False
    places = {0, (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)}
    return not series.weekdays or any(
        weekday == day.weekday() and place in places for place, weekday in series.weekdays
    )
