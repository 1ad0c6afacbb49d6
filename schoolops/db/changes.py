"""The change stream's table: reading it in an order that loses nothing, and pruning it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, text

from schoolops.db.engine import UnitOfWork
from schoolops.db.tables import change

KEEP_MICROS = 24 * 3600 * 1_000_000


class Change(NamedTuple):
    """Something shown has changed: read the record again (`record` '' means many of the kind)."""

    seq: int
    kind: str
    record: str
    school_id: int | None


def _visible(connection: Connection) -> int | None:
    """On PostgreSQL the transaction below which all have ended; what is later may have gaps.

    Sequence numbers are taken before the commit, so 2 can be visible before 1. Rows of
    transactions that are still open, or younger, wait.
    """
    if connection.dialect.name != "postgresql":
        return None
    return int(
        connection.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")) or 0
    )


def cursor(connection: Connection) -> int:
    """The number from which a reader that has just read everything goes on."""
    statement = select(func.max(change.c.seq))
    below = _visible(connection)
    if below is not None:
        statement = statement.where(change.c.xid < below)
    return connection.scalar(statement) or 0


def read_after(connection: Connection, after: int, limit: int = 500) -> list[Change] | None:
    """Changes after a cursor; None when so old a cursor has been pruned: read everything again."""
    first = connection.scalar(select(func.min(change.c.seq)))
    if first is not None and after < first - 1:
        return None
    statement = select(change.c.seq, change.c.kind, change.c.record, change.c.school_id)
    statement = statement.where(change.c.seq > after).order_by(change.c.seq).limit(limit)
    below = _visible(connection)
    if below is not None:
        statement = statement.where(change.c.xid < below)
    return [Change(*row) for row in connection.execute(statement)]


def prune(unit: UnitOfWork) -> int:
    """Forget changes older than a day, but never the last one (cursors count from it)."""
    last = unit.connection.scalar(select(func.max(change.c.seq))) or 0
    old = change.c.at < unit.now - KEEP_MICROS
    return unit.connection.execute(delete(change).where(old, change.c.seq < last)).rowcount
