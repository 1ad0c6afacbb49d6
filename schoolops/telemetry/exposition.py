"""Measurements under the names that Prometheus knows: what there is, and the text it scrapes.

A series is a metric of one device, uplink, agent or service: `schoolops_device_cpu_percent` with
the labels `school`, `device`, `kind` and `room`. Format: text exposition 0.0.4 of Prometheus.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, exists, func, select

from inventory.choices import NETWORK_KINDS
from inventory.kinds import KINDS
from schoolops.core.permissions import Actor
from schoolops.estate.access import in_scope, readable_by
from schoolops.estate.models import TABLES, observation
from schoolops.fleet.models import agent
from schoolops.telemetry.history import rolled_to
from schoolops.telemetry.metrics import COUNTER, METRICS, TABLES_OF, Metric, shown
from schoolops.telemetry.models import school_service
from schoolops.telemetry.rollups import HOUR_S

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "schoolops_"
LABELS = ("__name__", "agent", "device", "kind", "provider", "room", "school", "service", "uplink")

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: the kind of its table, its id there, and its labels."""

    kind: str
    record: int
    labels: Labels


@cache
def names() -> dict[str, tuple[str, Metric]]:
    """Name of a series → its part ('device', 'uplink', 'agent', 'service') and its metric."""
    return {
        f"{PREFIX}{part}_{metric.name}": (part, metric)
        for part, table in TABLES_OF.items()
        for metric in shown(table).values()
    }


@cache
def counters() -> dict[str, tuple[str, str]]:
    """Name of a counter's series → its part and the counter."""
    return {
        f"{PREFIX}{part}_{metric.name}_total": (part, metric.name)
        for part, table in TABLES_OF.items()
        for metric in METRICS[table]
        if metric.kind == COUNTER
    }


def subjects(connection: Connection, actor: Actor, part: str) -> list[Subject]:
    """The devices that ever reported, uplinks, agents or services that the actor may see."""
    schools, rooms = TABLES["school"].c, TABLES["room"].c
    if part == "agent":
        a = agent.c
        rows = connection.execute(
            select(a.id, schools.number.label("school"), a.name.label("agent"))
            .join(TABLES["school"], schools.id == a.school_id)
            .where(in_scope(actor, a.school_id), a.state.in_(("active", "silent")))
            .order_by(a.id)
        )
    elif part == "uplink":
        u = TABLES["uplink"].c
        rows = connection.execute(
            select(u.id, schools.number.label("school"), u.name.label("uplink"), u.provider)
            .join(TABLES["school"], schools.id == u.school_id)
            .where(readable_by(actor, KINDS["uplink"]), u.retired_at.is_(None))
            .order_by(u.id)
        )
    elif part == "service":
        s = school_service.c
        rows = connection.execute(
            select(s.id, schools.number.label("school"), s.name.label("service"))
            .join(TABLES["school"], schools.id == s.school_id)
            .where(in_scope(actor, s.school_id))
            .order_by(s.id)
        )
    else:
        d, o = TABLES["device"].c, observation.c
        reported = exists().where(o.kind == "device", o.record_id == d.id)
        rows = connection.execute(
            select(d.id, schools.number.label("school"), d.key.label("device"), d.kind,
                   rooms.name.label("room"))
            .join(TABLES["school"], schools.id == d.school_id)
            .outerjoin(TABLES["room"], rooms.id == d.room_id)
            .where(readable_by(actor, KINDS["device"]), d.retired_at.is_(None),
                   d.kind.in_(NETWORK_KINDS), reported)
            .order_by(d.id)
        )  # fmt: skip
    found = []
    for row in rows.mappings():
        labels = {name: str(value) for name, value in row.items() if name != "id" and value}
        found.append(Subject(TABLES_OF[part], row["id"], labels))
    return found


def values(connection: Connection, actor: Actor, label: str) -> list[str]:
    """The values that a label has."""
    return sorted(
        {
            value
            for part in TABLES_OF
            for subject in subjects(connection, actor, part)
            if (value := subject.labels.get(label))
        }
    )


def expose(connection: Connection, actor: Actor, now: int) -> Iterator[str]:
    """The last known values that are fresh, a family of metrics after the other."""
    for part, kind in TABLES_OF.items():
        there = {subject.record: subject for subject in subjects(connection, actor, part)}
        facts = _fresh(connection, part, now)
        for metric in METRICS[kind]:
            counts = metric.kind == COUNTER
            name = f"{PREFIX}{part}_{metric.name}{'_total' if counts else ''}"
            lines = [
                f"{name}{_labels(there[record].labels)} {_number(value)}\n"
                for record, values in facts.items()
                if record in there and (value := values.get(metric.name)) is not None
            ]
            if lines:
                yield _head(name, told(part, metric), "counter" if counts else "gauge")
                yield from lines
    booked = connection.scalar(
        select(func.sum(agent.c.reports)).where(in_scope(actor, agent.c.school_id))
    )
    yield _head(f"{PREFIX}reports_total", "Reports booked.", "counter")
    yield f"{PREFIX}reports_total {int(booked or 0)}\n"
    yield _head(f"{PREFIX}rolled_up_seconds", "Until when rollups are made, Unix time.", "gauge")
    yield f"{PREFIX}rolled_up_seconds {rolled_to(connection) * HOUR_S}\n"


def _fresh(connection: Connection, part: str, now: int) -> Mapping[int, dict[str, Any]]:
    o = observation.c
    rows = connection.execute(
        select(o.record_id, o.facts).where(o.kind == part, o.fresh_until >= now)
    )
    return {row.record_id: json.loads(row.facts) for row in rows}


def _head(name: str, told: str, kind: str) -> str:
    return f"# HELP {name} {told}\n# TYPE {name} {kind}\n"


def told(part: str, metric: Metric) -> str:
    """What a series is, in a sentence."""
    unit = f" in {metric.unit}" if metric.unit else ""
    return f"{metric.name} of a {part}{unit}, as last reported."


_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def _labels(labels: Labels) -> str:
    inner = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{{{inner}}}"


def _number(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else repr(value)
