"""Days out of iCalendar files, as schools and their programs write them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.kinds import KINDS
from schoolops.calendar import ical, repository
from schoolops.calendar.importing import import_days
from schoolops.calendar.series import days as days_of
from schoolops.calendar.series import series_of
from schoolops.core.errors import Invalid, SchoolopsError
from schoolops.core.permissions import SYSTEM
from schoolops.db.engine import Store
from schoolops.estate.models import TABLES
from schoolops.estate.service import Inventory

TODAY = dt.date(2026, 11, 24)


def calendar(*events: str) -> bytes:
    parts = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{parts}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def days(*events: str) -> list[tuple[str | None, str, str]]:
    found = ical.read(calendar(*events), TODAY)
    return [(event.kind, event.first.isoformat(), event.last.isoformat()) for event in found]


def all_day(summary: str, first: str, end: str = "", more: str = "") -> str:
    text = f"UID:{summary}{first}\nSUMMARY:{summary}\nDTSTART;VALUE=DATE:{first}"
    return text + (f"\nDTEND;VALUE=DATE:{end}" if end else "") + (f"\n{more}" if more else "")


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Beweglicher Ferientag", "movable"),
        ("bewegl. FT: Rosenmontag", "movable"),
        ("Pädagogischer Tag (unterrichtsfrei)", "closed"),
        ("Studientag des Kollegiums", "closed"),
        ("Abiturprüfungen, 4. Fach", "exam"),
        ("ZP 10 Mathematik", "exam"),
        ("Tag der offenen Tür", "open"),
        ("Elternsprechtag", None),
        ("Weihnachtsferien", None),
    ],
)
def test_words_of_a_title_say_what_a_day_is(title: str, kind: str | None) -> None:
    assert days(all_day(title, "20270208")) == [(kind, "2027-02-08", "2027-02-08")]


def test_the_end_of_whole_days_does_not_belong_to_them() -> None:
    found = days(all_day("Studientag", "20270208", "20270210"))
    assert found == [("closed", "2027-02-08", "2027-02-09")]


def test_an_instant_belongs_to_the_day_of_the_schools_own_clock() -> None:
    """22:30 in UTC is the next day in Cologne."""
    event = "UID:1\nSUMMARY:Schulfrei\nDTSTART:20270207T233000Z\nDTEND:20270208T220000Z"
    assert days(event) == [("closed", "2027-02-08", "2027-02-08")]
    zoned = "UID:1\nSUMMARY:Schulfrei\nDTSTART;TZID=America/New_York:20270207T200000"
    zoned += "\nDTEND;TZID=America/New_York:20270208T100000"
    assert days(zoned) == [("closed", "2027-02-08", "2027-02-08")]


def test_a_part_of_a_day_and_what_is_cancelled_are_left_out() -> None:
    part = "UID:1\nSUMMARY:Schulfrei ab 11 Uhr\nDTSTART:20270208T110000\nDTEND:20270208T130000"
    assert days(part) == [(None, "2027-02-08", "2027-02-08")]
    assert days(all_day("Schulfrei", "20270208", more="STATUS:CANCELLED"))[0][0] is None


def test_a_series_is_worked_out_without_its_exceptions() -> None:
    rule = "RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;VALUE=DATE:20270215"
    moved = all_day("Studientag verlegt", "20270303", more="RECURRENCE-ID;VALUE=DATE:20270301")
    moved = moved.replace("UID:Studientag verlegt20270303", "UID:Studientag20270208")
    found = [first for _, first, _ in days(all_day("Studientag", "20270208", more=rule), moved)]
    assert found == ["2027-02-08", "2027-02-22", "2027-03-03"]


@pytest.mark.parametrize(
    ("rule", "first", "found"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,WE", (2027, 2, 1), [1, 3, 8, 10, 15, 17, 22, 24]),
        ("FREQ=WEEKLY;INTERVAL=2", (2027, 2, 1), [1, 15]),
        ("FREQ=MONTHLY;BYDAY=2TU", (2027, 1, 12), [9]),
        ("FREQ=MONTHLY;BYDAY=-1FR", (2027, 1, 29), [26]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", (2027, 1, 31), [28]),
        ("FREQ=YEARLY", (2020, 2, 14), [14]),
        ("FREQ=YEARLY;BYMONTH=2;BYDAY=1MO", (2020, 2, 3), [1]),
        ("FREQ=DAILY;INTERVAL=7;COUNT=2", (2027, 2, 8), [8, 15]),
        ("FREQ=DAILY;COUNT=3", (2027, 1, 30), [1]),
    ],
)
def test_the_days_of_a_series_in_february(
    rule: str, first: tuple[int, int, int], found: list[int]
) -> None:
    parts = {name: value.split(",") for name, value in (p.split("=") for p in rule.split(";"))}
    series = series_of(parts)
    assert series is not None
    until = dt.date(2027, 2, 28)
    shown = days_of(series, dt.date(*first), dt.date(2027, 2, 1), until)
    assert [day.day for day in shown] == found


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31;COUNT=5",
        "FREQ=DAILY;COUNT=99999999",
        "FREQ=YEARLY;BYEASTER=1",
        "FREQ=NEVER",
    ],
)
def test_a_series_without_end_or_sense_ends_here(rule: str) -> None:
    found = ical.read(calendar(all_day("Studientag", "20270208", more=f"RRULE:{rule}")), TODAY)
    assert len(found) <= ical.MOST_OF_SERIES + 1


@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", b"1;2;3\n", b"BEGIN:VEVENT"]
)
def test_what_is_no_calendar_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="no iCalendar file"):
        ical.read(data, TODAY)


_LINES = st.sampled_from([
    "DTSTART:20270208", "DTSTART;VALUE=DATE:20270208", "DTSTART:20270208T080000Z", "DTEND:1",
    "DTEND;VALUE=DATE:20270101", "DTSTART:99990101T000000Z",
    "DTSTART;TZID=Mars/Olympus:20270208T080000",
    "RRULE:FREQ=WEEKLY;BYDAY=XX", "RRULE:FREQ=WEEKLY;UNTIL=20270301", "RRULE:", "DURATION:P-1D",
    "DURATION:P9999999D", "EXDATE:x", "RDATE;VALUE=PERIOD:20270101T000000Z/PT1H", "SUMMARY:Abitur",
    "CATEGORIES:Prüfung,Abitur", "LOCATION:Raum 2.14, 2.15", "STATUS:CANCELLED", "UID:1",
    "RECURRENCE-ID:20270208", "RRULE:FREQ=YEARLY;COUNT=-1", "SUMMARY",
])  # fmt: skip


@given(st.lists(st.lists(_LINES, max_size=8), min_size=1, max_size=4), st.binary(max_size=40))
def test_whatever_a_file_says_it_is_read_or_refused(events: list[list[str]], noise: bytes) -> None:
    data = calendar(*("\n".join(lines) for lines in events))
    for one in (data, data[: len(data) // 2], data + noise, noise + data):
        try:
            found = ical.read(one, TODAY)
        except Invalid:
            continue
        assert all(event.first <= event.last for event in found)


# -- into a school ------------------------------------------------------------------------------


@pytest.fixture
def school(store: Store) -> int:
    with store.write(SYSTEM) as unit:
        inventory = Inventory(unit)
        inventory.create(KINDS["school"], {"number": "164800", "name": "Rhein", "form": "20"})
        for name in ("2.14", "2.15"):
            values = {"school": "164800", "name": name, "kind": "classroom"}
            inventory.create(KINDS["room"], values)
        found = unit.connection.scalar(
            TABLES["school"].select().with_only_columns(TABLES["school"].c.id)
        )
    return int(found or 0)


def bring(store: Store, data: bytes, *, dry_run: bool = False, kind: Any = None) -> dict[str, Any]:
    with store.write(SYSTEM) as unit:
        return import_days(unit, "164800", data, kind, dry_run=dry_run)


FILE = calendar(
    all_day("Beweglicher Ferientag", "20270208"),
    all_day("Abitur Deutsch", "20270412", more="LOCATION:Räume 2.14 und 2.15"),
    all_day("Abitur Mathe", "20270413", more="LOCATION:Aula"),
    all_day("Elternsprechtag", "20270301"),
    all_day("Klausur Q1", "20270302"),
    all_day("Schulfrei", "20250101"),
)


def counts(report: dict[str, Any]) -> tuple[int, int, int, int]:
    return report["new"], report["same"], report["ignored"], report["refused"]


def test_a_dry_run_says_what_would_be_and_writes_nothing(store: Store, school: int) -> None:
    report = bring(store, FILE, dry_run=True)
    assert counts(report) == (2, 0, 2, 1)
    assert "Aula" in report["rows"][0]["reason"]
    with store.read() as connection:
        assert (
            repository.lesson_time_of(connection, school).day(dt.date(2027, 2, 8)).kind == "lessons"
        )
    assert counts(bring(store, FILE)) == (2, 0, 2, 1)


def test_what_was_imported_counts_and_the_same_file_again_changes_nothing(
    store: Store, school: int
) -> None:
    bring(store, FILE)
    with store.read() as connection:
        times = repository.lesson_time_of(connection, school)
    assert times.day(dt.date(2027, 2, 8)) == ("movable", "Beweglicher Ferientag")
    noon = dt.datetime(2027, 4, 12, 10, tzinfo=dt.UTC).timestamp()
    (exam,) = times.exams_at(noon)
    assert len(exam.rooms) == 2
    assert counts(bring(store, FILE)) == (0, 2, 2, 1)


def test_a_day_that_has_an_entry_already_is_refused_and_the_others_go_in(
    store: Store, school: int
) -> None:
    bring(store, calendar(all_day("Studientag", "20270208")))
    report = bring(store, FILE)
    assert counts(report) == (1, 0, 2, 2)
    assert any("remove that first" in row["reason"] for row in report["rows"])


def test_a_whole_file_can_be_of_one_kind(store: Store, school: int) -> None:
    report = bring(store, calendar(all_day("Karneval", "20270205")), kind="movable")
    assert counts(report) == (1, 0, 0, 0)


def test_a_school_that_is_not_there_gets_nothing(store: Store, school: int) -> None:
    with pytest.raises(SchoolopsError), store.write(SYSTEM) as unit:
        import_days(unit, "999999", FILE, None, dry_run=False)
