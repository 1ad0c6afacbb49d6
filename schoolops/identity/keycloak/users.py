"""Accounts from a file into Keycloak: compared first, told row by row, then written.

Usernames stay, and nobody is deleted. At the schools that a file names for a person, the person
gets the roles and classes of the file; what the person is elsewhere stays.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from schoolops.identity.keycloak.admin import each, reason_of
from schoolops.identity.keycloak.people import People, Person

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

Object = dict[str, Any]
PAGE = 1000
NEW, CHANGED, SAME, REFUSED = "new", "changed", "same", "refused"
LETTERS = "abcdefghkmnpqrstuvwxyz23456789"
"""Without what looks alike on paper."""


@dataclass
class Row:
    """What happens, or happened, to one person."""

    row: int
    username: str
    outcome: str
    reason: str = ""
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    password: str = field(default="", repr=False)
    joins: list[str] = field(default_factory=list)
    leaves: list[str] = field(default_factory=list)
    user: Object = field(default_factory=dict, repr=False)


def all_users(admin: KeycloakAdmin) -> list[Object]:
    """Every account of the realm, attributes included, by pages."""
    users: list[Object] = []
    while True:
        page = admin.get_users({"first": len(users), "max": PAGE, "briefRepresentation": "false"})
        users += page
        if len(page) < PAGE:
            return users


def plan(admin: KeycloakAdmin, people: People, group_ids: dict[str, str]) -> list[Row]:
    """What an import would do, in the order of the file. Reads only."""
    users = {user["username"]: user for user in all_users(admin)}
    emails = {user["email"]: user["username"] for user in users.values() if user.get("email")}
    known = [person for person in people.persons.values() if person.username in users]
    there = compare(admin, known, users, group_ids)
    rows = [Row(row, name, REFUSED, why) for row, (name, why) in people.refused.items()]
    for person in people.persons.values():
        name = person.username
        if person.email and emails.get(person.email, name) != name:
            rows.append(Row(person.row, name, REFUSED, "another account has this e-mail address"))
        elif name in there:
            rows.append(there[name])
        else:
            rows.append(Row(person.row, name, NEW, user=_new(person)))
    return sorted(rows, key=lambda row: row.row)


def compare(
    admin: KeycloakAdmin, persons: list[Person], users: dict[str, Object], group_ids: dict[str, str]
) -> dict[str, Row]:
    """Username → what changes, of persons who have an account in `users`."""
    groups = _memberships(admin, persons, group_ids)
    return {
        person.username: _compare(
            person, users[person.username], groups.get(person.username, set())
        )
        for person in persons
    }


def _memberships(
    admin: KeycloakAdmin, persons: list[Person], group_ids: dict[str, str]
) -> dict[str, set[str]]:
    """Username → groups, of the groups that the file speaks about.

    By group, since there are fewer of them, and Keycloak works out the path of a user's group
    each time.
    """
    schools = {school for person in persons for school in person.schools}
    named = {path for person in persons for path in person.groups}
    paths = sorted(named | {path for path in group_ids if _school(path) in schools})

    def members(path: str) -> list[Object]:
        found: list[Object] = []
        while True:
            page = admin.get_group_members(
                group_ids[path], {"first": len(found), "max": PAGE, "briefRepresentation": "true"}
            )
            found += page
            if len(page) < PAGE:
                return found

    groups: dict[str, set[str]] = {}
    for path, found in zip(paths, each(members, paths), strict=True):
        for user in found:
            groups.setdefault(user["username"], set()).add(path)
    return groups


def _new(person: Person) -> Object:
    return {
        "username": person.username,
        "firstName": person.given_name,
        "lastName": person.family_name,
        "email": person.email or None,
        "emailVerified": bool(person.email),
        "enabled": True,
        "groups": sorted(person.groups),
        "attributes": _attributes(person.classes, person.source_id),
    }


def _attributes(classes: set[str], source_id: str) -> Object:
    return {
        "classes": sorted(classes),
        "source_id": [source_id] if source_id else [],
    }


def _compare(person: Person, user: Object, groups: set[str]) -> Row:
    attributes = user.get("attributes") or {}
    elsewhere = {
        one for one in attributes.get("classes", ()) if one.partition("/")[0] not in person.schools
    }
    now = {
        "firstName": user.get("firstName") or "",
        "lastName": user.get("lastName") or "",
        "email": user.get("email") or "",
        "classes": " ".join(sorted(attributes.get("classes", ()))),
        "source_id": "".join(attributes.get("source_id", ())),
    }
    then = {
        "firstName": person.given_name,
        "lastName": person.family_name,
        "email": person.email or now["email"],
        "classes": " ".join(sorted(elsewhere | person.classes)),
        "source_id": person.source_id or now["source_id"],
    }
    if user.get("federationLink"):  # names and address are the directory's
        then |= {name: now[name] for name in ("firstName", "lastName", "email")}
    changes = {name: (now[name], then[name]) for name in now if now[name] != then[name]}
    here = {path for path in groups if _school(path) in person.schools}
    joins, leaves = sorted(person.groups - groups), sorted(here - person.groups)
    if joins or leaves:
        changes["groups"] = (" ".join(leaves), " ".join(joins))
    whole = {
        **user,
        "firstName": then["firstName"],
        "lastName": then["lastName"],
        "email": then["email"] or None,
        "attributes": {
            **attributes,
            **_attributes(elsewhere | person.classes, then["source_id"]),
        },
    }
    return Row(
        person.row, person.username, CHANGED if changes else SAME, "", changes,
        joins=joins, leaves=leaves, user=whole,
    )  # fmt: skip


def _school(path: str) -> str:
    parts = path.split("/")
    return parts[2] if parts[1:2] == ["schools"] and len(parts) == 4 else ""


def apply(
    admin: KeycloakAdmin, rows: list[Row], group_ids: dict[str, str], *, passwords: bool
) -> None:
    """Write what was planned; a row that Keycloak refuses says why and stops no other.

    With `passwords`, new accounts get one that has to be changed at the first sign-in.
    """
    from keycloak.exceptions import KeycloakOperationError

    def write(row: Row) -> None:
        try:
            if row.outcome == NEW:
                _create(admin, row, passwords=passwords)
            else:
                _change(admin, row, group_ids)
        except KeycloakOperationError as error:
            if error.response_code not in (400, 409):
                raise
            row.outcome, row.reason, row.password = REFUSED, reason_of(error), ""

    each(write, [row for row in rows if row.outcome in (NEW, CHANGED)])


def _create(admin: KeycloakAdmin, row: Row, *, passwords: bool) -> None:
    user = dict(row.user)
    if passwords:
        row.password = new_password()
        user["credentials"] = [_hashed(row.password)]
    admin.create_user(user)


def _change(admin: KeycloakAdmin, row: Row, group_ids: dict[str, str]) -> None:
    id = row.user["id"]
    if set(row.changes) - {"groups"}:
        admin.update_user(id, row.user)
    for path in row.joins:
        admin.group_user_add(id, group_ids[path])
    for path in row.leaves:
        admin.group_user_remove(id, group_ids[path])


def _hashed(password: str) -> Object:
    """A first password as Keycloak keeps it.

    Keycloak's own hash costs it 0.2 s of CPU, against guessing of what people choose. A random
    password of 59 bits needs no such protection, and Keycloak hashes it anew when it is used.
    """
    salt = secrets.token_bytes(16)
    rounds = 1000
    value = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, 64)
    secret = {"value": b64encode(value).decode(), "salt": b64encode(salt).decode()}
    how = {"hashIterations": rounds, "algorithm": "pbkdf2-sha512", "additionalParameters": {}}
    return {
        "type": "password",
        "temporary": True,
        "secretData": json.dumps(secret),
        "credentialData": json.dumps(how),
    }


def new_password() -> str:
    """Three groups of four letters and digits, to be typed from paper: 59 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))
