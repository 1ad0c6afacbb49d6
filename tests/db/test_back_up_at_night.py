"""The nightly backup: once a night, also after a night that was slept through; old ones go."""

from __future__ import annotations

import datetime as dt
import os
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from schoolops.core.clock import FixedClock
from schoolops.core.errors import Unusable
from schoolops.db import backup
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.worker.tasks import CLAIM_MICROS, back_up_at_night

DAY = 24 * 3600
MINUTE = 60


@pytest.fixture
def clock() -> FixedClock:
    """Seven in the morning; backups are due at half past two."""
    return FixedClock(micros("2026-11-24T07:00"))


def micros(local: str) -> int:
    moment = dt.datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    return round(moment.timestamp() * 1e6)


@pytest.fixture
def used(store: Store) -> Store:
    """A store that has been there for a while: its first night is over."""
    back_up_at_night(store)
    return store


def made(store: Store) -> int:
    return len(backup.list_backups(store.settings))


def test_a_new_store_does_not_save_the_night_before_it_was_there(store: Store) -> None:
    back_up_at_night(store)
    back_up_at_night(store)
    assert made(store) == 0


def test_it_is_made_once_when_it_is_time(used: Store, clock: FixedClock) -> None:
    clock.value = micros("2026-11-25T02:29")
    back_up_at_night(used)
    assert made(used) == 0
    clock.value = micros("2026-11-25T02:30")
    back_up_at_night(used)
    assert made(used) == 1
    for _ in range(3):
        clock.advance(5 * 3600)
        back_up_at_night(used)
    assert made(used) == 1
    with used.read() as connection:
        (event,) = connection.execute(select(audit_event)).all()
    assert event.action == "backup"
    assert "nightly" in event.detail


def test_a_night_that_was_slept_through_is_made_up_for_once(used: Store, clock: FixedClock) -> None:
    clock.value = micros("2026-11-28T11:00")
    back_up_at_night(used)
    assert made(used) == 1
    clock.advance(3600)
    back_up_at_night(used)
    assert made(used) == 1
    clock.value = micros("2026-11-29T02:30")
    back_up_at_night(used)
    assert made(used) == 2


def test_the_hour_that_is_skipped_in_spring_is_no_trouble(used: Store, clock: FixedClock) -> None:
    for hour in range(24):
        clock.value = micros("2027-03-28T00:00") + hour * 3600 * 1_000_000
        back_up_at_night(used)
    assert made(used) == 2  # the night before, made up for, and this one


def test_one_that_fails_is_tried_again_but_not_each_minute(
    used: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def fail(store: Store, *, reason: str) -> None:
        tries.append(reason)
        raise Unusable("the disk is full")

    clock.value = micros("2026-11-25T02:30")
    with monkeypatch.context() as patch:
        patch.setattr(backup, "create", fail)
        with pytest.raises(Unusable):
            back_up_at_night(used)
        for _ in range(10):
            clock.advance(MINUTE)
            back_up_at_night(used)
        assert tries == ["nightly"]
    clock.advance(CLAIM_MICROS / 1e6)
    back_up_at_night(used)
    assert made(used) == 1


def test_while_another_server_makes_it_this_one_does_not(
    used: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = backup.create
    entered = []

    def create(store: Store, *, reason: str) -> object:
        entered.append(1)
        back_up_at_night(store)  # the other server's turn comes meanwhile
        return real(store, reason=reason)

    monkeypatch.setattr(backup, "create", create)
    clock.value = micros("2026-11-25T02:30")
    back_up_at_night(used)
    assert len(entered) == 1
    assert made(used) == 1


def test_only_the_latest_nightly_ones_are_kept(used: Store, clock: FixedClock) -> None:
    used.settings.backup.keep = 2
    manual = backup.create(used)
    for day in range(25, 29):
        clock.value = micros(f"2026-11-{day}T02:30")
        back_up_at_night(used)
    names = [one["path"] for one in backup.list_backups(used.settings)]
    assert [name.rpartition("/")[2][:8] for name in names] == ["20261128", "20261127", "20261124"]
    assert names[-1] == manual["path"]


def test_what_a_killed_backup_left_goes_after_a_day(used: Store) -> None:
    folder = used.settings.backup_folder
    for name, age in (("old", 2 * DAY), ("new", 60)):
        left = folder / f".making-{name}"
        left.mkdir(parents=True)
        (left / "copy.db").write_bytes(b"x")
        when = dt.datetime.now().timestamp() - age
        os.utime(left, (when, when))
    backup.prune(used.settings)
    assert [path.name for path in folder.iterdir()] == [".making-new"]
