"""Who may do what: role x place x purpose x class of field, without database or network.

`Actor.may` says whether a permission is held at all; `Actor.scope` where. Repositories turn
the scope into a WHERE clause, so that what may not be seen is never read. Everything not
granted is denied.
"""

from __future__ import annotations

from schoolops.core.permissions.actors import (
    CITY,
    NOWHERE,
    SYSTEM,
    Actor,
    Grant,
    Scope,
    grants_of,
)
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
    FIELD_CLASSES,
    PASSWORDS_RESET,
    PERMISSIONS,
    PORTAL_WRITE,
    PURPOSES,
    REPORT,
    TOKENS_WRITE,
    Permission,
)
from schoolops.core.permissions.decisions import Decision, Resource, decide, explain
from schoolops.core.permissions.roles import PERSON_ROLES, ROLES, Role

__all__ = [
    "ACCESS_EXPLAIN",
    "ACCOUNTS_READ",
    "ACCOUNTS_WRITE",
    "AGENTS_WRITE",
    "APPROVE",
    "AUDIT_READ",
    "BACKUP",
    "BREAK_GLASS",
    "CITY",
    "CONTACTS_READ",
    "CONTACTS_WRITE",
    "CREDENTIALS_WRITE",
    "DELEGATE",
    "ESTATE_READ",
    "ESTATE_WRITE",
    "FIELD_CLASSES",
    "NOWHERE",
    "PASSWORDS_RESET",
    "PERMISSIONS",
    "PERSON_ROLES",
    "PORTAL_WRITE",
    "PURPOSES",
    "REPORT",
    "ROLES",
    "SYSTEM",
    "TOKENS_WRITE",
    "Actor",
    "Decision",
    "Grant",
    "Permission",
    "Resource",
    "Role",
    "Scope",
    "decide",
    "explain",
    "grants_of",
]
