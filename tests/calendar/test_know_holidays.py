"""Public and school holidays of the state."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest

from schoolops.calendar.holidays import (
    easter,
    known_until,
    public_holiday_on,
    public_holidays,
    school_holiday_on,
    school_holidays,
)
from schoolops.cli._checks import check_school_holidays


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(1954, 4, 18), (1981, 4, 19), (2008, 3, 23), (2019, 4, 21), (2024, 3, 31), (2026, 4, 5),
     (2027, 3, 28), (2038, 4, 25), (2049, 4, 18), (2076, 4, 19)],
)  # fmt: skip
def test_easter_falls_on_the_sunday_that_the_almanac_says(year: int, month: int, day: int) -> None:
    assert easter(year) == dt.date(year, month, day)


def test_easter_is_the_same_by_another_way_of_computing_it() -> None:
    for year in range(1900, 2200):  # Meeus, Jones, Butcher
        a, (b, c) = year % 19, divmod(year, 100)
        d, e = divmod(b, 4)
        h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
        i, k = divmod(c, 4)
        ell = (32 + 2 * e + 2 * i - h - k) % 7
        m = (a + 11 * h + 22 * ell) // 451
        month, day = divmod(h + ell - 7 * m + 114, 31)
        assert easter(year) == dt.date(year, month, day + 1)


def test_a_year_has_the_eleven_public_holidays_of_the_state() -> None:
    assert len(public_holidays(2026)) == 11
    assert public_holiday_on(dt.date(2026, 6, 4)) == "Fronleichnam"
    assert public_holiday_on(dt.date(2026, 5, 14)) == "Christi Himmelfahrt"
    assert public_holiday_on(dt.date(2026, 11, 1)) == "Allerheiligen"
    assert public_holiday_on(dt.date(2026, 10, 31)) == ""  # Reformation Day is none here


def test_school_holidays_include_their_first_and_last_day() -> None:
    assert school_holiday_on(dt.date(2026, 10, 16)) == ""
    assert school_holiday_on(dt.date(2026, 10, 17)) == "Herbstferien"
    assert school_holiday_on(dt.date(2026, 10, 31)) == "Herbstferien"
    assert school_holiday_on(dt.date(2026, 11, 2)) == ""
    assert school_holiday_on(dt.date(2027, 5, 18)) == "Pfingstferien"


def test_the_file_of_school_holidays_is_plausible() -> None:
    known = school_holidays()
    assert known_until() == dt.date(2030, 8, 6)
    for earlier, later in pairwise(known):
        assert earlier.first <= earlier.last < later.first, later
    for one in known:
        weeks = {"Sommerferien": (43, 44), "Pfingstferien": (1, 1)}.get(one.name, (12, 17))
        assert weeks[0] <= (one.last - one.first).days + 1 <= weeks[1], one
        if one.name == "Osterferien":
            assert one.first <= easter(one.first.year) <= one.last
        if one.name == "Pfingstferien":  # the Tuesday after Whit Monday
            assert one.first == easter(one.first.year) + dt.timedelta(days=51)


def test_doctor_warns_a_year_before_the_last_known_school_year_ends() -> None:
    assert check_school_holidays(dt.date(2029, 8, 6))[0] == "ok"
    state, told = check_school_holidays(dt.date(2029, 8, 7))
    assert state == "warn"
    assert "2030-08-06" in told
