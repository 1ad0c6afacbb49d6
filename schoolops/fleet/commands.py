"""What people ask of agents: kept here, sent with each reply until it is answered or expires.

A command is signed with a key that agent and server got when the agent joined (sealed in the
table, ADR 17). It waits for the agent's next report, is sent with the reply to it, and again with
each reply until its answer has been booked: the agent carries out none twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from agents import protocol
from agents.jsontext import to_json
from inventory.sentences import Sentence, say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Forbidden, Invalid, NotFound
from schoolops.core.ids import uuid7
from schoolops.core.permissions import AGENTS_WRITE, ESTATE_READ, Actor
from schoolops.db.access import outside, require
from schoolops.db.engine import Store, UnitOfWork
from schoolops.estate.models import TABLES
from schoolops.fleet import releases
from schoolops.fleet.models import agent as agents
from schoolops.fleet.models import agent_command
from schoolops.fleet.repository import find_agent

Arguments = dict[str, Any]
SECOND = 1_000_000
MOST_OPEN = 20
"""So many commands of one agent may be unanswered."""
SHOWN = 50
KEPT = 90 * 24 * 3600 * SECOND
OPEN = ("waiting", "sent")
c = agent_command.c


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of command: `check` makes the arguments for an agent of what a person gave."""

    check: Callable[[UnitOfWork, Row[Any], Arguments], Arguments]
    takes: tuple[str, ...] = ()
    """Arguments that a person may give."""
    good_for_s: int = 3600
    changes: bool = False
    """It changes the school's equipment: what stands in `FORBIDDING` may forbid it."""


def _nothing(unit: UnitOfWork, row: Row[Any], given: Arguments) -> Arguments:
    return {}


def _line_test(unit: UnitOfWork, row: Row[Any], given: Arguments) -> Arguments:
    name = str(given.get("uplink") or "")
    if name:
        uplinks = TABLES["uplink"].c
        key = uplinks.name == name.rpartition("/")[2]
        found = unit.connection.scalar(
            select(uplinks.name).where(
                uplinks.school_id == row.school_id, key, uplinks.retired_at.is_(None)
            )
        )
        if found is None:
            raise NotFound(say("the agent's school has no uplink {name}", name=name))
        name = found
    return {"uplink": name, "in_lessons": bool(given.get("in_lessons"))}


def _poll(unit: UnitOfWork, row: Row[Any], given: Arguments) -> Arguments:
    devices = TABLES["device"].c
    wanted = str(given.get("device") or "")
    found = unit.connection.execute(
        select(devices.key, devices.management).where(
            devices.school_id == row.school_id,
            devices.retired_at.is_(None),
            (devices.key == wanted) | (devices.uid == wanted) | (devices.name == wanted),
        )
    ).all()
    if len(found) != 1:
        raise NotFound(say("the agent's school has no device {name}", name=wanted))
    if found[0].management in (None, "none"):
        raise Invalid(say("{name} is read by no agent; say how under Management", name=wanted))
    return {"device": found[0].key}


def _upgrade(unit: UnitOfWork, row: Row[Any], given: Arguments) -> Arguments:
    release = releases.find(unit.store.settings.home, str(given.get("version") or ""))
    back = bool(given.get("downgrade"))
    with suppress(ValueError):  # an agent may call its version something else
        if protocol.is_older(release["version"], row.version) and not back:
            raise Invalid(
                say(
                    "{version} is older than {current}, which agent {name} runs; --downgrade goes "
                    "back to it",
                    version=release["version"],
                    current=row.version,
                    name=row.name,
                )
            )
    return {
        "version": release["version"],
        "sha256": release["sha256"],
        "size": release["size"],
        "signature": release["signature"],
        "downgrade": back,
    }


KINDS: dict[str, Kind] = {
    "line-test": Kind(_line_test, ("uplink", "in_lessons")),
    "diagnostics": Kind(_nothing),
    "poll": Kind(_poll, ("device",)),
    "upgrade": Kind(_upgrade, ("version", "downgrade"), good_for_s=24 * 3600, changes=True),
}
"""Kinds that can be asked for; the agent's side of each is in agents.commands."""

FORBIDDING: list[Callable[[Connection, int, int], Sentence | None]] = []
"""Asked with a school's id and the time: why nothing is to be changed there now, None if nothing
stands against it. A command that changes something is refused then, and one that waits stays."""


def _why_not(connection: Connection, school_id: int, now: int) -> Sentence | None:
    return next((why for ask in FORBIDDING if (why := ask(connection, school_id, now))), None)


def ask(
    unit: UnitOfWork, id: str, kind: str, given: Mapping[str, Any], good_for_s: int = 0
) -> dict[str, Any]:
    """Ask an agent for something; it gets to know with the reply to its next report."""
    require(unit.actor, AGENTS_WRITE)
    row = find_agent(unit.connection, unit.actor, id)
    school = TABLES["school"].c
    place = unit.connection.execute(
        select(school.number, school.authority).where(school.id == row.school_id)
    ).one()
    if not unit.actor.scope(AGENTS_WRITE).covers(place.number, place.authority):
        raise Forbidden(outside(unit.actor, AGENTS_WRITE))
    known = KINDS.get(kind)
    if known is None:
        raise Invalid(say("an agent cannot be asked for {kind!r}", kind=kind))
    if strange := sorted(given.keys() - set(known.takes)):
        raise Invalid(say("{kind} takes no {name!r}", kind=kind, name=strange[0]))
    _check_agent(unit, row)
    if known.changes and (why := _why_not(unit.connection, row.school_id, unit.now)):
        raise Conflict(why, code="changes.frozen")
    arguments = known.check(unit, row, dict(given))
    uid, expires = uuid7(), unit.now + (good_for_s or known.good_for_s) * SECOND
    values = {
        "uid": uid,
        "agent_id": row.id,
        "school_id": row.school_id,
        "kind": kind,
        "arguments": to_json(arguments),
        "by": unit.actor.name,
        "at": unit.now,
        "expires_at": expires,
        "state": "waiting",
    }
    unit.connection.execute(insert(agent_command), values)
    shown = {name: arguments[name] for name in known.takes if name in arguments}
    unit.audit("ask agent", "agent", row.name, row.school_id, {"kind": kind, **shown})
    unit.announce("agent", row.uid, row.school_id)
    found = unit.connection.execute(select(agent_command).where(c.uid == uid)).one()
    return _told(found, unit.now)


