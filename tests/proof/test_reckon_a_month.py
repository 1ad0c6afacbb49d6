"""What a line delivered in a month, against numbers that were reckoned by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schoolops.calendar.times import Entry, LessonTime, Span, clock
from schoolops.core.errors import Invalid
from schoolops.proof.limits import Limits
from schoolops.proof.months import Month
from schoolops.proof.reckoning import Measured, Question, reckon
from schoolops.proof.shapes import Line, Proof
from schoolops.proof.slots import Slot, singles
from schoolops.proof.throughput import Booked

BERLIN = ZoneInfo("Europe/Berlin")
OCTOBER = Month(2026, 10)
# Autumn holidays begin on 17 October: twelve school days, 1-2, 5-9, 12-16.
DAYS = [1, 2, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16]
BELLS = dict.fromkeys(range(1, 6), (Span(clock("08:00"), clock("13:00")),))
NEVER = 4_000_000_000
LINE: Line = {
    "id": "u", "key": "164800/line1", "name": "line1", "medium": "fibre", "contract_end": None,
    "hotline": None, "school": "164800", "school_name": "Probeschule",
}  # fmt: skip
M = 1_000_000


def at(day: int, hour: int, minute: int = 0, month: int = 10) -> int:
    """A local time of 2026 in seconds since 1970."""
    return int(dt.datetime(2026, month, day, hour, minute, tzinfo=BERLIN).timestamp())


def every(begin: int, end: int, slot: Slot, step: int = 300) -> dict[int, Slot]:
    return dict.fromkeys(range(begin, end, step), slot)


def same(value: float, reports: int = 5) -> Slot:
    return Slot(reports, value, value, value)


def lessons_measured(value: float, days: list[int] = DAYS) -> dict[int, Slot]:
    found: dict[int, Slot] = {}
    for day in days:
        found |= every(at(day, 8), at(day, 13), same(value))
    return found


def ask(
    slots: dict[str, dict[int, Slot]],
    *,
    terms: list[Booked] | None = None,
    limits: Limits | None = None,
    step: int = 300,
    now: float = NEVER,
    entries: list[Entry] | None = None,
    readings: Any = None,
) -> Proof:
    question = Question(
        LINE, OCTOBER, LessonTime(BELLS, entries or [], BERLIN),
        terms or [Booked(0, "Netz AG", "4711", 100 * M, 20 * M)], limits or Limits(), "", now,
    )  # fmt: skip
    return reckon(question, Measured(step, slots, readings or {}))


def test_a_month_is_as_long_as_its_clock_says() -> None:
    begin, end = OCTOBER.span(BERLIN)
    assert (end - begin) / 3600 == 31 * 24 + 1
    begin, end = Month(2026, 3).span(BERLIN)
    assert (end - begin) / 3600 == 31 * 24 - 1
    assert str(Month(2026, 12).next) == "2027-01"
    assert str(Month(2027, 1).before) == "2026-12"
    assert len(Month(2028, 2).days()) == 29


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "october", "", "1999-01", "2026-10-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no month"):
        Month.read(text)


def test_lesson_time_leaves_holidays_out_and_gaps_are_never_fine() -> None:
    reachable = lessons_measured(1.0)
    for moment in range(at(5, 9), at(5, 10), 300):  # an hour in which nobody measured
        del reachable[moment]
    reachable |= every(at(6, 10), at(6, 10, 20), same(0.0))  # and twenty minutes of outage
    found = ask({"reachable": reachable})
    lessons = found["lessons"]
    assert (lessons["days"], lessons["lesson_s"]) == (12, 12 * 5 * 3600)
    assert (lessons["measured_s"], lessons["unmeasured_s"]) == (59 * 3600, 3600)
    assert (lessons["up_s"], lessons["down_s"]) == (59 * 3600 - 1200, 1200)
    assert lessons["availability"] == pytest.approx(1 - 1200 / (59 * 3600))
    assert lessons["reports"] == 59 * 12 * 5
    assert found["gaps"] == [
        {"begin": "2026-10-05T07:00:00Z", "end": "2026-10-05T08:00:00Z", "lesson_s": 3600}
    ]
    assert [(o["begin"], o["end"], o["seconds"], o["lesson_s"]) for o in found["outages"]] == [
        ("2026-10-06T08:00:00Z", "2026-10-06T08:20:00Z", 1200, 1200)
    ]
    assert len(found["hours"]) == 60
    by_day = {day["day"]: day for day in found["days"]}
    assert by_day["2026-10-05"]["measured_s"] == 4 * 3600
    assert by_day["2026-10-06"]["down_s"] == 1200
    assert by_day["2026-10-19"]["kind"] == "school_holidays"
    assert (by_day["2026-10-03"]["lesson_s"], len(by_day)) == (0, 31)


def test_a_sunday_that_is_open_has_its_lessons_on_the_winter_clock() -> None:
    day = dt.date(2026, 10, 25)
    found = ask({"reachable": {}}, entries=[Entry("open", day, day, "open day")])
    assert found["lessons"]["lesson_s"] == 13 * 5 * 3600
    hours = [h for h in found["hours"] if h["local"].startswith("2026-10-25")]
    assert [h["begin"] for h in hours][::4] == ["2026-10-25T07:00:00Z", "2026-10-25T11:00:00Z"]
    assert hours[0]["local"] == "2026-10-25T08:00+01:00"


def test_a_month_without_any_measurement_is_not_known() -> None:
    found = ask({}, limits=Limits(availability=0.98, loss_percent=1))
    assert found["verdict"] == "unknown"
    assert {one["verdict"] for one in found["findings"]} == {"unknown"}
    assert found["lessons"]["availability"] is None
    assert found["lessons"]["unmeasured_s"] == found["lessons"]["lesson_s"]
    assert sum(gap["lesson_s"] for gap in found["gaps"]) == 12 * 5 * 3600
    assert found["values"]["loss_percent"]["mean"] is None


def hourly_tests(rate: dict[int, float], usual: float) -> dict[int, Slot]:
    """Five tests on each school day; `rate`: day → its fastest."""
    return {
        at(day, hour, 30): same(rate.get(day, usual) if hour == 9 else usual, 1)
        for day in DAYS
        for hour in range(8, 13)
    }


def test_bandwidth_is_missed_when_too_few_days_reach_what_is_booked() -> None:
    # 60 tests; 91 of 100 Mbit/s once on seven days of twelve: 0.58 of the days, 0.66 are wanted.
    good = dict.fromkeys(DAYS[:7], 91.0 * M)
    found = ask({"test_down_bps": hourly_tests(good, 60.0 * M)})
    down = found["tests"]["down"]
    assert (down["basis"], down["tests"], down["days"], down["days_reached"]) == (
        "lessons", 60, 12, 7,
    )  # fmt: skip
    assert (down["p50_bps"], down["most_bps"], down["least_bps"]) == (60 * M, 91 * M, 60 * M)
    assert down["mean_bps"] == pytest.approx((7 * 91 + 53 * 60) / 60 * M)
    (finding,) = [one for one in found["findings"] if one["direction"] == "down"]
    assert finding["found"] == pytest.approx(7 / 12)
    assert (finding["verdict"], found["verdict"]) == ("missed", "missed")
    # An eighth day makes it 0.667, and the upload, which nobody tested, leaves the whole open.
    good[DAYS[7]] = 90.0 * M
    found = ask({"test_down_bps": hourly_tests(good, 60.0 * M)})
    assert [one["verdict"] for one in found["findings"]] == ["met", "unknown"]
    assert found["verdict"] == "unknown"


def test_each_test_is_held_against_what_was_booked_at_its_time() -> None:
    terms = [
        Booked(0, "Netz AG", "4711", 50 * M, None),
        Booked(at(8, 0), "Netz AG", "4712", 100 * M, None),
    ]
    found = ask({"test_down_bps": hourly_tests({}, 50.0 * M)}, terms=terms)
    # 1, 2, 5, 6, 7 October reach 50 of 50; the other seven have 50 of 100.
    assert found["tests"]["down"]["days_reached"] == 5
    assert found["tests"]["down"]["p50_of_booked"] == 0.5
    assert [one["since"] for one in found["terms"]] == [None, "2026-10-07T22:00:00Z"]
    assert [one["direction"] for one in found["findings"]] == ["down"]


def test_tests_at_night_count_when_there_are_too_few_in_lessons_and_that_is_said() -> None:
    at_night = {at(day, 3): same(95.0 * M, 1) for day in range(1, 32)}
    in_lessons = {at(day, 9, 30): same(20.0 * M, 1) for day in DAYS}
    found = ask({"test_down_bps": at_night | in_lessons})
    down = found["tests"]["down"]
    assert (down["basis"], down["in_lessons"], down["outside"]) == ("all", 12, 31)
    assert down["p10_bps"] == 20 * M
    assert found["days"][5]["best_down_bps"] == 95 * M
    in_lessons |= {at(day, 10, 30): same(20.0 * M, 1) for day in DAYS}
    in_lessons |= {at(day, 11, 30): same(30.0 * M, 1) for day in DAYS}
    found = ask({"test_down_bps": at_night | in_lessons})
    assert found["tests"]["down"]["basis"] == "lessons"
    best = [day["best_down_bps"] for day in found["days"]]
    assert set(best) == {30 * M, None}, "what is shown of a day are the tests that count"
    few = ask({"test_down_bps": dict(list(in_lessons.items())[:12])})
    assert few["findings"][0]["verdict"] == "unknown", "twelve tests prove nothing"


def test_usual_and_least_rates_of_a_contract_are_held_up_too() -> None:
    limits = Limits(usual_share=0.8, minimum_share=0.5)
    rates = hourly_tests(dict.fromkeys(DAYS[:5], 40.0 * M), 95.0 * M)
    found = ask({"test_down_bps": rates}, limits=limits)
    said = {one["rule"]: one for one in found["findings"] if one["direction"] == "down"}
    assert said["usual"]["found"] == pytest.approx(55 / 60)
    assert said["usual"]["verdict"] == "met"
    assert said["minimum"]["found"] == pytest.approx(7 / 12)  # five days fell below 50 Mbit/s
    assert said["minimum"]["verdict"] == "missed"


def test_availability_needs_measuring_to_be_met_but_not_to_be_missed() -> None:
    limits = Limits(availability=0.98)
    half = {"reachable": lessons_measured(1.0, DAYS[:6])}
    (finding,) = [f for f in ask(half, limits=limits)["findings"] if f["rule"] == "availability"]
    assert finding["verdict"] == "unknown", "half a month that was up says nothing of the other"
    down = {"reachable": half["reachable"] | every(at(1, 8), at(1, 12), same(0.0))}
    (finding,) = [f for f in ask(down, limits=limits)["findings"] if f["rule"] == "availability"]
    # Four hours of sixty were down: 0.933 at best, whatever the other half was.
    assert finding["verdict"] == "missed"


def test_loss_is_the_mean_of_the_lesson_time_alone() -> None:
    loss = lessons_measured(0.0)
    loss |= every(at(1, 8), at(1, 13), same(6.0))  # one day of twelve
    loss |= every(at(1, 20), at(2, 6), same(100.0))  # at night, which does not count
    found = ask(
        {"loss_percent": loss, "reachable": lessons_measured(1.0)}, limits=Limits(loss_percent=0.4)
    )
    assert found["values"]["loss_percent"]["mean"] == pytest.approx(0.5)
    assert found["values"]["loss_percent"]["most"] == 6
    assert found["values"]["loss_percent"]["p50"] == 0
    assert found["findings"][-1]["verdict"] == "missed"


def test_busy_time_is_said_in_shares_of_what_was_booked() -> None:
    flow = lessons_measured(10.0 * M) | every(at(1, 8), at(1, 11), same(85.0 * M))
    found = ask({"rx_bps": flow})
    assert found["usage"]["down"]["busy"] == pytest.approx(3 / 60)
    assert found["usage"]["up"]["busy"] is None


def test_hours_serve_when_the_five_minutes_are_gone() -> None:
    reachable: dict[int, Slot] = {}
    for day in DAYS:
        reachable |= every(at(day, 8), at(day, 13), same(1.0, 60), 3600)
    reachable[at(6, 10)] = Slot(60, 2 / 3, 0, 1)  # twenty minutes of sixty
    reachable[at(7, 10)] = same(1.0, 30)  # half an hour without reports
    del reachable[at(5, 9)]
    found = ask({"reachable": reachable}, step=3600)
    lessons = found["lessons"]
    assert (lessons["lesson_s"], lessons["measured_s"]) == (60 * 3600, 59 * 3600 - 1800)
    assert lessons["down_s"] == 1200
    assert [(o["seconds"], o["exact_s"]) for o in found["outages"]] == [(1200, 3600)]
    assert found["grain_s"] == 3600


def test_single_reports_say_when_an_outage_really_began_and_ended() -> None:
    reachable = lessons_measured(1.0) | {at(6, 10): same(0.4), at(6, 10, 5): same(0.2)}
    reports = [(at(6, 10, minute) + 10.0, not 2 <= minute < 9) for minute in range(12)]
    begin = at(6, 10) + 300 - 180
    found = ask({"reachable": reachable}, readings={float(begin): reports})
    assert [(o["begin"], o["end"], o["exact_s"]) for o in found["outages"]] == [
        ("2026-10-06T08:02:10Z", "2026-10-06T08:09:10Z", 60)
    ]


def test_a_month_that_runs_is_reckoned_up_to_now() -> None:
    now = at(6, 10)
    slots = {m: s for m, s in lessons_measured(1.0).items() if m < now}
    found = ask({"reachable": slots}, now=now)
    assert not found["complete"]
    assert found["lessons"]["lesson_s"] == (3 * 5 + 2) * 3600
    assert found["lessons"]["unmeasured_s"] == 0
    assert len(found["days"]) == 6


def test_tests_that_share_a_slot_are_told_apart_where_that_can_be() -> None:
    assert singles(Slot(1, 5, 5, 5)) == [5]
    assert singles(Slot(2, 6, 4, 8)) == [4, 8]
    assert singles(Slot(3, 6, 4, 9)) == [4, 5, 9]
    assert singles(Slot(4, 6, 4, 9)) == [4, 5.5, 5.5, 9]
