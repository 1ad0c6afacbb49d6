"""Measurements in their archive: a file a day, whole or not at all, and back from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from schoolops import migrations
from schoolops.cli._measurements import Measurements
from schoolops.core.settings import Settings
from schoolops.db import backup
from schoolops.db.engine import Store
from schoolops.telemetry import packing
from schoolops.telemetry.archive import files, restoring
from schoolops.telemetry.archive.files import FINE, HOURLY, REPORTS, Listing
from schoolops.telemetry.archive.writing import archive
from schoolops.telemetry.history import Availability, History
from schoolops.telemetry.measured_days import changes_of
from schoolops.telemetry.metrics import shown
from schoolops.telemetry.models import SAMPLES, rolled_hour, rollup, sealed
from tests.db.test_back_up_and_restore import opened, other
from tests.telemetry.test_keep_history import DAY, HOUR, MINUTE, Kept, day, kept

__all__ = ["kept", "other"]
KNOWN = migrations.HISTORY

on_sqlite = pytest.mark.parametrize("settings_of_store", ["sqlite"], indirect=True)
"""Of tests about files, which are the same on both databases."""


def folder(kept: Kept) -> Path:
    return files.folder_of(kept.store.settings)


def archived(kept: Kept) -> dict[str, list[int]]:
    """Grain → days of files, after all that is due was written."""
    for _ in range(20):
        archive(kept.store)
    listing = Listing(folder(kept))
    listing.check()
    return {grain: listing.days(grain) for grain in files.GRAINS}


def names(kept: Kept) -> set[str]:
    return {path.name for path in folder(kept).iterdir() if path.name != ".lock"}


def file_of(kept: Kept, grain: str, day: int) -> Path:
    return folder(kept) / Listing(folder(kept)).entries[grain, day].file


@pytest.fixture
def past(kept: Kept) -> int:
    """Some hours of a day that was over four days ago; answers the day."""
    begin = day(kept)
    for seconds in (2 * HOUR, 4 * DAY):
        kept.clock.advance(seconds)
        for _ in range(3):
            packing.roll_up(kept.store)
            packing.seal(kept.store)
    return begin // DAY


def test_a_day_that_is_over_is_archived_before_its_hours_are_joined(kept: Kept) -> None:
    today = day(kept) // DAY
    kept.pass_time(3 * HOUR)
    assert not archive(kept.store)
    assert not folder(kept).exists()
    kept.pass_time(16 * HOUR)
    kept.report(kept.now, clients=1)  # so that the last hours are rolled up
    kept.pass_time(HOUR)
    assert archived(kept) == {REPORTS: [], FINE: [today], HOURLY: [today]}
    kept.pass_time(3 * DAY)
    assert archived(kept)[REPORTS][0] == today
    listing = Listing(folder(kept))
    assert [listing.entries[grain, today].rows for grain in files.GRAINS] == [6, 1, 1]


@on_sqlite
def test_a_day_is_written_once(kept: Kept, past: int) -> None:
    assert archived(kept) == {REPORTS: [past], FINE: [past], HOURLY: [past]}
    before = {path: path.stat().st_mtime_ns for path in folder(kept).iterdir()}
    assert len(before) == 5
    kept.pass_time(2 * DAY)
    archived(kept)
    assert before == {path: path.stat().st_mtime_ns for path in folder(kept).iterdir()}


@on_sqlite
def test_only_the_owner_can_read_it(kept: Kept, past: int) -> None:
    archived(kept)
    assert folder(kept).stat().st_mode & 0o077 == 0
    assert not any(path.stat().st_mode & 0o077 for path in folder(kept).iterdir())


def test_late_reports_have_the_day_written_anew_but_once_a_day(kept: Kept, past: int) -> None:
    archived(kept)
    first = file_of(kept, REPORTS, past)
    kept.report(past * DAY + 10 * HOUR, clients=9)
    kept.pass_time(2 * HOUR)
    assert not archive(kept.store)
    kept.pass_time(DAY)
    archived(kept)
    assert not first.exists()
    listing = Listing(folder(kept))
    assert listing.entries[REPORTS, past].rows == 7
    rows = list(files.read(folder(kept), listing.entries[REPORTS, past]))
    assert [row.at - past * 24 for row in rows] == [0, 1, 2, 3, 4, 5, 10]
    assert len(names(kept)) == 4


def test_what_changes_while_a_day_is_read_is_written_later(
    kept: Kept, past: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, late = Listing.write, []

    def write(listing: Listing) -> None:
        if not late:
            late.append(1)
            kept.report(past * DAY + 11 * HOUR, clients=9)
            kept.pass_time(2 * HOUR)
        real(listing)

    monkeypatch.setattr(Listing, "write", write)
    archived(kept)
    kept.pass_time(DAY)
    archived(kept)
    assert Listing(folder(kept)).entries[REPORTS, past].rows == 7


@on_sqlite
def test_each_grain_goes_in_its_own_time(kept: Kept, past: int) -> None:
    archived(kept)
    kept.clock.advance(31 * DAY)
    assert archived(kept) == {REPORTS: [], FINE: [past], HOURLY: [past]}
    kept.store.settings.telemetry.fine_days = 20
    assert archived(kept) == {REPORTS: [], FINE: [], HOURLY: [past]}
    kept.store.settings.telemetry.hourly_days = 20
    assert archived(kept) == {REPORTS: [], FINE: [], HOURLY: []}
    assert names(kept) == {files.LISTING}
    with kept.store.read() as connection:
        assert changes_of(connection) == {}


def test_a_database_without_its_history_does_not_empty_the_archive(kept: Kept, past: int) -> None:
    archived(kept)
    before = names(kept)
    with kept.store.write() as unit:
        for table in (sealed, rollup, rolled_hour):
            unit.connection.execute(table.delete())
        restoring.forget(unit.connection)
        restoring.keep_archive(unit.connection, past + 4)
    kept.report(past * DAY + 10 * HOUR, clients=9)
    kept.pass_time(2 * DAY)
    archived(kept)
    assert names(kept) == before


# --- killed, damaged ------------------------------------------------------------------------


KILLED = """
import os, signal, sys
from schoolops.core.clock import FixedClock
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from schoolops.telemetry import packing
from schoolops.telemetry.archive import files, writing
owner, name = {"add": (files.Writer, "add"), "replace": (os, "replace"),
               "write": (files.Listing, "write"), "clear": (files.Listing, "clear")}[sys.argv[2]]
