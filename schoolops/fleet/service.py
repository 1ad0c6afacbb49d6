"""Invite, join, revoke; adopt what was found. Never commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Forbidden, Invalid, Unauthenticated
from schoolops.core.ids import fold_code, hash_token, join_code, new_token, uuid7
from schoolops.core.permissions import AGENTS_WRITE, Actor
from schoolops.db.access import require, scope_of
from schoolops.db.engine import Store, UnitOfWork
from schoolops.estate.repository import Estate
from schoolops.estate.service import Inventory
from schoolops.estate.values import invalid
from schoolops.fleet.commands import key_of_agent
from schoolops.fleet.models import agent, discovered
from schoolops.fleet.repository import find_agent, find_by_secret, find_discovered

HOUR = 3_600_000_000


class BadCode(Unauthenticated):
    code = "agent.code"


def invite(unit: UnitOfWork, school: str, name: str = "") -> dict[str, Any]:
    """Make an agent that waits for its machine; the one-time code is shown this once."""
    require(unit.actor, AGENTS_WRITE)
    row = Estate(unit.connection, unit.actor, unit.now).find(KINDS["school"], school)
    scope = unit.actor.scope(AGENTS_WRITE)
    if not scope.covers(row.number, row.authority):
        raise Forbidden(
            say(
                "{name} may invite agents for {scope} only",
                name=unit.actor.name,
                scope=scope_of(scope),
            )
        )
    name = name.strip() or _free_name(unit, row.number)
    if len(name) > 60:
        raise Invalid("the agent's name is longer than 60 characters")
    taken = unit.connection.execute(select(agent.c.id).where(agent.c.name == name)).first()
    if taken:
        raise Conflict(say("there is an agent {name} already", name=name), code="agent.duplicate")
    code, uid = join_code(), uuid7()
    expires = unit.now + round(unit.store.settings.agent.invite_hours * HOUR)
    unit.connection.execute(
        insert(agent),
        {
            "uid": uid,
            "name": name,
            "school_id": row.id,
            "state": "invited",
            "code_hash": hash_token(code),
            "code_expires_at": expires,
            "invited_at": unit.now,
        },
    )
    unit.audit("invite agent", "agent", name, row.id)
    unit.announce("agent", uid, row.id)
    return {
        "code": code,
        "agent": uid,
        "name": name,
        "school": row.number,
        "expires": to_iso(expires),
        "server": unit.store.settings.server.public_url or None,
    }


def _free_name(unit: UnitOfWork, number: str) -> str:
    names = set(
        unit.connection.scalars(select(agent.c.name).where(agent.c.name.like(f"{number}%")))
    )
    return next(n for n in (f"{number}-{i}" for i in range(1, 10_000)) if n not in names)


def join(store: Store, code: str, hostname: str, version: str) -> dict[str, Any]:
    """Exchange a one-time code for the agent's secret. `BadCode` says what is wrong with it."""
    with store.write(Actor.of("agent", "agent"), by_server=True) as unit:
        row = unit.connection.execute(
            select(agent).where(agent.c.code_hash == hash_token(fold_code(code)))
        ).one_or_none()
        if row is None:
            raise BadCode(
                "the code is wrong or was used already; ask for a new one: "
                "schoolops agent invite SCHOOL"
            )
        if row.state == "revoked":
            raise BadCode("the invitation was revoked; ask for a new one")
        if (row.code_expires_at or 0) < unit.now:
            raise BadCode("the code has expired; ask for a new one: schoolops agent invite SCHOOL")
        secret, command_key = new_token("soa"), new_token("sok")
        unit.connection.execute(
            update(agent)
            .where(agent.c.id == row.id)
            .values(
                state="active",
                code_hash=None,
                secret_hash=hash_token(secret),
                command_key=key_of_agent(store, row.uid, command_key),
                hostname=hostname[:200],
                version=version[:40],
                joined_at=unit.now,
                last_seen_at=unit.now,
            )
        )
        unit.audit("join", "agent", row.name, row.school_id, {"version": version[:40]})
        unit.announce("agent", row.uid, row.school_id)
        return {
            "agent": row.uid,
            "id": row.id,
            "secret": secret,
            "command_key": command_key,
            "name": row.name,
        }


def agent_of_secret(connection: Connection, secret: str | None) -> Row[Any]:
    """The agent behind a secret; `Unauthenticated` says what is wrong."""
    if not secret:
        raise Unauthenticated("an agent's secret is needed")
    row = find_by_secret(connection, secret)
    if row is None:
        raise Unauthenticated("the agent's secret is not known here; join again with a new code")
    if row.state == "revoked":
        raise Unauthenticated("this agent was revoked; invite it anew", code="agent.revoked")
    return row


def revoke(unit: UnitOfWork, uid_or_name: str, reason: str) -> None:
    """End an agent: its secret and an open code are worth nothing from now on."""
    require(unit.actor, AGENTS_WRITE)
    row = find_agent(unit.connection, unit.actor, uid_or_name)
    if row.state == "revoked":
        raise Conflict(say("agent {name} is revoked already", name=row.name), code="agent.revoked")
    unit.connection.execute(
        update(agent)
        .where(agent.c.id == row.id)
        .values(state="revoked", code_hash=None, revoked_reason=reason[:500])
    )
    unit.audit("revoke agent", "agent", row.name, row.school_id, {"reason": reason[:500]})
    unit.announce("agent", row.uid, row.school_id)


def adopt(unit: UnitOfWork, uid: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Make an inventory record of a discovered device."""
    row = find_discovered(unit.connection, unit.actor, uid)
    estate = Estate(unit.connection, unit.actor, unit.now)
    values: dict[str, Any] = {
        "school": estate.keys("school", [row.school_id])[row.school_id],
        "kind": row.kind or None,
        "name": row.name or None,
        "serial": row.serial or None,
        "address": row.address,
        "macs": row.mac or None,
        "management": "snmp" if row.description else "none",
    }
    values |= {name: value for name, value in given.items() if value not in (None, "")}
    if not values.get("serial") and not values.get("asset_tag"):
        raise invalid({"serial": say("the device needs a serial number or an asset tag")})
    record = Inventory(unit).create(
        KINDS["device"], {name: value for name, value in values.items() if value is not None}
    )
    unit.connection.execute(
        update(discovered).where(discovered.c.id == row.id).values(adopted_as=record["id"])
    )
    unit.announce("discovered", uid, row.school_id)
    return record


def ignore(unit: UnitOfWork, uid: str) -> None:
    """Do not offer a discovered device again."""
    require(unit.actor, AGENTS_WRITE)
    row = find_discovered(unit.connection, unit.actor, uid)
    unit.connection.execute(update(discovered).where(discovered.c.id == row.id).values(ignored=1))
    unit.audit("ignore discovered", "discovered", row.address, row.school_id)
    unit.announce("discovered", uid, row.school_id)
