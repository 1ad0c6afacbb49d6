"""What is looked at though nobody reports: silence, what was about to begin, who is to be told."""

from __future__ import annotations

import logging

from sqlalchemy import delete, or_, select

from schoolops.alerts import telling
from schoolops.alerts import watching as _watching  # noqa: F401  (watches what is judged)
from schoolops.alerts.engine import PENDING
from schoolops.alerts.incidents import settle
from schoolops.alerts.knowing import knowledge
from schoolops.alerts.models import alert, incident, incident_event, incident_school
from schoolops.db.engine import Store
from schoolops.fleet.models import agent
from schoolops.telemetry.health import assess_safely

log = logging.getLogger("schoolops.alerts")

SILENT_INTERVALS = 1.3
"""Of an agent that has not reported for so many intervals the school is looked at."""
DAY = 86_400_000_000


def watch(store: Store) -> None:
    """Look at schools where something may begin or end without a report; tell people."""
    now = store.clock.now()
    knowledge(store).looked(now)
    late = now - round(store.settings.agent.interval_s * SILENT_INTERVALS * 1e6)
    with store.read() as connection:
        waiting = set(
            connection.scalars(
                select(alert.c.school_id).where(
                    alert.c.ended_at.is_(None),
                    or_(
                        alert.c.state == PENDING,
                        alert.c.clear_since.is_not(None),
                        alert.c.kind == "school",
                    ),
                )
            )
        )
        waiting |= set(
            connection.scalars(
                select(agent.c.school_id).where(
                    agent.c.state == "active", agent.c.last_seen_at < late
                )
            )
        )
        quiet = connection.scalars(
            select(incident.c.id).where(incident.c.state == "quiet")
        ).all()  # fmt: skip
    for school_id in sorted(waiting):
        assess_safely(store, school_id)
    for incident_id in quiet:
        with store.write() as unit:
            settle(unit, incident_id)
    telling.tell(store)


def forget_old(store: Store) -> None:
    """Delete what ended long ago, with all that hangs on it."""
    before = store.clock.now() - store.settings.alerts.keep_days * DAY
    with store.write() as unit:
        gone = select(incident.c.id).where(incident.c.closed_at < before)
        for table in (incident_event, incident_school):
            unit.connection.execute(delete(table).where(table.c.incident_id.in_(gone)))
        unit.connection.execute(delete(incident).where(incident.c.closed_at < before))
        unit.connection.execute(delete(alert).where(alert.c.ended_at < before))
