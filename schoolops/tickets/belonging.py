"""What belongs together: tickets about the same, and those of one fault. Nothing is ever merged:
tickets join, and can leave again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, insert, or_, select

from inventory.sentences import say
from schoolops.alerts import repository as incidents
from schoolops.alerts.incidents import OVER
from schoolops.alerts.models import incident
from schoolops.core.errors import Conflict, Invalid
from schoolops.core.permissions import ESTATE_READ, TICKETS_WRITE
from schoolops.db.access import require
from schoolops.db.engine import UnitOfWork
from schoolops.tickets.history import (
    answered,
    change,
    joined_with,
    row_of,
    solve_one,
    told,
    workable,
    works_on,
    write_entry,
)
from schoolops.tickets.models import ticket, ticket_link
from schoolops.tickets.telling import tell_reporter
from schoolops.tickets.thread import ACTIVE

c = ticket.c


def join(unit: UnitOfWork, id: str, first: str) -> dict[str, Any]:
    """This ticket is about the same as another: what is answered there is answered here."""
    row, other = workable(unit, id), workable(unit, first)
    if other.joined_to is not None:
        other = row_of(unit, other.joined_to)
    if other.id == row.id:
        raise Conflict(say("a ticket cannot join itself"))
    for one in (row, *joined_with(unit, row)):
        change(unit, one, joined_to=other.id)
        write_entry(unit, one, "joined", data={"to": other.id})
    write_entry(unit, other, "joined", data={"by": row.id})
    return told(row_of(unit, row.id))


def leave(unit: UnitOfWork, id: str) -> dict[str, Any]:
    """Take a ticket out of the one that it joined; both keep all that was said."""
    row = workable(unit, id)
    if row.joined_to is not None:
        change(unit, row, joined_to=None)
        write_entry(unit, row, "joined", data={"left": row.joined_to})
    return told(row_of(unit, row.id))


def link(unit: UnitOfWork, id: str, other_id: str) -> dict[str, Any]:
    """Two tickets have to do with each other."""
    row, other = workable(unit, id), workable(unit, other_id)
    if row.id == other.id:
        raise Conflict(say("a ticket cannot be linked with itself"))
    link_rows(unit, row, other)
    return told(row_of(unit, row.id))


def link_rows(unit: UnitOfWork, row: Row[Any], other: Row[Any]) -> None:
    """Two tickets seem to have to do with each other: a link, which joins nothing."""
    first, second = sorted((row, other), key=lambda one: int(one.id))
    k = ticket_link.c
    known = select(k.ticket_id).where(k.ticket_id == first.id, k.other_id == second.id)
    if unit.connection.execute(known).first() is None:
        unit.connection.execute(
            insert(ticket_link),
            {"ticket_id": first.id, "other_id": second.id, "school_id": row.school_id,
             "at": unit.now, "by": unit.actor.name},
        )  # fmt: skip
        for one, to in ((row, other), (other, row)):
            write_entry(unit, one, "linked", data={"to": to.id})


def link_incident(unit: UnitOfWork, id: str, uid: str) -> dict[str, Any]:
    """This ticket is part of a fault; '' takes it out, and it does not come back by itself."""
    row = workable(unit, id)
    if not uid:
        if row.incident_id is not None:
            change(unit, row, incident_id=None)
            write_entry(unit, row, "incident", data={"left": row.incident_id})
        return told(row_of(unit, row.id))
    found = incidents.find(unit.connection, unit.actor, uid, ESTATE_READ)
    if row.incident_id != found.id:
        change(unit, row, incident_id=found.id)
        write_entry(unit, row, "incident", data={"incident": found.uid, "title": found.title})
    return told(row_of(unit, row.id))


def tell_all(unit: UnitOfWork, uid: str, text: str) -> dict[str, int]:
    """One update on a fault answers all who reported it: how many tickets it went to."""
    found = incidents.find(unit.connection, unit.actor, uid, ESTATE_READ)
    require(unit.actor, TICKETS_WRITE)
    if not text.strip():
        raise Invalid(say("an answer wants some words"))
    rows = [row for row in _of_incident(unit, found.id) if works_on(unit, row)]
    for row in rows:
        answered(unit, row)
        write_entry(unit, row, "update", text.strip(), side="staff", public=True)
        tell_reporter(unit, row, "answered", text.strip())
    unit.audit("answer reporters", "incident", found.uid, found.school_id, {"tickets": len(rows)})
    return {"tickets": len(rows)}


def incident_is_over(unit: UnitOfWork, incident_id: int) -> None:
    """Ask all who reported a fault that is over whether it works again."""
    row = unit.connection.execute(select(incident).where(incident.c.id == incident_id)).one()
    over = row.merged_into is None
    for one in _of_incident(unit, incident_id):
        if over:
            solve_one(unit, one, "")
        else:
            change(unit, one, incident_id=row.merged_into)


OVER.append(incident_is_over)


def _of_incident(unit: UnitOfWork, incident_id: int) -> list[Row[Any]]:
    """What is to be done of a fault, and what joined it and is not closed."""
    active = select(c.id).where(c.incident_id == incident_id, c.state.in_(ACTIVE))
    rows = unit.connection.execute(
        select(ticket)
        .where(or_(c.id.in_(active), c.joined_to.in_(active) & (c.state != "closed")))
        .order_by(c.id)
    )
    return list(rows.all())
