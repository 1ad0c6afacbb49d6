"""When there are lessons."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.choices import SCHOOL_FORMS
from schoolops.calendar.times import Bells, Entry, LessonTime, Span, clock, default_bells, shown

BERLIN = ZoneInfo("Europe/Berlin")
PRIMARY = default_bells("02")


def at(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def lessons(bells: Bells = PRIMARY, *entries: Entry) -> LessonTime:
    return LessonTime(bells, entries, BERLIN)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_lessons_go_from_the_first_bell_to_the_last() -> None:
    times = lessons()
    assert not times.within(at("2026-11-26T07:59:59"))
    assert times.within(at("2026-11-26T08:00"))
    assert times.within(at("2026-11-26T13:14:59"))
    assert not times.within(at("2026-11-26T13:15"))


def test_summer_and_winter_have_the_same_bells() -> None:
    times = lessons()
    for text in ("2026-03-27", "2026-04-13"):  # before and after the clocks go forward
        begin, end = times.intervals(at(f"{text}T00:00"), at(f"{text}T23:59"))[0]
        assert (begin, end) == (at(f"{text}T08:00"), at(f"{text}T13:15"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2026-11-26", "lessons"),
        ("2026-11-28", "weekend"),
        ("2026-06-04", "public_holiday"),
        ("2026-10-20", "school_holidays"),
        ("2026-12-25", "public_holiday"),  # which is in the school holidays, too
    ],
)
def test_a_day_says_what_it_is(text: str, kind: str) -> None:
    assert lessons().day(day(text)).kind == kind


def test_days_of_the_school_go_before_the_rule_and_before_those_of_all_schools() -> None:
    carnival = Entry("movable", day("2027-02-08"), day("2027-02-08"), "Rosenmontag", (), True)
    stays = Entry("open", day("2027-02-08"), day("2027-02-08"), "not here")
    saturday = Entry("open", day("2026-11-28"), day("2026-11-28"), "open day")
    assert lessons(PRIMARY, carnival).day(day("2027-02-08")) == ("movable", "Rosenmontag")
    assert lessons(PRIMARY, carnival, stays).day(day("2027-02-08")).kind == "open"
    assert lessons(PRIMARY, saturday).within(at("2026-11-28T09:00"))
    assert not lessons().within(at("2026-11-28T09:00"))


def test_an_exam_changes_no_lesson_time_and_names_its_rooms() -> None:
    abitur = Entry("exam", day("2027-04-12"), day("2027-04-14"), "Abitur", (7,))
    times = lessons(PRIMARY, abitur)
    assert times.day(day("2027-04-12")).kind == "lessons"
    assert times.exams_at(at("2027-04-14T23:59")) == [abitur]
    assert times.exams_at(at("2027-04-15T00:00")) == []


def test_a_short_gap_is_a_break_and_a_long_one_is_not() -> None:
    bells = {4: (Span(480, 525), Span(545, 590), Span(660, 705))}
    times = lessons(bells)
    assert times.spans(day("2026-11-26")) == ((480, 590), (660, 705))
    assert times.seconds(at("2026-11-26T00:00"), at("2026-11-27T00:00")) == (110 + 45) * 60


def test_every_school_form_has_a_school_day() -> None:
    for form in (None, "", *SCHOOL_FORMS):
        bells = default_bells(form)
        assert list(bells) == [1, 2, 3, 4, 5]
        assert all(span.begin < span.end for spans in bells.values() for span in spans)
    assert shown(default_bells("20")[1][0].begin) == "07:50"
    assert default_bells("30")[1][0].end > default_bells("20")[1][0].end


@pytest.mark.parametrize("wrong", ["7:50", "24:00", "07:50:00", "", "x"])
def test_a_wrong_time_of_day_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        clock(wrong)


# -- the two nights on which the clocks change -------------------------------------------------

OPEN = tuple(
    Entry("open", day(text), day(text))
    for text in ("2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26")
)


def test_the_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    sunday = {7: (Span(0, 1440),)}
    for text, expected in (("2026-03-29", 23), ("2026-10-25", 25)):
        one = Entry("open", day(text), day(text))
        only = lessons(sunday, one)
        assert only.seconds(at(text) - 86_400, at(text) + 3 * 86_400) == expected * 3600


@pytest.mark.parametrize("text", ["2026-03-29", "2026-10-25"])
def test_on_that_day_the_bell_rings_when_the_clock_says_so(text: str) -> None:
    times = lessons(PRIMARY, *OPEN)
    assert times.intervals(at(text), at(f"{text}T23:00")) == [
        (at(f"{text}T08:00"), at(f"{text}T13:15"))
    ]
    assert times.within(at(f"{text}T08:00"))
    assert not times.within(at(f"{text}T08:00") - 1)
    assert not times.within(at(f"{text}T13:15"))


spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda s: s[0] < s[1])
weeks = st.dictionaries(
    st.integers(1, 7), st.lists(spans.map(lambda s: Span(*s)), max_size=4).map(tuple)
)
changes = st.sampled_from([at("2026-03-29T03:00"), at("2026-10-25T03:00")])
around = st.integers(-2 * 86_400, 2 * 86_400)


@given(weeks, changes, around)
def test_within_is_what_the_clock_on_the_wall_says(bells: Bells, change: float, off: int) -> None:
    times = lessons(bells, *OPEN)
    instant = change + off
    wall = dt.datetime.fromtimestamp(instant, BERLIN)
    minute = wall.hour * 60 + wall.minute
    expected = any(s.begin <= minute < s.end for s in times.spans(wall.date()))
    # In the hour that comes twice, a bell rings the first time; in the one left out, none does.
    if wall.date().isoweekday() == 7 and 1 <= wall.hour <= 3:
        return
    assert times.within(instant) == expected


@given(weeks, changes, around, st.integers(0, 3 * 86_400))
def test_intervals_seconds_and_within_agree(
    bells: Bells, change: float, off: int, length: int
) -> None:
    times = lessons(bells, *OPEN)
    since, until = change + off, change + off + length
    found = times.intervals(since, until)
    assert all(since <= b < e <= until for b, e in found)
    assert all(one[1] < two[0] for one, two in pairwise(found))
    assert times.seconds(since, until) == sum(e - b for b, e in found)
    for begin, end in found:
        assert times.within(begin)
        assert times.within(end - 1)
        assert not times.within(end) or end == until
    middle = (since + until) / 2
    assert times.seconds(since, until) == pytest.approx(
        times.seconds(since, middle) + times.seconds(middle, until)
    )


def test_a_month_has_the_buckets_of_its_school_days() -> None:
    begin, times = at("2026-11-01T00:00"), lessons()
    inside = sum(times.within(begin + number * 300) for number in range(8640))
    assert inside == 21 * 63  # school days of November 2026, of 63 buckets each
