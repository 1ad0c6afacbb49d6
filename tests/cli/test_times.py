"""Times: local in what people read, UTC in what programs read."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from schoolops.cli._guard import with_local_times
from tests.cli.conftest import Run

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
LOCAL = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?!:)")


def now(zone: str) -> str:
    """The hour that a clock in that zone shows."""
    return dt.datetime.now(ZoneInfo(zone)).strftime("%Y-%m-%d %H:")


def test_every_list_and_record_has_local_times_for_people_and_utc_for_programs(
    run: Run, tmp_path: Path
) -> None:
    run("new", "switch", "serial=TI-1", "school=164800", "name=first")
    run("agent", "invite", "164800", "--name", "ti-agent")
    run("token", "create", "ti.token", "--role", "viewer")
    made = run("backup", "--json").json
    assert ISO.fullmatch(made["created"])
    for words, has_time in (
        (["backup", "list"], True),
        (["token", "list"], True),
        (["agent", "list", "name:ti-agent"], False),  # none was seen yet
        (["audit", "--limit", "3"], True),
        (["show", "switch", "TI-1"], True),
        (["history", "device", "TI-1"], True),
        (["ls", "switches", "--columns", "updated"], True),
    ):
        told = run(*words)
        assert told.code == 0, told.err
        assert not ISO.search(told.out + told.err), words
        assert bool(LOCAL.search(told.out)) is has_time, words
        data = run(*words, "--json").out
        assert not LOCAL.search(data), words
        assert bool(ISO.search(data)) is has_time, words
    told = run("restore", made["path"], "--check")
    assert LOCAL.search(told.out)
    assert not re.search(r"\dT\d", told.out.partition("is good")[2])


def test_a_stale_edit_tells_when_by_the_clock_on_the_wall(run: Run) -> None:
    run("new", "switch", "serial=TI-2", "school=164800", "name=first")
    run("edit", "switch", "TI-2", "name=theirs")
    told = run("edit", "switch", "TI-2", "name=mine", "--version", "1").err
    assert now("Europe/Berlin") in told
    assert not ISO.search(told)


@pytest.mark.parametrize("where", ["environment", "file"])
def test_the_zone_is_the_one_of_the_settings(
    run_alone: Run, home: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    if where == "environment":
        monkeypatch.setenv("SCHOOLOPS_TIMEZONE", "Asia/Tokyo")
    else:
        home.mkdir()
        (home / "schoolops.toml").write_text('timezone = "Asia/Tokyo"\n')
    told = with_local_times("changed at 2026-11-24T20:30:00Z by m.weber")
    assert told == "changed at 2026-11-25 05:30 by m.weber"


def test_a_zone_that_is_none_is_told_and_berlin_shown(
    run_alone: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOLOPS_TIMEZONE", "Europe/Dusseldorf")
    assert with_local_times("2026-11-24T20:30:00Z") == "2026-11-24 21:30"
    told = run_alone("doctor")
    assert told.code == 1
    assert "timezone" in told.out
    assert "Europe/Berlin" in told.out


def test_a_settings_file_that_is_none_does_not_hide_the_message(run_alone: Run, home: Path) -> None:
    home.mkdir()
    (home / "schoolops.toml").write_text("timezone = ")
    assert with_local_times("2026-11-24T20:30:00Z") == "2026-11-24 21:30"


@pytest.mark.parametrize("text", ["room A-2026", "2026-11-24", "at 12:00Z", "Zoo", ""])
def test_what_is_no_time_stays(text: str) -> None:
    assert with_local_times(text) == text


def test_a_time_in_a_filter_is_of_the_zone_that_is_shown(
    run_alone: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOLOPS_TIMEZONE", "Pacific/Kiritimati")
    try:
        run_alone("new", "school", "number=164800", "name=Schule am Rhein")
        lately = dt.datetime.now(ZoneInfo("Pacific/Kiritimati")) - dt.timedelta(minutes=10)
        found = run_alone("ls", "schools", f"updated:>{lately:%Y-%m-%dT%H:%M}", "--count")
        assert found == (0, "1\n", "")
    finally:
        run_alone("serve", "--stop")
