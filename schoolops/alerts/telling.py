"""Who is told of an incident, when, and of what.

People are told some seconds after an incident began, so that one fault at many schools is told
once; again when it has become twice as large, and when it is over. Who is told follows the on-call
plan; the addresses of `alerts.mail_to` and the systems of `alerts.webhooks` are told of all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

from schoolops.alerts.incidents import note, school_names
from schoolops.alerts.models import incident, incident_school, on_call
from schoolops.alerts.reading import SEVERITIES
from schoolops.alerts.spans import covers, span_of
from schoolops.core.clock import to_iso
from schoolops.core.zone import local_zone
from schoolops.db.engine import Store, UnitOfWork
from schoolops.estate.models import TABLES
from schoolops.identity import receivers
from schoolops.notify import service, webhooks
from schoolops.notify.texts import register

LISTED = 20
"""So many schools a mail names."""

_SAMPLE = {
    "title": "no report from the school: line, power or agent",
    "title_de": "keine Meldung aus der Schule: Leitung, Strom oder Agent",
    "severity": "critical",
    "school": "164800",
    "school_name": "Musterschule",
    "schools": ["164800 Musterschule"],
    "count": 1,
    "devices": 31,
    "began": 1_795_507_200_000_000,
    "provider": "Musternetz",
    "circuit": "MN-4711",
    "hotline": "0800 123456",
    "id": "0199-example",
    "claimed_by": "",
}
OPENED = register("incident-opened", _SAMPLE)
GROWN = register("incident-grown", _SAMPLE)
WAITS = register("incident-waits", _SAMPLE)
CLOSED = register("incident-closed", _SAMPLE | {"ended": 1_795_510_800_000_000})


def tell(store: Store) -> None:
    """Tell whoever is to be told of what has become due."""
    with store.read() as connection:
        due = [row.id for row in _due(connection, store, store.clock.now())]
    for incident_id in due:
        with store.write() as unit:
            # Another server may have told it in between.
            for row in _due(unit.connection, store, unit.now, incident_id, lock=True):
                _tell(unit, row)


def _due(
    connection: Connection, store: Store, now: int, only: int | None = None, lock: bool = False
) -> list[Row[Any]]:
    settings, c = store.settings.alerts, incident.c
    worth = SEVERITIES[SEVERITIES.index(settings.tell) :]
    unanswered = and_(c.acknowledged_by == "", c.claimed_by == "", c.told_level < 2)
    late = now - settings.escalate_minutes * 60_000_000
    statement = select(incident).where(
        c.merged_into.is_(None),
        c.severity.in_(worth),
        or_(
            and_(
                c.told_at.is_(None),
                c.closed_at.is_(None),
                c.opened_at <= now - settings.tell_after_s * 1_000_000,
            ),
            and_(
                c.told_at.is_not(None),
                c.told_level > 0,
                or_(
                    c.closed_at.is_not(None),
                    and_(c.closed_at.is_(None), c.schools >= 2 * c.told_schools),
                    and_(c.severity == "critical", c.told_at <= late, unanswered),
                ),
            ),
        ),
    )
    if only is not None:
        statement = statement.where(c.id == only)
    return list(connection.execute(statement.with_for_update() if lock else statement))


def _tell(unit: UnitOfWork, row: Row[Any]) -> None:
    """`told_level` 0: nobody was told yet, or all is told."""
    levels: tuple[int, ...] = (1,)
    values: dict[str, Any] = {"told_schools": max(1, row.schools), "told_level": row.told_level}
    if row.told_at is None:
        notice = OPENED
        values |= {"told_at": unit.now, "told_level": 1}
    elif row.closed_at is not None:
        notice, levels = CLOSED, tuple(range(1, row.told_level + 1))
        values |= {"told_level": 0}
    elif row.schools >= 2 * max(1, row.told_schools):
        notice, levels = GROWN, tuple(range(1, row.told_level + 1))
    else:
        notice, levels = WAITS, (1, 2)
        values |= {"told_level": 2}
    unit.connection.execute(update(incident).where(incident.c.id == row.id).values(values))
    content = told_of(unit.connection, row)
    people = {
        address.casefold(): address
        for address in [*unit.store.settings.alerts.mail_to, *_on_call(unit, row, levels)]
    }
    count = service.post(unit, notice, people.values(), content)
    systems = webhooks.post(unit, notice, _for_systems(row, content))
    if count or systems:
        note(unit, row.id, "escalated" if notice == WAITS else "told", str(count + systems))


def _on_call(unit: UnitOfWork, row: Row[Any], levels: Iterable[int]) -> list[str]:
    """Addresses of those who are on call now, for one of the incident's schools."""
    zone = local_zone()
    c, schools = on_call.c, TABLES["school"]
    authorities = set(
        unit.connection.scalars(
            select(schools.c.authority)
            .join(incident_school, incident_school.c.school_id == schools.c.id)
            .where(incident_school.c.incident_id == row.id)
        )
    )
    found: list[str] = []
    for plan in unit.connection.execute(
        select(on_call).where(c.level.in_(list(levels)), c.ends_at > unit.now).order_by(c.id)
    ):
        if plan.authority and plan.authority not in authorities:
            continue
        if covers(span_of(plan), unit.now, zone):
            found += _addresses(unit.connection, plan.username)
    return found


def _addresses(connection: Connection, name: str) -> list[str]:
    """Of whoever signs in under that name; a name that nobody has may be an address itself."""
    if "@" in name and receivers.account_of(connection, name) is None:
        return [name]
    return receivers.person(connection, name)


def told_of(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """What mails and systems are told of an incident: of persons only who has claimed it."""
    ids = list(
        connection.scalars(
            select(incident_school.c.school_id)
            .where(incident_school.c.incident_id == row.id)
            .order_by(incident_school.c.since_at)
        )
    )
    names = school_names(connection, ids)
    listed = [" ".join(names[one]) for one in ids if one in names]
    number, name = names.get(row.school_id, ("", ""))
    return {
        "id": row.uid,
        "title": row.title,
        "title_de": row.title_de,
        "severity": row.severity,
        "school": number,
        "school_name": name,
        "schools": listed[:LISTED],
        "count": len(listed),
        "devices": row.devices,
        "began": row.began_at,
        "ended": row.closed_at or 0,
        "provider": row.provider,
        "circuit": row.circuit,
        "hotline": row.hotline,
        "claimed_by": row.claimed_by,
    }


def _for_systems(row: Row[Any], content: dict[str, Any]) -> str:
    told = content | {
        "began": to_iso(row.began_at),
        "ended": to_iso(row.closed_at),
        "state": row.state,
        "kind": row.kind,
        "rule": row.rule,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True)
