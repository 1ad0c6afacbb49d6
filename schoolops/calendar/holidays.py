"""Public and school holidays of North Rhine-Westphalia.

Public holidays are computed (Feiertagsgesetz NW): eleven days of which six hang on Easter are no
reason for a library of all countries. School holidays are a file beside this one, copied from the
order of the ministry (BASS 12-65 Nr. 1, up to 2029/30); a new order adds lines to it.
"""

from __future__ import annotations

import csv
import datetime as dt
from functools import lru_cache
from typing import NamedTuple

from schoolops.core.resources import read_text

WARN_DAYS = 365
"""So long before the last known school year ends `schoolops doctor` says so."""


class SchoolHolidays(NamedTuple):
    """From the first to the last day, both free of lessons; `school_year` such as '2026/27'."""

    school_year: str
    name: str
    first: dt.date
    last: dt.date


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar (Gauss, in Lichtenberg's form)."""
    century = year // 100
    moon = 15 + (3 * century + 3) // 4 - (8 * century + 13) // 25
    sun = 2 - (3 * century + 3) // 4
    cycle = year % 19
    seed = (19 * cycle + moon) % 30
    shift = (seed + cycle // 11) // 29
    limit = 21 + seed - shift  # the full moon, as a day of March
    first_sunday = 7 - (year + year // 4 + sun) % 7
    return dt.date(year, 3, 1) + dt.timedelta(
        days=limit + 7 - (limit - first_sunday) % 7 - 1,
    )


@lru_cache(maxsize=64)
def public_holidays(year: int) -> dict[dt.date, str]:
    """Day → name, of the state's public holidays."""
    sunday = easter(year)

    def after(days: int) -> dt.date:
        return sunday + dt.timedelta(days=days)

    return {
        dt.date(year, 1, 1): "Neujahr",
        after(-2): "Karfreitag",
        after(1): "Ostermontag",
        dt.date(year, 5, 1): "Tag der Arbeit",
        after(39): "Christi Himmelfahrt",
        after(50): "Pfingstmontag",
        after(60): "Fronleichnam",
        dt.date(year, 10, 3): "Tag der Deutschen Einheit",
        dt.date(year, 11, 1): "Allerheiligen",
        dt.date(year, 12, 25): "1. Weihnachtstag",
        dt.date(year, 12, 26): "2. Weihnachtstag",
    }


@lru_cache(maxsize=1)
def school_holidays() -> tuple[SchoolHolidays, ...]:
    """All that are known, oldest first."""
    lines = read_text("schoolops/calendar/school_holidays_nw.csv").splitlines()
    return tuple(
        SchoolHolidays(
            row["school_year"],
            row["name"],
            dt.date.fromisoformat(row["first"]),
            dt.date.fromisoformat(row["last"]),
        )
        for row in csv.DictReader(lines)
    )


@lru_cache(maxsize=1)
def _by_day() -> dict[dt.date, str]:
    return {
        one.first + dt.timedelta(days=number): one.name
        for one in school_holidays()
        for number in range((one.last - one.first).days + 1)
    }


def public_holiday_on(day: dt.date) -> str:
    """The name of the public holiday; '' on other days."""
    return public_holidays(day.year).get(day, "")


def school_holiday_on(day: dt.date) -> str:
    """The name of the school holidays; '' on other days, and after the last known school year."""
    return _by_day().get(day, "")


def known_until() -> dt.date:
    """The last day of which is known whether it is in the school holidays."""
    return school_holidays()[-1].last
