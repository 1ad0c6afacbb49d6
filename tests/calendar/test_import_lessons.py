"""The timetable out of Untis' GPU001.TXT."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from inventory.kinds import KINDS
from schoolops.calendar import repository, untis
from schoolops.calendar.importing import import_lessons, lessons_now, show_lessons
from schoolops.calendar.models import calendar_lesson
from schoolops.core.errors import Invalid
from schoolops.core.permissions import SYSTEM
from schoolops.db.engine import Store
from schoolops.estate.models import TABLES
from schoolops.estate.service import Inventory

FILE = (
    '4063;"5a";"MÜLL";"M";"2.14";1;1;;\r\n'
    '4063;"5a";"MÜLL";"M";"2.14";1;2;;\r\n'
    '4064;"5a~5b";"HOO";"SP";"TH";2;3;;\r\n'
    '4064;"5a~5b";"ZWEI";"SP";"TH";2;3;;\r\n'
)
PERIODS = "1=07:50-08:35,2=08:40-09:25,3=09:45-10:30"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_every_separator_and_encoding_is_read(encoding: str, separator: str) -> None:
    rows = untis.read(FILE.replace(";", separator).encode(encoding))
    assert rows[0].lessons == (untis.Lesson(1, 1, "2.14", "5a", "M"),)
    assert [one.class_name for one in rows[2].lessons] == ["5a", "5b"]


def test_rows_that_cannot_be_say_why() -> None:
    rows = untis.read(b'1,"5a","X","M","1",1,1\n2,a,b,c,d,8,1\n3,a,b,c,d,1,99\n4,a,b\n\n')
    assert [str(row.problem or "") for row in rows] == [
        "",
        "the day is 1 (Monday) to 7, not '8'",
        "the period is 0 to 20, not '99'",
        "there are 3 fields, not seven",
    ]


@pytest.mark.parametrize("data", [b"", b"\x00" * 50, b"Name;Klasse\nx;y\n", b"%PDF-1.7\n"])
def test_what_is_no_timetable_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="no export GPU001"):
        untis.read(data)


_FIELD = st.one_of(
    st.sampled_from(["1", "7", "", '"5a"', '"', "99999", "²", "5a~5b"]), st.text(max_size=5)
)


@settings(max_examples=40)
@given(st.lists(st.lists(_FIELD, max_size=9), max_size=6), st.sampled_from([";", ","]))
def test_whatever_a_file_says_it_is_read_or_refused(rows: list[list[str]], separator: str) -> None:
    data = "\n".join(separator.join(row) for row in rows).encode("utf-8", "replace")
    try:
        found = untis.read(data)
    except Invalid:
        return
    for row in found:
        assert bool(row.lessons) != bool(row.problem)
        assert all(1 <= one.weekday <= 7 and 0 <= one.period <= 20 for one in row.lessons)


# -- into a school ------------------------------------------------------------------------------


@pytest.fixture
def school(store: Store) -> int:
    with store.write(SYSTEM) as unit:
        inventory = Inventory(unit)
        inventory.create(KINDS["school"], {"number": "164800", "name": "Rhein", "form": "20"})
        values = {"school": "164800", "name": "2.14", "kind": "classroom"}
        inventory.create(KINDS["room"], values)
        schools = TABLES["school"]
        return int(unit.connection.scalar(select(schools.c.id)) or 0)


def bring(store: Store, text: str = FILE, periods: str = PERIODS, **more: Any) -> dict[str, Any]:
    with store.write(SYSTEM) as unit:
        return import_lessons(unit, "164800", text.encode(), periods, **({"dry_run": False} | more))


def kept(store: Store) -> list[dict[str, Any]]:
    with store.read() as connection:
        rows = connection.execute(select(calendar_lesson)).all()
        return [row._asdict() for row in rows]


def test_the_timetable_is_kept_without_the_teachers(store: Store, school: int) -> None:
    report = bring(store)
    assert (report["new"], report["same"], report["refused"]) == (3, 1, 0)
    assert "there is no room TH at this school" in {row["reason"] for row in report["rows"]}
    rows = kept(store)
    assert len(rows) == 4
    assert not any("MÜLL" in str(row) or "HOO" in str(row) for row in rows)


def test_a_dry_run_and_a_file_without_times_write_nothing(store: Store, school: int) -> None:
    assert bring(store, dry_run=True)["new"] == 3
    report = bring(store, periods="1=07:50-08:35")
    assert (report["new"], report["refused"]) == (1, 3)
    assert "period 2 has no time" in report["rows"][0]["reason"]
    bring(store, periods="")  # the first period's time is known now
    assert [row["period"] for row in kept(store)] == [1]


def test_a_new_timetable_takes_the_place_of_the_old_one(store: Store, school: int) -> None:
    bring(store)
    report = bring(store, '1;"7c";"X";"E";"2.14";5;2;;\n', periods="")
    assert report["refused"] == 0
    (row,) = kept(store)
    assert (row["class_name"], row["begin_minute"]) == ("7c", 8 * 60 + 40)


def test_a_school_without_bells_gets_those_of_its_timetable_and_own_ones_stay(
    store: Store, school: int
) -> None:
    bring(store)
    with store.read() as connection:
        bells = repository.bells_of(connection, school)
    assert bells == {1: ((470, 515), (520, 565)), 2: ((585, 630),)}
    bring(store, FILE.replace(";1;2;;", ";3;2;;"))
    with store.read() as connection:
        assert sorted(repository.bells_of(connection, school)) == [1, 2, 3]
    from schoolops.calendar import schemas, service

    own = [schemas.Bell(weekday=1, begin="08:00", end="13:00")]
    with store.write(SYSTEM) as unit:
        service.set_bells(unit, "164800", own)
    assert bring(store)["bells"] == []
    with store.read() as connection:
        assert repository.bells_of(connection, school) == {1: ((480, 780),)}


def test_which_class_is_in_a_room_now(store: Store, school: int) -> None:
    bring(store)

    def at(when: dt.datetime) -> list[str]:
        with store.read() as connection:
            room = connection.scalar(select(TABLES["room"].c.id)) or 0
            micros = int(when.timestamp() * 1e6)
            found = lessons_now(connection, room, micros)
            told = show_lessons(connection, SYSTEM, micros, "164800", "2.14")
            assert [one["class"] for one in told["now"]] == [row.class_name for row in found]
            return [row.class_name for row in found]

    utc = dt.UTC
    assert at(dt.datetime(2026, 11, 23, 7, 0, tzinfo=utc)) == ["5a"]  # Monday, 08:00 in Cologne
    assert at(dt.datetime(2026, 11, 23, 7, 36, tzinfo=utc)) == []  # the break
    assert at(dt.datetime(2026, 11, 24, 7, 0, tzinfo=utc)) == []  # Tuesday
    assert at(dt.datetime(2026, 12, 28, 7, 0, tzinfo=utc)) == []  # holidays


@pytest.mark.parametrize(
    "periods", ["1", "1=8-9", "1=09:00-08:00", "1=25:00-26:00", "1=07:50-08:35,1=08:00-09:00"]
)
def test_wrong_times_of_periods_are_refused(store: Store, school: int, periods: str) -> None:
    with pytest.raises(Invalid, match="periods are such as"):
        bring(store, periods=periods)
    assert kept(store) == []
