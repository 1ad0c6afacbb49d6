"""The audit as a list."""

from __future__ import annotations

from sqlalchemy import Connection

from inventory.kinds import AUDIT
from schoolops.core.permissions import AUDIT_READ, Actor
from schoolops.db.access import require
from schoolops.db.tables import audit_event
from schoolops.estate.access import in_scope
from schoolops.estate.listing import LISTINGS, Listing


def audit_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """Who did what and when, as far as the actor may see it."""
    require(actor, AUDIT_READ)
    columns = audit_event.c
    return Listing(
        connection,
        source=audit_event,
        columns={name: columns[name] for name in (f.name for f in AUDIT.fields)},
        uid=columns.id,
        key=columns.id,
        search=columns.actor + " " + columns.action + " " + columns.kind + " " + columns.record,
        where=[in_scope(actor, columns.school_id, AUDIT_READ)],
        sort=columns.id,
    )


LISTINGS[AUDIT.name] = audit_listing
