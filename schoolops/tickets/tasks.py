"""What runs later: photos and pages of reporters end some time after their ticket."""

from __future__ import annotations

from sqlalchemy import delete, select

from schoolops.db.engine import Store
from schoolops.tickets.models import ticket, ticket_file, ticket_page

AFTER_CLOSING_US = 90 * 24 * 3600 * 1_000_000
"""So long photos and reporters' pages are kept after a ticket was closed: 90 days."""


def forget_closed(store: Store) -> None:
    """Delete photos, and the pages of reporters, of tickets that were closed long ago."""
    with store.write() as unit:
        old = select(ticket.c.id).where(
            ticket.c.state == "closed", ticket.c.closed_at < unit.now - AFTER_CLOSING_US
        )
        for table in (ticket_file, ticket_page):
            unit.connection.execute(delete(table).where(table.c.ticket_id.in_(old)))
