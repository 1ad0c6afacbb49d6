"""Codes of places: what a QR code on the wall leads to. Whoever has a room's code is in the room.

A code is made when somebody wants it and stays until it is renewed or revoked; the old one then
leads nowhere. It is kept as it is: it stands on a wall, must be printed again, and opens nothing
but pages that need no account.
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Forbidden, NotFound
from schoolops.core.permissions import ESTATE_WRITE
from schoolops.db.access import outside, require
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import place_of
from schoolops.estate.models import TABLES, place_code
from schoolops.estate.repository import Estate

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""No 0, 1, i, l, o: whoever cannot scan types."""
LENGTH = 12
"""Letters of a code: 59 random bits."""
ROOM = "room"


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def path_of(code: str) -> str:
    """The address of a code's page, below the address of the server."""
    return f"/r/{code}"


def read(estate: Estate, room: str, origin: str) -> dict[str, Any]:
    """The code of a room that the actor may see. `origin`: the address of the pages, '' unknown.

    `NotFound` when nobody has made one.
    """
    row = estate.find(KINDS[ROOM], room)
    found = _code_of(estate.connection, row.id)
    if found is None:
        raise NotFound(
            say("room {key} has no code yet; make one with: schoolops room code {key}",
                key=row.key),
            code="place.none",
        )  # fmt: skip
    return _told(row, found, origin)


def make(unit: UnitOfWork, room: str, origin: str, *, renew: bool = False) -> dict[str, Any]:
    """The code of a room, made if there is none; with `renew` a new one in any case."""
    row = _writable(unit, room)
    found = _code_of(unit.connection, row.id)
    if found is None or renew:
        values = {"code": new_code(), "at": unit.now, "by": unit.actor.name}
        mine = (place_code.c.kind == ROOM, place_code.c.record_id == row.id)
        if found is None:
            where = {"kind": ROOM, "record_id": row.id, "school_id": row.school_id}
            unit.connection.execute(insert(place_code), {**where, **values})
        else:
            unit.connection.execute(update(place_code).where(*mine).values(values))
        action = "make code" if found is None else "renew code"
        unit.audit(action, ROOM, row.key, row.school_id)
        found = _code_of(unit.connection, row.id)
        assert found is not None
    return _told(row, found, origin)


def revoke(unit: UnitOfWork, room: str) -> None:
    """Take a room's code out of use."""
    row = _writable(unit, room)
    mine = (place_code.c.kind == ROOM, place_code.c.record_id == row.id)
    if unit.connection.execute(delete(place_code).where(*mine)).rowcount:
        unit.audit("revoke code", ROOM, row.key, row.school_id)


def place_at(connection: Connection, code: str) -> Row[Any] | None:
    """The room in use of a code, with its school: for pages that need no account."""
    rooms, schools = TABLES["room"], TABLES["school"]
    columns: list[ColumnElement[Any]] = [
        place_code.c.code,
        rooms.c.id.label("room_id"),
        rooms.c.name.label("room"),
        schools.c.id.label("school_id"),
        schools.c.name.label("school_name"),
        schools.c.short_name,
    ]
    return connection.execute(
        select(*columns)
        .select_from(place_code)
        .join(rooms, rooms.c.id == place_code.c.record_id)
        .join(schools, schools.c.id == rooms.c.school_id)
        .where(
            place_code.c.code == code,
            place_code.c.kind == ROOM,
            rooms.c.retired_at.is_(None),
            schools.c.retired_at.is_(None),
        )
    ).one_or_none()


def _code_of(connection: Connection, room_id: int) -> Row[Any] | None:
    return connection.execute(
        select(place_code).where(place_code.c.kind == ROOM, place_code.c.record_id == room_id)
    ).one_or_none()


def _told(room: Row[Any], found: Row[Any], origin: str) -> dict[str, Any]:
    path = path_of(found.code)
    return {
        "room": room.key,
        "code": found.code,
        "path": path,
        "url": f"{origin}{path}" if origin else "",
        "at": to_iso(found.at),
        "by": found.by,
    }


def _writable(unit: UnitOfWork, room: str) -> Row[Any]:
    """The row of a room that the actor sees and may write."""
    require(unit.actor, ESTATE_WRITE)
    row = Estate(unit.connection, unit.actor, unit.now).find(KINDS[ROOM], room)
    if not unit.actor.scope(ESTATE_WRITE).covers(*place_of(unit.connection, row.school_id)):
        raise Forbidden(outside(unit.actor, ESTATE_WRITE))
    return row
