"""A database that is away, read-only, full or held by another program: how its errors show it.


None of them is the fault of who asked, and all of them pass: whoever asked is told 503 and when to
come again. Agents keep their reports until then.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from inventory.sentences import say
from schoolops.core.errors import DatabaseDown
from schoolops.db.tables import note
from schoolops.db.upsert import upsert

ENOUGH_BYTES = 2 * 1024 * 1024
"""With less room than that SQLite counts as full."""

_FULL, _READ_ONLY = "53100", "25006"
_AWAY = ("08", "57P", "53300", "58")
"""Beginnings of SQLSTATE: no connection, being shut down, no connection left, its disk fails."""
_AWAY_WORDS = ("unable to open database", "disk i/o error")
"""Of SQLite."""
_LOCKED = "database is locked"
"""Our own writes wait for each other; whoever holds the file for so long is another program."""


def trouble_of(error: DBAPIError) -> DatabaseDown | None:
    """What is wrong with the database itself; None if this error is about something else."""
    state = getattr(error.orig, "sqlstate", None) or ""
    line = str(error.orig or error).strip().partition("\n")[0]
    said = line.lower()
    if state == _FULL or "disk is full" in said:
        return full()
    if state == _READ_ONLY or "readonly database" in said:
        return read_only()
    if _LOCKED in said:
        return held()
    if _is_away(error, state, said):
        return DatabaseDown(
            say(
                "the database does not answer ({reason}); nothing was written. It is tried again "
                "by itself",
                reason=line[:200],
            ),
            code="database.away",
        )
    return None


def full() -> DatabaseDown:
    """The disk of the database has no room."""
    return DatabaseDown(
        say(
            "the disk of the database is full; nothing of this change was kept. Free some space "
            "and do it again"
        ),
        code="database.full",
    )


def held() -> DatabaseDown:
    """Another program keeps the file of the database locked."""
    return DatabaseDown(
        say(
            "another program holds the database; nothing was written. End it (a database browser, "
            "a copy that is being made), then do it again"
        ),
        code="database.locked",
    )


def read_only() -> DatabaseDown:
    """The database may be read and not be written."""
    return DatabaseDown(
        say(
            "the database is read-only; nothing of this change was kept. Whoever operates the "
            "server finds the reason with: schoolops doctor"
        ),
        code="database.read_only",
    )


def _is_away(error: DBAPIError, state: str, said: str) -> bool:
    if error.connection_invalidated or state.startswith(_AWAY):
        return True
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    if "sqlite" in type(error.orig).__module__:
        return any(words in said for words in _AWAY_WORDS)
    return not state  # libpq itself: nobody listens, or the connection broke


def try_to_write(connection: Connection, now: int, folder: Path | None) -> None:
    """Really write something small. Raises DBAPIError, DatabaseDown. `folder`: SQLite's; what fits
    into its log may not fit into the file that the log becomes part of."""
    if folder is not None and shutil.disk_usage(folder).free < ENOUGH_BYTES:
        raise full()
    upsert(connection, note, [{"name": "database checked", "value": str(now)}])
