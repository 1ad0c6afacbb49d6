"""Maintenance holds alerts; weeks recur; who may plan what."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.kinds import KINDS
from schoolops.alerts import schemas, service
from schoolops.alerts.spans import DAYS, FOREVER, Span, covers, read_every
from schoolops.core.clock import FixedClock
from schoolops.core.errors import Forbidden, Invalid, NotFound
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.estate.listing import LISTINGS
from tests.alerts.town import ADMIN, LESSON, Town

BERLIN = ZoneInfo("Europe/Berlin")
HERE = Actor.of("h", "technician", authority="10050")


def at(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1e6)


def window(**given_: object) -> schemas.NewWindow:
    end = dt.datetime.fromtimestamp(LESSON / 1e6 + 3600, dt.UTC)
    return schemas.NewWindow(**({"school": "164800", "reason": "x", "ends": end} | given_))  # type: ignore[arg-type]


def test_in_maintenance_nothing_begins_and_afterwards_what_is_still_broken_does(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock)
    with store.write(ADMIN) as unit:
        made = service.plan_window(unit, window())
    town.down("SW", "AP1", "AP2", "AP3")
    town.minutes(5)
    assert town.incidents() == []
    with store.write(ADMIN) as unit:
        service.end_window(unit, made["id"])
    town.minutes(1)
    assert town.titles() == ["SW does not answer"]


def test_maintenance_in_a_room_holds_the_room_alone(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    with store.write(ADMIN) as unit:
        service.plan_window(unit, window(room="1.02"))
    town.down("AP3")
    town.minutes(5)
    assert town.incidents() == []
    town.down("AP1")
    town.minutes(5)
    assert town.titles() == ["access point AP1 does not answer"]


def test_a_freeze_holds_no_alert(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    with store.write(ADMIN) as unit:
        service.plan_window(unit, window(kind="freeze"))
    town.down("SW", "AP1", "AP2", "AP3")
    town.minutes(2)
    assert len(town.incidents()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends": None}, "say until when"),
        ({"ends": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "the end is not after the begin"),
        ({"ends": dt.datetime(2027, 1, 1)}, "a time needs its zone"),
        ({"ends": dt.datetime(2090, 1, 1, tzinfo=dt.UTC)}, "at most 366 days"),
        ({"every": "mo-fr"}, "is no time such as"),
        ({"school": None, "room": "1.01"}, "a room belongs to a school"),
        ({"room": "9.99"}, "there is no room"),
    ],
)
def test_what_cannot_be_is_refused(
    store: Store, clock: FixedClock, changes: dict[str, object], said: str
) -> None:
    Town(store, clock)
    with store.write(ADMIN) as unit, pytest.raises((Invalid, NotFound), match=said):
        service.plan_window(unit, window(**changes))


def test_who_runs_other_schools_plans_nothing_here(store: Store, clock: FixedClock) -> None:
    Town(store, clock)
    with store.write(HERE) as unit, pytest.raises(NotFound):
        service.plan_window(unit, window())
    with store.write(HERE) as unit, pytest.raises(Forbidden):
        service.plan_window(unit, window(school=None))
    with store.write(ADMIN) as unit:
        made = service.plan_window(unit, window())
    with store.write(HERE) as unit, pytest.raises(NotFound):
        service.end_window(unit, made["id"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "signed in here yet; a mail address can be entered too"),
        ("müller@", "no mail can go to 'müller@'"),
        ("no@way@ there", "write it as name@city.example"),
    ],
)
def test_nobody_is_on_call_who_cannot_be_told(
    store: Store, clock: FixedClock, name: str, said: str
) -> None:
    new = schemas.NewOnCall(username=name, every="daily")
    with store.write(ADMIN) as unit, pytest.raises((Invalid, NotFound), match=said):
        service.plan_on_call(unit, new)


@pytest.mark.parametrize(
    ("every", "now", "state"),
    [
        ("sun=02:00-05:00", "2026-11-27T22:00", "planned"),
        ("sun=02:00-05:00", "2026-11-29T02:00", "active"),
        ("sun=02:00-05:00", "2026-11-29T05:00", "planned"),
        ("sat=22:00-06:00", "2026-11-29T01:00", "active"),
        ("sat=22:00-06:00", "2026-11-28T01:00", "planned"),
        ("sat", "2026-11-28T13:00", "active"),
    ],
)
def test_what_recurs_is_active_within_its_hours_alone(
    store: Store, clock: FixedClock, every: str, now: str, state: str
) -> None:
    clock.value = at("2026-11-24T08:00")
    with store.write(ADMIN) as unit:
        service.plan_window(unit, window(school=None, every=every, ends=None))
    with store.read(ADMIN) as connection:
        lister = LISTINGS["window"](connection, ADMIN, at(now))
        (row,) = lister.page(KINDS["window"], f"state:{state}", "", 0, 9, ["state"]).rows
    assert row[4] == state


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon-fri=22:00-06:00", ("12345", 1320, 360)),
        ("sat", ("6", 0, 1440)),
        ("fri-mon", ("1567", 0, 1440)),
        ("daily=12:00-13:00", ("1234567", 720, 780)),
        ("Sun=00:00-24:00", ("7", 0, 1440)),
    ],
)
def test_a_week_is_read(text: str, expected: tuple[str, int, int]) -> None:
    assert read_every(text) == expected


@pytest.mark.parametrize(
    "text", ["", "mo", "mon-", "mon=8-9", "mon=25:00-26:00", "mon=08:61-09:00", "mon=08:00-08:00",
             "mon=08:00-24:01", "mon,tue", "mon-fri 08:00-09:00"],
)  # fmt: skip
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time|has no times"):
        read_every(text)


def test_an_end_before_the_begin_is_on_the_next_day() -> None:
    span = Span(0, FOREVER, *read_every("fri=22:00-06:00"))
    assert covers(span, at("2026-11-27T23:00"), BERLIN)
    assert covers(span, at("2026-11-28T05:59"), BERLIN)
    assert not covers(span, at("2026-11-28T06:00"), BERLIN)
    assert not covers(span, at("2026-11-27T05:00"), BERLIN)
    assert not covers(span, at("2026-11-28T22:30"), BERLIN)


def test_a_window_is_that_of_the_local_clock_in_summer_and_winter() -> None:
    span = Span(0, FOREVER, *read_every("daily=08:00-09:00"))
    for day in ("2026-07-01", "2026-12-01"):
        assert covers(span, at(f"{day}T08:30"), BERLIN)
        assert not covers(span, at(f"{day}T09:30"), BERLIN)


@given(st.sampled_from(DAYS), st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 10_079))
def test_each_minute_of_a_week_is_in_it_or_not_as_counted_by_hand(
    day: str, begin: int, end: int, minute: int
) -> None:
    if begin == end:
        return
    text = f"{day}={begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
    span = Span(0, FOREVER, *read_every(text))
    monday = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    now = round((monday + dt.timedelta(minutes=minute)).timestamp() * 1e6)
    first = DAYS.index(day) * 1440 + begin
    length = (end - begin) % 1440
    assert covers(span, now, dt.UTC) is ((minute - first) % 10_080 < length)
