"""What is done by itself: mails whose time is over are forgotten."""

from __future__ import annotations

from sqlalchemy import and_, delete, or_, select, update

from schoolops.db.engine import Store
from schoolops.tickets.models import ticket, ticket_mail

DAY_US = 86_400 * 1_000_000
m = ticket_mail.c


def forget_old(store: Store) -> None:
    """Delete originals, and mails that are part of no ticket; of those of closed tickets only the
    ids are kept, so that a late answer still finds its ticket."""
    with store.write() as unit:
        before = unit.now - store.settings.tickets.mail_keep_days * DAY_US
        old = m.at < before
        unit.connection.execute(
            delete(ticket_mail).where(
                old, or_(m.ticket_id.is_(None), m.state.in_(("dropped", "quarantine")))
            )
        )
        unit.connection.execute(
            update(ticket_mail).where(old, m.raw.is_not(None)).values(raw=None, text="")
        )
        done = select(ticket.c.id).where(ticket.c.state == "closed", ticket.c.closed_at < before)
        unit.connection.execute(
            update(ticket_mail)
            .where(and_(old, m.ticket_id.in_(done), m.address != ""))
            .values(address="", name="", topic="", subject="", parties="[]")
        )
