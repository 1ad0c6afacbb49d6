"""One linear history of the database's shape.

SQLite upgrades itself when it is opened, after a copy of itself. PostgreSQL is upgraded by
`schoolops db upgrade`, when the operator wants it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from schoolops.core.errors import Unusable
from schoolops.core.settings import Settings
from schoolops.db import row_security
from schoolops.db.engine import Store

log = logging.getLogger("schoolops.migrations")

HEAD = "0020"
"""The newest revision; a test compares it with the files."""

HISTORY = tuple(f"{number:04}" for number in range(1, int(HEAD) + 1))
"""All revisions, oldest first."""

ARCHIVED_SINCE = "0017"
"""From this revision on measurements have an archive (`schoolops.telemetry.archive`)."""


def current(connection: Connection) -> str | None:
    """The revision of the database; None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return str(found) if found else None


def status(store: Store) -> dict[str, Any]:
    """`{"current", "head", "up_to_date", "newer"}`; newer: made by a newer schoolops."""
    with store.read() as connection:
        found = current(connection)
    return {
        "current": found,
        "head": HEAD,
        "up_to_date": found == HEAD,
        "newer": found is not None and found not in HISTORY,
    }


def prepare(settings: Settings) -> None:
    """Make the database ready to be used, or say what to do. Called before a server starts."""
    store = Store.open(settings)
    try:
        found = status(store)
        if found["up_to_date"]:
            if store.is_postgresql:
                row_security.mend(store.writer)
            return
        _refuse_newer(found)
        if store.is_postgresql and found["current"] is not None:
            raise Unusable(
                f"the database is at revision {found['current']}, this schoolops needs {HEAD}; "
                "make a backup and run: schoolops db upgrade",
                code="setup.upgrade",
            )
        _upgrade(store, found["current"])
    finally:
        store.close()


def upgrade(settings: Settings) -> dict[str, Any]:
    """Upgrade now, after a backup; answers the status afterwards."""
    store = Store.open(settings)
    try:
        found = status(store)
        _refuse_newer(found)
        if not found["up_to_date"]:
            _upgrade(store, found["current"])
        return status(store)
    finally:
        store.close()


def _refuse_newer(found: dict[str, Any]) -> None:
    if found["newer"]:
        raise Unusable(
            f"the database was made by a newer schoolops (revision {found['current']}); "
            "install that version, or restore an older backup",
            code="setup.newer",
        )


def _upgrade(store: Store, before: str | None) -> None:
    # Alembic takes a third of a second to import: only when there is something to do.
    from alembic import command
    from alembic.config import Config

    if before is not None:
        from schoolops.db import backup

        # What has no archive of its measurements yet must not be without them.
        made = backup.create(store, reason="migration", whole=before < ARCHIVED_SINCE)
        log.info("backup before the upgrade: %s", made["path"])
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    with _ready_for_changes(store) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    if store.is_postgresql:
        with store.writer.begin() as connection:
            row_security.ensure(connection)
    log.info("database upgraded from %s to %s", before or "nothing", HEAD)


@contextmanager
def _ready_for_changes(store: Store) -> Iterator[Connection]:
    """A transaction in which tables may be made anew."""
    with store.writer.connect() as connection:
        if store.is_postgresql:
            with connection.begin():
                # Two servers that start at once upgrade one after the other.
                connection.execute(text("SELECT pg_advisory_xact_lock(730001)"))
                yield connection
            return
        driver: Any = connection.connection.driver_connection
        # SQLite alters a table by copying it; dropping the old one must not touch the rows that
        # refer to it. This can be said outside of a transaction only.
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.execute(text("PRAGMA foreign_key_check")).all()
                if broken:
                    raise Unusable(
                        f"the upgrade breaks references of {broken[0][0]}; nothing was changed",
                        code="setup.upgrade",
                    )
        finally:
            driver.execute("PRAGMA foreign_keys=ON")
