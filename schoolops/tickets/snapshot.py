"""What was known of room, device, line and incidents when a ticket came, and which fault it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from schoolops.alerts.models import alert, incident, incident_school
from schoolops.core.clock import to_iso
from schoolops.estate.models import TABLES, observation

devices, rooms, schools, uplinks = (TABLES[name] for name in ("device", "room", "school", "uplink"))
OF_ALL = ("uplink", "school", "provider", "city")
"""Kinds of incidents that concern the whole school."""
NETWORK = "network"


class Place(NamedTuple):
    """Where a ticket is: ids, None where it names none."""

    school_id: int | None
    room_id: int | None = None
    device_id: int | None = None


def seen_at(
    connection: Connection, place: Place, open_: Iterable[Row[Any]], now: int
) -> dict[str, Any]:
    """The live state, as a ticket keeps it: plain data, in which no person stands. `open_`: the
    school's `open_incidents`."""
    found: dict[str, Any] = {"at": to_iso(now)}
    if place.school_id is None:
        return found
    school = connection.execute(
        select(schools.c.health, schools.c.health_reason).where(schools.c.id == place.school_id)
    ).one()
    found["school"] = _health(school)
    if place.room_id is not None:
        row = connection.execute(select(rooms).where(rooms.c.id == place.room_id)).one()
        found["room"] = {"name": row.name, **_health(row)}
        found["access_points"] = [
            {"name": one.name or one.serial, **_health(one)} for one in _points(connection, place)
        ]
    if place.device_id is not None:
        row = connection.execute(select(devices).where(devices.c.id == place.device_id)).one()
        found["device"] = {
            "serial": row.serial,
            "kind": row.kind,
            "model": row.model or "",
            **_health(row),
            "facts": _facts(connection, place.device_id),
        }
    found["uplinks"] = [
        {"name": one.name, "provider": one.provider or "", **_health(one)}
        for one in connection.execute(
            select(uplinks).where(
                uplinks.c.school_id == place.school_id, uplinks.c.retired_at.is_(None)
            )
        )
    ]
    found["incidents"] = [
        {"id": one.uid, "title": one.title, "title_de": one.title_de, "since": to_iso(one.began_at)}
        for one in open_
    ]
    return found


def open_incidents(connection: Connection, school_id: int | None) -> list[Row[Any]]:
    """The open incidents that concern a school, the oldest first; of no school, none."""
    if school_id is None:
        return []
    c = incident_school.c
    return list(
        connection.execute(
            select(incident)
            .join(incident_school, c.incident_id == incident.c.id)
            .where(
                c.school_id == school_id,
                c.until_at.is_(None),
                incident.c.closed_at.is_(None),
                incident.c.merged_into.is_(None),
            )
            .order_by(incident.c.began_at, incident.c.id)
        ).all()
    )


def fault_of(
    connection: Connection, place: Place, category: str, known: Iterable[Row[Any]]
) -> Row[Any] | None:
    """The incident of the nearest failed thing above what was reported: the device itself, what it
    hangs on, the room and its access points, what these hang on, the line, the provider.

    A broken projector is no part of a dead line: what is beyond the device counts for reports of
    the network alone. `known`: the school's `open_incidents`.
    """
    open_ = {row.id: row for row in known}
    if not open_:
        return None
    if place.device_id is not None and (found := _alerting(connection, open_, {place.device_id})):
        return found
    if category != NETWORK:
        return None
    chain = [] if place.device_id is None else [place.device_id]
    if place.room_id is not None:
        if found := _about(open_.values(), "room", {place.room_id}):
            return found
        chain += [one.id for one in _points(connection, place)]
    for generation in _above(connection, chain):
        if found := _alerting(connection, open_, generation):
            return found
    for kind in OF_ALL:
        if found := next((row for row in open_.values() if row.kind == kind), None):
            return found
    return None


def _about(found: Iterable[Row[Any]], kind: str, ids: set[int]) -> Row[Any] | None:
    return next((row for row in found if row.kind == kind and row.record_id in ids), None)


def _alerting(connection: Connection, open_: dict[int, Row[Any]], ids: set[int]) -> Row[Any] | None:
    """The incident in which one of these devices fires."""
    c = alert.c
    found = connection.scalar(
        select(c.incident_id)
        .where(
            c.kind == "device", c.record_id.in_(ids), c.ended_at.is_(None),
            c.incident_id.in_(list(open_)),
        )
        .order_by(c.since_at)
        .limit(1)
    )  # fmt: skip
    return open_[found] if found is not None else _about(open_.values(), "device", ids)


def _above(connection: Connection, ids: list[int]) -> list[set[int]]:
    """These devices, what they are connected to, and so on upwards."""
    found, known = [set(ids)] if ids else [], set(ids)
    while found and found[-1]:
        parents = connection.scalars(
            select(devices.c.parent_id).where(
                devices.c.id.in_(found[-1]), devices.c.parent_id.is_not(None)
            )
        )
        higher = set(parents) - known
        known |= higher
        if not higher:
            break
        found.append(higher)
    return found


def _points(connection: Connection, place: Place) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(devices)
            .where(
                devices.c.room_id == place.room_id,
                devices.c.kind == "access-point",
                devices.c.retired_at.is_(None),
            )
            .order_by(devices.c.key)
        ).all()
    )


def _health(row: Any) -> dict[str, Any]:
    return {"health": row.health, "reason": row.health_reason or ""}


def _facts(connection: Connection, device_id: int) -> dict[str, Any]:
    found = connection.scalar(
        select(observation.c.facts).where(
            observation.c.kind == "device", observation.c.record_id == device_id
        )
    )
    facts = json.loads(found) if found else {}
    return facts if isinstance(facts, dict) else {}
