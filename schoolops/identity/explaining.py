"""'Explain this permission': may somebody do something somewhere, and why or why not."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Forbidden, Invalid
from schoolops.core.permissions import (
    ACCESS_EXPLAIN,
    FIELD_CLASSES,
    PERMISSIONS,
    Actor,
    Grant,
    Resource,
    explain,
)
from schoolops.estate.repository import Estate
from schoolops.identity.accounts import actor_of_account


def explain_access(
    connection: Connection,
    actor: Actor,
    now: int,
    who: str,
    permission: str,
    school: str = "",
    class_name: str = "",
    field_class: str = "",
) -> dict[str, Any]:
    """The decision about `who` (a user name, '' for oneself) with its reason and its grants."""
    if permission not in PERMISSIONS:
        raise Invalid(
            say(
                "there is no permission {name!r}; known are {known}",
                name=permission,
                known=", ".join(PERMISSIONS),
            )
        )
    if field_class and field_class not in FIELD_CLASSES:
        raise Invalid(
            say(
                "there is no class of fields {name!r}; known are {known}",
                name=field_class,
                known=", ".join(FIELD_CLASSES),
            )
        )
    number = authority = None
    if school:
        row = Estate(connection, actor, now).find(KINDS["school"], school)
        number, authority = row.number, row.authority
    person = actor
    if who and who != actor.name:
        if not actor.scope(ACCESS_EXPLAIN).covers(number, authority):
            raise Forbidden(
                say("you may ask for schools where you hold {name}", name=ACCESS_EXPLAIN)
            )
        person = actor_of_account(connection, who, now)
    found = explain(person, permission, Resource(number, authority, class_name, field_class))
    return {
        "who": person.name,
        "permission": permission,
        "means": PERMISSIONS[permission].label,
        "purpose": PERMISSIONS[permission].purpose,
        "allowed": found.allowed,
        "reason": found.reason,
        "by": [_shown(grant) for grant in found.grants],
        "holds": [_shown(grant) for grant in person.grants],
    }


def _shown(grant: Grant) -> dict[str, Any]:
    return {
        "source": grant.source,
        "scope": grant.scope.text(),
        "until": to_iso(grant.until),
        "permissions": sorted(grant.permissions),
        "opens": sorted(f"{purpose}: {one}" for purpose, one in grant.opens),
    }
