"""Which permission a kind asks for, and the scope of an actor as a WHERE clause."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_, select, true

from inventory.kinds import Kind
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


def require(actor: Actor, permission: str) -> None:
    """Raise `Forbidden` unless the actor's role has the permission."""
    if not actor.may(permission):
        raise Forbidden(
            f"the role {actor.role} has no permission {permission}; ask an administrator"
        )


def require_everywhere(actor: Actor, permission: str) -> None:
    """Raise `Forbidden` unless the actor has the permission for the whole city."""
    require(actor, permission)
    scope = actor.scope(permission)
    if not scope.everywhere:
        raise Forbidden(f"this concerns the whole city; yours is {scope.text()} only")


def in_scope(
    actor: Actor, school_id: ColumnElement[int], permission: str = ESTATE_READ
) -> ColumnElement[bool]:
    """WHERE for rows whose school lies where the actor has the permission.

    Who has it for the whole city also sees what belongs to no school.
    """
    scope = actor.scope(permission)
    if scope.everywhere:
        return true()
    schools = TABLES["school"]
    allowed = []
    if scope.schools:
        allowed.append(schools.c.number.in_(scope.schools))
    if scope.authorities:
        allowed.append(schools.c.authority.in_(scope.authorities))
    return school_id.in_(select(schools.c.id).where(or_(*allowed))) if allowed else false()


def readable_by(actor: Actor, kind: Kind) -> ColumnElement[bool]:
    """Where every read of a kind starts. `Forbidden` when the role may not read it at all."""
    permission = read_permission(kind)
    require(actor, permission)
    return in_scope(actor, school_column(kind.name, TABLES[kind.name]), permission)


def school_column(kind_name: str, table: object) -> ColumnElement[int]:
    """The column that says to which school a row belongs."""
    columns = table.c  # type: ignore[attr-defined]
    column: ColumnElement[int] = columns.id if kind_name == "school" else columns.school_id
    return column
