"""The roles: which permissions each has, where it is held, and which personal fields it opens.

A new role is one entry in `ROLES`. What is not granted here is denied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schoolops.core.permissions.catalogue import (
    ACCESS_EXPLAIN,
    ACCOUNTS_READ,
    ACCOUNTS_WRITE,
    AGENTS_WRITE,
    APPROVE,
    AUDIT_READ,
    BACKUP,
    BREAK_GLASS,
    CONTACTS_READ,
    CONTACTS_WRITE,
    CREDENTIALS_WRITE,
    DELEGATE,
    ESTATE_READ,
    ESTATE_WRITE,
    INCIDENTS_WRITE,
    MAIL_WRITE,
    PASSWORDS_RESET,
    PORTAL_WRITE,
    REPORT,
    TICKETS_OPEN,
    TICKETS_READ,
    TICKETS_WRITE,
    TOKENS_WRITE,
)

Opened = frozenset[tuple[str, str]]
"""(purpose, field class)."""


ADMINISTRATION = frozenset({
    ACCOUNTS_READ, ACCOUNTS_WRITE, APPROVE, AUDIT_READ, BACKUP, DELEGATE, TOKENS_WRITE,
})  # fmt: skip
"""Power over people's rights, and the sight of what everybody does: a stolen password must not be
enough for it. A role with any of these is an administrator's."""


@dataclass(frozen=True, slots=True)
class Role:
    """`says`: what it is for, for people.

    `level`: where it can be held: 'city' (or a school authority), 'school' or 'self'.
    `in_classes`: permissions that hold in a person's own classes alone, not in the school.
    `opens`: which classes of personal fields it opens, for which purpose.
    """

    name: str
    label: str
    says: str
    level: str
    permissions: frozenset[str]
    in_classes: frozenset[str] = frozenset()
    opens: Opened = frozenset()

    @property
    def strong(self) -> bool:
        """An administrator's role: it counts after a sign-in by passkey alone."""
        return not ADMINISTRATION.isdisjoint(self.permissions)


def _opens(**purposes: str) -> Opened:
    return frozenset(
        (purpose, one) for purpose, classes in purposes.items() for one in classes.split()
    )


_EQUIPMENT = frozenset({
    ESTATE_READ, ESTATE_WRITE, CREDENTIALS_WRITE, AGENTS_WRITE, INCIDENTS_WRITE,
    TICKETS_OPEN, TICKETS_READ, TICKETS_WRITE,
})  # fmt: skip
_OWN_SCHOOL = frozenset({ESTATE_READ, CONTACTS_READ})
_AT_SCHOOL = _OWN_SCHOOL | {TICKETS_OPEN}
_FOR_SCHOOL = _AT_SCHOOL | {TICKETS_READ}

_STAFF = _opens(operations="core contact", teaching="core")
_SCHOOL_OFFICE = _opens(operations="core contact", school="core contact",
                        security="core contact", teaching="core")  # fmt: skip

ROLES: Mapping[str, Role] = MappingProxyType({
    role.name: role
    for role in (
        Role(
            "authority-admin", "Administrator of the school authority",
            "may do everything but read pupils' files", "city",
            _EQUIPMENT | _OWN_SCHOOL | {
                CONTACTS_WRITE, AUDIT_READ, TOKENS_WRITE, BACKUP, ACCOUNTS_READ, ACCOUNTS_WRITE,
                PASSWORDS_RESET, DELEGATE, APPROVE, ACCESS_EXPLAIN, BREAK_GLASS, PORTAL_WRITE,
                MAIL_WRITE,
            },
            opens=_SCHOOL_OFFICE | _opens(oversight="core"),
        ),
        Role(
            "service-provider", "Service provider", "runs the equipment; sees no person", "city",
            _EQUIPMENT,
        ),
        Role(
            "technician", "Technician", "runs the equipment and calls the schools", "city",
            _EQUIPMENT | {CONTACTS_READ, BREAK_GLASS}, opens=_opens(operations="core contact"),
        ),
        Role(
            "school-admin", "Administrator of a school",
            "runs the accounts and contacts of a school", "school",
            _FOR_SCHOOL | {
                CONTACTS_WRITE, ACCOUNTS_READ, PASSWORDS_RESET, DELEGATE, ACCESS_EXPLAIN,
                BREAK_GLASS,
            },
            opens=_SCHOOL_OFFICE,
        ),
        Role(
            "head", "Head teacher",
            "like a school's administrator; approves what others propose", "school",
            _FOR_SCHOOL | {
                CONTACTS_WRITE, ACCOUNTS_READ, PASSWORDS_RESET, DELEGATE, APPROVE, ACCESS_EXPLAIN,
                BREAK_GLASS,
            },
            opens=_SCHOOL_OFFICE | _opens(school="guardian sensitive"),
        ),
        Role(
            "secretary", "Secretary", "keeps the contacts of a school", "school",
            _FOR_SCHOOL | {CONTACTS_WRITE},
            opens=_opens(operations="core contact", school="core contact guardian"),
        ),
        Role(
            "media-coordinator", "Media coordinator",
            "first help at a school; resets passwords", "school",
            _FOR_SCHOOL | {PASSWORDS_RESET}, opens=_STAFF,
        ),
        Role(
            "teacher", "Teacher", "sees the own school; resets passwords of the own classes",
            "school", _AT_SCHOOL, in_classes=frozenset({PASSWORDS_RESET}), opens=_STAFF,
        ),
        Role(
            "viewer", "Viewer", "reads the inventory and the contacts, changes nothing", "city",
            _OWN_SCHOOL, opens=_opens(operations="core contact"),
        ),
        Role("pupil", "Pupil", "sees what concerns the pupil alone", "self", frozenset()),
        Role(
            "data-protection-officer", "Data protection officer",
            "reads the audit and who may do what", "city",
            frozenset({ESTATE_READ, AUDIT_READ, ACCOUNTS_READ, ACCESS_EXPLAIN, APPROVE}),
            opens=_opens(oversight="core", security="core contact"),
        ),
        Role(
            "auditor", "Auditor", "reads the inventory and the audit", "city",
            frozenset({ESTATE_READ, AUDIT_READ, ACCESS_EXPLAIN}),
        ),
        Role("agent", "Agent at a school", "reports measurements", "self", frozenset({REPORT})),
    )
})  # fmt: skip

PERSON_ROLES: tuple[str, ...] = tuple(name for name in ROLES if name != "agent")
