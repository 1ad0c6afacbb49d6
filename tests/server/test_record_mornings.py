"""School mornings are recorded once, at their local time, and never guessed afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from agents.protocol import DeviceReport, HostReport, ServiceReport, UplinkReport
from schoolops.core.clock import FixedClock
from schoolops.core.settings import AgentSettings, TelemetrySettings
from schoolops.db.engine import Store
from schoolops.telemetry import mornings
from schoolops.telemetry.health import assess_school
from schoolops.telemetry.models import readiness
from schoolops.telemetry.readiness import not_there
from tests.server.conftest import Agent, Api

BERLIN = ZoneInfo("Europe/Berlin")
LINE = UplinkReport("line1", connect_ms=10.0, loss_percent=0.0, dns_ms=5.0, reachable=True)
PUSH = ServiceReport("apple-push", True, 20.0)


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * 1_000_000


def recorded(store: Store) -> list[tuple[str, str]]:
    with store.read() as connection:
        rows = connection.execute(select(readiness.c.day, readiness.c.level).order_by("day"))
        return [(row.day, row.level) for row in rows]


@pytest.fixture
def clock_at(clock: FixedClock) -> Callable[[str], None]:
    def put(text: str) -> None:
        clock.value = at(text)

    return put


@pytest.fixture
def line(clock_at: Callable[[str], None], api: Api) -> Any:
    """A school with a line, made in the summer of 2026."""
    clock_at("2026-08-20T06:00")
    api.create("schools", number="164800", name="Schule", form="20")
    return api.create("uplinks", school="164800", name="line1", state="active")


@pytest.fixture
def house(line: Any, api: Api, remote: TestClient, clock: FixedClock) -> Agent:
    """With an agent too."""
    code = api.post("/agents/invite", {"school": "164800"}, 201)["code"]
    joined = remote.post("/v1/agent/join", json={"code": code, "version": "0.1.0"}).json()
    return Agent(remote, clock, joined)


def report(house: Agent, *more: tuple[str, Any]) -> None:
    house.send(house.batch([("uplink", LINE), ("service", PUSH), ("host", HostReport()), *more]))


def test_the_level_now_stands_on_what_is_fresh(api: Api, house: Agent, clock: FixedClock) -> None:
    assert api.get("/schools/164800/readiness")["level"] == "unknown"
    report(house)
    found = api.get("/schools/164800/readiness")
    assert (found["level"], found["reason"], found["day"]) == ("works", "", None)
    assert [part["about"] for part in found["parts"]] == ["line", "dns", "service"]
    clock.advance(4 * 60)
    stale = api.get("/schools/164800/readiness")
    assert (stale["level"], stale["parts"][0]["level"]) == ("unknown", "unknown")
    assert stale["message"]


def test_rooms_count_with_their_access_points(api: Api, house: Agent, store: Store) -> None:
    for number in (1, 2, 3):
        api.create("rooms", school="164800", name=f"1.0{number}")
        api.create("access-points", serial=f"AP{number}", school="164800",
                   room=f"164800/1.0{number}", management="snmp")  # fmt: skip
    report(house, ("device", DeviceReport("AP1", True)), ("device", DeviceReport("AP2", True)))
    with store.write() as unit:
        assess_school(unit, 1)
    found = api.get("/schools/164800/readiness")
    assert (found["level"], found["reason"]) == ("unknown", "1 of 3 rooms not measured")
    report(house, ("device", DeviceReport("AP3", False, error="timeout")))
    with store.write() as unit:
        assess_school(unit, 1)
    found = api.get("/schools/164800/readiness")
    assert (found["level"], found["reason"]) == ("limited", "1 of 3 rooms without WLAN")


def test_an_essential_service_that_is_away_takes_the_lesson_with_it(
    api: Api, house: Agent, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = ("service", PUSH._replace(reachable=False, error="connection refused"))
    report(house, away)
    assert api.get("/schools/164800/readiness")["level"] == "limited"
    essential = AgentSettings(essential_services=["apple-push"])
    monkeypatch.setattr(store.settings, "agent", essential)
    found = api.get("/schools/164800/readiness")
    assert (found["level"], found["reason"]) == ("fails", "apple-push: connection refused")


def test_a_morning_is_recorded_once_and_stays_what_it_was(
    api: Api, house: Agent, store: Store, clock: FixedClock, clock_at: Callable[[str], None]
) -> None:
    clock_at("2026-11-26T07:29:50")
    report(house)
    mornings.record(store)
    assert recorded(store) == []
    clock.advance(10)
    mornings.record(store)
    assert recorded(store) == [("2026-11-26", "works")]
    clock_at("2026-11-26T09:00")
    mornings.record(store)
    kept = api.get("/schools/164800/readiness", date="2026-11-26")
    assert (kept["level"], kept["day"]) == ("works", "2026-11-26")
    assert kept["at"] == "2026-11-26T06:30:00Z"
    assert api.get("/schools/164800/readiness")["level"] == "unknown"
    every = api.get("/readiness", date="2026-11-26")
    assert every["counts"] == {"fails": 0, "unknown": 0, "limited": 0, "works": 1}
    assert every["schools"] == [kept]


@pytest.mark.parametrize(
    ("day", "utc"),
    [("2026-10-23", 5), ("2026-10-26", 6), ("2027-03-26", 0), ("2027-04-05", 5)],
)
def test_half_past_seven_is_that_of_the_schools_clock_on_both_sides_of_a_change(
    store: Store, day: str, utc: int
) -> None:
    due = dt.datetime.fromtimestamp(
        mornings.due(store.settings, dt.date.fromisoformat(day)) / 1e6, dt.UTC
    )
    assert (due.hour, due.minute) == (utc or 6, 30)


def test_the_weekend_of_the_change_has_no_morning_and_the_monday_after_it_its_own(
    line: Any, store: Store, clock_at: Callable[[str], None]
) -> None:
    # The autumn holidays of 2026 end on 31 October; the clocks change on 25 October.
    for day in ("2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02"):
        clock_at(f"{day}T07:30")
        mornings.record(store)
    assert recorded(store) == [("2026-11-02", "unknown")]


def test_a_day_that_is_open_against_the_rule_counts_and_a_closed_one_does_not(
    api: Api, line: Any, store: Store, clock_at: Callable[[str], None]
) -> None:
    for kind, day in (("open", "2026-11-28"), ("closed", "2026-11-27")):
        api.post("/schools/164800/calendar/days", {"kind": kind, "first": day}, 201)
    for day in ("2026-11-26", "2026-11-27", "2026-11-28", "2026-11-29"):
        clock_at(f"{day}T07:31")
        mornings.record(store)
    assert [day for day, _ in recorded(store)] == ["2026-11-26", "2026-11-28"]


def test_mornings_that_the_server_slept_through_are_made_up_as_not_known(
    api: Api, house: Agent, store: Store, clock_at: Callable[[str], None]
) -> None:
    clock_at("2026-11-19T07:30")
    report(house)
    mornings.record(store)
    clock_at("2026-11-24T11:00")  # Tuesday; the server was away since Thursday
    report(house)
    mornings.record(store)
    assert recorded(store) == [
        ("2026-11-19", "works"),
        ("2026-11-20", "unknown"),
        ("2026-11-23", "unknown"),
        ("2026-11-24", "unknown"),
    ]
    kept = api.get("/schools/164800/readiness", date="2026-11-20")
    assert kept["reason"] == not_there("07:30").reason
    assert kept["at"] == "2026-11-20T06:30:00Z"


def test_a_server_that_comes_some_minutes_late_still_looks(
    house: Agent, store: Store, clock_at: Callable[[str], None]
) -> None:
    clock_at("2026-11-19T07:30")
    mornings.record(store)
    clock_at("2026-11-20T07:40")
    report(house)
    mornings.record(store)
    assert recorded(store)[-1] == ("2026-11-20", "works")


def test_a_new_store_makes_nothing_up_and_a_new_school_has_no_past(
    api: Api, line: Any, store: Store, clock_at: Callable[[str], None]
) -> None:
    clock_at("2026-11-19T12:00")
    mornings.record(store)
    assert recorded(store) == []
    clock_at("2026-11-23T12:00")
    api.create("schools", number="164801", name="Neu", form="20")
    mornings.record(store)
    assert recorded(store) == [("2026-11-20", "unknown"), ("2026-11-23", "unknown")]


def test_a_clock_that_was_a_year_ahead_stops_no_later_morning(
    line: Any, store: Store, clock_at: Callable[[str], None]
) -> None:
    clock_at("2027-11-24T07:30")
    mornings.record(store)
    clock_at("2026-11-26T07:30")
    mornings.record(store)
    mornings.record(store)
    assert ("2026-11-26", "unknown") in recorded(store)


def test_what_is_past_its_time_is_forgotten(
    line: Any, store: Store, clock_at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        store.settings, "telemetry", TelemetrySettings(readiness_days=2, readiness_at="08:00")
    )
    for day in ("2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"):
        clock_at(f"{day}T07:59")
        mornings.record(store)
        clock_at(f"{day}T08:00")
        mornings.record(store)
    assert [day for day, _ in recorded(store)] == ["2026-11-24", "2026-11-25", "2026-11-26"]


def test_a_day_without_a_record_is_refused_in_words(api: Api, line: Any) -> None:
    problem = api.get("/schools/164800/readiness", 404, date="2026-11-21")
    assert "nothing was recorded of 164800 on 2026-11-21" in problem["detail"]
    assert api.get("/readiness", date="2026-11-21")["schools"] == []
    api.get("/readiness", 422, date="yesterday")


def test_whoever_sees_one_school_sees_its_mornings_alone(
    api: Api, line: Any, store: Store, token: Any, clock_at: Callable[[str], None]
) -> None:
    api.create("schools", number="164801", name="Andere", form="20")
    clock_at("2026-11-26T07:30")
    mornings.record(store)
    mine = token("t", "viewer", schools=["164801"])
    for asked in ({}, {"date": "2026-11-26"}):
        assert [s["school"] for s in mine.get("/readiness", **asked)["schools"]] == ["164801"]
    mine.get("/schools/164800/readiness", 404)
    mine.get("/schools/164800/readiness", 404, date="2026-11-26")
