"""Periodic work of identity: tell people that their rights for a time have ended."""

from __future__ import annotations

from sqlalchemy import and_, select, update

from schoolops.db.engine import Store
from schoolops.identity import notices
from schoolops.identity.models import access_grant

AT_ONCE = 100


def tell_ends(store: Store) -> None:
    """Tell of each end once, whichever worker comes first."""
    over = and_(
        access_grant.c.until_at <= store.clock.now(),
        access_grant.c.revoked_at.is_(None),
        access_grant.c.end_told_at.is_(None),
    )
    with store.read() as connection:
        if connection.execute(select(access_grant.c.id).where(over).limit(1)).first() is None:
            return
    with store.write() as unit:
        rows = unit.connection.execute(
            select(access_grant)
            .where(over)
            .order_by(access_grant.c.id)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            notices.ended(unit, row)
            unit.connection.execute(
                update(access_grant).where(access_grant.c.id == row.id).values(end_told_at=unit.now)
            )
