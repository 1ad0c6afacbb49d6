"""Queries over agents and discovered devices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, select

from inventory.kinds import AGENT, DISCOVERED
from inventory.sentences import say
from schoolops.core.errors import NotFound
from schoolops.core.ids import hash_token
from schoolops.core.permissions import ESTATE_READ, Actor
from schoolops.db.access import require
from schoolops.estate.access import in_scope
from schoolops.estate.listing import LISTINGS, Listing
from schoolops.estate.models import TABLES
from schoolops.estate.query import school_name_of
from schoolops.fleet.models import agent, discovered

schools = TABLES["school"]


def agents_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """The agents of the schools that the actor may see."""
    require(actor, ESTATE_READ)
    c = agent.c
    return Listing(
        connection,
        source=agent,
        columns={
            "name": c.name,
            "school": c.school_id,
            "school_name": school_name_of(c.school_id, agent),
            "state": case(
                (and_(c.state == "active", c.cloned_until > now), "cloned"), else_=c.state
            ),
            "version": c.version,
            "last_seen": c.last_seen_at,
            "reports": c.reports,
            "dropped": c.dropped,
            "implausible": c.implausible,
            "clock_offset_ms": c.clock_offset_ms,
            "machines": case((c.cloned_until > now, c.machines), else_=""),
        },
        uid=c.uid,
        key=c.name,
        search=func.lower(c.name),
        where=[in_scope(actor, c.school_id)],
        sort=c.id,
    )


def discovered_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """What was found on the networks of those schools and is neither adopted nor ignored."""
    require(actor, ESTATE_READ)
    c = discovered.c
    return Listing(
        connection,
        source=discovered,
        columns={
            "school": c.school_id,
            "school_name": school_name_of(c.school_id, discovered),
            "address": c.address,
            "mac": c.mac,
            "name": c.name,
            "description": c.description,
            "kind": c.kind,
            "serial": c.serial,
            "first_seen": c.first_seen_at,
            "last_seen": c.last_seen_at,
        },
        uid=c.uid,
        key=c.address,
        search=func.lower(c.address + " " + c.mac + " " + c.name + " " + c.description),
        where=[in_scope(actor, c.school_id), c.ignored == 0, c.adopted_as.is_(None)],
        sort=c.id,
    )


LISTINGS[AGENT.name] = agents_listing
LISTINGS[DISCOVERED.name] = discovered_listing


def find_agent(connection: Connection, actor: Actor, uid_or_name: str) -> Row[Any]:
    """An agent by uuid or name."""
    require(actor, ESTATE_READ)
    rows = connection.execute(
        select(agent).where(
            in_scope(actor, agent.c.school_id),
            (agent.c.uid == uid_or_name) | (agent.c.name == uid_or_name),
        )
    ).all()
    if len(rows) != 1:
        what = say("no agent") if not rows else say("more than one agent")
        raise NotFound(
            say(
                "there is {what} {id!r}; list them with: schoolops agent list",
                what=what,
                id=uid_or_name,
            ),
            code="agent.unknown",
        )
    return rows[0]


def find_by_secret(connection: Connection, secret: str) -> Row[Any] | None:
    """The agent that has this secret, in whatever state; None if nobody has it."""
    return connection.execute(
        select(agent).where(agent.c.secret_hash == hash_token(secret))
    ).one_or_none()


def find_discovered(connection: Connection, actor: Actor, uid: str) -> Row[Any]:
    """A discovered device that is still open."""
    require(actor, ESTATE_READ)
    row = connection.execute(
        select(discovered).where(in_scope(actor, discovered.c.school_id), discovered.c.uid == uid)
    ).one_or_none()
    if row is None or row.adopted_as:
        raise NotFound(say("there is no discovered device {id!r}; list them again", id=uid))
    return row
