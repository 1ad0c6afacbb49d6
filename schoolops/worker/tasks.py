"""Periodic tasks that belong to no single capability."""

from __future__ import annotations

import datetime as dt
import logging
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from schoolops.db import backup, changes
from schoolops.db.engine import Store, UnitOfWork
from schoolops.db.tables import note
from schoolops.db.upsert import upsert

log = logging.getLogger("schoolops.worker")

LAST_BACKUP = "nightly backup"
CLAIM = "nightly backup until"
CLAIM_MICROS = 3600 * 1_000_000
"""So long nobody else tries: a backup takes less, and one that fails need not fail each minute."""


def look_after_database(store: Store) -> None:
    """Notice that a database takes writes again, or no more, also when nobody writes."""
    store.check()


def forget_changes(store: Store) -> None:
    """Prune the change stream."""
    with store.write() as unit:
        changes.prune(unit)


def back_up_at_night(store: Store) -> None:
    """Make the nightly backup once it is time, also when the server slept through the hour."""
    night = due_night(store)
    if night is None or not _claim(store):
        return
    made = backup.create(store, reason="nightly")
    backup.prune(store.settings)
    with store.write() as unit:
        _set(unit, LAST_BACKUP, night)
        unit.audit("backup", detail={"file": made["path"], "sha256": made["sha256"]})
    log.info("nightly backup %s, %s bytes", made["path"], made["bytes"])


def due_night(store: Store) -> str | None:
    """The date whose backup is due and not made, or None."""
    now = dt.datetime.fromtimestamp(store.clock.now() / 1e6, ZoneInfo(store.settings.timezone))
    hour, minute = map(int, store.settings.backup.at.split(":"))
    due = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    night = (now if now >= due else now - dt.timedelta(days=1)).date().isoformat()
    with store.read() as connection:
        last = connection.scalar(select(note.c.value).where(note.c.name == LAST_BACKUP))
    if last is None:
        # A store that is new today has nothing of last night to save.
        with store.write() as unit:
            _set(unit, LAST_BACKUP, night)
        return None
    return None if last >= night else night


def _claim(store: Store) -> bool:
    """Begin an attempt; False while another one runs, or has failed a short time ago.

    Whoever is killed on the way leaves a claim that ends by itself.
    """
    with store.write() as unit:
        if unit.store.is_postgresql:
            unit.connection.execute(select(func.pg_advisory_xact_lock(0xBAC)))
        until = unit.connection.scalar(select(note.c.value).where(note.c.name == CLAIM))
        if until is not None and unit.now < int(until) <= unit.now + CLAIM_MICROS:
            return False
        _set(unit, CLAIM, str(unit.now + CLAIM_MICROS))
        return True


def _set(unit: UnitOfWork, name: str, value: str) -> None:
    upsert(unit.connection, note, [{"name": name, "value": value}])
