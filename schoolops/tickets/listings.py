"""The list of tickets: those that the actor sees, what is to be done first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, case, cast, literal, null, select

from schoolops.alerts.models import incident
from schoolops.core.permissions import TICKETS_OPEN, Actor
from schoolops.db.access import require
from schoolops.estate.listing import LISTINGS, Listing
from schoolops.estate.models import TABLES
from schoolops.estate.query import school_name_of
from schoolops.tickets.models import ticket
from schoolops.tickets.repository import names_reporter, visible
from schoolops.tickets.sla import PROMISES
from schoolops.tickets.thread import ACTIVE

_RANKS = {name: len(PROMISES) - place for place, name in enumerate(PROMISES)}
_ACTIVE = 10
"""What is to be done comes before all that is done, then the most urgent, then what is new."""


def _named(table: Any, column: Any, id: Any) -> ColumnElement[Any]:
    return select(column).where(table.c.id == id).correlate(ticket).scalar_subquery()


def tickets_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """Tickets that the actor sees; the reporter is named where that may be known."""
    require(actor, TICKETS_OPEN)
    c, rooms, devices = ticket.c, TABLES["room"], TABLES["device"]
    active: ColumnElement[bool] = c.state.in_(ACTIVE)
    known = names_reporter(actor)
    reporter = case((c.reporter_name != "", c.reporter_name), else_=c.reporter)
    return Listing(
        connection,
        source=ticket,
        columns={
            "number": c.id,
            "title": c.title,
            "school": c.school_id,
            "school_name": school_name_of(c.school_id, ticket),
            "room": _named(rooms, rooms.c.name, c.room_id),
            "device": _named(devices, devices.c.serial, c.device_id),
            "priority": c.priority,
            "state": c.state,
            "waits_for": c.waits_for,
            "category": c.category,
            "assigned_to": c.assigned_to,
            "reporter": case((known, reporter), else_=null()),
            "via": c.via,
            "opened": c.opened_at,
            "changed": c.changed_at,
            "solved": c.solved_at,
            "closed": c.closed_at,
            "incident": _named(incident, incident.c.uid, c.incident_id),
            "joined_to": c.joined_to,
            "active": case((active, literal(True)), else_=literal(False)),
            "urgency": case((active, _ACTIVE), else_=0)
            + case(_RANKS, value=c.priority, else_=0) * 2
            + case((c.state == "new", 1), else_=0),
        },
        uid=c.uid,
        key=cast(c.id, Text),
        search=c.title + " " + c.assigned_to,
        where=[visible(actor)],
        sort=c.id,
        opened={"reporter": known},
    )


LISTINGS["ticket"] = tickets_listing
