"""Bell times and days of a school: entered, seen, removed, refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from schoolops.calendar.models import calendar_bell, calendar_day
from schoolops.calendar.repository import lesson_time_of, lesson_times
from schoolops.core.clock import FixedClock
from schoolops.core.errors import Forbidden
from schoolops.core.permissions import Actor, Grant, Scope
from schoolops.db.engine import Store
from schoolops.estate.models import TABLES
from tests.server.conftest import Api

AT = "/schools/164800/calendar"
LONG = [{"weekday": day, "begin": "07:30", "end": "16:00"} for day in (1, 2, 3)]


@pytest.fixture
def other(api: Api, school: Any) -> Any:
    return api.create("schools", number="164801", name="Andere Schule", authority="70000")


def school_id(store: Store, number: str) -> int:
    schools = TABLES["school"]
    with store.read() as connection:
        return connection.scalars(select(schools.c.id).where(schools.c.number == number)).one()


def test_a_school_has_the_day_of_its_form_until_it_enters_its_own(api: Api, school: Any) -> None:
    found = api.get(AT)
    assert (found["own"], len(found["bells"])) == (False, 5)
    assert found["bells"][0] == {"weekday": 1, "begin": "07:50", "end": "15:15"}
    made = api.call("PUT", f"{AT}/bells", json={"bells": LONG})
    assert made == {"own": True, "bells": LONG}
    assert api.get(AT)["bells"] == LONG
    assert api.call("PUT", f"{AT}/bells", json={"bells": []})["own"] is False
    assert api.get(AT)["bells"] == found["bells"]


def test_the_answer_says_what_today_is(api: Api, school: Any, clock: FixedClock) -> None:
    found = api.get(AT)  # the test clock stands on Tuesday, 24 November 2026, 9:00
    assert found["today"] == {
        "day": "2026-11-24", "kind": "lessons", "reason": "", "lessons": True
    }  # fmt: skip
    assert found["known_until"] == "2030-08-06"
    api.post(f"{AT}/days", {"kind": "closed", "first": "2026-11-24", "note": "no heating"}, 201)
    today = api.get(AT)["today"]
    assert (today["kind"], today["reason"], today["lessons"]) == ("closed", "no heating", False)


def test_holidays_are_shown_for_the_days_that_were_asked(api: Api, school: Any) -> None:
    found = api.get(AT, since="2026-12-20", until="2027-01-02")["holidays"]
    assert [(one["name"], one["first"]) for one in found] == [
        ("Weihnachtsferien", "2026-12-23"),
        ("1. Weihnachtstag", "2026-12-25"),
        ("2. Weihnachtstag", "2026-12-26"),
        ("Neujahr", "2027-01-01"),
    ]
    for since, until in (("2026-12-20", "2026-12-19"), ("2026-01-01", "2029-01-01")):
        assert "days" in api.get(AT, 422, since=since, until=until)["detail"]
    api.get(AT, 422, since="9999-12-31")


def test_a_day_is_entered_seen_and_removed(api: Api, school: Any, store: Store) -> None:
    made = api.post(f"{AT}/days", {"kind": "movable", "first": "2027-02-08", "note": "K"}, 201)
    assert made["last"] == "2027-02-08"
    assert api.get(AT)["days"] == [made]
    monday = dt.date(2027, 2, 8)
    with store.read() as connection:
        times = lesson_time_of(connection, school_id(store, "164800"))
    assert times.day(monday) == ("movable", "K")
    api.call("DELETE", f"{AT}/days/{made['id']}", 204)
    assert api.get(AT)["days"] == []
    assert api.call("DELETE", f"{AT}/days/{made['id']}", 404)["code"] == "calendar.unknown"


def test_what_decides_about_a_day_is_entered_once(api: Api, school: Any) -> None:
    api.post(f"{AT}/days", {"kind": "closed", "first": "2027-02-01", "last": "2027-02-03"}, 201)
    clash = {"kind": "open", "first": "2027-02-03"}
    assert api.post(f"{AT}/days", clash, 409)["code"] == "calendar.overlap"
    api.post(f"{AT}/days", {"kind": "exam", "first": "2027-02-03"}, 201)
    api.post(f"{AT}/days", {"kind": "exam", "first": "2027-02-04"}, 201)
    api.post(f"{AT}/days", {"kind": "open", "first": "2027-02-04"}, 201)


def test_days_of_all_schools_are_seen_at_each_and_give_way_to_its_own(
    api: Api, other: Any, store: Store
) -> None:
    made = api.post("/calendar/days", {"kind": "movable", "first": "2027-02-08"}, 201)
    api.post(f"{AT}/days", {"kind": "open", "first": "2027-02-08"}, 201)
    assert [one["everywhere"] for one in api.get(AT)["days"]] == [True, False]
    with store.read() as connection:
        times = lesson_times(connection)
    kinds = {n: times[school_id(store, n)].day(dt.date(2027, 2, 8)).kind
             for n in ("164800", "164801")}  # fmt: skip
    assert kinds == {"164800": "open", "164801": "movable"}
    api.call("DELETE", f"{AT}/days/{made['id']}", 404)
    api.call("DELETE", f"/calendar/days/{made['id']}", 204)


def test_an_exam_names_rooms_of_its_own_school(api: Api, other: Any, store: Store) -> None:
    room = api.create("rooms", school="164800", name="2.14")
    api.create("rooms", school="164801", name="9.99")
    exam = {"kind": "exam", "first": "2027-04-12", "last": "2027-04-14"}
    made = api.post(f"{AT}/days", {**exam, "rooms": ["2.14"]}, 201)
    assert made["rooms"] == [room["key"]]
    assert api.post(f"{AT}/days", {**exam, "rooms": ["164801/9.99"]}, 422)
    assert api.post(f"{AT}/days", {**exam, "rooms": ["nowhere"]}, 404)
    assert api.post(f"{AT}/days", {**exam, "kind": "closed", "rooms": ["2.14"]}, 422)


@pytest.mark.parametrize(
    "bells",
    [
        [{"weekday": 8, "begin": "08:00", "end": "09:00"}],
        [{"weekday": 1, "begin": "24:00", "end": "25:00"}],
        [{"weekday": 1, "begin": "09:00", "end": "09:00"}],
        [{"weekday": 1, "begin": "08:00", "end": "09:00"},
         {"weekday": 1, "begin": "08:59", "end": "10:00"}],
    ],
)  # fmt: skip
def test_wrong_bell_times_are_refused_and_change_nothing(
    api: Api, school: Any, bells: list[Any]
) -> None:
    api.call("PUT", f"{AT}/bells", json={"bells": LONG})
    api.call("PUT", f"{AT}/bells", 422, json={"bells": bells})
    assert api.get(AT)["bells"] == LONG


@pytest.mark.parametrize(
    "new",
    [
        {"kind": "party", "first": "2027-02-08"},
        {"kind": "closed", "first": "2027-02-08", "last": "2027-02-07"},
        {"kind": "closed", "first": "2027-02-30"},
        {"kind": "closed", "first": "1999-12-31"},
        {"kind": "closed", "first": "2027-01-01", "last": "2030-01-01"},
    ],
)
def test_wrong_days_are_refused(api: Api, school: Any, new: Any) -> None:
    api.post(f"{AT}/days", new, 422)
    assert api.get(AT)["days"] == []


def test_who_reads_one_school_writes_nowhere_and_sees_no_other(
    api: Api, other: Any, token: Any
) -> None:
    reader = token("reader", "viewer", schools=["164800"])
    assert reader.get(AT)["own"] is False
    reader.get("/schools/164801/calendar", 404)
    reader.call("PUT", f"{AT}/bells", 403, json={"bells": []})
    reader.post(f"{AT}/days", {"kind": "closed", "first": "2027-02-08"}, 403)
    reader.post("/calendar/days", {"kind": "closed", "first": "2027-02-08"}, 403)


def test_who_sees_all_schools_and_writes_at_one_changes_no_other(
    api: Api, application: Any, other: Any
) -> None:
    seen = Grant(frozenset({"estate.read"}), Scope(everywhere=True), "role")
    application.state.authenticate = lambda request: Actor("h", (seen, *HERE.grants))
    there = "/schools/164801/calendar"
    assert api.get(there)["own"] is False
    api.call("PUT", f"{there}/bells", 403, json={"bells": LONG})
    api.post(f"{there}/days", {"kind": "closed", "first": "2027-02-08"}, 403)
    api.post("/calendar/days", {"kind": "closed", "first": "2027-02-08"}, 403)
    api.call("PUT", f"{AT}/bells", json={"bells": LONG})


def test_every_change_is_audited_and_announced(api: Api, school: Any) -> None:
    api.call("PUT", f"{AT}/bells", json={"bells": LONG})
    api.call("PUT", f"{AT}/bells", json={"bells": LONG})  # nothing changes, nothing is told
    made = api.post(f"{AT}/days", {"kind": "closed", "first": "2027-02-08", "note": "K"}, 201)
    api.call("DELETE", f"{AT}/days/{made['id']}", 204)
    events = api.get("/schools/164800/history")["events"]
    assert sorted(e["action"] for e in events if "day" in e["action"] or "bell" in e["action"]) == [
        "enter day", "remove day", "set bell times"
    ]  # fmt: skip
    told = next(e for e in events if e["action"] == "set bell times")["detail"]
    assert told["bells"]["1"] == "07:30-16:00"
    assert told["before"] == {}


# -- the second lock ---------------------------------------------------------------------------

EVERY = frozenset({"estate.read", "estate.write"})
HERE = Actor("k.huber", (Grant(EVERY, Scope(schools=frozenset({"164800"})), "delegation 1"),))


def test_postgresql_takes_no_bells_and_days_of_other_schools(other: Any, store: Store) -> None:
    if not store.is_postgresql:
        pytest.skip("SQLite has no row-level security")
    here, there = school_id(store, "164800"), school_id(store, "164801")
    bell = {"weekday": 1, "begin_minute": 1, "end_minute": 2, "by": "x", "at": 1}
    day = {"kind": "open", "first_day": "2027-01-01", "last_day": "2027-01-01", "by": "x", "at": 1}
    with store.write(HERE) as unit:
        unit.connection.execute(insert(calendar_bell), bell | {"school_id": here})
        unit.connection.execute(insert(calendar_day), day | {"uid": "a", "school_id": here})
    for place in (there, None):
        with pytest.raises(Forbidden, match="the database refused"), store.write(HERE) as unit:
            unit.connection.execute(insert(calendar_day), day | {"uid": "b", "school_id": place})
    with pytest.raises(Forbidden, match="the database refused"), store.write(HERE) as unit:
        unit.connection.execute(insert(calendar_bell), bell | {"school_id": there})
    with store.write() as unit:
        unit.connection.execute(insert(calendar_bell), bell | {"school_id": there})
        unit.connection.execute(insert(calendar_day), day | {"uid": "c", "school_id": there})
        unit.connection.execute(insert(calendar_day), day | {"uid": "d", "school_id": None})
    with store.write(HERE) as unit:
        unit.connection.execute(delete(calendar_bell))
        unit.connection.execute(delete(calendar_day))
    with store.read() as connection:
        assert connection.scalars(select(calendar_bell.c.school_id)).all() == [there]
        assert sorted(connection.scalars(select(calendar_day.c.uid))) == ["c", "d"]
    with store.read(HERE) as connection:
        assert connection.scalars(select(calendar_day.c.uid)).all() == ["d"]
