"""Every query about tickets that starts with who asks.

Who works on tickets sees those of the places where that is so, who reads them those of the own
schools, and everybody the own ones. Names of reporters are shown where contacts are, and to
themselves.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from inventory.sentences import say
from schoolops.alerts.models import incident
from schoolops.calendar.repository import lesson_time_of
from schoolops.core.clock import to_iso
from schoolops.core.errors import Forbidden, NotFound
from schoolops.core.permissions import CONTACTS_READ, TICKETS_OPEN, TICKETS_READ, Actor
from schoolops.db.access import outside, require
from schoolops.estate.access import inside, place_of
from schoolops.estate.models import TABLES
from schoolops.estate.query import shown_name
from schoolops.tickets import photos
from schoolops.tickets.models import ticket, ticket_entry, ticket_link
from schoolops.tickets.sla import Clock
from schoolops.tickets.thread import Clocks, clocks

MOST_ENTRIES = 2000
c = ticket.c


def visible(actor: Actor) -> ColumnElement[bool]:
    """WHERE for tickets that the actor sees."""
    return or_(inside(actor.scope(TICKETS_READ), c.school_id), c.reporter == actor.name)


def names_reporter(actor: Actor) -> ColumnElement[bool]:
    """WHERE for tickets whose reporter the actor may know."""
    return or_(inside(actor.scope(CONTACTS_READ), c.school_id), c.reporter == actor.name)


def number_of(text: str) -> int | None:
    """The number of '4711' or '#4711'."""
    digits = text.strip().removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else None


def find(connection: Connection, actor: Actor, id: str, permission: str = TICKETS_OPEN) -> Row[Any]:
    """A ticket by number or id that the actor sees and has the permission for.

    Raises `NotFound` and `Forbidden`; an own ticket wants `TICKETS_OPEN` alone.
    """
    if not actor.may(TICKETS_READ):
        require(actor, TICKETS_OPEN)
    number = number_of(id)
    wanted = c.uid == id if number is None else c.id == number
    row = connection.execute(select(ticket).where(wanted, visible(actor))).one_or_none()
    if row is None:
        raise NotFound(say("there is no ticket {id!r} that you may see", id=id), code="ticket.none")
    if permission != TICKETS_OPEN:
        require(actor, permission)
        if not actor.scope(permission).covers(*place_of(connection, row.school_id)):
            raise Forbidden(outside(actor, permission))
    return row


def entries_of(connection: Connection, ticket_id: int, *, public: bool = False) -> list[Row[Any]]:
    """What was said and done in a ticket, oldest first."""
    e = ticket_entry.c
    statement = select(ticket_entry).where(e.ticket_id == ticket_id)
    if public:
        statement = statement.where(e.public.is_(True))
    return list(connection.execute(statement.order_by(e.id).limit(MOST_ENTRIES)).all())


def clocks_of(connection: Connection, row: Row[Any], now: int) -> Clocks:
    """How a ticket's promises stand."""
    if row.school_id is None:
        return Clocks()
    times = lesson_time_of(connection, row.school_id)
    return clocks(row, entries_of(connection, row.id), times, now)


