"""`schoolops calendar`, on a real server."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run, run, served

__all__ = ["run", "served"]


def test_the_calendar_of_a_school_is_shown_set_and_set_back(run: Run) -> None:
    shown = run("calendar", "show", "164811", "--since", "2026-12-20", "--until", "2026-12-31")
    assert shown.code == 0, shown.err
    assert "mon 08:00-13:15" in shown.out
    assert "usual for the school's form" in shown.out
    assert "Weihnachtsferien" in shown.out
    words = ("mon-wed=07:45-12:00", "mon=13:00-15:00")
    made = run("calendar", "set", "164811", *words)
    assert made.out == "mon 07:45-12:00 13:00-15:00, tue 07:45-12:00, wed 07:45-12:00\n"
    told = run("calendar", "show", "164811", "--json")
    assert told.code == 0, told.err
    assert told.json["own"] is True
    assert "usual" in run("calendar", "set", "164811", "--usual").out


def test_days_are_added_and_removed_for_a_school_and_for_all(run: Run) -> None:
    for place in ("164811", "all"):
        day = ("movable", "2027-02-08", "--note", "Rosenmontag")
        added = run("calendar", "add", place, *day)
        assert added.code == 0, added.err
        uid = added.out.split()[-1]
        around = ("--since", "2027-02-01", "--until", "2027-02-28")
        line = next(
            line
            for line in run("calendar", "show", "164811", *around).out.splitlines()
            if uid in line
        )
        assert line.split() == ["2027-02-08", "2027-02-08", "movable", "Rosenmontag", place, uid]
        again = run("calendar", "add", place, *day)
        assert again.code == 1
        assert "remove that first" in again.err
        assert run("calendar", "remove", place, uid).code == 0
        assert run("calendar", "remove", place, uid).code == 1


@pytest.mark.parametrize(
    "words",
    [
        ("set", "164811"),
        ("set", "164811", "--usual", "mon=08:00-09:00"),
        ("set", "164811", "mon:08:00"),
        ("set", "164811", "fri-mon=08:00-09:00"),
        ("add", "164811", "closed", "8.2.2027"),
        ("add", "164811", "party", "2027-02-08"),
        ("add", "all", "exam", "2027-02-08", "--room", "2.14"),
    ],
)
def test_wrong_use_says_so(run: Run, words: tuple[str, ...]) -> None:
    done = run("calendar", *words)
    assert done.code == 2
    assert done.err
