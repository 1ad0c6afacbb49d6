"""Four eyes: one person proposes, another approves, and only then it is done.

A capability registers what it wants approved in `ACTIONS`. It calls `propose` with everything
that will be done as `detail`, and, when it does it, `use` with the same: what was approved is
what happens, once, before it expires.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update

from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Forbidden, Invalid, NotFound
from schoolops.core.ids import uuid7
from schoolops.core.permissions import APPROVE, Actor
from schoolops.db.access import require
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import place_of
from schoolops.identity import notices
from schoolops.identity.accounts import (
    actor_of_account,
    announce,
    find_account,
    require_account,
)
from schoolops.identity.models import approval

HOUR = 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Action:
    """Something that needs a second person.

    `propose`, `approve`: the permissions for both. `hours`: how long a proposal is good.
    `anywhere`: it may be proposed for a school at which the proposer has no right yet.
    `effect`: what an approval does at once, in the same transaction.
    """

    name: str
    label: str
    propose: str
    approve: str = APPROVE
    hours: float = 72
    anywhere: bool = False
    effect: Callable[[UnitOfWork, Row[Any], dict[str, Any]], None] | None = None


ACTIONS: dict[str, Action] = {}


def register(action: Action) -> Action:
    """Add an action; its name is for good, old proposals carry it."""
    ACTIONS[action.name] = action
    return action


def propose(
    unit: UnitOfWork,
    action: Action,
    subject: str,
    detail: Mapping[str, Any],
    reason: str,
    school_id: int | None = None,
) -> dict[str, Any]:
    """Ask for a second person. `subject`: what it is about, for people."""
    if action.anywhere:
        require(unit.actor, action.propose)
    else:
        _require_here(unit, action.propose, school_id)
    require_account(unit.actor)
    if not reason.strip():
        raise Invalid(say("say why: a reason is wanted"), errors={"reason": "a reason is wanted"})
    text = _canonical(detail)
    _refuse_twice(unit, action, _hash(text), school_id)
    uid, until = uuid7(), unit.now + round(action.hours * HOUR)
    row = {
        "uid": uid,
        "action": action.name,
        "subject": subject,
        "detail": text,
        "detail_hash": _hash(text),
        "school_id": school_id,
        "reason": reason.strip(),
        "state": "open",
        "proposed_by": unit.actor.name,
        "proposed_at": unit.now,
        "until_at": until,
    }
    unit.connection.execute(insert(approval), row)
    unit.audit("propose", "approval", uid, school_id, {"action": action.name, "reason": reason})
    announce(unit, "approval", uid)
    notices.approval_waits(unit, row, action.approve, detail)
    return {"id": uid, "state": "open", "until": to_iso(until)}


def _refuse_twice(unit: UnitOfWork, action: Action, hash: str, school_id: int | None) -> None:
    """The same may wait once: of two, one would stay open after the other was approved."""
    c = approval.c
    waiting = select(c.id).where(
        c.proposed_by == unit.actor.name,
        c.action == action.name,
        c.detail_hash == hash,
        c.school_id.is_(None) if school_id is None else c.school_id == school_id,
        c.state == "open",
        c.until_at > unit.now,
    )
    if unit.connection.execute(waiting.limit(1)).first() is not None:
        raise Conflict(
            say(
                "you have proposed this already, and it waits for a decision; or withdraw it first"
            ),
            code="approval.waits",
        )


def decide(unit: UnitOfWork, uid: str, approve: bool, note: str = "") -> dict[str, Any]:
    """Approve or reject what somebody else proposed."""
    row = find(unit, uid)
    action = ACTIONS[row.action]
    _require_here(unit, action.approve, row.school_id)
    if row.proposed_by.casefold() == unit.actor.name.casefold():
        raise _own()
    require_account(unit.actor)
    _still(row, "open", unit.now)
    if approve:
        _require_two(unit, action, row)
    state = "approved" if approve else "rejected"
    if not approve and not note.strip():
        raise Invalid(say("say why it is rejected"), errors={"note": "a reason is wanted"})
    # Two who decide at once: the second finds it decided.
    changed = unit.connection.execute(
        update(approval)
        .where(approval.c.id == row.id, approval.c.state == "open")
        .values(
            state=state,
            decided_by=unit.actor.name,
            decided_at=unit.now,
            decision_note=note.strip(),
        )
    ).rowcount
    if changed != 1:
        _still(find(unit, uid), "open", unit.now)
    unit.audit(state, "approval", uid, row.school_id, {"action": row.action, "note": note.strip()})
    announce(unit, "approval", uid)
    if approve and action.effect:
        action.effect(unit, row, json.loads(row.detail))
    return {"id": uid, "state": state}


def _own() -> Forbidden:
    return Forbidden(
        say("four eyes: somebody else must decide what you proposed"), code="approval.own"
    )


def _require_two(unit: UnitOfWork, action: Action, row: Row[Any]) -> None:
    """Whoever proposed it is somebody else than the decider, and may still propose it."""
    try:
        proposer = find_account(unit.connection, row.proposed_by)
        still = actor_of_account(unit.connection, row.proposed_by, unit.now)
    except NotFound:
        still = Actor(row.proposed_by)
    else:
        decider = find_account(unit.connection, unit.actor.name)
        # Two accounts with one address are one person.
        if proposer.email and proposer.email.casefold() == decider.email.casefold():
            raise _own()
    if action.anywhere:
        may = still.may(action.propose)
    else:
        may = still.scope(action.propose).covers(*place_of(unit.connection, row.school_id))
    if not may:
        raise Conflict(
            say(
                "{name}, who proposed this, may not propose it any more; reject it",
                name=row.proposed_by,
            ),
            code="approval.proposer",
        )


def withdraw(unit: UnitOfWork, uid: str) -> None:
    """Take an own proposal back."""
    row = find(unit, uid)
    if row.proposed_by != unit.actor.name:
        raise Forbidden(say("only whoever proposed it can withdraw it"), code="approval.foreign")
    _still(row, "open", unit.now)
    unit.connection.execute(
        update(approval).where(approval.c.id == row.id).values(state="withdrawn")
    )
    unit.audit("withdraw", "approval", uid, row.school_id)
    announce(unit, "approval", uid)


def use(unit: UnitOfWork, action: Action, uid: str, detail: Mapping[str, Any]) -> None:
    """Do what was approved: once, in time, and nothing else. Raises `Forbidden` otherwise."""
    row = find(unit, uid)
    if not action.anywhere:
        _require_here(unit, action.propose, row.school_id)
    if row.action != action.name or row.detail_hash != _hash(_canonical(detail)):
        raise Forbidden(
            say("what was approved is something else; propose it as it is now"),
            code="approval.changed",
        )
    _still(row, "approved", unit.now)
    changed = unit.connection.execute(
        update(approval)
        .where(approval.c.id == row.id, approval.c.state == "approved")
        .values(state="used", used_at=unit.now)
    ).rowcount
    if changed != 1:
        _still(find(unit, uid), "approved", unit.now)
    unit.audit("use approval", "approval", uid, row.school_id, {"action": row.action})
    announce(unit, "approval", uid)


def find(unit: UnitOfWork, uid: str) -> Row[Any]:
    """A proposal by its id; `NotFound` also when it concerns schools of others."""
    row = unit.connection.execute(select(approval).where(approval.c.uid == uid)).one_or_none()
    if row is None or not _concerns(unit, row):
        raise NotFound(
            say("there is no proposal {id!r} that you may see", id=uid), code="approval.unknown"
        )
    return row


def state_of(state: str, until_at: int, now: int) -> str:
    """The state for people: what waited too long has expired."""
    return "expired" if state in ("open", "approved") and until_at <= now else state


def _still(row: Row[Any], wanted: str, now: int) -> None:
    state = state_of(row.state, row.until_at, now)
    if state != wanted:
        raise Conflict(
            say("this proposal is {state}, not {wanted}", state=say(state), wanted=say(wanted)),
            code="approval.state",
            state=state,
        )


def _concerns(unit: UnitOfWork, row: Row[Any]) -> bool:
    action = ACTIONS.get(row.action)
    if action is None:
        return False
    if row.proposed_by == unit.actor.name:
        return True
    place = place_of(unit.connection, row.school_id)
    return any(unit.actor.scope(p).covers(*place) for p in (action.propose, action.approve))


def _require_here(unit: UnitOfWork, permission: str, school_id: int | None) -> None:
    if not unit.actor.scope(permission).covers(*place_of(unit.connection, school_id)):
        raise Forbidden(
            say("you do not hold {permission} there; ask an administrator", permission=permission)
        )


def _canonical(detail: Mapping[str, Any]) -> str:
    return json.dumps(detail, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
