"""`schoolops restore` with the archive of measurements, and what `doctor` says of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from schoolops import migrations
from schoolops.core.clock import FixedClock
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from schoolops.telemetry.archive.files import FOLDER, Listing, date_of
from schoolops.telemetry.archive.writing import archive
from tests.cli.conftest import Run
from tests.telemetry.test_keep_history import DAY, HOUR, Kept, day

BEGUN = int(time.time()) // DAY - 5
"""The day of the reports."""


@pytest.fixture
def city(home: Path) -> Path:
    """The home of a store whose measurements of one day are archived; nobody serves it."""
    settings = load_settings()
    migrations.prepare(settings)
    store = Store.open(settings, FixedClock(BEGUN * DAY * 1_000_000))
    try:
        clock: Any = store.clock
        kept = Kept(store, clock)
        day(kept, every=HOUR // 2)
        kept.pass_time(4 * DAY)
        while archive(store):
            pass
    finally:
        store.close()
    return home


def saved(run: Run, city: Path) -> Path:
    made = run("backup", "--to", str(city / "backups"), "--json")
    assert made.code == 0, made.err
    return Path(made.json["path"])


def state(run: Run) -> dict[str, str]:
    checks = run("doctor", "--json").json["checks"]
    found: dict[str, str] = next(one for one in checks if one["check"] == "measurements")
    return found


def test_all_archived_days_come_back_and_what_is_lost_is_said(
    run_alone: Run, city: Path, tmp_path: Path
) -> None:
    file = saved(run_alone, city)
    assert f"{FOLDER} are good" in run_alone("restore", str(file), "--check").out
    told = run_alone("restore", str(file), "--home", str(tmp_path / "other"))
    assert told.code == 0, told.err
    assert "measurements of 1 days: 8 rows" in told.out
    assert f"lost: single reports since {date_of(BEGUN + 1)} 00:00 UTC" in told.out
    done = run_alone("restore", str(file), "--json")
    report = done.json["measurements"]
    assert report["rows"] == 8
    assert 96 <= report["lost"]["fine"]["hours"] <= 121


def test_a_backup_whose_archive_is_not_there_is_refused_unless_it_is_not_wanted(
    run_alone: Run, city: Path, tmp_path: Path
) -> None:
    file = saved(run_alone, city)
    (city / "backups" / FOLDER).rename(tmp_path / "elsewhere")
    refused = run_alone("restore", str(file), "--home", str(tmp_path / "a"))
    assert refused.code == 1
    assert "--without-measurements" in refused.err
    assert not (tmp_path / "a").exists()
    found = run_alone("restore", str(file), "--home", str(tmp_path / "a"), "--json",
                      "--measurements", str(tmp_path / "elsewhere"))  # fmt: skip
    assert found.json["measurements"]["rows"] == 8
    left = run_alone("restore", str(file), "--home", str(tmp_path / "b"),
                     "--without-measurements")  # fmt: skip
    assert left.code == 0
    assert "graphs begin anew" in left.out


def test_a_damaged_archive_is_refused_and_nothing_is_changed(run_alone: Run, city: Path) -> None:
    file, before = saved(run_alone, city), (city / "schoolops.db").read_bytes()
    entry = next(iter(Listing(city / "backups" / FOLDER).entries.values()))
    path = city / "backups" / FOLDER / entry.file
    spoilt = bytearray(path.read_bytes())
    spoilt[-1] ^= 1
    path.write_bytes(spoilt)
    for more in ([], ["--check"]):
        refused = run_alone("restore", str(file), *more)
        assert refused.code == 1
        assert "is damaged" in refused.err
    assert (city / "schoolops.db").read_bytes() == before
    assert not list(city.glob("*before-restore*"))


def test_doctor_says_how_far_the_archive_reaches(run_alone: Run, city: Path) -> None:
    found = state(run_alone)
    assert found["state"] == "ok"
    assert f"archived up to {date_of(BEGUN)}" in found["detail"]
    listing = Listing(city / "backups" / FOLDER)
    (listing.folder / listing.entries["fine", BEGUN].file).unlink()
    found = state(run_alone)
    assert found["state"] == "fail"
    assert "misses 1 files" in found["detail"]
    for key in list(listing.entries):
        del listing.entries[key]
    listing.write()
    found = state(run_alone)
    assert found["state"] == "warn"
    assert date_of(BEGUN) in found["detail"]


def test_a_whole_backup_wants_to_be_told_where_to(run_alone: Run, city: Path) -> None:
    assert run_alone("backup", "--whole").code == 2
    whole = run_alone("backup", "--to", str(city / "backups"), "--whole", "--json")
    told = run_alone("restore", whole.json["path"])
    assert "with the measurements that were saved" in told.out
