"""People, delegations and proposals as lists: the same filters and pages as the inventory."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, literal, or_, select
from sqlalchemy.sql.expression import false, true

from inventory.kinds import ACCOUNT, APPROVAL, DELEGATION
from schoolops.core.permissions import ACCOUNTS_READ, DELEGATE, Actor, Scope
from schoolops.db.access import require
from schoolops.estate.access import in_scope
from schoolops.estate.listing import LISTINGS, Listing
from schoolops.estate.models import TABLES
from schoolops.estate.personal import closable
from schoolops.estate.query import school_name_of
from schoolops.identity.models import access_grant, account, account_role, approval

schools = TABLES["school"]


def _roles() -> ColumnElement[Any]:
    """'head 164800, teacher 164811'."""
    role = account_role
    text = role.c.role + " " + role.c.place
    return (
        select(func.coalesce(func.aggregate_strings(text, ", "), ""))
        .where(role.c.account_id == account.c.id)
        .correlate(account)
        .scalar_subquery()
    )


def _has_role_in(scope: Scope) -> ColumnElement[bool]:
    """Accounts with a role at a place of the scope."""
    if scope.everywhere:
        return true()
    places = [account_role.c.place.in_(scope.schools)] if scope.schools else []
    if scope.authorities:
        of_authority = select(schools.c.number).where(schools.c.authority.in_(scope.authorities))
        names = [f"authority {number}" for number in scope.authorities]
        places += [account_role.c.place.in_(of_authority), account_role.c.place.in_(names)]
    if not places:
        return false()
    return exists().where(account_role.c.account_id == account.c.id, or_(*places))


def accounts_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """Who has signed in, with roles, at the places where the actor may see people."""
    require(actor, ACCOUNTS_READ)
    c = account.c
    opened = {name: _has_role_in(scope) for name, scope in closable(actor, ACCOUNT).items()}
    personal: dict[str, ColumnElement[Any]] = {"name": c.shown, "email": c.email}
    personal |= {name: case((here, personal[name])) for name, here in opened.items()}
    return Listing(
        connection,
        source=account,
        columns={
            "username": c.username,
            **personal,
            "roles": _roles(),
            "passkey": c.strong,
            "first_seen": c.first_seen_at,
            "last_seen": c.last_seen_at,
        },
        uid=c.uid,
        key=c.username,
        search=c.username
        + " "
        + func.coalesce(personal["name"], "")
        + " "
        + func.coalesce(personal["email"], ""),
        where=[_has_role_in(actor.scope(ACCOUNTS_READ))],
        sort=c.id,
        opened=opened,
    )


def delegations_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """Rights for a time: one's own, and those at schools where the actor may delegate."""
    c = access_grant.c
    state = case(
        (c.revoked_at.is_not(None), "revoked"), (c.until_at <= now, "ended"), else_="active"
    )
    here = in_scope(actor, c.school_id, DELEGATE) if actor.may(DELEGATE) else false()
    return Listing(
        connection,
        source=access_grant,
        columns={
            "receiver": c.receiver,
            "giver": c.giver,
            "source": c.source,
            "permissions": c.permissions,
            "school": c.school_id,
            "school_name": school_name_of(c.school_id, access_grant),
            "class": c.class_name,
            "reason": c.reason,
            "since": c.from_at,
            "until": c.until_at,
            "state": state,
        },
        uid=c.uid,
        key=c.uid,
        search=c.receiver + " " + c.giver + " " + c.permissions + " " + c.reason,
        where=[or_(here, c.receiver == actor.name, c.giver == actor.name)],
        sort=c.id,
    )


def approvals_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """Proposals: one's own, and those that the actor may decide or propose."""
    from schoolops.identity.approvals import ACTIONS

    c = approval.c
    state = case(
        (and_(c.state.in_(("open", "approved")), c.until_at <= now), "expired"), else_=c.state
    )
    mine = c.proposed_by == actor.name
    visible, decidable = [mine], []
    for action in ACTIONS.values():
        for permission in (action.propose, action.approve):
            if actor.may(permission):
                here = in_scope(actor, c.school_id, permission)
                visible.append(and_(c.action == action.name, here))
                if permission == action.approve:
                    decidable.append(visible[-1])
    own = func.lower(c.proposed_by) == actor.name.lower()
    still = and_(c.state == "open", c.until_at > now, ~own)
    waiting = and_(still, or_(*decidable)) if decidable else false()
    return Listing(
        connection,
        source=approval,
        columns={
            "action": c.action,
            "subject": c.subject,
            "school": c.school_id,
            "school_name": school_name_of(c.school_id, approval),
            "reason": c.reason,
            "state": state,
            "waiting": case((waiting, literal(True)), else_=literal(False)),
            "mine": case((own, literal(True)), else_=literal(False)),
            "proposed_by": c.proposed_by,
            "proposed": c.proposed_at,
            "until": c.until_at,
            "decided_by": func.coalesce(c.decided_by, ""),
            "decided": c.decided_at,
            "note": c.decision_note,
            "content": c.detail,
        },
        uid=c.uid,
        key=c.uid,
        search=c.subject + " " + c.reason + " " + c.proposed_by,
        where=[or_(*visible)],
        sort=c.id,
    )


LISTINGS[ACCOUNT.name] = accounts_listing
LISTINGS[DELEGATION.name] = delegations_listing
LISTINGS[APPROVAL.name] = approvals_listing
