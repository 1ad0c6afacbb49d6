"""The scope of an actor as a WHERE clause: where every read of the inventory starts."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_, select, true

from inventory.kinds import Kind
from schoolops.core.permissions import ESTATE_READ, Actor
from schoolops.db.access import read_permission, require
from schoolops.estate.models import TABLES


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
    allowed: list[ColumnElement[bool]] = []
    if scope.schools:
        allowed.append(schools.c.number.in_(scope.schools))
    if scope.authorities:
        allowed.append(schools.c.authority.in_(scope.authorities))
    return school_id.in_(select(schools.c.id).where(or_(*allowed))) if allowed else false()


def readable_by(actor: Actor, kind: Kind) -> ColumnElement[bool]:
    """Where every read of a kind starts. `Forbidden` when the actor may not read it at all."""
    permission = read_permission(kind)
    require(actor, permission)
    return in_scope(actor, school_column(kind.name, TABLES[kind.name]), permission)


def school_column(kind_name: str, table: object) -> ColumnElement[int]:
    """The column that says to which school a row belongs."""
    columns = table.c  # type: ignore[attr-defined]
    column: ColumnElement[int] = columns.id if kind_name == "school" else columns.school_id
    return column
