"""Every query about incidents that starts with who asks."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, func, select

from inventory.sentences import say
from schoolops.alerts.engine import FIRING
from schoolops.alerts.incidents import school_names
from schoolops.alerts.knowing import knowledge
from schoolops.alerts.listings import concerns
from schoolops.alerts.models import alert, incident, incident_event, incident_school
from schoolops.alerts.reading import Rule, told
from schoolops.core.clock import to_iso
from schoolops.core.errors import Forbidden, NotFound
from schoolops.core.permissions import ESTATE_READ, Actor
from schoolops.db.access import outside, require
from schoolops.db.engine import Store
from schoolops.estate.access import in_scope, place_of
from schoolops.estate.models import TABLES
from schoolops.fleet.models import agent

MOST_ALERTS = 1000
MOST_EVENTS = 1000


def find(connection: Connection, actor: Actor, uid: str, permission: str = ESTATE_READ) -> Row[Any]:
    """An incident that the actor sees and has the permission for."""
    require(actor, ESTATE_READ)
    row = connection.execute(
        select(incident).where(incident.c.uid == uid, concerns(actor))
    ).one_or_none()
    if row is None:
        raise NotFound(say("there is no incident {id!r} that you may see", id=uid))
    if permission != ESTATE_READ:
        require(actor, permission)
        here = select(incident.c.id).where(incident.c.id == row.id, concerns(actor, permission))
        if connection.execute(here).first() is None:
            raise Forbidden(outside(actor, permission))
    return row


def sees(
    connection: Connection, actor: Actor, school_id: int | None, permission: str = ESTATE_READ
) -> bool:
    """Whether the actor has the permission at that school; what is of all is seen by all."""
    if school_id is None:
        return True
    return actor.scope(permission).covers(*place_of(connection, school_id))


def firing_by_rule(connection: Connection, actor: Actor) -> dict[str, int]:
    """Rule → how often it fires at the actor's schools."""
    rows = connection.execute(
        select(alert.c.rule, func.count())
        .where(
            alert.c.state == FIRING,
            alert.c.ended_at.is_(None),
            in_scope(actor, alert.c.school_id),
        )
        .group_by(alert.c.rule)
    )
    return {row[0]: row[1] for row in rows}


def course(store: Store, connection: Connection, actor: Actor, uid: str) -> dict[str, Any]:
    """An incident with its schools, alerts and history, as far as the actor sees its schools."""
    row = find(connection, actor, uid)
    c = incident_school.c
    inside = connection.execute(
        select(incident_school)
        .where(c.incident_id == row.id, in_scope(actor, c.school_id))
        .order_by(c.since_at)
    ).all()
    names = school_names(connection, [one.school_id for one in inside])
    number, name = names.get(row.school_id, ("", ""))
    return {
        "id": row.uid,
        "severity": row.severity,
        "state": "flapping" if row.flapping and row.closed_at is None else row.state,
        "title": row.title,
        "title_de": row.title_de,
        "kind": row.kind,
        "key": _Records(connection).key(row.kind, row.record_id),
        "school": number,
        "school_name": name,
        "provider": row.provider,
        "circuit": row.circuit,
        "hotline": row.hotline,
        "began": to_iso(row.began_at),
        "opened": to_iso(row.opened_at),
        "ended": to_iso(row.closed_at),
        "acknowledged_by": row.acknowledged_by,
        "claimed_by": row.claimed_by,
        "devices": sum(one.devices for one in inside),
        "returns": row.returns,
        "schools": [
            {
                "number": names[one.school_id][0],
                "name": names[one.school_id][1],
                "since": to_iso(one.since_at),
                "until": to_iso(one.until_at),
                "devices": one.devices,
            }
            for one in inside
            if one.school_id in names
        ],
        "alerts": _alerts(store, connection, actor, row, names),
        "events": _events(connection, row, names),
    }


def _alerts(
    store: Store,
    connection: Connection,
    actor: Actor,
    row: Row[Any],
    names: dict[int, tuple[str, str]],
) -> list[dict[str, Any]]:
    rules, known = knowledge(store).rules(store.clock.now()), _Records(connection)
    found = connection.execute(
        select(alert)
        .where(alert.c.incident_id == row.id, in_scope(actor, alert.c.school_id))
        .order_by(alert.c.since_at)
        .limit(MOST_ALERTS)
    ).all()
    return [
        {
            "rule": one.rule,
            "kind": one.kind,
            "key": known.key(one.kind, one.record_id),
            "school": names.get(one.school_id, ("", ""))[0],
            "severity": one.severity,
            "text": _text(rules.get(one.rule), known, one, "en"),
            "text_de": _text(rules.get(one.rule), known, one, "de"),
            "since": to_iso(one.since_at),
            "until": to_iso(one.ended_at),
        }
        for one in found
    ]


def _text(rule: Rule | None, known: _Records, row: Row[Any], language: str) -> str:
    if rule is None:
        return str(row.rule)
    name = known.name(row.kind, row.record_id)
    return told(rule, name, json.loads(row.facts), language)


def _events(
    connection: Connection, row: Row[Any], names: dict[int, tuple[str, str]]
) -> list[dict[str, Any]]:
    c = incident_event.c
    found = connection.execute(
        select(incident_event)
        .where(c.incident_id == row.id)
        .order_by(c.at, c.id)
        .limit(MOST_EVENTS)
    )
    return [
        {
            "at": to_iso(one.at),
            "by": one.by,
            "what": one.what,
            "school": names.get(one.school_id, ("", ""))[0],
            "text": one.text,
        }
        for one in found
        if one.school_id is None or one.school_id in names
    ]


class _Records:
    """What incidents and alerts are about; each record is read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[tuple[str, int], Row[Any] | None] = {}

    def key(self, kind: str, record_id: int | None) -> str:
        """The key by which people find it, '' for what has none."""
        row = self._row(kind, record_id)
        return "" if row is None else str(row.uid if kind == "agent" else row.key)

    def name(self, kind: str, record_id: int | None) -> str:
        row = self._row(kind, record_id)
        return "?" if row is None else str(row.name or getattr(row, "key", ""))

    def _row(self, kind: str, record_id: int | None) -> Row[Any] | None:
        table: Any = agent if kind == "agent" else TABLES.get(kind)
        if record_id is None or table is None:
            return None
        if (kind, record_id) not in self._rows:
            self._rows[kind, record_id] = self._connection.execute(
                select(table).where(table.c.id == record_id)
            ).one_or_none()
        return self._rows[kind, record_id]
