"""Periodic work over measurements."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, exists, select, update

from schoolops.db.engine import Store
from schoolops.estate.models import TABLES, observation
from schoolops.fleet.models import agent
from schoolops.telemetry.health import assess_safely


def notice_silence(store: Store) -> None:
    """Fold again the schools whose facts have gone stale while their verdicts say otherwise."""
    now = store.clock.now()
    with store.read() as connection:
        stale = set(
            connection.scalars(
                select(agent.c.school_id)
                .join(
                    observation,
                    and_(observation.c.kind == "agent", observation.c.record_id == agent.c.id),
                )
                .where(observation.c.fresh_until < now, agent.c.state == "active")
            )
        )
        stale |= set(connection.scalars(_left_alone(now)))
        for kind, judged in (("device", ("ok", "warning", "down")), ("uplink", ("ok", "warning"))):
            table = TABLES[kind]
            stale |= set(
                connection.scalars(
                    select(table.c.school_id)
                    .join(
                        observation,
                        and_(observation.c.kind == kind, observation.c.record_id == table.c.id),
                    )
                    .where(
                        observation.c.fresh_until < now,
                        table.c.health.in_(judged),
                        table.c.retired_at.is_(None),
                    )
                    .distinct()
                )
            )
    for school_id in stale:
        _mark_silent(store, school_id, now)
        assess_safely(store, school_id)


def _left_alone(now: int) -> Select[Any]:
    """Schools that are still judged though their only agents were revoked, and are not heard."""
    schools, working = TABLES["school"], agent.alias("working")
    heard = (observation.c.kind == "agent") & (observation.c.record_id == agent.c.id)
    at_work = (working.c.school_id == schools.c.id) & (working.c.state == "active")
    return (
        select(schools.c.id)
        .join(agent, agent.c.school_id == schools.c.id)
        .join(observation, heard)
        .where(
            agent.c.state == "revoked",
            observation.c.fresh_until < now,
            schools.c.health != "unknown",
            ~exists().where(at_work),
        )
    )


def _mark_silent(store: Store, school_id: int, now: int) -> None:
    with store.write() as unit:
        rows = unit.connection.execute(
            select(agent.c.id, agent.c.uid)
            .join(
                observation,
                and_(observation.c.kind == "agent", observation.c.record_id == agent.c.id),
            )
            .where(
                agent.c.school_id == school_id,
                agent.c.state == "active",
                observation.c.fresh_until < now,
            )
        ).all()
        for row in rows:
            unit.connection.execute(
                update(agent).where(agent.c.id == row.id).values(state="silent")
            )
            unit.announce("agent", row.uid, school_id)
