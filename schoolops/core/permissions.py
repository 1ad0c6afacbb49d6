"""Who may do what: pure decisions over an actor, without database or network.

An `Actor` has one role and one scope. `may` says whether the role has a permission at all;
`decide` also asks whether the school lies in the scope. Repositories turn the scope into a
WHERE clause, so that what may not be seen is never read. Everything not granted is denied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ESTATE_READ = "estate.read"
ESTATE_WRITE = "estate.write"
CONTACTS_READ = "contacts.read"
CONTACTS_WRITE = "contacts.write"
CREDENTIALS_WRITE = "credentials.write"
AGENTS_WRITE = "agents.write"
AUDIT_READ = "audit.read"
TOKENS_WRITE = "tokens.write"
BACKUP = "backup.create"
REPORT = "agent.report"

ROLES: Mapping[str, frozenset[str]] = MappingProxyType({
    "administrator": frozenset({
        ESTATE_READ, ESTATE_WRITE, CONTACTS_READ, CONTACTS_WRITE, CREDENTIALS_WRITE,
        AGENTS_WRITE, AUDIT_READ, TOKENS_WRITE, BACKUP,
    }),
    # The service provider runs the equipment and sees no person.
    "operator": frozenset({ESTATE_READ, ESTATE_WRITE, CREDENTIALS_WRITE, AGENTS_WRITE}),
    "school": frozenset({ESTATE_READ, CONTACTS_READ, CONTACTS_WRITE}),
    "viewer": frozenset({ESTATE_READ, CONTACTS_READ}),
    "auditor": frozenset({ESTATE_READ, AUDIT_READ}),
    "agent": frozenset({REPORT}),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: a person with a token, the computer's own user, an agent.

    `authority` limits to the schools of one school authority, `schools` to these school
    numbers; both None is the whole city.
    """

    name: str
    role: str
    authority: str | None = None
    schools: frozenset[str] | None = None
    agent_id: int | None = None
    permissions: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "permissions", ROLES.get(self.role, frozenset()))

    @property
    def unlimited(self) -> bool:
        return self.authority is None and self.schools is None

    def may(self, permission: str) -> bool:
        """Whether the role grants it, in whatever scope."""
        return permission in self.permissions


def decide(actor: Actor, permission: str, school: str | None, authority: str | None) -> bool:
    """Whether the actor may do it at that school (None: something of no school).

    What belongs to no school (a city-wide service, a credential) is for actors without limit.
    """
    if not actor.may(permission):
        return False
    if actor.unlimited:
        return True
    if school is None:
        return False
    if actor.schools is not None:
        return school in actor.schools
    return authority == actor.authority


SYSTEM = Actor("schoolops", "administrator")
"""The server itself: nightly work, migrations."""
