"""Periodic tasks that belong to no single capability."""

from __future__ import annotations

import datetime as dt
import logging
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update

from schoolops.db import backup, changes
from schoolops.db.engine import Store
from schoolops.db.tables import note

log = logging.getLogger("schoolops.worker")

LAST_BACKUP = "nightly backup"


def forget_changes(store: Store) -> None:
    """Prune the change stream."""
    with store.write() as unit:
        changes.prune(unit)


def back_up_at_night(store: Store) -> None:
    """Make the nightly backup once it is time, also when the server slept through the hour."""
    night, before = due_night(store)
    if night is None or not _claim(store, night):
        return
    try:
        made = backup.create(store, reason="nightly")
    except BaseException:
        # Not made: the next minute tries again.
        _set(store, before or "")
        raise
    backup.prune(store.settings)
    with store.write() as unit:
        unit.audit("backup", detail={"file": made["path"], "sha256": made["sha256"]})
    log.info("nightly backup %s, %s bytes", made["path"], made["bytes"])


def due_night(store: Store) -> tuple[str | None, str | None]:
    """The date whose backup is due and not made, or None; and the date of the last one."""
    now = dt.datetime.fromtimestamp(store.clock.now() / 1e6, ZoneInfo(store.settings.timezone))
    hour, minute = map(int, store.settings.backup.at.split(":"))
    due = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    night = (now if now >= due else now - dt.timedelta(days=1)).date().isoformat()
    with store.read() as connection:
        last = connection.scalar(select(note.c.value).where(note.c.name == LAST_BACKUP))
    if last is None:
        # A store that is new today has nothing of last night to save.
        _claim(store, night)
        return None, None
    return (None if last >= night else night), last


def _set(store: Store, night: str) -> None:
    with store.write() as unit:
        unit.connection.execute(update(note).where(note.c.name == LAST_BACKUP).values(value=night))


def _claim(store: Store, night: str) -> bool:
    """Mark the night as taken; False when another server was faster."""
    with store.write() as unit:
        found = unit.connection.scalar(
            select(note.c.value).where(note.c.name == LAST_BACKUP).with_for_update()
        )
        if found is None:
            unit.connection.execute(insert(note), {"name": LAST_BACKUP, "value": night})
            return True
        if found >= night:
            return False
        unit.connection.execute(update(note).where(note.c.name == LAST_BACKUP).values(value=night))
        return True
