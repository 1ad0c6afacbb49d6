"""Accounts of another system, matched with those that are here: rehearsed, then taken over.

The first sign that speaks counts: the id in the source, then the username, then the e-mail
address. Signs that contradict each other, or a username that belongs to somebody of another name,
make it ambiguous, and a person decides. Usernames never change.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inventory.fields import fold
from inventory.formats import read_table
from inventory.sentences import say
from schoolops.core.errors import Invalid
from schoolops.identity.keycloak.admin import each, reason_of
from schoolops.identity.keycloak.people import USERNAME, columns_of

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

Object = dict[str, Any]
MATCHED, AMBIGUOUS, NEW, SAME, REFUSED = "matched", "ambiguous", "new", "same", "refused"


@dataclass(frozen=True, slots=True)
class Account:
    """An account in the source. `credentials` are Keycloak's hashes, from a realm's export."""

    row: int
    username: str
    given_name: str
    family_name: str
    email: str
    source_id: str
    credentials: tuple[Object, ...] = field(default=(), repr=False)


@dataclass
class Match:
    """What becomes of an account. `here` is the username that it has here."""

    account: Account
    outcome: str
    reason: str = ""
    here: str = ""
    user: Object = field(default_factory=dict, repr=False)


def read_accounts(data: bytes, filename: str) -> list[Account]:
    """Accounts of a Keycloak realm's export (JSON), or of a directory's export (CSV, XLSX).

    Raises `Invalid`, `FileRefused`.
    """
    if data.lstrip()[:1] == b"{":
        return _of_export(data)
    table = read_table(data, filename)
    columns, _ = columns_of(table, ("username",))
    accounts = []
    for row, cells in table.rows:
        values = {name: cells[at].strip() for name, at in columns.items()}
        accounts.append(
            Account(
                row, values["username"].lower(), values.get("given_name", ""),
                values.get("family_name", ""), values.get("email", "").lower(),
                values.get("source_id", ""),
            )
        )  # fmt: skip
    return accounts


def _of_export(data: bytes) -> list[Account]:
    try:
        users = json.loads(data)["users"]
        return [
            Account(
                row, str(user["username"]).lower(), str(user.get("firstName") or ""),
                str(user.get("lastName") or ""), str(user.get("email") or "").lower(),
                str(user.get("id") or ""), tuple(user.get("credentials") or ()),
            )
            for row, user in enumerate(users, 1)
            if not user.get("serviceAccountClientId")
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Invalid(
            "this JSON is no export of a realm with its users; make one with: kc.sh export "
            "--realm NAME --users realm_file",
            code="import.refused",
        ) from None


def match(accounts: list[Account], users: list[Object]) -> list[Match]:
    """What becomes of each account among the users that are here. Pure."""
    by_source = {source: user for user in users for source in _sources_of(user)}
    by_name = {user["username"]: user for user in users}
    by_email = {user["email"].lower(): user for user in users if user.get("email")}
    twice = Counter(account.username for account in accounts)
    matches = []
    for account in accounts:
        if not USERNAME.fullmatch(account.username):
            matches.append(Match(account, REFUSED, "it has no usable username"))
        elif twice[account.username] > 1:
            matches.append(Match(account, AMBIGUOUS, "the source has this username twice"))
        else:
            signs = (
                by_source.get(account.source_id) if account.source_id else None,
                by_name.get(account.username),
                by_email.get(account.email) if account.email else None,
            )
            matches.append(_decide(account, [user for user in signs if user is not None]))
    taken = Counter(one.user["id"] for one in matches if one.outcome in (MATCHED, SAME))
    for one in matches:
        if one.outcome in (MATCHED, SAME) and taken[one.user["id"]] > 1:
            one.outcome, one.reason = AMBIGUOUS, say("several match {here}", here=one.here)
    return matches


def _decide(account: Account, signs: list[Object]) -> Match:
    if not signs:
        return Match(account, NEW)
    user = signs[0]
    here = user["username"]
    names = sorted({one["username"] for one in signs})
    if len(names) > 1:
        return Match(
            account, AMBIGUOUS,
            say("its id, username and e-mail are those of {names}", names=", ".join(names)),
        )  # fmt: skip
    if account.source_id in _sources_of(user):
        return Match(account, SAME, here=here, user=user)
    source = _noted(user, "source_id")
    if source and account.source_id:
        return Match(account, AMBIGUOUS, say("{here} has another id of the source", here=here))
    same_mail = bool(account.email) and account.email == (user.get("email") or "").lower()
    if not same_mail and fold(account.family_name) != fold(user.get("lastName") or ""):
        return Match(account, AMBIGUOUS, say("{here} here has another family name", here=here))
    if not account.source_id:
        return Match(account, SAME, here=here, user=user)
    return Match(account, MATCHED, here=here, user=user)


def _sources_of(user: Object) -> list[str]:
    """The id that was noted, and that of a federated directory."""
    return [id for name in ("source_id", "LDAP_ID") if (id := _noted(user, name))]


def _noted(user: Object, name: str) -> str:
    return "".join((user.get("attributes") or {}).get(name, ()))


def apply(admin: KeycloakAdmin, matches: list[Match]) -> None:
    """Note the source's id at matched accounts, and make the new ones; ambiguous ones wait.

    A new account keeps its username, and its password where the source is a Keycloak.
    """
    from keycloak.exceptions import KeycloakOperationError

    def write(one: Match) -> None:
        try:
            if one.outcome == NEW:
                admin.create_user(_new(one.account))
            else:
                attributes = one.user.get("attributes") or {}
                noted = {**attributes, "source_id": [one.account.source_id]}
                admin.update_user(one.user["id"], {**one.user, "attributes": noted})
        except KeycloakOperationError as error:
            if error.response_code not in (400, 409):
                raise
            one.outcome, one.reason = REFUSED, reason_of(error)

    each(write, [one for one in matches if one.outcome in (MATCHED, NEW)])


def _new(account: Account) -> Object:
    return {
        "username": account.username,
        "firstName": account.given_name or account.username,
        "lastName": account.family_name or account.username,
        "email": account.email or None,
        "enabled": True,
        "attributes": {"source_id": [account.source_id] if account.source_id else []},
        "credentials": [
            {key: one[key] for key in ("type", "secretData", "credentialData") if key in one}
            for one in account.credentials
            if one.get("type") == "password"
        ],
    }
