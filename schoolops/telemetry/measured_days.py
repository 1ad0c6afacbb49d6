"""Which days of measurements were written, and how often."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from schoolops.db.tables import note
from schoolops.telemetry.models import measured_day

REPORTS, BUCKETS = "reports", "buckets"
"""Parts of a day: packed rows, rollups."""

LOST = "measurements lost before day"
"""Note: the database was restored without the archive, which may have more of these days."""

Part = tuple[str, int]
"""One of these, and a day (UTC, since 1970)."""


def note_changes(connection: Connection, part: str, days: Collection[int]) -> None:
    """Count a change of these days, in the transaction that makes it.

    A reader sees in one snapshot both what was changed and the count.
    """
    if not days:
        return
    own = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = own.insert(measured_day)
    statement = statement.on_conflict_do_update(
        index_elements=[measured_day.c.part, measured_day.c.day],
        set_={"changes": measured_day.c.changes + 1},
    )
    # In order: two servers must not wait for each other.
    connection.execute(
        statement, [{"part": part, "day": day, "changes": 1} for day in sorted(days)]
    )


def lost_before(connection: Connection) -> int:
    """The day before which the archive may have more than this database; 0 if none."""
    found = connection.scalar(select(note.c.value).where(note.c.name == LOST))
    return int(found) if found else 0


def changes_of(connection: Connection) -> dict[Part, int]:
    """How often each part of each day was written."""
    rows = connection.execute(select(measured_day))
    return {(row.part, row.day): row.changes for row in rows}
