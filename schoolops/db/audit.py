"""The hash chain over the audit, and reading it.

Events are written in the transaction of what they tell of. One sealer chains them afterwards:
hash = SHA-256(previous hash ‖ canonical JSON of the event), first predecessor 64 zeros. A
chain head inside the writing transaction would make all writers wait for one another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from schoolops.db.engine import Store, UnitOfWork
from schoolops.db.tables import audit_event, note
from schoolops.db.upsert import upsert

GENESIS = "0" * 64
HEAD = "audit head"
"""Note with the number and hash of the last link: so the chain's end cannot be cut off."""
_COLUMNS = ("id", "at", "actor", "action", "kind", "record", "school_id", "detail")


def event_hash(previous: str, event: dict[str, Any]) -> str:
    """The hash of an event after its predecessor's."""
    body = json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous.encode() + body.encode()).hexdigest()


def _body(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in _COLUMNS}


def seal(store: Store, limit: int = 5000) -> int:
    """Chain the events that are not chained yet; answers how many."""
    with store.read() as connection:
        waiting = connection.scalar(
            select(func.count()).select_from(audit_event).where(audit_event.c.hash.is_(None))
        )
    if not waiting:
        return 0
    with store.write() as unit:
        return _seal(unit, limit)


def _seal(unit: UnitOfWork, limit: int) -> int:
    connection = unit.connection
    if unit.store.is_postgresql:
        # One sealer at a time, also among several servers.
        connection.execute(select(func.pg_advisory_xact_lock(0x5EA1)))
    rows = connection.execute(
        select(audit_event)
        .where(audit_event.c.hash.is_(None))
        .order_by(audit_event.c.id)
        .limit(limit)
    ).all()
    if not rows:
        return 0
    number, previous = _head(connection)
    sealed = []
    for row in rows:
        number += 1
        previous = event_hash(previous, _body(row))
        sealed.append({"row_id": row.id, "number": number, "sealed": previous})
    connection.execute(
        update(audit_event)
        .where(audit_event.c.id == bindparam("row_id"))
        .values(sealed_as=bindparam("number"), hash=bindparam("sealed")),
        sealed,
    )
    upsert(connection, note, [{"name": HEAD, "value": f"{number} {previous}"}])
    return len(rows)


def _noted_head(connection: Connection) -> tuple[int, str] | None:
    found = connection.scalar(select(note.c.value).where(note.c.name == HEAD))
    if found is None:
        return None
    number, _, head = found.partition(" ")
    return int(number), head


def _head(connection: Connection) -> tuple[int, str]:
    noted = _noted_head(connection)
    if noted is not None:
        return noted
    found = connection.execute(
        select(audit_event.c.sealed_as, audit_event.c.hash)
        .where(audit_event.c.sealed_as.is_not(None))
        .order_by(audit_event.c.sealed_as.desc())
        .limit(1)
    ).one_or_none()
    return (found.sealed_as, found.hash) if found else (0, GENESIS)


def chain(connection: Connection) -> Iterator[bytes]:
    """The sealed events in order as JSON lines: the event, `sealed_as`, `hash`."""
    statement = (
        select(audit_event)
        .where(audit_event.c.sealed_as.is_not(None))
        .order_by(audit_event.c.sealed_as)
        .execution_options(yield_per=2000)
    )
    with connection.execute(statement) as rows:
        for row in rows:
            line = _body(row) | {"sealed_as": row.sealed_as, "hash": row.hash}
            yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def verify(connection: Connection) -> dict[str, Any]:
    """Recompute the chain: `{"ok", "events", "unsealed", "head", "broken_at"}`.

    `broken_at` is the id of the event that does not fit, or of the last one when events behind
    it are missing.
    """
    waiting = select(func.count()).select_from(audit_event).where(audit_event.c.hash.is_(None))
    answer: dict[str, Any] = {
        "ok": True,
        "events": 0,
        "unsealed": connection.scalar(waiting) or 0,
        "head": GENESIS,
        "broken_at": None,
    }
    statement = (
        select(audit_event)
        .where(audit_event.c.sealed_as.is_not(None))
        .order_by(audit_event.c.sealed_as)
        .execution_options(yield_per=2000)
    )
    last = None
    with connection.execute(statement) as rows:
        for row in rows:
            expected = event_hash(answer["head"], _body(row))
            if row.sealed_as != answer["events"] + 1 or expected != row.hash:
                return answer | {"ok": False, "broken_at": row.id}
            answer["head"] = expected
            answer["events"] += 1
            last = row.id
    noted = _noted_head(connection)
    if noted is not None and noted != (answer["events"], answer["head"]):
        return answer | {"ok": False, "broken_at": last}
    return answer