def _check_agent(unit: UnitOfWork, row: Row[Any]) -> None:
    if row.state in ("invited", "revoked"):
        raise Conflict(say("agent {name} is {state}", name=row.name, state=row.state))
    if row.command_key is None:
        raise Conflict(
            say(
                "agent {name} joined before it could be asked for anything; invite it anew and "
                "join with --replace",
                name=row.name,
            ),
            code="agent.no_key",
        )
    waiting = unit.connection.scalar(
        select(func.count()).where(c.agent_id == row.id, c.state.in_(OPEN), c.expires_at > unit.now)
    )
    if (waiting or 0) >= MOST_OPEN:
        raise Conflict(say("agent {name} has {count} unanswered commands; wait for these",
                           name=row.name, count=MOST_OPEN))  # fmt: skip


# -- looking ------------------------------------------------------------------------------------


def listed(connection: Connection, actor: Actor, id: str, now: int) -> list[dict[str, Any]]:
    """What an agent was asked lately, newest first."""
    require(actor, ESTATE_READ)
    row = find_agent(connection, actor, id)
    rows = connection.execute(
        select(agent_command).where(c.agent_id == row.id).order_by(c.id.desc()).limit(SHOWN)
    )
    return [_told(found, now) for found in rows]


def _told(row: Row[Any], now: int) -> dict[str, Any]:
    over = row.state in OPEN and row.expires_at <= now
    return {
        "id": row.uid,
        "kind": row.kind,
        "arguments": json.loads(row.arguments),
        "by": row.by,
        "at": to_iso(row.at),
        "expires": to_iso(row.expires_at),
        "state": "expired" if over else row.state,
        "sent": to_iso(row.sent_at) if row.sent_at else None,
        "answered": to_iso(row.answered_at) if row.answered_at else None,
        "text": row.text or None,
        "result": json.loads(row.result) if row.result else None,
    }


# -- on the wire --------------------------------------------------------------------------------


def to_send(unit: UnitOfWork, row: Row[Any]) -> list[protocol.Command]:
    """What an agent has not answered, signed; from now on it counts as sent."""
    found = unit.connection.execute(
        select(agent_command)
        .where(c.agent_id == row.id, c.state.in_(OPEN), c.expires_at > unit.now)
        .order_by(c.id)
    ).all()
    if any(KINDS[one.kind].changes for one in found) and _why_not(
        unit.connection, row.school_id, unit.now
    ):
        found = [one for one in found if not KINDS[one.kind].changes]
    if not found or row.command_key is None:
        return []
    unit.connection.execute(
        update(agent_command)
        .where(c.id.in_([one.id for one in found]), c.state == "waiting")
        .values(state="sent", sent_at=unit.now)
    )
    key = unit.store.secrets.open(row.command_key, f"agent:{row.uid}")
    return [_signed(key, row.uid, one) for one in found]


def _signed(key: str, uid: str, row: Row[Any]) -> protocol.Command:
    command = protocol.Command(row.uid, row.kind, row.arguments, row.expires_at, "")
    return command._replace(mac=protocol.command_mac(key, uid, command))


def book_answer(
    unit: UnitOfWork, row: Row[Any], uid: str, state: str, text: str, data: str, at: int
) -> None:
    """Take what an agent says has become of a command of its own; the first answer counts."""
    if state not in protocol.RESULT_STATES:
        return
    try:
        result = json.dumps(json.loads(data)) if data else None
    except (ValueError, RecursionError):
        result = None
    mine = (c.uid == uid, c.agent_id == row.id, c.state.in_(OPEN))
    kind = unit.connection.scalar(select(c.kind).where(*mine))
    unit.connection.execute(
        update(agent_command)
        .where(*mine)
        .values(state=state, text=text[:500], result=result, answered_at=at)
    )
    if kind == "upgrade" and result:
        _note_version(unit, row, json.loads(result))
    unit.announce("agent", row.uid, row.school_id)


def _note_version(unit: UnitOfWork, row: Row[Any], told: Any) -> None:
    version = told.get("version") if isinstance(told, dict) else None
    if isinstance(version, str):
        unit.connection.execute(
            update(agents).where(agents.c.id == row.id).values(version=version[:40])
        )


def forget_old(store: Store) -> None:
    """Delete what was asked long ago."""
    with store.write() as unit:
        unit.connection.execute(delete(agent_command).where(c.at < unit.now - KEPT))


def key_of_agent(store: Store, uid: str, key: str) -> bytes:
    """The key of an agent's commands as it is kept: sealed, under a file outside the database."""
    return store.secrets.seal(key, f"agent:{uid}")
