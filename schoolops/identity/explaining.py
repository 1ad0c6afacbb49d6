"""'Explain this permission': may somebody do something somewhere, and why or why not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from inventory.choices import GRANT_SOURCES
from inventory.kinds import KINDS
from inventory.sentences import Sentence, join, say, wire
from schoolops.core.clock import to_iso
from schoolops.core.errors import Forbidden, Invalid
from schoolops.core.permissions import (
    ACCESS_EXPLAIN,
    FIELD_CLASSES,
    PERMISSIONS,
    PURPOSES,
    ROLES,
    Actor,
    Decision,
    Grant,
    Permission,
    Resource,
    Why,
    explain,
    roles_with,
)
from schoolops.db.access import scope_of
from schoolops.db.engine import UnitOfWork
from schoolops.estate.repository import Estate
from schoolops.identity.accounts import actor_of_account, find_account


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
            if number is None and actor.may(ACCESS_EXPLAIN):
                raise Forbidden(
                    say(
                        "about somebody else you may ask at a school, for {scope}: name it with "
                        "--school",
                        scope=scope_of(actor.scope(ACCESS_EXPLAIN)),
                    )
                )
            raise Forbidden(
                say("you may ask for schools where you hold {name}", name=ACCESS_EXPLAIN)
            )
        person = actor_of_account(connection, who, now)
    there = Resource(number, authority, class_name, field_class)
    found = explain(person, permission, there)
    reason = _reason(found, person, PERMISSIONS[permission], there)
    return {
        "who": person.name,
        "permission": permission,
        "means": PERMISSIONS[permission].label,
        "purpose": PERMISSIONS[permission].purpose,
        "allowed": found.allowed,
        "reason": reason,
        **wire(reason),
        "by": [_shown(grant) for grant in found.grants],
        "holds": [_shown(grant) for grant in person.grants],
    }


def audit_question(unit: UnitOfWork, who: str, permission: str, school: str = "") -> None:
    """Note who asked about whom, by the account's id; about oneself one may always ask."""
    person = find_account(unit.connection, who)
    if person.username == unit.actor.name:
        return
    school_id = None
    if school:
        school_id = Estate(unit.connection, unit.actor, unit.now).find(KINDS["school"], school).id
    unit.audit("explain access", "account", person.uid, school_id, {"permission": permission})


def _reason(found: Decision, person: Actor, asked: Permission, there: Resource) -> Sentence:
    if found.why is Why.NOT_HELD:
        return say(
            "{role} does not include {permission}; it comes with: {roles}",
            role=_labels(person.role.split(", ")) if person.role else say("no role"),
            permission=asked.name,
            roles=_labels(roles_with(asked.name)),
        )
    if found.why is Why.ELSEWHERE:
        scope = scope_of(person.scope(asked.name))
        if there.school is None:
            return say(
                "{permission} is not held for the whole city; it is for {scope}: ask with --school",
                permission=asked.name,
                scope=scope,
            )
        return say("{permission} is held for {scope}, not here", permission=asked.name, scope=scope)
    if found.why is Why.CLOSED:
        return say(
            "{permission} is held, but fields of the class {fields} are not open for the purpose "
            "{purpose}",
            permission=asked.name,
            fields=there.field_class,
            purpose=say(PURPOSES[asked.purpose]),
        )
    sources = list(dict.fromkeys(_source(grant) for grant in found.grants))
    return say(
        "{permission} comes from {sources}",
        permission=asked.name,
        sources=join(sources, ", ") if len(sources) > 1 else sources[0],
    )


def _labels(roles: Iterable[str]) -> Sentence:
    found = [say(ROLES[name].label) for name in roles]
    return join(found, ", ") if len(found) > 1 else found[0]


def _source(grant: Grant) -> Sentence:
    return say(ROLES[grant.role].label if grant.role else GRANT_SOURCES[grant.kind])


def _shown(grant: Grant) -> dict[str, Any]:
    scope = scope_of(grant.scope)
    return {
        "source": grant.source,
        "scope": scope,
        **wire(scope),
        "until": to_iso(grant.until),
        "permissions": sorted(grant.permissions),
        "opens": sorted(f"{purpose}: {one}" for purpose, one in grant.opens),
    }
