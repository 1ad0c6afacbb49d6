"""Pure decisions: may this actor do that there, and why or why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from schoolops.core.permissions.actors import Actor, Grant
from schoolops.core.permissions.catalogue import PERMISSIONS
from schoolops.core.permissions.roles import ROLES


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on. `school` None: something of no school; `group`: a class's name.

    `field_class`: the class of personal fields that is asked for, '' for none.
    """

    school: str | None = None
    authority: str | None = None
    group: str = ""
    field_class: str = ""


class Why(Enum):
    """What a decision rests on."""

    GRANTED = "granted"
    UNKNOWN = "unknown"
    """There is no such permission."""
    NOT_HELD = "not held"
    ELSEWHERE = "elsewhere"
    """It is held, but not there."""
    CLOSED = "closed"
    """It is held there, but the class of fields is not open for its purpose."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`grants`: those that allow it; none if it is not allowed."""

    why: Why
    grants: tuple[Grant, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.why is Why.GRANTED


def roles_with(permission: str) -> tuple[str, ...]:
    """The roles that a permission comes with, in a school or in own classes."""
    return tuple(
        name for name, role in ROLES.items() if permission in role.permissions | role.in_classes
    )


def explain(actor: Actor, permission: str, resource: Resource) -> Decision:
    """The decision with what it rests on, a grant at a time: for 'explain this permission'."""
    known = PERMISSIONS.get(permission)
    if known is None:
        return Decision(Why.UNKNOWN)
    held = [grant for grant in actor.grants if permission in grant.permissions]
    if not held:
        return Decision(Why.NOT_HELD)
    here = [g for g in held if g.scope.covers(resource.school, resource.authority, resource.group)]
    if not here:
        return Decision(Why.ELSEWHERE)
    if resource.field_class:
        wanted = (known.purpose, resource.field_class)
        here = [grant for grant in here if wanted in grant.opens]
        if not here:
            return Decision(Why.CLOSED)
    return Decision(Why.GRANTED, tuple(here))
