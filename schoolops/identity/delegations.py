"""Rights handed on for a time: 'the media coordinator may reset passwords until Friday'."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update

from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Forbidden, Invalid, NotFound
from schoolops.core.ids import uuid7
from schoolops.core.permissions import (
    DELEGABLE,
    DELEGATE,
    DELEGATION_DAYS,
    PERMISSIONS,
)
from schoolops.db.access import require
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import place_of
from schoolops.estate.repository import Estate
from schoolops.identity import notices
from schoolops.identity.accounts import (
    actor_of_row,
    announce,
    find_account,
    require_account,
    require_borrower,
)
from schoolops.identity.models import access_grant

DAY = 86_400_000_000


def delegate(
    unit: UnitOfWork,
    receiver: str,
    permissions: Sequence[str],
    school: str,
    until: int,
    reason: str,
    class_name: str = "",
) -> dict[str, Any]:
    """Hand on own permissions at a school until a time (UTC microseconds).

    Raises `Forbidden` for what the giver does not hold there and for what the receiver may not
    borrow, `Invalid` for the rest.
    """
    actor = unit.actor.by_roles()  # what was lent is not lent on
    if unit.actor.token:
        require_account(unit.actor)
    require(actor, DELEGATE)
    row = Estate(unit.connection, actor, unit.now).find(KINDS["school"], school)
    _check(permissions, until - unit.now, reason)
    for name in (DELEGATE, *permissions):
        place = (row.number, row.authority, class_name)
        if actor.scope(name).covers(*place):
            continue
        if unit.actor.scope(name).covers(*place):
            raise Forbidden(
                say(
                    "you cannot hand on {permission} at {school}: it was handed on to you, or "
                    "given for an emergency, and ends with you",
                    permission=name,
                    school=row.number,
                ),
                code="access.lent",
            )
        raise Forbidden(
            say(
                "you cannot hand on {permission} at {school}: you do not hold it there",
                permission=name,
                school=row.number,
            )
        )
    person = find_account(unit.connection, receiver)
    if person.username.casefold() == actor.name.casefold():
        raise Invalid(say("hand rights on to somebody else, not to yourself"))
    require_borrower(actor_of_row(unit.connection, person, unit.now), permissions)
    uid = uuid7()
    made = {
        "uid": uid,
        "source": "delegation",
        "receiver": person.username,
        "giver": actor.name,
        "permissions": " ".join(dict.fromkeys(permissions)),
        "school_id": row.id,
        "class_name": class_name.strip(),
        "opens": json.dumps(_opened(unit, permissions)),
        "reason": reason.strip(),
        "from_at": unit.now,
        "until_at": until,
    }
    unit.connection.execute(insert(access_grant), made)
    detail = {
        "to": person.username,
        "permissions": list(permissions),
        "class": class_name,
        "until": to_iso(until),
        "reason": reason.strip(),
    }
    unit.audit("delegate", "delegation", uid, row.id, detail)
    announce(unit, "delegation", uid)
    notices.delegation_given(unit, made)
    return {"id": uid, "receiver": person.username, "until": to_iso(until)}


def _check(permissions: Sequence[str], micros: int, reason: str) -> None:
    wrong = [name for name in permissions if name not in DELEGABLE]
    if wrong or not permissions:
        raise Invalid(
            say(
                "{what} cannot be handed on; what can: {known}",
                what=wrong[0] if wrong else "nothing",
                known=", ".join(DELEGABLE),
            )
        )
    if not 0 < micros <= DELEGATION_DAYS * DAY:
        raise Invalid(
            say("the end lies between now and {days} days from now", days=DELEGATION_DAYS),
            errors={"until": say("between now and {days} days from now", days=DELEGATION_DAYS)},
        )
    if not reason.strip():
        raise Invalid(say("say why: a reason is wanted"), errors={"reason": "a reason is wanted"})


def _opened(unit: UnitOfWork, permissions: Sequence[str]) -> list[list[str]]:
    """The personal fields that the giver's own rights open for these permissions' purposes."""
    purposes = {PERMISSIONS[name].purpose for name in permissions}
    opened = {
        pair
        for grant in unit.actor.by_roles().grants
        for pair in grant.opens
        if pair[0] in purposes and not grant.permissions.isdisjoint(permissions)
    }
    return [list(pair) for pair in sorted(opened)]


def revoke(unit: UnitOfWork, uid: str) -> None:
    """Take a right for a time back: by whoever gave or has it, or who may delegate there."""
    row = _find(unit, uid)
    here = unit.actor.scope(DELEGATE).covers(*place_of(unit.connection, row.school_id))
    own = unit.actor.name in (row.giver, row.receiver)
    if not own and not here:
        raise NotFound(
            say("there is no delegation {id!r} that you may see", id=uid), code="access.unknown"
        )
    if row.revoked_at is not None or row.until_at <= unit.now:
        raise Conflict(say("this right has ended already"), code="access.ended")
    unit.connection.execute(
        update(access_grant)
        .where(access_grant.c.id == row.id)
        .values(revoked_at=unit.now, revoked_by=unit.actor.name, end_told_at=unit.now)
    )
    unit.audit(f"revoke {row.source}", "delegation", uid, row.school_id, {"from": row.receiver})
    announce(unit, "delegation", uid)
    notices.ended(unit, row, unit.actor.name)


def _find(unit: UnitOfWork, uid: str) -> Row[Any]:
    row = unit.connection.execute(
        select(access_grant).where(access_grant.c.uid == uid)
    ).one_or_none()
    if row is None:
        raise NotFound(
            say("there is no delegation {id!r} that you may see", id=uid), code="access.unknown"
        )
    return row
