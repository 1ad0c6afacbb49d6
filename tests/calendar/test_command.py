"""`schoolops calendar`, on a real server."""

from __future__ import annotations

from pathlib import Path

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


def test_files_are_brought_in_after_a_look(run: Run, tmp_path: Path) -> None:
    days, lessons = tmp_path / "termine.ics", tmp_path / "GPU001.TXT"
    days.write_bytes(
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        b"SUMMARY:Beweglicher Ferientag\r\nDTSTART;VALUE=DATE:20280107\r\nEND:VEVENT\r\n"
        b"END:VCALENDAR\r\n"
    )
    lessons.write_bytes(b'1;"5a";"ABC";"M";"2.14";1;1;;\n')
    looked = run("calendar", "import", "164811", str(days), "--dry-run")
    assert looked.code == 0, looked.err
    assert "movable: 2028-01-07 Beweglicher Ferientag" in looked.out
    assert "1 would be new" in looked.out
    assert "1 new" in run("calendar", "import", "164811", str(days)).out
    assert "1 same" in run("calendar", "import", "164811", str(days)).out
    untimed = run("calendar", "import", "164811", str(lessons))
    assert (untimed.code, "period 1 has no time" in untimed.err) == (1, True)
    made = run("calendar", "import", "164811", str(lessons), "--periods", "1=07:50-08:35")
    assert made.code == 0, made.err
    assert "5a" in run("calendar", "lessons", "164811").out
    assert run("calendar", "lessons", "164811", "--json").json["lessons"][0]["class"] == "5a"
    assert run("calendar", "import", "164811", str(days), "--periods", "1=07:50-08:35").code == 2
    assert run("calendar", "import", "164811", str(lessons), "--kind", "exam").code == 2
    assert run("calendar", "import", "164811", str(tmp_path / "none.ics")).code != 0
