"""Which permission a kind asks for, and the scope of an actor as a WHERE clause."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, select, true

from inventory.kinds import Kind
from inventory.sentences import Sentence, say
from schoolops.core.errors import Forbidden
from schoolops.core.permissions import (
    AGENTS_WRITE,
    AUDIT_READ,
    CONTACTS_READ,
    CONTACTS_WRITE,
    CREDENTIALS_WRITE,
    ESTATE_READ,
    ESTATE_WRITE,
    Actor,
)
from schoolops.estate.models import TABLES

_READ = {"contact": CONTACTS_READ, "event": AUDIT_READ}
_WRITE = {"contact": CONTACTS_WRITE, "credential": CREDENTIALS_WRITE, "agent": AGENTS_WRITE}


def read_permission(kind: Kind) -> str:
    return _READ.get(kind.name, ESTATE_READ)


def write_permission(kind: Kind) -> str:
    return _WRITE.get(kind.name, ESTATE_WRITE)


def scope_of(actor: Actor) -> Sentence:
    """What an actor's permissions are limited to, for a sentence."""
    if actor.schools is not None:
        return say("schools {numbers}", numbers=", ".join(sorted(actor.schools)))
    if actor.authority:
        return say("authority {authority}", authority=actor.authority)
    return say("all schools")


def outside(actor: Actor) -> Sentence:
    """Why an actor may not write at a school."""
    return say("{name} may change {scope} only", name=actor.name, scope=scope_of(actor))


def require(actor: Actor, permission: str) -> None:
    """Raise `Forbidden` unless the actor's role has the permission."""
    if not actor.may(permission):
        raise Forbidden(
            say(
                "the role {role} has no permission {permission}; ask an administrator",
                role=actor.role,
                permission=permission,
            )
        )


def require_everywhere(actor: Actor, permission: str) -> None:
    """Raise `Forbidden` unless the actor has the permission for the whole city."""
    require(actor, permission)
    if not actor.unlimited:
        raise Forbidden(
            say("this concerns the whole city; yours is {scope} only", scope=scope_of(actor))
        )


def in_scope(actor: Actor, school_id: ColumnElement[int]) -> ColumnElement[bool]:
    """WHERE for rows whose school the actor may see. Unlimited actors also see what has none."""
    if actor.unlimited:
        return true()
    schools = TABLES["school"]
    if actor.schools is not None:
        if not actor.schools:
            return false()
        allowed = select(schools.c.id).where(schools.c.number.in_(actor.schools))
    else:
        allowed = select(schools.c.id).where(schools.c.authority == actor.authority)
    return school_id.in_(allowed)


def readable_by(actor: Actor, kind: Kind) -> ColumnElement[bool]:
    """Where every read of a kind starts. `Forbidden` when the role may not read it at all."""
    require(actor, read_permission(kind))
    table = TABLES[kind.name]
    return in_scope(actor, school_column(kind.name, table))


def school_column(kind_name: str, table: object) -> ColumnElement[int]:
    """The column that says to which school a row belongs."""
    columns = table.c  # type: ignore[attr-defined]
    column: ColumnElement[int] = columns.id if kind_name == "school" else columns.school_id
    return column
