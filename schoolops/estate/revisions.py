"""The history of a record: what it was before each change, and where a device stood."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from inventory.kinds import DEVICE, Kind
from schoolops.core.clock import to_iso
from schoolops.db.tables import audit_event
from schoolops.estate.models import placement, revision, school_of
from schoolops.estate.personal import audited, without
from schoolops.estate.repository import Estate
from schoolops.estate.writing import CREATED, IMPORTED

AT_ONCE = 200
EVENTS = 100
CHUNK = 500


def history(estate: Estate, kind: Kind, id_or_key: str, before: int = 0) -> dict[str, Any]:
    """The history of a record that the actor may read, the latest first.

    `{"created": {"at", "by", "how", "note", "fields"}, "changes": [{"number", "at", "by", "how",
    "note", "fields"}], "more", "placements", "events"}`. `fields` is name → [old, new], or null for
    a secret and what is closed to the actor; of `created` it is what the record was made of, as far
    as that was kept. At most `AT_ONCE` changes; with `more`, ask for those `before` the
    last number. `events` is what the audit has under the record's key: it is older than the
    changes, and has none of files.
    """
    row = estate.find(kind, id_or_key)
    mine = (revision.c.kind == kind.name, revision.c.record_id == row.id)
    began = revision.c.how.in_((CREATED, IMPORTED))
    earlier = (revision.c.id < before,) if before else ()
    first = estate.connection.execute(select(revision).where(*mine, began)).first()
    found = estate.connection.execute(
        select(revision)
        .where(*mine, ~began, *earlier)
        .order_by(revision.c.id.desc())
        .limit(AT_ONCE + 1)
    ).all()
    closed = estate.personal(kind).closed(school_of(kind, row))
    return {
        "created": {
            "at": to_iso(row.created_at),
            "by": row.created_by,
            **_beginning(first, closed),
        },
        "changes": [_change(one, closed) for one in found[:AT_ONCE]],
        "more": len(found) > AT_ONCE,
        "placements": _placements(estate, row.id) if kind is DEVICE else [],
        "events": _events(estate.connection, kind, row, closed),
    }


def since(estate: Estate, kind: Kind, row: Row[Any], version: int) -> list[dict[str, Any]]:
    """What changed in a record after that version, the latest first; at most `AT_ONCE` changes."""
    number = min(max(0, row.version - version), AT_ONCE)
    found = estate.connection.execute(
        select(revision)
        .where(
            revision.c.kind == kind.name,
            revision.c.record_id == row.id,
            revision.c.how.not_in((CREATED, IMPORTED)),
        )
        .order_by(revision.c.id.desc())
        .limit(number)
    )
    closed = estate.personal(kind).closed(school_of(kind, row))
    return [_change(one, closed) for one in found]


def forget(connection: Connection, kind: Kind, record_ids: Sequence[int]) -> None:
    """Drop the old values of records; whoever erases a record, or what it was, calls this."""
    for start in range(0, len(record_ids), CHUNK):
        connection.execute(
            delete(revision).where(
                revision.c.kind == kind.name,
                revision.c.record_id.in_(record_ids[start : start + CHUNK]),
            )
        )


def _beginning(row: Row[Any] | None, closed: Collection[str]) -> dict[str, Any]:
    """How a record was made, and of what; older ones only know when."""
    if row is None:
        return {"how": CREATED, "note": "", "fields": {}}
    made = _change(row, closed)
    return {name: made[name] for name in ("how", "note", "fields")}


def _change(row: Row[Any], closed: Collection[str]) -> dict[str, Any]:
    return {
        "number": row.id,
        "at": to_iso(row.at),
        "by": row.by,
        "how": row.how,
        "note": row.note,
        "fields": without(json.loads(row.fields), closed),
    }


def _events(
    connection: Connection, kind: Kind, row: Row[Any], closed: Collection[str]
) -> list[dict[str, Any]]:
    names = {row.key, audited(kind, row.key, row.uid)}  # older events name a person by the key
    rows = connection.execute(
        select(audit_event)
        .where(audit_event.c.kind == kind.name, audit_event.c.record.in_(names))
        .order_by(audit_event.c.id.desc())
        .limit(EVENTS)
    )
    return [
        {
            "at": to_iso(row.at),
            "actor": row.actor,
            "action": row.action,
            "detail": without(json.loads(row.detail), closed),
        }
        for row in rows
    ]


def _placements(estate: Estate, device_id: int) -> list[dict[str, Any]]:
    rows = estate.connection.execute(
        select(placement).where(placement.c.device_id == device_id).order_by(placement.c.id.desc())
    ).all()
    schools = estate.keys("school", [row.school_id for row in rows if row.school_id])
    rooms = estate.keys("room", [row.room_id for row in rows if row.room_id])
    return [
        {
            "school": schools.get(row.school_id),
            "room": rooms.get(row.room_id),
            "from": to_iso(row.from_at),
            "until": to_iso(row.until_at),
            "by": row.by,
            "note": row.note,
        }
        for row in rows
    ]