real, left = getattr(owner, name), [int(sys.argv[3])]
def dies(*given):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given)
setattr(owner, name, dies)
store = Store.open(load_settings(), FixedClock(int(sys.argv[1])))
while writing.archive(store):
    pass
"""


@on_sqlite
@pytest.mark.parametrize(
    ("place", "left"), [("add", 1), ("replace", 0), ("replace", 2), ("replace", 4), ("clear", 0)]
)
def test_one_that_is_killed_leaves_no_half_file(
    kept: Kept, past: int, place: str, left: int
) -> None:
    settings = kept.store.settings
    environment = os.environ | {
        "SCHOOLOPS_HOME": str(settings.home),
        "SCHOOLOPS_DATABASE__URL": settings.database_url,
    }
    command = [sys.executable, "-c", KILLED, str(kept.clock.now()), place, str(left)]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    Listing(folder(kept)).check()
    assert archived(kept) == {REPORTS: [past], FINE: [past], HOURLY: [past]}
    assert len(names(kept)) == 4


@pytest.mark.parametrize(
    ("settings_of_store", "grain"),
    [("sqlite", REPORTS), ("sqlite", FINE), ("sqlite", HOURLY), ("postgresql", FINE)],
    indirect=["settings_of_store"],
)
def test_a_flipped_bit_is_refused_before_and_while_it_is_read(
    kept: Kept, past: int, grain: str, other: Settings
) -> None:
    archived(kept)
    path = file_of(kept, grain, past)
    whole = path.read_bytes()
    made = Path(backup.create(kept.store)["path"])
    for place in range(0, len(whole), max(1, len(whole) // 25)):
        spoilt = bytearray(whole)
        spoilt[place] ^= 4
        path.write_bytes(spoilt)
        with pytest.raises(backup.BadBackup, match=path.name):
            Listing(folder(kept)).check()
        with pytest.raises(backup.BadBackup, match=r"damaged|kind"):
            list(files.read(folder(kept), Listing(folder(kept)).entries[grain, past]))
    with pytest.raises(backup.BadBackup, match="damaged"):
        backup.restore(other, made, KNOWN, Measurements(folder(kept)))
    assert not list(other.home.glob("*.db")) or other.database_url.startswith("postgresql")


@on_sqlite
def test_a_missing_file_and_a_damaged_list_are_refused(kept: Kept, past: int) -> None:
    archived(kept)
    listed = folder(kept) / files.LISTING
    text = listed.read_text()
    listed.write_text(text.replace(f'"day": {past}', f'"day": {past + 1}', 1))
    with pytest.raises(backup.BadBackup, match="another checksum"):
        Listing(folder(kept))
    listed.write_text(text)
    file_of(kept, FINE, past).unlink()
    with pytest.raises(backup.BadBackup, match="is missing"):
        Listing(folder(kept)).check()


# --- back again -----------------------------------------------------------------------------


def answers(store: Store, begin: int, now: int) -> list[Any]:
    """What is asked of a day: series of each grain, availability."""
    found: list[Any] = []
    with store.read() as connection:
        history = History(connection, now)
        for metric in ("clients", "rx_bps", "reachable"):
            for step in (0, 5 * MINUTE, HOUR, DAY):
                one = shown("device")[metric]
                found.append(history.series("device", 7, one, begin, begin + DAY, step))
        found.append(history.availability("device", 7, begin, begin + DAY))
    return found


def test_a_restored_database_answers_as_the_old_one(kept: Kept, past: int, other: Settings) -> None:
    archived(kept)
    wanted = answers(kept.store, past * DAY, kept.clock.now())
    assert len(wanted[0]) == 72
    assert isinstance(wanted[-1], Availability)
    assert 0 < wanted[-1].down_s < wanted[-1].up_s
    made = Path(backup.create(kept.store)["path"])
    measurements = Measurements(folder(kept))
    backup.restore(other, made, KNOWN, measurements)
    report = measurements.report()
    assert (report["rows"], report["unknown"], report["missing"]) == (8, 0, [])
    assert report["lost"][REPORTS]["since"] == files.date_of(past + 1)
    with opened(other) as restored:
        assert answers(restored, past * DAY, kept.clock.now()) == wanted
        again = Kept(restored, kept.clock)
        again.pass_time(2 * DAY)  # its work finds nothing to do, and spoils nothing
        assert answers(restored, past * DAY, kept.clock.now()) == wanted
        archive(restored)
        kept.report(past * DAY + 10 * HOUR, clients=9)


def test_the_last_night_comes_back_as_hours(kept: Kept, other: Settings) -> None:
    begin = day(kept)
    kept.pass_time(19 * HOUR)
    kept.report(kept.now, clients=1)
    kept.pass_time(HOUR)
    archived(kept)
    wanted = answers(kept.store, begin, kept.clock.now())
    made = Path(backup.create(kept.store)["path"])
    backup.restore(other, made, KNOWN, Measurements(folder(kept)))
    with opened(other) as restored:
        found = answers(restored, begin, kept.clock.now())
        assert found[1] == wanted[1] != []
        assert found[-1] == wanted[-1]
        # Single reports of these days were not packed yet: they are what is lost.
        assert found[0] == []
        with restored.read() as connection:
            assert connection.scalar(select(func.count()).select_from(rolled_hour)) == 6
        Kept(restored, kept.clock).pass_time(4 * DAY)
        assert [p.at for p in answers(restored, begin, kept.clock.now())[1]] == [
            p.at for p in wanted[1]
        ]


def test_records_that_the_backup_does_not_know_are_left_out(
    kept: Kept, past: int, other: Settings
) -> None:
    made = Path(backup.create(kept.store)["path"])
    begin = kept.now
    for number in range(6):
        kept.report(begin + number * MINUTE, record=8, clients=1)
    kept.pass_time(4 * DAY)
    archived(kept)
    measurements = Measurements(folder(kept))
    backup.restore(other, made, KNOWN, measurements)
    assert measurements.loaded.unknown == 3
    with opened(other) as restored, restored.read() as connection:
        assert set(connection.scalars(select(sealed.c.record_id))) == {7}


def test_a_backup_has_no_measurements_unless_it_is_whole(
    kept: Kept, past: int, other: Settings
) -> None:
    kept.report(kept.now, clients=3)
    small = backup.check(Path(backup.create(kept.store)["path"]), KNOWN)
    assert not any(name.startswith(backup.MEASUREMENTS) for name in small["fingerprint"])
    assert small["fingerprint"]["measured_day"][0] == 2
    made = Path(backup.create(kept.store, whole=True)["path"])
    whole = backup.check(made, KNOWN)
    assert whole["format"] == 1  # what older versions made, and can read
    assert whole["fingerprint"]["rollup"][0] == 1
    backup.restore(other, made, KNOWN)
    with opened(other) as restored, restored.read() as connection:
        assert connection.scalar(select(func.count()).select_from(SAMPLES["device"])) == 1
        assert changes_of(connection).keys() == {("reports", past), ("buckets", past)}
