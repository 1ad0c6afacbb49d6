"""The scope of an actor as a WHERE clause: where every read of the inventory starts."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Select, false, or_, select, true

from inventory.kinds import Kind
from schoolops.core.permissions import ESTATE_READ, PERMISSIONS, Actor, Scope
from schoolops.db.access import read_permission, require
from schoolops.estate.models import TABLES


def in_scope(
    actor: Actor, school_id: ColumnElement[int], permission: str = ESTATE_READ
) -> ColumnElement[bool]:
    """WHERE for rows whose school lies where the actor has the permission.

    Who has it for the whole city also sees what belongs to no school.
    """
    return inside(actor.scope(permission), school_id)


def inside(scope: Scope, school_id: ColumnElement[int]) -> ColumnElement[bool]:
    """WHERE for rows whose school lies in the scope."""
    if scope.everywhere:
        return true()
    schools = schools_in(scope)
    return false() if schools is None else school_id.in_(schools)


def schools_in(scope: Scope) -> Select[int] | None:
    """The ids of the schools in a limited scope; None when it names none."""
    schools = TABLES["school"]
    allowed: list[ColumnElement[bool]] = []
    if scope.schools:
        allowed.append(schools.c.number.in_(scope.schools))
    if scope.authorities:
        allowed.append(schools.c.authority.in_(scope.authorities))
    return select(schools.c.id).where(or_(*allowed)) if allowed else None


def reading_scope(actor: Actor, kind: Kind) -> Scope:
    """Where the actor reads records of the kind.

    A record whose key names a person is read where such fields are open: there is no way to
    show it without its key.
    """
    permission = read_permission(kind)
    for name in kind.key:
        if field_class := kind.field(name).personal:
            return actor.sees(permission, PERMISSIONS[permission].purpose, field_class)
    return actor.scope(permission)


def place_of(connection: Connection, school_id: int | None) -> tuple[str | None, str | None]:
    """(number, authority) of a school, for `Scope.covers`; (None, None) for no school."""
    if school_id is None:
        return None, None
    schools = TABLES["school"]
    row = connection.execute(
        select(schools.c.number, schools.c.authority).where(schools.c.id == school_id)
    ).one_or_none()
    return (row.number, row.authority) if row else (None, None)


def readable_by(actor: Actor, kind: Kind) -> ColumnElement[bool]:
    """Where every read of a kind starts. `Forbidden` when the actor may not read it at all."""
    require(actor, read_permission(kind))
    column = school_column(kind.name, TABLES[kind.name])
    return inside(reading_scope(actor, kind), column)


def school_column(kind_name: str, table: object) -> ColumnElement[int]:
    """The column that says to which school a row belongs."""
    columns = table.c  # type: ignore[attr-defined]
    column: ColumnElement[int] = columns.id if kind_name == "school" else columns.school_id
    return column
