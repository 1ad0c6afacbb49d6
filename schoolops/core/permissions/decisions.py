"""Pure decisions: may this actor do that there, and why or why not."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Decision:
    """`grants`: those that allow it. `reason`: why not, or by what."""

    allowed: bool
    reason: str
    grants: tuple[Grant, ...] = ()


def decide(
    actor: Actor, permission: str, school: str | None, authority: str | None, group: str = ""
) -> bool:
    """Whether the actor may do it at that school (None: something of no school)."""
    return actor.scope(permission).covers(school, authority, group)


def explain(actor: Actor, permission: str, resource: Resource) -> Decision:
    """The decision with its reason, a grant at a time: what 'explain this permission' shows."""
    known = PERMISSIONS.get(permission)
    if known is None:
        return Decision(False, f"there is no permission {permission!r}")
    held = [grant for grant in actor.grants if permission in grant.permissions]
    if not held:
        roles = actor.role or "no role"
        having = ", ".join(
            name for name, role in ROLES.items()
            if permission in role.permissions | role.in_classes
        )  # fmt: skip
        return Decision(False, f"{roles} does not include {permission}; it comes with: {having}")
    here = [g for g in held if g.scope.covers(resource.school, resource.authority, resource.group)]
    if not here:
        scope = actor.scope(permission).text()
        return Decision(False, f"{permission} is held for {scope}, not here")
    if resource.field_class:
        wanted = (known.purpose, resource.field_class)
        here = [grant for grant in here if wanted in grant.opens]
        if not here:
            return Decision(
                False,
                f"{permission} is held, but fields of the class {resource.field_class} are not "
                f"open for the purpose {known.purpose}",
            )
    sources = ", ".join(dict.fromkeys(grant.source for grant in here))
    return Decision(True, f"{permission} comes from {sources}", tuple(here))
