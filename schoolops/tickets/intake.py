"""A new ticket: where it is, what was known there, and what it belongs to."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, insert, select

from inventory.choices import TICKET_CATEGORIES
from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.core.errors import Forbidden, Invalid
from schoolops.core.ids import uuid7
from schoolops.core.permissions import TICKETS_OPEN, TICKETS_WRITE
from schoolops.db.access import outside, require
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import place_of
from schoolops.estate.repository import Estate
from schoolops.tickets import schemas
from schoolops.tickets.history import row_of, told, write_entry
from schoolops.tickets.models import ticket
from schoolops.tickets.snapshot import NETWORK, OF_ALL, Place, fault_of, open_incidents, seen_at
from schoolops.tickets.telling import tell_reporter
from schoolops.tickets.thread import ACTIVE

JOINS_WITHIN_US = 12 * 3600 * 1_000_000
"""A report of the same thing in the same room so soon after another is the same trouble."""
TITLE = 120
c = ticket.c


def report(unit: UnitOfWork, new: schemas.NewTicket) -> dict[str, Any]:
    """A report by somebody who has signed in, for a place where that person may report."""
    require(unit.actor, TICKETS_OPEN)
    place = _place(unit, new)
    where = place_of(unit.connection, place.school_id)
    if not unit.actor.scope(TICKETS_OPEN).covers(*where):
        raise Forbidden(outside(unit.actor, TICKETS_OPEN))
    working = unit.actor.scope(TICKETS_WRITE).covers(*where)
    if new.priority and not working:
        raise Forbidden(outside(unit.actor, TICKETS_WRITE))
    reporter: dict[str, Any] = {} if working and new.name else {"reporter": unit.actor.name}
    return open_ticket(
        unit, place, text=new.text, category=new.category, via=new.via, form_key=new.form_key,
        priority=new.priority, title=new.title, language=new.language,
        reporter_name=new.name, reporter_mail=new.mail, **reporter,
    )  # fmt: skip


def open_ticket(
    unit: UnitOfWork,
    place: Place,
    *,
    text: str,
    category: str,
    via: str,
    title: str = "",
    priority: str = "",
    form_key: str = "",
    acknowledge: bool = True,
    **reporter: str,
) -> dict[str, Any]:
    """Book a report of whoever may report there, with the live state. The same form (`form_key`)
    sent again answers the ticket that it made. `reporter`: columns of the reporter, language.
    `acknowledge`: tell the reporter that it has arrived."""
    if category not in TICKET_CATEGORIES:
        raise Invalid(say("there is no category {name!r}", name=category))
    if form_key and (row := _of_form(unit, form_key)) is not None:
        return told(row)
    words = " ".join(text.split())
    if not words and not title:
        raise Invalid(say("say in some words what does not work"))
    known = open_incidents(unit.connection, place.school_id)
    fault = fault_of(unit.connection, place, category, known)
    values = {
        "uid": uuid7(),
        **place._asdict(),
        "incident_id": fault.id if fault is not None else None,
        "joined_to": _first_of(unit, place, category),
        "title": (title.strip() or words)[:TITLE],
        "category": category,
        "priority": priority or _priority(place, category, fault),
        "state": "new",
        "via": via,
        "opened_at": unit.now,
        "changed_at": unit.now,
        "seen": json.dumps(seen_at(unit.connection, place, known, unit.now), ensure_ascii=False),
        "form_key": form_key or None,
        **reporter,
    }
    made = unit.connection.execute(insert(ticket), values)
    (number,) = made.inserted_primary_key or (0,)
    row = row_of(unit, number)
    write_entry(unit, row, "opened", text=text.strip(), side="reporter", public=True)
    if fault is not None:
        write_entry(unit, row, "incident", data={"incident": fault.uid, "title": fault.title})
    if row.joined_to is not None:
        write_entry(unit, row, "joined", data={"to": row.joined_to})
    unit.audit("open ticket", "ticket", str(number), place.school_id, {"via": via})
    if acknowledge:
        tell_reporter(unit, row, "received")
    return told(row)


def _place(unit: UnitOfWork, new: schemas.NewTicket) -> Place:
    estate = Estate(unit.connection, unit.actor, unit.now)
    device = estate.find(KINDS["device"], new.device) if new.device else None
    school_id = device.school_id if device is not None else None
    if new.school:
        school = estate.find(KINDS["school"], new.school)
        if school_id is not None and school.id != school_id:
            raise Invalid(
                say("{field} {key} belongs to another school", field=say("Device"), key=new.device)
            )
        school_id = school.id
    if school_id is None:
        raise Invalid(say("say at which school, or which device"))
    room_id = device.room_id if device is not None else None
    if new.room:
        number, _ = place_of(unit.connection, school_id)
        key = new.room if "/" in new.room else f"{number}/{new.room}"
        room = estate.find(KINDS["room"], key)
        if room.school_id != school_id:
            raise Invalid(
                say("{field} {key} belongs to another school", field=say("Room"), key=room.key)
            )
        room_id = room.id
    return Place(school_id, room_id, device.id if device is not None else None)


def _of_form(unit: UnitOfWork, form_key: str) -> Row[Any] | None:
    return unit.connection.execute(select(ticket).where(c.form_key == form_key)).one_or_none()


def _first_of(unit: UnitOfWork, place: Place, category: str) -> int | None:
    """The ticket about the same thing that is open: same room, same trouble, same device."""
    if place.room_id is None:
        return None
    found: int | None = unit.connection.scalar(
        select(c.id)
        .where(
            c.room_id == place.room_id,
            c.category == category,
            c.device_id.is_(None) if place.device_id is None else c.device_id == place.device_id,
            c.state.in_(ACTIVE),
            c.joined_to.is_(None),
            c.opened_at > unit.now - JOINS_WITHIN_US,
        )
        .order_by(c.id)
        .limit(1)
    )
    return found


def _priority(place: Place, category: str, fault: Row[Any] | None) -> str:
    """What it is until somebody knows better."""
    if category == "wish":
        return "P4"
    if fault is not None and fault.kind in OF_ALL:
        return "P1"
    if category == NETWORK and place.device_id is None:
        return "P2"
    return "P3"
