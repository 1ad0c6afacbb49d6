"""Who is told: addresses of people, found by what the permissions let them do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select

from schoolops.core.permissions import roles_with
from schoolops.estate.access import place_of
from schoolops.identity.accounts import actor_of_row
from schoolops.identity.models import access_grant, account, account_role


def holders(
    connection: Connection,
    now: int,
    permissions: Iterable[str],
    school_id: int | None,
    *,
    but: str = "",
) -> list[str]:
    """Everybody who holds all these permissions at the school (None: city-wide), but one.

    As after a sign-in by passkey: what one may decide, one is told of. Whoever was signed out by
    an administrator and has not come back is told nothing.
    """
    place, wanted = place_of(connection, school_id), tuple(permissions)
    found = []
    for row in connection.execute(_candidates(wanted, place, now)):
        if row.username.casefold() == but.casefold() or _signed_out(row):
            continue
        actor = actor_of_row(connection, row, now)
        if all(actor.scope(permission).covers(*place) for permission in wanted):
            found.append(str(row.email))
    return found


def person(connection: Connection, username: str) -> list[str]:
    """The one person of that user name; nobody if there is no address."""
    row = account_of(connection, username)
    return [str(row.email)] if row is not None and row.email and not _signed_out(row) else []


def account_of(connection: Connection, username: str) -> Row[Any] | None:
    """The account of that user name, the one with an address first, then the last one seen."""
    return connection.execute(
        select(account)
        .where(account.c.username == username)
        .order_by(account.c.email == "", account.c.last_seen_at.desc())
    ).first()


def _candidates(
    permissions: tuple[str, ...], place: tuple[str | None, str | None], now: int
) -> Select[Any]:
    """Accounts that may come into question: by a role there, or by a right for a time."""
    number, authority = place
    places = ["city", number, f"authority {authority}"]
    roles = set.intersection(*(set(roles_with(permission)) for permission in permissions))
    by_role = select(account_role.c.account_id).where(
        account_role.c.role.in_(sorted(roles)), account_role.c.place.in_([p for p in places if p])
    )
    for_a_time = select(access_grant.c.receiver).where(
        access_grant.c.until_at > now, access_grant.c.revoked_at.is_(None)
    )
    return (
        _people()
        .where(or_(account.c.id.in_(by_role), account.c.username.in_(for_a_time)))
        .order_by(account.c.id)
    )


def _people() -> Select[Any]:
    """Accounts with an address."""
    return select(account).where(account.c.email != "")


def _signed_out(row: Row[Any]) -> bool:
    return bool(row.issued_at * 1_000_000 < row.ended_before)
