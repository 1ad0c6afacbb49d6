"""Who may be given a right for a time, by a delegation or in an emergency: pure decisions.

Nobody becomes by a loan what their own roles do not make them. Asked when a right is given and
again whenever it is used, for roles change.
"""

from __future__ import annotations

from schoolops.core.permissions.actors import Actor
from schoolops.core.permissions.catalogue import ABOUT_PERSONS, EVERYDAY
from schoolops.core.permissions.roles import ROLES


def works_here(actor: Actor) -> bool:
    """Whether the own roles make somebody staff or a provider: some role, and none that is held
    for oneself alone (a pupil, an agent)."""
    levels = {ROLES[grant.role].level for grant in actor.grants if grant.role}
    return bool(levels) and "self" not in levels


def works_with_persons(actor: Actor) -> bool:
    """Whether an own role opens fields of persons for everyday work, not for oversight alone."""
    return any(
        purpose in EVERYDAY for grant in actor.grants if grant.role for purpose, _ in grant.opens
    )


def may_borrow(actor: Actor, permission: str) -> bool:
    """Whether that permission may be lent to them."""
    return works_here(actor) and (permission not in ABOUT_PERSONS or works_with_persons(actor))
