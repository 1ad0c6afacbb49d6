"""The permissions there are: what each allows, and for what purpose it may be used.

A new permission is one line here, and its name in the roles that have it (`roles.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
ACCOUNTS_READ = "accounts.read"
ACCOUNTS_WRITE = "accounts.write"
PASSWORDS_RESET = "passwords.reset"
DELEGATE = "delegations.write"
APPROVE = "approvals.decide"
ACCESS_EXPLAIN = "access.explain"
BREAK_GLASS = "access.emergency"
PORTAL_WRITE = "portal.write"
MAIL_WRITE = "mail.write"
INCIDENTS_WRITE = "incidents.write"
TICKETS_OPEN = "tickets.open"
TICKETS_READ = "tickets.read"
TICKETS_WRITE = "tickets.write"

PURPOSES: Mapping[str, str] = MappingProxyType({
    "operations": "Running the equipment and the buildings",
    "school": "Administration of a school",
    "teaching": "Teaching",
    "oversight": "Audit and data protection",
    "security": "Accounts and access",
})  # fmt: skip
"""Purpose → what it is. Personal fields are opened for a purpose, not for a person."""

FIELD_CLASSES: Mapping[str, str] = MappingProxyType({
    "core": "Name, class, role of a person",
    "contact": "Telephone, e-mail, address of a person",
    "guardian": "Guardians and their contacts",
    "sensitive": "Health, support needs, measures",
})  # fmt: skip
"""Class of personal fields → what belongs to it. Fields without a class are about no person."""


@dataclass(frozen=True, slots=True)
class Permission:
    """`label`: what it allows, for people. `purpose`: for what it may be used."""

    name: str
    label: str
    purpose: str


PERMISSIONS: Mapping[str, Permission] = MappingProxyType({
    permission.name: permission
    for permission in (
        Permission(ESTATE_READ, "see schools, rooms, devices and lines", "operations"),
        Permission(ESTATE_WRITE, "change schools, rooms, devices and lines", "operations"),
        Permission(CONTACTS_READ, "see the contacts of schools", "operations"),
        Permission(CONTACTS_WRITE, "change the contacts of schools", "school"),
        Permission(CREDENTIALS_WRITE, "set the credentials of equipment", "operations"),
        Permission(AGENTS_WRITE, "invite and revoke agents, adopt devices", "operations"),
        Permission(AUDIT_READ, "read the audit", "oversight"),
        Permission(TOKENS_WRITE, "make and revoke tokens", "security"),
        Permission(BACKUP, "make and list backups", "operations"),
        Permission(REPORT, "report measurements", "operations"),
        Permission(ACCOUNTS_READ, "see people and their roles", "security"),
        Permission(ACCOUNTS_WRITE, "give and take roles, end sessions", "security"),
        Permission(PASSWORDS_RESET, "reset pupils' passwords", "teaching"),
        Permission(DELEGATE, "delegate own rights for a time", "security"),
        Permission(APPROVE, "approve what somebody else proposed", "security"),
        Permission(ACCESS_EXPLAIN, "ask who may do what, and why", "oversight"),
        Permission(BREAK_GLASS, "ask for emergency access", "security"),
        Permission(PORTAL_WRITE, "change and preview texts of the web pages", "operations"),
        Permission(INCIDENTS_WRITE, "take incidents on, plan maintenance", "operations"),
        Permission(TICKETS_OPEN, "report faults and follow the own reports", "operations"),
        Permission(TICKETS_READ, "see the tickets of schools", "operations"),
        Permission(TICKETS_WRITE, "work on tickets", "operations"),
        Permission(MAIL_WRITE, "see outgoing mail, try it, send it again", "operations"),
    )
})  # fmt: skip

DELEGABLE = (ESTATE_READ, ESTATE_WRITE, CONTACTS_READ, CONTACTS_WRITE, PASSWORDS_RESET)
"""What can be handed on: everyday work. Rights over rights stay with the roles."""
ABOUT_PERSONS = frozenset({CONTACTS_READ, CONTACTS_WRITE, PASSWORDS_RESET})
"""Of these, what shows or concerns persons: lent only to whose own roles open their fields."""
EVERYDAY = frozenset({"operations", "school", "teaching"})
"""The purposes of those who work with persons; the others watch over them."""
DELEGATION_DAYS = 92
"""The longest delegation."""
IN_EMERGENCIES = (ESTATE_READ, ESTATE_WRITE, CONTACTS_READ, PASSWORDS_RESET)
"""What emergency access can give."""
EMERGENCY_HOURS = 8
"""The longest emergency access."""
READING = frozenset({ESTATE_READ, CONTACTS_READ, AUDIT_READ, ACCOUNTS_READ, ACCESS_EXPLAIN,
                     TICKETS_READ})  # fmt: skip
"""Whoever holds these alone changes nothing."""