def read(connection: Connection, actor: Actor, id: str, now: int) -> dict[str, Any]:
    """A whole ticket: who may only follow the own ones sees no note."""
    row = find(connection, actor, id)
    staff = inside_for(connection, actor, row)
    knows = connection.scalar(select(c.id).where(c.id == row.id, names_reporter(actor)))
    hidden = None if knows is not None else row.reporter
    entries = entries_of(connection, row.id)
    times = lesson_time_of(connection, row.school_id) if row.school_id is not None else None
    found = clocks(row, entries, times, now) if times else Clocks()
    done = row.solved_at if row.state in ("solved", "closed") else None
    kept = dict(
        zip(Clocks._fields, (row.answered_at or done, row.bypassed_at or done, done), strict=True)
    )
    return {
        "id": row.uid,
        "number": row.id,
        **_place(connection, row),
        "title": row.title,
        "category": row.category,
        "priority": row.priority,
        "state": row.state,
        "waits_for": row.waits_for or None,
        "via": row.via,
        "reporter": (row.reporter_name or row.reporter) if knows is not None else "",
        "assigned_to": row.assigned_to or None,
        "opened": to_iso(row.opened_at),
        "changed": to_iso(row.changed_at),
        "solved": to_iso(row.solved_at),
        "closed": to_iso(row.closed_at),
        "joined_to": row.joined_to,
        "joined": list(
            connection.scalars(select(c.id).where(c.joined_to == row.id).order_by(c.id))
        ),
        "links": _links(connection, actor, row.id),
        "incident": _incident(connection, row),
        "files": [
            file_told(one) for one in photos.of_ticket(connection, row.id) if staff or one.public
        ],
        "seen": json.loads(row.seen),
        "promises": {name: _told(one, kept[name]) for name, one in found._asdict().items()},
        "entries": [_entry(one, hidden) for one in entries if staff or one.public],
    }


def inside_for(connection: Connection, actor: Actor, row: Row[Any]) -> bool:
    """Whether the actor reads all of a ticket, and not only what its reporter reads."""
    return actor.scope(TICKETS_READ).covers(*place_of(connection, row.school_id))


def _place(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    schools, rooms, devices = TABLES["school"], TABLES["room"], TABLES["device"]
    found: dict[str, Any] = {"school": None, "school_name": None, "room": None, "device": None}
    if row.school_id is not None:
        school = connection.execute(
            select(schools.c.number, shown_name()).where(schools.c.id == row.school_id)
        ).one()
        found |= {"school": school[0], "school_name": school[1]}
    if row.room_id is not None:
        found["room"] = connection.scalar(select(rooms.c.name).where(rooms.c.id == row.room_id))
    if row.device_id is not None:
        found["device"] = connection.scalar(
            select(devices.c.serial).where(devices.c.id == row.device_id)
        )
    return found


def _links(connection: Connection, actor: Actor, ticket_id: int) -> list[int]:
    k = ticket_link.c
    others = (
        select(k.other_id).where(k.ticket_id == ticket_id)
        .union(select(k.ticket_id).where(k.other_id == ticket_id))
    )  # fmt: skip
    seen = select(c.id).where(c.id.in_(others), visible(actor)).order_by(c.id)
    return list(connection.scalars(seen))


def _incident(connection: Connection, row: Row[Any]) -> dict[str, Any] | None:
    if row.incident_id is None:
        return None
    found = connection.execute(select(incident).where(incident.c.id == row.incident_id)).one()
    return {
        "id": found.uid,
        "title": found.title,
        "title_de": found.title_de,
        "state": found.state,
        "schools": found.schools,
        "ended": to_iso(found.closed_at),
    }


def file_told(row: Row[Any]) -> dict[str, Any]:
    return {"id": row.uid, "at": to_iso(row.at), "name": row.name, "type": row.type,
            "size": row.size, "sha256": row.sha256}  # fmt: skip


def _told(clock: Clock, kept_at: int | None) -> dict[str, Any]:
    return {
        "state": clock.state,
        "kept": to_iso(kept_at),
        "due": to_iso(round(clock.due * 1e6)) if clock.due is not None else None,
        "share": round(clock.share, 3),
        "left_s": round(clock.budget_s - clock.used_s),
    }


def _entry(row: Row[Any], hidden: str | None) -> dict[str, Any]:
    """`hidden`: the reporter who may not be named, None where names may be known."""
    named = hidden is None or (row.side != "reporter" and row.by != hidden)
    return {
        "id": row.uid,
        "at": to_iso(row.at),
        "by": row.by if named else "",
        "side": row.side,
        "what": row.what,
        "public": row.public,
        "text": row.text,
        "data": json.loads(row.data),
    }
