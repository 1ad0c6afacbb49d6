"""One incident for one fault.

Alerts that fire are put together by what is broken: a switch, a room, a line, a school. Lines of
one provider that fail together at several schools are an incident of the provider; if most schools
of the city fall silent at once, whatever their provider, it is what they have in common. An
incident that comes back soon is the same one; one that comes back again and again is said to be
flapping, and then stays open until it has been quiet for long.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from schoolops.alerts.engine import FIRING
from schoolops.alerts.lifting import TOGETHER_US, Root, cutting_off, lift, lines_of
from schoolops.alerts.models import alert, incident, incident_event, incident_school
from schoolops.alerts.reading import SEVERITIES, told
from schoolops.alerts.subjects import LOCK, Firing, Watched
from schoolops.core.ids import uuid7
from schoolops.core.permissions import SYSTEM
from schoolops.db.engine import UnitOfWork
from schoolops.db.upsert import upsert
from schoolops.estate.models import TABLES
from schoolops.estate.query import shown_name

MINUTE = 60_000_000
COMES_BACK_US = 30 * MINUTE
"""What begins again so soon after it ended is the same incident."""
FLAPS = 3
"""So often it comes back until it is said to be flapping."""
QUIET_US = 30 * MINUTE
"""A flapping incident is closed after so long without an alert."""
schools, uplinks = TABLES["school"], TABLES["uplink"]


OVER: list[Callable[[UnitOfWork, int], None]] = []
"""Called with the id of an incident that is over, or part of another one from now on."""


def correlate(unit: UnitOfWork, watched: Watched, changed: bool) -> None:
    """Put what fires at a school into incidents, and close those of which nothing is left."""
    if not changed and all(one.incident_id for one in watched.firing):
        _count(unit, watched)
        return
    if unit.store.is_postgresql:
        unit.connection.execute(select(func.pg_advisory_xact_lock(LOCK, 0)))
    touched: set[int] = set()
    for root, firing in _by_root(watched).items():
        root = lift(unit, root, watched)
        found = _open(unit, root, firing, watched)
        touched |= _move(unit, found, firing, watched)
        touched.add(found)
    school_id = watched.school.row.id
    c = incident_school.c
    touched |= set(
        unit.connection.scalars(
            select(c.incident_id).where(c.school_id == school_id, c.until_at.is_(None))
        )
    )
    _count(unit, watched)
    for incident_id in sorted(touched):
        settle(unit, incident_id)


def _by_root(watched: Watched) -> dict[Root, list[Firing]]:
    rooms = {f.subject.record_id for f in watched.firing if f.subject.kind == "room"}
    found: dict[Root, list[Firing]] = defaultdict(list)
    for firing in watched.firing:
        subject, rule = firing.subject, firing.rule
        kind, record_id = subject.kind, subject.record_id
        what = "down" if rule.outage else rule.id
        is_point = kind == "device" and subject.device_kind == "access-point"
        if rule.outage and is_point and subject.room_id in rooms:
            kind, record_id = "room", subject.room_id or 0
        found[Root(f"{what}:{kind}:{record_id}", kind, record_id)].append(firing)
    return found


def _open(unit: UnitOfWork, root: Root, firing: list[Firing], watched: Watched) -> int:
    """The id of the incident about the root: open, just closed, or a new one."""
    c = incident.c
    row = unit.connection.execute(
        select(incident)
        .where(
            c.key == root.key,
            c.merged_into.is_(None),
            or_(c.closed_at.is_(None), c.closed_at > unit.now - COMES_BACK_US),
        )
        .order_by(c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return _create(unit, root, firing, watched)
    if row.closed_at is not None or row.quiet_at is not None:
        returns = row.returns + 1
        flaps = returns >= FLAPS
        values: dict[str, Any] = {"state": "open", "closed_at": None, "quiet_at": None,
                                  "returns": returns, "flapping": flaps}  # fmt: skip
        if row.closed_at is not None:  # people believe that it is over
            values |= {"told_at": None, "told_level": 0}
        unit.connection.execute(update(incident).where(c.id == row.id).values(values))
        note(unit, row.id, "returned", school_id=watched.school.row.id)
        if flaps and not row.flapping:
            note(unit, row.id, "flapping")
        _announce(unit, row)
    return int(row.id)


def _create(unit: UnitOfWork, root: Root, firing: list[Firing], watched: Watched) -> int:
    uid = uuid7()
    several = root.kind in ("provider", "city")
    first = next((f for f in firing if f.subject.kind == root.kind), firing[0])
    values: dict[str, Any] = {
        "uid": uid,
        "key": root.key,
        "kind": root.kind,
        "record_id": root.record_id,
        "school_id": None if several else watched.school.row.id,
        "rule": first.rule.id,
        "severity": _most(f.severity for f in firing),
        "state": "open",
        "title": "",
        "title_de": "",
        "began_at": min(f.since_at for f in firing),
        "opened_at": unit.now,
        **_contract(unit.connection, root, watched),
    }
    for column, language in (("title", "en"), ("title_de", "de")):
        values[column] = (
            _TITLES[root.kind][language].format(provider=root.provider)
            if several
            else told(first.rule, first.subject.name, first.facts, language)
        )
    made = unit.connection.execute(insert(incident), values)
    (incident_id,) = made.inserted_primary_key or (0,)
    note(unit, incident_id, "opened")
    unit.announce("incident", uid, values["school_id"])
    return int(incident_id)


_TITLES: Mapping[str, Mapping[str, str]] = {
    "provider": {
        "en": "schools of provider {provider} are cut off",
        "de": "Schulen des Anbieters {provider} sind abgeschnitten",
    },
    "city": {
        "en": "most schools are silent at once, at several providers: what do they have in common?",
        "de": "die meisten Schulen schweigen zugleich, bei mehreren Anbietern: was ist gemeinsam?",
    },
}


def _contract(connection: Connection, root: Root, watched: Watched) -> dict[str, str]:
    """Provider, circuit and hotline of the line that an incident is about, if it is about one."""
    lines = lines_of(connection, watched.school.row.id)[watched.school.row.id]
    if root.kind == "uplink":
        lines = [line for line in lines if line.id == root.record_id]
    elif root.kind not in ("school", "provider"):
        lines = []
    if root.kind == "provider":
        lines = [line for line in lines if line.provider == root.provider]
        return {"provider": root.provider, "hotline": lines[0].hotline or "" if lines else ""}
    return {
        name: ", ".join(dict.fromkeys(text for line in lines if (text := getattr(line, name))))
        for name in ("provider", "circuit", "hotline")
    }


def _move(unit: UnitOfWork, to: int, firing: list[Firing], watched: Watched) -> set[int]:
    """Put the alerts into an incident; answers the ids of those that they leave.

    When a provider's incident begins, those of the other schools come along.
    """
    left: set[int | None] = {f.incident_id for f in firing if f.incident_id != to}
    ids = [f.id for f in firing if f.incident_id != to]
    if ids:
        unit.connection.execute(update(alert).where(alert.c.id.in_(ids)).values(incident_id=to))
    row = unit.connection.execute(select(incident).where(incident.c.id == to)).one()
    if row.kind in ("provider", "city"):
        left |= _gather(unit, row)
    _join(unit, to, watched.school.row.id, min(f.since_at for f in firing))
    return {one for one in left if one is not None}


def _gather(unit: UnitOfWork, row: Row[Any]) -> set[int | None]:
    """Take over the alerts of all schools that are part of it."""
    statement = (
        select(alert.c.id, alert.c.school_id, alert.c.since_at, alert.c.incident_id)
        .where(
            alert.c.state == FIRING,
            alert.c.ended_at.is_(None),
            alert.c.rule.in_(cutting_off(unit)),
            alert.c.since_at >= row.began_at - TOGETHER_US,
            or_(alert.c.incident_id.is_(None), alert.c.incident_id != row.id),
        )
    )  # fmt: skip
    if row.kind == "provider":
        statement = statement.where(
            alert.c.school_id.in_(
                select(uplinks.c.school_id).where(
                    uplinks.c.provider == row.provider,
                    uplinks.c.retired_at.is_(None),
                    uplinks.c.state == "active",
                )
            )
        )
    found = unit.connection.execute(statement).all()
    for one in found:
        _join(unit, row.id, one.school_id, one.since_at)
    if found:
        unit.connection.execute(
            update(alert)
            .where(alert.c.id.in_([one.id for one in found]))
            .values(incident_id=row.id)
        )
        first = min(row.began_at, *(one.since_at for one in found))
        unit.connection.execute(
            update(incident).where(incident.c.id == row.id).values(began_at=first)
        )
    return {one.incident_id for one in found}


def _join(unit: UnitOfWork, incident_id: int, school_id: int, since: int) -> None:
    c = incident_school.c
    row = unit.connection.execute(
        select(incident_school).where(c.incident_id == incident_id, c.school_id == school_id)
    ).one_or_none()
    if row is not None and row.until_at is None:
        return
    upsert(
        unit.connection,
        incident_school,
        [{"incident_id": incident_id, "school_id": school_id,
          "since_at": since if row is None else row.since_at, "until_at": None, "devices": 0}],
    )  # fmt: skip
    note(unit, incident_id, "school joined", school_id=school_id)


def _count(unit: UnitOfWork, watched: Watched) -> None:
    """How many devices are silent at this school in each of its open incidents."""
    c, school_id = incident_school.c, watched.school.row.id
    rows = unit.connection.execute(
        select(c.incident_id, c.devices, incident.c.kind, incident.c.record_id, incident.c.rule)
        .join(incident, incident.c.id == c.incident_id)
        .where(c.school_id == school_id, c.until_at.is_(None))
    ).all()
    outages = {f.rule.id for f in watched.firing if f.rule.outage}
    for row in rows:
        key = (row.kind, row.record_id)
        if row.kind in ("provider", "city"):
            silent = any(f.subject.kind == "school" for f in watched.firing)
            key = ("school", school_id) if silent else ("", 0)
        count = watched.silent.get(key, 0) if row.rule in outages else 0
        if count != row.devices:
            here = and_(c.incident_id == row.incident_id, c.school_id == school_id)
            unit.connection.execute(update(incident_school).where(here).values(devices=count))
            settle(unit, row.incident_id)


def settle(unit: UnitOfWork, incident_id: int) -> None:
    """Bring an incident's own row up to what is in it; close it when nothing is left."""
    connection, now = unit.connection, unit.now
    row = connection.execute(select(incident).where(incident.c.id == incident_id)).one()
    if row.closed_at is not None:
        return
    left = connection.execute(
        select(alert.c.school_id, alert.c.severity).where(
            alert.c.incident_id == incident_id, alert.c.state == FIRING
        )
    ).all()
    _leave(unit, row, {one.school_id for one in left})
    c = incident_school.c
    counted = connection.execute(
        select(func.count(), func.coalesce(func.sum(c.devices), 0)).where(
            c.incident_id == incident_id, c.until_at.is_(None)
        )
    ).one()
    values: dict[str, Any] = {}
    if left:
        values = {"schools": counted[0], "devices": int(counted[1]), "quiet_at": None}
        values["severity"] = _most([row.severity, *(one.severity for one in left)])
    elif _moved(connection, incident_id):
        values = {"state": "closed", "closed_at": now, "merged_into": _where_to(connection, row)}
        note(unit, incident_id, "merged")
    elif row.flapping and (row.quiet_at is None or now - row.quiet_at < QUIET_US):
        values = {"quiet_at": row.quiet_at or now, "state": "quiet"}
    else:
        values = {"state": "closed", "closed_at": now, "quiet_at": row.quiet_at or now}
        note(unit, incident_id, "closed")
    if any(getattr(row, name) != value for name, value in values.items()):
        connection.execute(update(incident).where(incident.c.id == incident_id).values(values))
        _announce(unit, row)
    if values.get("state") == "closed":
        for hear in OVER:
            hear(unit, incident_id)


