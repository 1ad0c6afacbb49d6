"""The change stream's table: reading it in an order that loses nothing, and pruning it.

Numbers are taken before the commit, so that on PostgreSQL 2 can be visible before 1, and a
transaction that began early can take its number late. Rows are therefore read in the order of
(writing transaction, number), and only below the oldest transaction that is still open: what
comes later always sorts behind. A cursor is the number of the last row that was read. On SQLite
writers come one after the other, and all rows have the transaction 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    or_,
    select,
    text,
    true,
    update,
)

from schoolops.db.engine import UnitOfWork
from schoolops.db.tables import change

KEEP_MICROS = 24 * 3600 * 1_000_000
_BIGGEST = 2**63 - 1


class Change(NamedTuple):
    """Something shown has changed: read the record again (`record` '' means many of the kind)."""

    seq: int
    kind: str
    record: str
    school_id: int | None


def _settled(connection: Connection) -> ColumnElement[bool]:
    """Rows of transactions below which all have ended."""
    if connection.dialect.name != "postgresql":
        return true()
    below = connection.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    return change.c.xid < int(below or 0)


def _last(settled: ColumnElement[bool]) -> Select[Any]:
    return (
        select(change.c.xid, change.c.seq)
        .where(settled)
        .order_by(change.c.xid.desc(), change.c.seq.desc())
        .limit(1)
    )


def _behind(xid: int, seq: int) -> ColumnElement[bool]:
    return or_(change.c.xid > xid, and_(change.c.xid == xid, change.c.seq > seq))


def cursor(connection: Connection) -> int:
    """The number from which a reader that has just read everything goes on; 0 at the beginning."""
    found = connection.execute(_last(_settled(connection))).one_or_none()
    return found.seq if found else 0


def read_after(connection: Connection, after: int, limit: int = 500) -> list[Change] | None:
    """Changes after a cursor; None when it is unknown here: then everything is read again.

    So it is when the rows behind it were pruned, and when an older backup was restored.
    """
    settled = _settled(connection)
    statement = select(change.c.seq, change.c.kind, change.c.record, change.c.school_id)
    statement = statement.where(settled).order_by(change.c.xid, change.c.seq).limit(limit)
    if after == 0:
        first = connection.scalar(select(func.min(change.c.seq)))
        if first is not None and first > 1:
            return None
    else:
        known = select(change.c.xid, change.c.seq).where(change.c.seq == after)
        place = connection.execute(known).one_or_none() if after <= _BIGGEST else None
        if place is None:
            return None
        statement = statement.where(_behind(place.xid, place.seq))
    return [Change(*row) for row in connection.execute(statement)]


def prune(unit: UnitOfWork) -> int:
    """Forget changes older than a day, but never the last one: cursors point to it."""
    last = unit.connection.execute(_last(_settled(unit.connection))).one_or_none()
    if last is None:
        return 0
    before = or_(change.c.xid < last.xid, and_(change.c.xid == last.xid, change.c.seq < last.seq))
    old = change.c.at < unit.now - KEEP_MICROS
    return unit.connection.execute(delete(change).where(old, before)).rowcount


def move_in(connection: Connection) -> None:
    """After a restore: other servers count other transactions; all these rows are settled."""
    connection.execute(update(change).values(xid=0))
