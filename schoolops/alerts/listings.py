"""Incidents, maintenance windows and the on-call plan as lists like all others."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, exists, literal, or_, select, true

from inventory.kinds import INCIDENT, ON_CALL, WINDOW
from schoolops.alerts.models import incident, incident_school, maintenance, on_call
from schoolops.alerts.reading import SEVERITIES
from schoolops.core.permissions import ESTATE_READ, INCIDENTS_WRITE, Actor
from schoolops.core.zone import local_zone
from schoolops.db.access import require
from schoolops.estate.access import inside
from schoolops.estate.listing import LISTINGS, Listing
from schoolops.estate.models import TABLES
from schoolops.estate.query import school_name_of

rooms = TABLES["room"]


_RANKS = {name: rank for rank, name in enumerate(SEVERITIES)}
_OPEN = len(_RANKS)
"""What is open comes before all that is over, then the worst."""


def concerns(actor: Actor, permission: str = ESTATE_READ) -> ColumnElement[bool]:
    """WHERE for incidents that concern a school where the actor has the permission."""
    scope = actor.scope(permission)
    if scope.everywhere:
        return true()
    c = incident_school.c
    return exists().where(c.incident_id == incident.c.id, inside(scope, c.school_id))


def incidents_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """Incidents of the schools that the actor sees; what became part of another is left out."""
    require(actor, ESTATE_READ)
    c, place = incident.c, incident_school.c

    def of_incident(school: ColumnElement[bool]) -> ColumnElement[bool]:
        """What holds for one of the schools that the actor sees in it."""
        seen = inside(actor.scope(ESTATE_READ), place.school_id)
        return exists().where(place.incident_id == c.id, seen, school)

    is_open: ColumnElement[Any] = c.closed_at.is_(None)
    return Listing(
        connection,
        source=incident,
        columns={
            "severity": c.severity,
            "title": c.title,
            "title_de": c.title_de,
            "school": c.school_id,
            "school_name": school_name_of(c.school_id, incident),
            "schools": c.schools,
            "devices": c.devices,
            "state": case((c.flapping.is_(True) & is_open, "flapping"), else_=c.state),
            "open": case((is_open, literal(True)), else_=literal(False)),
            "urgency": case((is_open, _OPEN), else_=0) + case(_RANKS, value=c.severity, else_=0),
            "began": c.began_at,
            "ended": c.closed_at,
            "claimed_by": c.claimed_by,
            "acknowledged_by": c.acknowledged_by,
            "provider": c.provider,
            "circuit": c.circuit,
            "hotline": c.hotline,
            "rule": c.rule,
            "returns": c.returns,
        },
        uid=c.uid,
        key=c.uid,
        search=c.title + " " + c.title_de + " " + c.provider + " " + c.circuit,
        where=[concerns(actor), c.merged_into.is_(None)],
        sort=c.id,
        among={"school": (incident_school.c.school_id, of_incident)},
    )


def _room_name() -> ColumnElement[Any]:
    return (
        select(rooms.c.name)
        .where(rooms.c.id == maintenance.c.room_id)
        .correlate(maintenance)
        .scalar_subquery()
    )


def _state(c: Any, now: int) -> ColumnElement[str]:
    """'active' only now: what recurs is 'planned' outside of its hours (as `spans.covers`)."""
    local = dt.datetime.fromtimestamp(now / 1e6, local_zone())
    minute = local.hour * 60 + local.minute
    on_day = c.weekdays.contains(str(local.isoweekday()))
    of_yesterday = c.weekdays.contains(str((local - dt.timedelta(days=1)).isoweekday()))
    begun, lasts = c.begin_minute <= minute, c.end_minute > minute
    within = or_(
        c.weekdays == "",
        and_(c.begin_minute < c.end_minute, on_day, begun, lasts),
        and_(c.begin_minute >= c.end_minute, or_(and_(on_day, begun), and_(of_yesterday, lasts))),
    )
    return case(
        (c.ends_at <= now, "ended"), (and_(c.begins_at <= now, within), "active"), else_="planned"
    )


def windows_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """Maintenance and freezes of the schools that the actor sees, and those of all schools."""
    require(actor, ESTATE_READ)
    c = maintenance.c
    return Listing(
        connection,
        source=maintenance,
        columns={
            "kind": c.kind,
            "school": c.school_id,
            "school_name": school_name_of(c.school_id, maintenance),
            "room": _room_name(),
            "begins": c.begins_at,
            "ends": c.ends_at,
            "every": c.every,
            "reason": c.reason,
            "state": _state(c, now),
            "by": c.by,
        },
        uid=c.uid,
        key=c.uid,
        search=c.reason + " " + c.every,
        where=[or_(c.school_id.is_(None), inside(actor.scope(ESTATE_READ), c.school_id))],
        sort=c.id,
    )


def on_call_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """Who is told of incidents, and when: of all schools, or of the actor's authority."""
    require(actor, INCIDENTS_WRITE)
    c, scope = on_call.c, actor.scope(INCIDENTS_WRITE)
    mine = true() if scope.everywhere else c.authority.in_(["", *scope.authorities])
    return Listing(
        connection,
        source=on_call,
        columns={
            "username": c.username,
            "level": c.level,
            "authority": c.authority,
            "begins": c.begins_at,
            "ends": c.ends_at,
            "every": c.every,
            "state": _state(c, now),
            "by": c.by,
        },
        uid=c.uid,
        key=c.uid,
        search=c.username + " " + c.every,
        where=[mine],
        sort=c.id,
    )


LISTINGS[INCIDENT.name] = incidents_listing
LISTINGS[WINDOW.name] = windows_listing
LISTINGS[ON_CALL.name] = on_call_listing
