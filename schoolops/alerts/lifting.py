"""What several schools have in common when their lines fail together: the provider, or the city."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, or_, select

from schoolops.alerts.engine import FIRING
from schoolops.alerts.knowing import knowledge
from schoolops.alerts.models import alert, incident
from schoolops.alerts.subjects import Watched
from schoolops.db.engine import UnitOfWork
from schoolops.estate.models import TABLES
from schoolops.fleet.models import agent

TOGETHER_US = 15 * 60_000_000
"""Schools that fell silent within so long fell silent together."""
CENTRAL_SHARE = 0.5
CENTRAL_SCHOOLS = 5
"""So many schools, and this share of all that have an agent, silent at once: not their lines."""

uplinks = TABLES["uplink"]


@dataclass(frozen=True, slots=True)
class Root:
    """What is broken."""

    key: str
    kind: str
    record_id: int | None = None
    provider: str = ""


def lift(unit: UnitOfWork, root: Root, watched: Watched) -> Root:
    """The provider, or what the whole city has in common, where a line is one of many."""
    if not root.key.startswith(("down:school:", "down:uplink:")):
        return root
    connection, school_id = unit.connection, watched.school.row.id
    lines = lines_of(connection)
    since = max(f.since_at for f in watched.firing)
    down = _down_since(unit, since - TOGETHER_US)
    down.add(school_id)
    reporting = connection.scalar(
        select(func.count(func.distinct(agent.c.school_id))).where(
            agent.c.state.in_(("active", "silent"))
        )
    )
    providers = {line.provider for s in down for line in lines.get(s, ()) if line.provider}
    central = max(CENTRAL_SCHOOLS, CENTRAL_SHARE * (reporting or 0))
    if len(providers) > 1 and len(down) >= central:
        return Root("down:city:", "city")
    mine = {line.provider for line in lines.get(school_id, ())}
    if len(mine) != 1 or not (provider := next(iter(mine))):
        return root
    same = {s for s in down if any(line.provider == provider for line in lines.get(s, ()))}
    if len(same) >= unit.store.settings.alerts.provider_schools:
        return Root(f"down:provider:{provider}", "provider", None, provider)
    return root


def lines_of(connection: Connection, school_id: int | None = None) -> dict[int, list[Any]]:
    """Id of a school → its active lines; of all schools, or of one."""
    c = uplinks.c
    statement = select(
        c.id, c.school_id, c.name, c.provider, c.circuit, c.hotline
    ).where(c.retired_at.is_(None), c.state == "active")  # fmt: skip
    if school_id is not None:
        statement = statement.where(c.school_id == school_id)
    found: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(statement.order_by(c.id)):
        found[row.school_id].append(row)
    return found


def _down_since(unit: UnitOfWork, since: int) -> set[int]:
    """Schools whose line or whole network has failed since then, and those of an open incident of
    a provider: whoever joins late belongs to it."""
    in_one = select(incident.c.id).where(
        incident.c.kind.in_(("provider", "city")), incident.c.closed_at.is_(None)
    )
    return set(
        unit.connection.scalars(
            select(alert.c.school_id).where(
                alert.c.state == FIRING,
                alert.c.ended_at.is_(None),
                or_(alert.c.since_at >= since, alert.c.incident_id.in_(in_one)),
                alert.c.rule.in_(cutting_off(unit)),
            )
        )
    )


def cutting_off(unit: UnitOfWork) -> list[str]:
    """The rules by which a school counts as cut off: outages of it or of a line."""
    rules = knowledge(unit.store).rules(unit.now).values()
    return [rule.id for rule in rules if rule.outage and rule.about in ("school", "uplink")]
