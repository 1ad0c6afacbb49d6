"""Persons of a file, matched with the accounts of a directory that Keycloak federates.

The directory's usernames stay; roles and classes come from the file. Who somebody is, the same
signs decide as for accounts of another system; nobody is made here, and no account of Keycloak's
own is taken for one of the directory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inventory.sentences import say
from schoolops.identity.keycloak import users
from schoolops.identity.keycloak.adoption import (
    AMBIGUOUS,
    MATCHED,
    NEW,
    REFUSED,
    SAME,
    Account,
    Match,
    match,
)

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

    from schoolops.identity.keycloak.people import People, Person

Object = dict[str, Any]


def plan(
    admin: KeycloakAdmin, people: People, group_ids: dict[str, str]
) -> tuple[list[Match], dict[int, users.Row]]:
    """What becomes of each person, and by the file's row what changes at the account. Reads only.

    *Matched*: the account gets something. *Same*: it has it. *New*: the directory does not know
    the person. *Ambiguous*: a person decides.
    """
    everybody = users.all_users(admin)
    theirs = {user["username"]: user for user in everybody if user.get("federationLink")}
    own = {user["username"] for user in everybody} - theirs.keys()
    persons = {person.row: person for person in people.persons.values()}
    matches = match([_account(person) for person in persons.values()], list(theirs.values()))
    found = {
        one.account.row: replace(persons[one.account.row], username=one.here)
        for one in matches
        if one.outcome in (MATCHED, SAME)
    }
    compared = users.compare(admin, list(found.values()), theirs, group_ids)
    rows = {row: compared[person.username] for row, person in found.items()}
    for one in matches:
        if one.outcome in (MATCHED, SAME):
            changed = rows[one.account.row].outcome == users.CHANGED
            one.outcome = MATCHED if changed else SAME
        elif one.outcome == NEW and one.account.username in own:
            one.outcome = AMBIGUOUS
            one.reason = say(
                "{name} is an account of Keycloak's own and would hide the directory's",
                name=one.account.username,
            )
    refused = [_refused(row, why, name) for row, (name, why) in people.refused.items()]
    return sorted(matches + refused, key=lambda one: one.account.row), rows


def apply(
    admin: KeycloakAdmin, matches: list[Match], rows: dict[int, users.Row], ids: dict[str, str]
) -> None:
    """Give the matched accounts what the file has for them; the others wait."""
    users.apply(admin, list(rows.values()), ids, passwords=False)
    for one in matches:
        row = rows.get(one.account.row)
        if row is not None and row.outcome == users.REFUSED:
            one.outcome, one.reason = REFUSED, row.reason


def _account(person: Person) -> Account:
    return Account(
        person.row, person.username, person.given_name, person.family_name, person.email,
        person.source_id,
    )  # fmt: skip


def _refused(row: int, reason: str, username: str) -> Match:
    return Match(Account(row, username, "", "", "", ""), REFUSED, reason)
