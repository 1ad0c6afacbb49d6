"""Who acts, and where: scopes, grants, actors. Immutable, without database or network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from schoolops.core.permissions.roles import ROLES, Opened

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a right holds: the whole city, school authorities, schools, classes; or nowhere.

    `schools`: school numbers. `classes`: 'school number/class'.
    """

    everywhere: bool = False
    authorities: frozenset[str] = _NONE
    schools: frozenset[str] = _NONE
    classes: frozenset[str] = _NONE

    def __or__(self, other: Scope) -> Scope:
        if self.everywhere or other.everywhere:
            return CITY
        return Scope(
            False,
            self.authorities | other.authorities,
            self.schools | other.schools,
            self.classes | other.classes,
        )

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.authorities or self.schools or self.classes)

    def covers(self, school: str | None, authority: str | None = None, group: str = "") -> bool:
        """Whether it holds for that school, or for that class of it.

        What belongs to no school (a city-wide service) is for those without limit.
        """
        if self.everywhere:
            return True
        if school is None:
            return False
        if school in self.schools or (authority is not None and authority in self.authorities):
            return True
        return bool(group) and f"{school}/{group}" in self.classes

    def includes(self, other: Scope) -> bool:
        """Whether it names every place that the other names."""
        return self.everywhere or (
            not other.everywhere
            and other.authorities <= self.authorities
            and other.schools <= self.schools
            and other.classes <= self.classes
        )


CITY = Scope(everywhere=True)
NOWHERE = Scope()


@dataclass(frozen=True, slots=True)
class Grant:
    """Permissions somewhere, perhaps for a time.

    `until`: UTC microseconds, None for as long as the source holds. `source`: where it comes
    from, for 'explain': a role's name, 'delegation 12', 'emergency 3'.
    """

    permissions: frozenset[str]
    scope: Scope
    source: str
    until: int | None = None
    opens: Opened = frozenset()
    role: str = ""

    @property
    def kind(self) -> str:
        """The first word of the source: a role's name, 'delegation' or 'emergency'."""
        return self.source.partition(" ")[0]


def grants_of(
    role: str, scope: Scope, *, classes: Iterable[str] = (), until: int | None = None
) -> tuple[Grant, ...]:
    """What a role means in a scope; an unknown role grants nothing."""
    known = ROLES.get(role)
    if known is None:
        return ()
    found = [Grant(known.permissions, scope, role, until, known.opens, role)]
    own = frozenset(classes)
    if known.in_classes and own:
        narrow = Scope(classes=own)
        found.append(Grant(known.in_classes, narrow, role, until, known.opens, role))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: a person, the computer's own user, an agent.

    `account`: the person's id at the identity provider, '' for tokens and the local user.
    `token`: who asks came with a token of ours, which says a role and not who holds it.
    """

    name: str
    grants: tuple[Grant, ...] = ()
    account: str = ""
    shown: str = ""
    token: bool = False
    permissions: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        held = frozenset[str]().union(*(grant.permissions for grant in self.grants))
        object.__setattr__(self, "permissions", held)

    @classmethod
    def of(
        cls,
        name: str,
        role: str,
        *,
        authority: str | None = None,
        schools: Iterable[str] | None = None,
        classes: Iterable[str] = (),
    ) -> Actor:
        """An actor of one role: of these schools, of an authority, else of the whole city."""
        if schools is not None:
            scope = Scope(schools=frozenset(schools))
        else:
            scope = Scope(authorities=frozenset({authority})) if authority else CITY
        return cls(name, grants_of(role, scope, classes=classes))

    @property
    def role(self) -> str:
        """The roles for people, joined by commas."""
        return ", ".join(dict.fromkeys(grant.role for grant in self.grants if grant.role))

    def may(self, permission: str) -> bool:
        """Whether it is held at all, in whatever scope."""
        return permission in self.permissions

    def scope(self, permission: str) -> Scope:
        """Where it is held."""
        found = (grant.scope for grant in self.grants if permission in grant.permissions)
        return reduce(Scope.__or__, found, NOWHERE)

    def sees(self, permission: str, purpose: str, field_class: str) -> Scope:
        """Where personal fields of the class are open to whoever uses that permission."""
        wanted = (purpose, field_class)
        found = (
            grant.scope
            for grant in self.grants
            if permission in grant.permissions and wanted in grant.opens
        )
        return reduce(Scope.__or__, found, NOWHERE)

    def whole_scope(self) -> Scope:
        """All places where anything is held."""
        return reduce(Scope.__or__, (grant.scope for grant in self.grants), NOWHERE)

    def at(self, now: int) -> Actor:
        """The actor without what has ended by `now` (UTC microseconds)."""
        left = tuple(g for g in self.grants if g.until is None or g.until > now)
        if len(left) == len(self.grants):
            return self
        return replace(self, grants=left)

    def by_roles(self) -> Actor:
        """The actor with what comes from roles alone: nothing that was lent for a time."""
        return replace(self, grants=tuple(grant for grant in self.grants if grant.role))

    def to_json(self) -> dict[str, Any]:
        """For what is done later in the person's name (a download, a job)."""
        return {
            "name": self.name,
            "account": self.account,
            "token": self.token,
            "grants": [_grant_json(grant) for grant in self.grants],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Actor:
        """What `to_json` wrote."""
        grants = tuple(_grant_of(one) for one in stored["grants"])
        return cls(stored["name"], grants, account=stored.get("account", ""),
                   token=stored.get("token", False))  # fmt: skip


def _grant_json(grant: Grant) -> dict[str, Any]:
    scope = grant.scope
    return {
        "permissions": sorted(grant.permissions),
        "everywhere": scope.everywhere,
        "authorities": sorted(scope.authorities),
        "schools": sorted(scope.schools),
        "classes": sorted(scope.classes),
        "source": grant.source,
        "until": grant.until,
        "opens": sorted(grant.opens),
        "role": grant.role,
    }


def _grant_of(stored: Mapping[str, Any]) -> Grant:
    return Grant(
        frozenset(stored["permissions"]),
        Scope(
            stored["everywhere"],
            frozenset(stored["authorities"]),
            frozenset(stored["schools"]),
            frozenset(stored["classes"]),
        ),
        stored["source"],
        stored["until"],
        frozenset((purpose, one) for purpose, one in stored["opens"]),
        stored["role"],
    )


SYSTEM = Actor.of("schoolops", "authority-admin")
"""The server itself: nightly work, migrations."""
