"""People who sign in at the identity provider, and what they may do here.

The provider says who somebody is and in which groups; a group's path names a role and where it
is held: `/city/<role>`, `/authorities/<number>/<role>`, `/schools/<number>/<role>`. Rights for a
time (delegations, emergency access) are added from our own table, with one query in all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    CursorResult,
    Row,
    Select,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from inventory.sentences import say
from schoolops.core.errors import Forbidden, NotFound, Unauthenticated
from schoolops.core.ids import uuid7
from schoolops.core.permissions import (
    CITY,
    ROLES,
    Actor,
    Grant,
    Scope,
    grants_of,
    may_borrow,
    works_here,
)
from schoolops.db.engine import Store, UnitOfWork
from schoolops.estate.models import TABLES
from schoolops.identity.models import access_grant, account, account_role
from schoolops.identity.oidc import Claims

HOUR = 3600 * 1_000_000
SESSIONS = 12
"""Sessions at the provider that an account remembers: each is one 'sign in' of the audit."""
SEEN_EVERY = HOUR
"""Microseconds between two notes that somebody is still there."""


def role_of_group(path: str) -> tuple[str, Scope] | None:
    """The role that a group of the provider means, and where; None for any other group.

    A role is taken only at its own level: nobody runs the city because of a school's group.
    """
    match path.strip("/").split("/"):
        case ["city", role] if role in ROLES and ROLES[role].level == "city":
            return role, CITY
        case ["authorities", number, role] if role in ROLES and ROLES[role].level == "city":
            return role, Scope(authorities=frozenset({number}))
        case ["schools", number, role] if role in ROLES and ROLES[role].level != "city":
            return role, Scope(schools=frozenset({number}))
    return None


@lru_cache(maxsize=4096)
def grants_of_groups(
    groups: tuple[str, ...], classes: tuple[str, ...], *, strong: bool
) -> tuple[Grant, ...]:
    """The grants behind groups. Roles that need a passkey count after a sign-in with one alone."""
    found: list[Grant] = []
    for path in groups:
        held = role_of_group(path)
        if held is None or (ROLES[held[0]].strong and not strong):
            continue
        role, scope = held
        own = [name for name in classes if name.partition("/")[0] in scope.schools]
        found += grants_of(role, scope, classes=own)
    return tuple(found)


def waits_for_passkey(groups: Iterable[str], *, strong: bool) -> bool:
    """Whether somebody would have more roles after a sign-in by passkey."""
    roles = (role_of_group(path) for path in groups)
    return not strong and any(held is not None and ROLES[held[0]].strong for held in roles)


def _lookup() -> Select[Any]:
    """The account, a row for each right it has for a time, with whoever gave it.

    Takes `issuer`, `subject` and `now` (UTC microseconds).
    """
    given, giver, schools = access_grant, account.alias("giver"), TABLES["school"]
    now: BindParameter[int] = bindparam("now", type_=BigInteger)
    holds = (
        (given.c.receiver == account.c.username)
        & given.c.revoked_at.is_(None)
        & (given.c.from_at <= now)
        & (given.c.until_at > now)
    )
    by_giver = (giver.c.username == given.c.giver) & (given.c.source == "delegation")
    return (
        select(
            account,
            given.c.id.label("grant_id"),
            given.c.source,
            given.c.permissions,
            given.c.school_id,
            given.c.class_name,
            given.c.opens,
            given.c.until_at,
            schools.c.number.label("school_number"),
            schools.c.authority.label("school_authority"),
            giver.c.groups.label("giver_groups"),
            giver.c.classes.label("giver_classes"),
        )
        .select_from(
            account.outerjoin(given, holds)
            .outerjoin(schools, schools.c.id == given.c.school_id)
            .outerjoin(giver, by_giver)
        )
        .where(account.c.issuer == bindparam("issuer"), account.c.subject == bindparam("subject"))
    )


LOOKUP = _lookup()
"""Made once: it is asked at every request."""


def actor_of_claims(store: Store, claims: Claims) -> Actor:
    """The person behind verified claims. One query.

    Raises `Unauthenticated` for a token from before an administrator ended the sessions.
    """
    now = store.clock.now()
    with store.read() as connection:
        rows = connection.execute(LOOKUP, _asked(claims, now)).all()
    known = rows[0] if rows else None
    if known is not None and claims.issued_at * 1_000_000 < known.ended_before:
        raise Unauthenticated(say("this session was ended; sign in again"), code="auth.ended")
    if known is None or _differs(known, claims) or now - known.last_seen_at > SEEN_EVERY:
        _note(store, claims)
    grants = grants_of_groups(claims.groups, claims.classes, strong=claims.strong)
    return Actor(
        claims.username,
        grants + _lent(rows, claims.groups),
        account=claims.subject,
        shown=claims.name,
    )


def _asked(claims: Claims, now: int) -> dict[str, Any]:
    return {"issuer": claims.issuer, "subject": claims.subject, "now": now}


def require_borrower(actor: Actor, permissions: Iterable[str]) -> None:
    """Raise `Forbidden` unless rights for a time may go to this person, by their own roles."""
    if not works_here(actor):
        raise Forbidden(
            say(
                "{name} gets no right for a time: those are for people with a role at a school or "
                "for the city, and never for pupils",
                name=actor.name,
            ),
            code="access.borrower",
        )
    for permission in permissions:
        if not may_borrow(actor, permission):
            raise Forbidden(
                say(
                    "{name} cannot be given {permission}: it is about persons, and no role of "
                    "{name} works with them",
                    name=actor.name,
                    permission=permission,
                ),
                code="access.borrower",
            )


def _lent(rows: Iterable[Row[Any]], groups: Sequence[str]) -> tuple[Grant, ...]:
    """The rights for a time of somebody with these groups now, whatever they were when given."""
    own = Actor("", grants_of_groups(tuple(groups), (), strong=True))
    return tuple(grant for row in rows if (grant := _temporary(row, own)) is not None)


def _temporary(row: Row[Any], receiver: Actor) -> Grant | None:
    """A right for a time; None once whoever delegated it does not have it any more, or whoever
    got it may not borrow it any more."""
    if row.grant_id is None:
        return None
    permissions = frozenset(p for p in row.permissions.split() if may_borrow(receiver, p))
    scope = _scope(row)
    if row.giver_groups is not None:
        groups = tuple(json.loads(row.giver_groups))
        classes = tuple(json.loads(row.giver_classes))
        giver = Actor("", grants_of_groups(groups, classes, strong=True))
        permissions = frozenset(
            name
            for name in permissions
            if giver.scope(name).covers(row.school_number, row.school_authority, row.class_name)
        )
    if not permissions:
        return None
    opens = frozenset((purpose, one) for purpose, one in json.loads(row.opens))
    return Grant(permissions, scope, f"{row.source} {row.grant_id}", row.until_at, opens)


def _scope(row: Row[Any]) -> Scope:
    if row.school_id is None:
        return CITY
    if row.class_name:
        return Scope(classes=frozenset({f"{row.school_number}/{row.class_name}"}))
    return Scope(schools=frozenset({row.school_number}))


def _differs(row: Row[Any], claims: Claims) -> bool:
    """Whether the token tells something new. One from before the newest that was seen does not:
    two screens of one person, with tokens of different ages, must not write in turns."""
    if claims.issued_at < row.issued_at:
        return False
    return (row.username, row.shown, row.email, row.groups, row.classes) != (
        claims.username,
        claims.name,
        claims.email,
        _list(claims.groups),
        _list(claims.classes),
    ) or claims.session not in row.sessions.split(" ")


def _list(names: Sequence[str]) -> str:
    return json.dumps(sorted(names), ensure_ascii=False)


def _note(store: Store, claims: Claims) -> None:
    """Remember who it is; a new person, or new groups, are events of the audit."""
    values = {
        "username": claims.username,
        "shown": claims.name,
        "email": claims.email,
        "groups": _list(claims.groups),
        "classes": _list(claims.classes),
        "strong": claims.strong,
        "issued_at": claims.issued_at,
    }
    who = Actor(claims.username, account=claims.subject)
    with store.write(who, by_server=True) as unit:
        same = (account.c.issuer == claims.issuer) & (account.c.subject == claims.subject)
        before = unit.connection.execute(select(account).where(same)).one_or_none()
        if before is None:
            uid = uuid7()
            made = unit.connection.execute(
                insert(account),
                values
                | {
                    "uid": uid,
                    "sessions": claims.session,
                    "issuer": claims.issuer,
                    "subject": claims.subject,
                    "first_seen_at": unit.now,
                    "last_seen_at": unit.now,
                    "ended_before": 0,
                },
            )
            _keep_roles(unit, _new_id(made), claims.groups)
            unit.audit("first sign-in", "account", claims.username, None, _how(claims))
            unit.announce("account", uid, None)
            return
        known = before.sessions.split(" ")
        if claims.session not in known:
            values["sessions"] = " ".join([*known, claims.session][-SESSIONS:])
        unit.connection.execute(
            update(account).where(account.c.id == before.id).values(last_seen_at=unit.now, **values)
        )
        if "sessions" in values:
            unit.audit("sign in", "account", claims.username, None, _how(claims))
        if before.groups != values["groups"]:
            _keep_roles(unit, before.id, claims.groups)
            detail = {"groups": [json.loads(before.groups), sorted(claims.groups)]}
            unit.audit("roles changed", "account", claims.username, None, detail)
        unit.announce("account", before.uid, None)


def _how(claims: Claims) -> dict[str, Any]:
    return {"passkey": claims.strong}


def _keep_roles(unit: UnitOfWork, account_id: int, groups: Iterable[str]) -> None:
    unit.connection.execute(delete(account_role).where(account_role.c.account_id == account_id))
    held = {found for path in groups if (found := role_of_group(path)) is not None}
    rows = [
        {"account_id": account_id, "role": role, "place": _place(scope)} for role, scope in held
    ]
    if rows:
        unit.connection.execute(insert(account_role), rows)


def _new_id(made: CursorResult[Any]) -> int:
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def _place(scope: Scope) -> str:
    if scope.everywhere:
        return "city"
    if scope.authorities:
        return f"authority {next(iter(scope.authorities))}"
    return next(iter(scope.schools))


def find_account(connection: Connection, username_or_uid: str) -> Row[Any]:
    """A person who has signed in at least once. `NotFound` says so."""
    found = connection.execute(
        select(account)
        .where((account.c.username == username_or_uid) | (account.c.uid == username_or_uid))
        .order_by(account.c.last_seen_at.desc())
    ).first()
    if found is None:
        raise unknown_account(username_or_uid)
    return found


def known_as(connection: Connection, subjects: Sequence[str]) -> list[str]:
    """Our ids of people by their ids at the provider, which stay for who never signed in here."""
    rows = connection.execute(
        select(account.c.subject, account.c.uid).where(account.c.subject.in_(subjects))
    )
    ours = {row.subject: row.uid for row in rows}
    return [ours.get(subject, subject) for subject in subjects]


def require_account(actor: Actor) -> None:
    """Raise `Forbidden` for a token and the computer's own user: no person is known behind them."""
    if not actor.account:
        raise Forbidden(
            say(
                "{name} has no account, and this is between people who are known by one; "
                "sign in: schoolops login",
                name=actor.name,
            ),
            code="access.no_account",
        )


def unknown_account(name: str) -> NotFound:
    """The refusal for somebody who is not known, or not to the actor."""
    return NotFound(
        say("nobody called {name!r} has signed in here yet; the user name is wanted", name=name),
        code="account.unknown",
    )


def actor_of_account(connection: Connection, username: str, now: int) -> Actor:
    """What a person could do now if signed in by passkey: for 'explain this permission'."""
    return actor_of_row(connection, find_account(connection, username), now)


def actor_of_row(connection: Connection, row: Row[Any], now: int) -> Actor:
    """The same, of an account that was read."""
    groups, classes = tuple(json.loads(row.groups)), tuple(json.loads(row.classes))
    asked = {"issuer": row.issuer, "subject": row.subject, "now": now}
    rows = connection.execute(LOOKUP, asked).all()
    grants = grants_of_groups(groups, classes, strong=True)
    return Actor(row.username, grants + _lent(rows, groups), account=row.subject, shown=row.shown)


def announce(unit: UnitOfWork, kind: str, uid: str) -> None:
    """Tell all screens of a delegation or a proposal: it may concern somebody who sees nothing
    of its school yet. They hear an id; who may see the record reads it."""
    unit.announce(kind, uid, None)
