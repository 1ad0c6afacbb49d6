"""Codes of places: what a QR code on a wall or a device leads to. Whoever has the code is there.

A room's or device's leads to the page where a fault is reported, a school's to the board of its
staff room. A code is made when somebody wants it and stays until it is renewed or revoked; the old
one then leads nowhere. It is kept as it is: it stands on a wall, must be printed again, and opens
nothing but pages that need no account.
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from inventory.kinds import KINDS, Kind
from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Forbidden, Invalid, NotFound
from schoolops.core.permissions import ESTATE_WRITE
from schoolops.db.access import outside, require
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import place_of
from schoolops.estate.models import TABLES, place_code
from schoolops.estate.query import shown_name
from schoolops.estate.repository import Estate

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""No 0, 1, i, l, o: whoever cannot scan types."""
LENGTH = 12
"""Letters of a code: 59 random bits."""
ROOM, DEVICE, SCHOOL = "room", "device", "school"
CODED: tuple[Kind, ...] = tuple(KINDS[name] for name in (ROOM, DEVICE, SCHOOL))
"""Kinds of records that have codes."""


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def path_of(kind: str, code: str) -> str:
    """The address of a code's page, below the address of the server."""
    return f"/board/{code}" if kind == SCHOOL else f"/r/{code}"


def read(estate: Estate, key: str, origin: str, kind: str = ROOM) -> dict[str, Any]:
    """The code of a record that the actor may see. `origin`: the address of the pages, '' unknown.

    `NotFound` when nobody has made one.
    """
    row = estate.find(_coded(kind), key)
    found = _code_of(estate.connection, kind, row.id)
    if found is None:
        raise NotFound(
            say("{key} has no code yet; make one with: schoolops {kind} code {key}",
                key=row.key, kind=kind),
            code="place.none",
        )  # fmt: skip
    return _told(row, found, origin)


def make(
    unit: UnitOfWork, key: str, origin: str, kind: str = ROOM, *, renew: bool = False
) -> dict[str, Any]:
    """The code of a record, made if there is none; with `renew` a new one in any case."""
    row, school_id = _writable(unit, kind, key)
    found = _code_of(unit.connection, kind, row.id)
    if found is None or renew:
        values = {"code": new_code(), "at": unit.now, "by": unit.actor.name}
        if found is None:
            where = {"kind": kind, "record_id": row.id, "school_id": school_id}
            unit.connection.execute(insert(place_code), {**where, **values})
        else:
            changed = update(place_code).where(*_mine(kind, row.id)).values(values)
            if not unit.connection.execute(changed).rowcount:
                # It was made at the school where the device stood before.
                raise Forbidden(outside(unit.actor, ESTATE_WRITE))
        action = "make code" if found is None else "renew code"
        unit.audit(action, kind, row.key, school_id)
        found = _code_of(unit.connection, kind, row.id)
        assert found is not None
    return _told(row, found, origin)


def revoke(unit: UnitOfWork, key: str, kind: str = ROOM) -> None:
    """Take a record's code out of use."""
    row, school_id = _writable(unit, kind, key)
    if unit.connection.execute(delete(place_code).where(*_mine(kind, row.id))).rowcount:
        unit.audit("revoke code", kind, row.key, school_id)


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


def spot_at(connection: Connection, code: str) -> Row[Any] | None:
    """What the code on a wall or a device leads to: `kind`, `school_id`, `school`; `room_id`,
    `room` (None for none in use); `device_id`, `device`, `device_kind` of a device, and whether
    that is `retired`. None for a code that leads nowhere, as one of a room or school out of use.
    """
    rooms, devices, schools = (TABLES[name] for name in (ROOM, DEVICE, SCHOOL))
    of_device = and_(place_code.c.kind == DEVICE, devices.c.id == place_code.c.record_id)
    of_room = and_(place_code.c.kind == ROOM, rooms.c.id == place_code.c.record_id)
    in_room = and_(rooms.c.id == devices.c.room_id, rooms.c.retired_at.is_(None))
    row = connection.execute(
        select(
            place_code.c.code,
            place_code.c.kind,
            schools.c.id.label("school_id"),
            shown_name().label("school"),
            rooms.c.id.label("room_id"),
            rooms.c.name.label("room"),
            rooms.c.retired_at.label("room_retired"),
            devices.c.id.label("device_id"),
            func.coalesce(func.nullif(devices.c.name, ""), devices.c.serial).label("device"),
            devices.c.kind.label("device_kind"),
            devices.c.retired_at.is_not(None).label("retired"),
        )
        .select_from(place_code)
        .outerjoin(devices, of_device)
        .outerjoin(rooms, or_(of_room, in_room))
        # A device in stock belongs to no school: it is asked for where its code was made.
        .join(schools, schools.c.id == func.coalesce(devices.c.school_id, place_code.c.school_id))
        .where(
            place_code.c.code == code,
            place_code.c.kind.in_((ROOM, DEVICE)),
            schools.c.retired_at.is_(None),
        )
    ).one_or_none()
    return None if row is None or (row.kind == ROOM and row.room_retired is not None) else row


def school_at(connection: Connection, code: str) -> Row[Any] | None:
    """The school of the code of a board: `school_id`, `school`."""
    schools = TABLES[SCHOOL]
    return connection.execute(
        select(schools.c.id.label("school_id"), shown_name().label("school"))
        .join(place_code, place_code.c.record_id == schools.c.id)
        .where(
            place_code.c.code == code, place_code.c.kind == SCHOOL, schools.c.retired_at.is_(None)
        )
    ).one_or_none()


def _coded(kind: str) -> Kind:
    for one in CODED:
        if one.name == kind:
            return one
    raise NotFound(say("rooms, devices and schools have codes"), code="place.none")


def _mine(kind: str, record_id: int) -> tuple[ColumnElement[bool], ...]:
    return place_code.c.kind == kind, place_code.c.record_id == record_id


def _code_of(connection: Connection, kind: str, record_id: int) -> Row[Any] | None:
    return connection.execute(select(place_code).where(*_mine(kind, record_id))).one_or_none()


def _told(record: Row[Any], found: Row[Any], origin: str) -> dict[str, Any]:
    path = path_of(found.kind, found.code)
    return {
        found.kind: record.key,
        "code": found.code,
        "path": path,
        "url": f"{origin}{path}" if origin else "",
        "at": to_iso(found.at),
        "by": found.by,
    }


def _writable(unit: UnitOfWork, kind: str, key: str) -> tuple[Row[Any], int]:
    """The row of a record that the actor sees and may write, and the id of its school."""
    require(unit.actor, ESTATE_WRITE)
    row = Estate(unit.connection, unit.actor, unit.now).find(_coded(kind), key)
    school_id = row.id if kind == SCHOOL else row.school_id
    if not unit.actor.scope(ESTATE_WRITE).covers(*place_of(unit.connection, school_id)):
        raise Forbidden(outside(unit.actor, ESTATE_WRITE))
    if school_id is None:
        raise Invalid(say("{key} is at no school; a code is for where it stands", key=row.key))
    return row, school_id