def _moved(connection: Connection, incident_id: int) -> bool:
    """Whether all its alerts went into another one."""
    return not connection.scalar(
        select(func.count()).select_from(alert).where(alert.c.incident_id == incident_id)
    )


def _where_to(connection: Connection, row: Row[Any]) -> int | None:
    """The incident that took it over: the newest open one at its school."""
    found: int | None = connection.scalar(
        select(func.max(incident_school.c.incident_id))
        .join(incident, incident.c.id == incident_school.c.incident_id)
        .where(
            incident_school.c.school_id == row.school_id,
            incident_school.c.until_at.is_(None),
            incident.c.closed_at.is_(None),
            incident.c.id != row.id,
            incident.c.kind.in_(("provider", "city", "room")),
        )
    )
    return found


def _leave(unit: UnitOfWork, row: Row[Any], still: set[int]) -> None:
    c = incident_school.c
    gone = [
        school_id
        for school_id in unit.connection.scalars(
            select(c.school_id).where(c.incident_id == row.id, c.until_at.is_(None))
        )
        if school_id not in still
    ]
    if not gone:
        return
    here = and_(c.incident_id == row.id, c.school_id.in_(gone))
    unit.connection.execute(
        update(incident_school).where(here).values(until_at=unit.now, devices=0)
    )
    if row.school_id is None:
        for school_id in gone:
            note(unit, row.id, "school left", school_id=school_id)


def _announce(unit: UnitOfWork, row: Row[Any]) -> None:
    unit.announce("incident", row.uid, row.school_id)


def _most(severities: Iterable[str]) -> str:
    return max(severities, key=SEVERITIES.index)


EVENTS = (
    "opened", "school joined", "school left", "returned", "flapping", "merged", "closed", "told",
    "escalated", "acknowledged", "claimed", "released", "note",
)  # fmt: skip
"""What can happen in an incident; screens translate these words."""


def note(
    unit: UnitOfWork, incident_id: int, what: str, text: str = "", school_id: int | None = None
) -> None:
    """Write into an incident's history, as the actor of the unit."""
    if what not in EVENTS:
        raise LookupError(f"there is no event {what!r}")
    by = "" if unit.actor is SYSTEM else unit.actor.name
    unit.connection.execute(
        insert(incident_event),
        {"incident_id": incident_id, "at": unit.now, "by": by, "what": what,
         "school_id": school_id, "text": text},
    )  # fmt: skip


def school_names(connection: Connection, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Id → (number, shown name)."""
    rows = connection.execute(
        select(schools.c.id, schools.c.number, shown_name()).where(schools.c.id.in_(list(ids)))
    )
    return {row[0]: (row[1], row[2]) for row in rows}
