"""Which permission a kind of record asks for, and refusals that say what is missing."""

from __future__ import annotations

from inventory.kinds import Kind
from inventory.sentences import Sentence, join, say
from schoolops.core.errors import Forbidden
from schoolops.core.permissions import (
    ACCOUNTS_READ,
    ACCOUNTS_WRITE,
    AGENTS_WRITE,
    AUDIT_READ,
    CONTACTS_READ,
    CONTACTS_WRITE,
    CREDENTIALS_WRITE,
    ESTATE_READ,
    ESTATE_WRITE,
    INCIDENTS_WRITE,
    TICKETS_OPEN,
    Actor,
    Scope,
)

_READ = {
    "contact": CONTACTS_READ,
    "event": AUDIT_READ,
    "account": ACCOUNTS_READ,
    "on-call": INCIDENTS_WRITE,
    "ticket": TICKETS_OPEN,
}
_WRITE = {
    "contact": CONTACTS_WRITE,
    "credential": CREDENTIALS_WRITE,
    "agent": AGENTS_WRITE,
    "account": ACCOUNTS_WRITE,
}
OWN = frozenset({"delegation", "approval"})
"""Kinds of which everybody may list what concerns oneself."""


def read_permission(kind: Kind) -> str:
    return _READ.get(kind.name, ESTATE_READ)


def write_permission(kind: Kind) -> str:
    return _WRITE.get(kind.name, ESTATE_WRITE)


def scope_of(scope: Scope) -> Sentence:
    """A scope for a sentence."""
    if scope.everywhere:
        return say("all schools")
    parts = [say("authority {authority}", authority=name) for name in sorted(scope.authorities)]
    if scope.schools:
        parts.append(say("schools {numbers}", numbers=", ".join(sorted(scope.schools))))
    if scope.classes:
        parts.append(say("classes {names}", names=", ".join(sorted(scope.classes))))
    if len(parts) == 1:
        return parts[0]
    return join(parts) if parts else say("no school")


def outside(actor: Actor, permission: str) -> Sentence:
    """Why an actor may not write at a school."""
    scope = scope_of(actor.scope(permission))
    return say("{name} may change {scope} only", name=actor.name, scope=scope)


def locked() -> Forbidden:
    """The refusal of the second lock (`row_security`), should the first one have failed."""
    return Forbidden(
        say("the database refused this change: you may not write there"), code="access.locked"
    )


def require(actor: Actor, permission: str) -> None:
    """Raise `Forbidden` unless the actor has the permission somewhere."""
    if not actor.may(permission):
        raise Forbidden(
            say(
                "the role {role} has no permission {permission}; ask an administrator",
                role=actor.role or "-",
                permission=permission,
            )
        )


def require_everywhere(actor: Actor, permission: str) -> None:
    """Raise `Forbidden` unless the actor has the permission for the whole city."""
    require(actor, permission)
    scope = actor.scope(permission)
    if not scope.everywhere:
        raise Forbidden(
            say("this concerns the whole city; yours is {scope} only", scope=scope_of(scope))
        )
