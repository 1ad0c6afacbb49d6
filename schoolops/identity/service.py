"""Named tokens: made once, shown once, revoked at any time."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from schoolops.core.ids import hash_token, new_token
from schoolops.core.permissions import ACCOUNTS_WRITE, PERSON_ROLES, ROLES, TOKENS_WRITE, Actor
from schoolops.db.access import require_everywhere
from schoolops.db.engine import Store, UnitOfWork
from schoolops.estate.models import TABLES
from schoolops.identity.accounts import find_account, unknown_account
from schoolops.identity.models import account, account_role, token

DAY = 86_400_000_000


def create_token(
    unit: UnitOfWork,
    name: str,
    role: str,
    authority: str | None = None,
    schools: list[str] | None = None,
    days: int = 365,
) -> dict[str, Any]:
    """Make a token; the answer is the only place where it ever stands."""
    require_everywhere(unit.actor, TOKENS_WRITE)
    if not re.fullmatch(r"[\w.@-]{1,60}", name):
        raise Invalid("a name has letters, digits, . - _ @ and no blanks, such as m.weber")
    if role not in PERSON_ROLES:
        raise Invalid(
            say(
                "there is no role {role!r}; known are {known}",
                role=role,
                known=", ".join(PERSON_ROLES),
            )
        )
    if ROLES[role].level != "city" and not schools:
        raise Invalid(
            say("the role {role} is for single schools: name them (--schools)", role=role)
        )
    if authority and schools:
        raise Invalid("give an authority or schools, not both")
    if not 1 <= days <= 3650:
        raise Invalid("days is between 1 and 3650")
    _check_scope(unit.connection, authority, schools)
    if unit.connection.execute(select(token.c.id).where(token.c.name == name)).first():
        raise Conflict(
            say(
                "there is or was a token {name}; names are never given again, choose another",
                name=name,
            ),
            code="token.duplicate",
        )
    secret = new_token("sot")
    expires = unit.now + days * DAY
    unit.connection.execute(
        insert(token),
        {
            "name": name,
            "role": role,
            "authority": authority or None,
            "schools": " ".join(schools) if schools is not None else None,
            "hash": hash_token(secret),
            "created_at": unit.now,
            "created_by": unit.actor.name,
            "expires_at": expires,
        },
    )
    unit.audit("create token", "token", name, None, {"role": role, "scope": authority or schools})
    return {"name": name, "token": secret, "role": role, "expires": to_iso(expires)}


def _check_scope(connection: Connection, authority: str | None, schools: list[str] | None) -> None:
    table = TABLES["school"]
    if schools is not None:
        known = set(connection.scalars(select(table.c.number).where(table.c.number.in_(schools))))
        wrong = [number for number in schools if number not in known]
        if wrong or not schools:
            raise Invalid(
                say(
                    "there is no school {schools}; give school numbers",
                    schools=", ".join(wrong) or "given",
                )
            )
    if authority:
        found = connection.execute(
            select(table.c.id).where(table.c.authority == authority).limit(1)
        ).first()
        if found is None:
            raise Invalid(
                say("no school belongs to the authority {authority}", authority=authority)
            )


def list_tokens(connection: Connection, actor: Actor) -> list[dict[str, Any]]:
    """All tokens, without anything secret."""
    require_everywhere(actor, TOKENS_WRITE)
    return [_shown(row) for row in connection.execute(select(token).order_by(token.c.name))]


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {
        "name": row.name,
        "role": row.role,
        "authority": row.authority,
        "schools": row.schools.split() if row.schools is not None else None,
        "created": to_iso(row.created_at),
        "created_by": row.created_by,
        "expires": to_iso(row.expires_at),
        "revoked": to_iso(row.revoked_at),
        "last_used": to_iso(row.last_used_at),
    }


def revoke_token(unit: UnitOfWork, name: str) -> None:
    """End a token at once."""
    require_everywhere(unit.actor, TOKENS_WRITE)
    row = unit.connection.execute(select(token).where(token.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(
            say("there is no token {name!r}; list them with: schoolops token list", name=name)
        )
    if row.revoked_at is None:
        unit.connection.execute(
            update(token).where(token.c.id == row.id).values(revoked_at=unit.now)
        )
        unit.audit("revoke token", "token", name)


def actor_of_token(store: Store, secret: str) -> Actor:
    """The person behind a token. Raises `Unauthenticated`, which says whether it has ended."""
    now = store.clock.now()
    with store.read() as connection:
        row = connection.execute(
            select(token).where(token.c.hash == hash_token(secret))
        ).one_or_none()
    if row is None:
        raise Unauthenticated("the token is not known here; ask for a new one")
    if row.revoked_at is not None:
        raise Unauthenticated(say("the token {name} was revoked; ask for a new one", name=row.name))
    if row.expires_at < now:
        raise Unauthenticated(say("the token {name} has expired; ask for a new one", name=row.name))
    if row.last_used_at is None or now - row.last_used_at > DAY // 24:
        with store.write() as unit:
            unit.connection.execute(
                update(token).where(token.c.id == row.id).values(last_used_at=now)
            )
    schools = row.schools.split() if row.schools is not None else None
    actor = Actor.of(row.name, row.role, authority=row.authority, schools=schools)
    return replace(actor, token=True)


def end_sessions(unit: UnitOfWork, username: str) -> None:
    """Take no access token of a person any more that was issued until now, and end the web ones."""
    row = find_account(unit.connection, username)
    places = set(
        unit.connection.scalars(
            select(account_role.c.place).where(account_role.c.account_id == row.id)
        )
    )
    covered = _covered(unit, places)
    if not covered and not unit.actor.scope(ACCOUNTS_WRITE).everywhere:
        raise unknown_account(username)
    if covered != places:
        raise Forbidden(say("{name} has roles outside of your schools", name=row.username))
    unit.connection.execute(
        update(account).where(account.c.id == row.id).values(ended_before=unit.now)
    )
    unit.audit("end sessions", "account", row.username)
    unit.announce("account", row.uid, None)


def _covered(unit: UnitOfWork, places: set[str]) -> set[str]:
    """Those of an account's places at which the actor may write accounts."""
    scope = unit.actor.scope(ACCOUNTS_WRITE)
    if scope.everywhere:
        return places
    schools = TABLES["school"]
    rows = unit.connection.execute(
        select(schools.c.number, schools.c.authority).where(schools.c.number.in_(places))
    )
    found = {row.number for row in rows if scope.covers(row.number, row.authority)}
    return found | ({f"authority {name}" for name in scope.authorities} & places)
