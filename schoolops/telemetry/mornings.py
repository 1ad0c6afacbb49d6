"""Whether teaching works at each school: now, and as it was recorded on school mornings.

The record is made once a school day at `telemetry.readiness_at` and never changed. A server that
was away at that time does not guess afterwards: it records that nobody knows.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, select

from inventory.kinds import KINDS
from inventory.sentences import say, wire
from schoolops.calendar.repository import lesson_times
from schoolops.core.clock import to_iso
from schoolops.core.errors import NotFound
from schoolops.core.permissions import Actor
from schoolops.core.settings import Settings
from schoolops.core.zone import local_zone
from schoolops.db.engine import Store, UnitOfWork
from schoolops.db.tables import note
from schoolops.db.upsert import add_missing, upsert
from schoolops.estate.access import in_scope
from schoolops.estate.models import TABLES, observation
from schoolops.estate.repository import Estate
from schoolops.telemetry.models import readiness, school_service
from schoolops.telemetry.readiness import (
    LEVELS,
    Facts,
    Line,
    Readiness,
    Rooms,
    Service,
    judge,
    not_there,
)

SCHOOLS, UPLINKS, DEVICES = (TABLES[kind] for kind in ("school", "uplink", "device"))
GRACE_S = 15 * 60
"""So long after its time what is found still counts as what was there."""
MOST_DAYS = 60
"""Days that are made up for at most after the server was away."""
RECORDED = "readiness recorded"
"""Note: the day up to which all is recorded."""


# -- now ------------------------------------------------------------------------------------------


def levels(
    connection: Connection, settings: Settings, now: int, schools: Iterable[int]
) -> dict[int, Readiness]:
    """Id of a school → what is known of it now. Asks for nobody's scope."""
    wanted = sorted(set(schools))
    lines = _lines(connection, settings, now, wanted)
    services = _services(connection, now, wanted)
    rooms = _rooms(connection, now, wanted)
    agent = settings.agent
    return {
        school: judge(
            lines.get(school, []),
            [
                Service(name, name in agent.essential_services, services[school].get(name))
                for name in sorted(agent.services)
            ],
            rooms.get(school, Rooms()),
        )
        for school in wanted
    }


def _lines(
    connection: Connection, settings: Settings, now: int, schools: Sequence[int]
) -> dict[int, list[Line]]:
    u, o = UPLINKS.c, observation.c
    rows = connection.execute(
        select(u.school_id, u.name, o.facts, o.fresh_until)
        .outerjoin(observation, and_(o.kind == "uplink", o.record_id == u.id))
        .where(u.school_id.in_(schools), u.retired_at.is_(None), u.state == "active")
        .order_by(u.name)
    )
    found: dict[int, list[Line]] = defaultdict(list)
    for row in rows:
        line = Line(row.name, _fresh(row, now), bool(settings.agent.dns_names))
        found[row.school_id].append(line)
    return found


def _services(
    connection: Connection, now: int, schools: Sequence[int]
) -> Mapping[int, dict[str, Facts | None]]:
    s, o = school_service.c, observation.c
    rows = connection.execute(
        select(s.school_id, s.name, o.facts, o.fresh_until)
        .join(observation, and_(o.kind == "service", o.record_id == s.id))
        .where(s.school_id.in_(schools))
    )
    found: dict[int, dict[str, Facts | None]] = defaultdict(dict)
    for row in rows:
        found[row.school_id][row.name] = _fresh(row, now)
    return found


def _rooms(connection: Connection, now: int, schools: Sequence[int]) -> dict[int, Rooms]:
    """Rooms by their WLAN: health was folded from its access points, and holds as long as one of
    them is fresh."""
    d, r, o = DEVICES.c, TABLES["room"].c, observation.c
    rows = connection.execute(
        select(d.school_id, d.room_id, d.management, r.health, o.fresh_until)
        .join(TABLES["room"], r.id == d.room_id)
        .outerjoin(observation, and_(o.kind == "device", o.record_id == d.id))
        .where(
            d.school_id.in_(schools),
            d.kind == "access-point",
            d.retired_at.is_(None),
            r.retired_at.is_(None),
        )
    )
    seen: dict[tuple[int, int], str] = {}
    for row in rows:
        place = row.school_id, row.room_id
        if row.management in (None, "none"):
            seen.setdefault(place, "unmanaged")
        elif row.fresh_until is None or row.fresh_until < now or row.health == "unknown":
            if seen.get(place) in (None, "unmanaged"):
                seen[place] = "unknown"
        else:
            seen[place] = "down" if row.health == "down" else "ok"
    counts: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (school, _), word in seen.items():
        counts[school][word] += 1
    return {school: Rooms(**some) for school, some in counts.items()}


def _fresh(row: Any, now: int) -> Facts | None:
    if row.facts is None or row.fresh_until < now:
        return None
    facts: Facts = json.loads(row.facts)
    return facts


# -- for who may see it ---------------------------------------------------------------------------


def of_all(
    connection: Connection, actor: Actor, settings: Settings, now: int, day: dt.date | None
) -> dict[str, Any]:
    """The schools that the actor sees, the worst first: now, or as recorded on a day."""
    s = SCHOOLS.c
    if day is None:
        rows = connection.execute(_open_schools().where(in_scope(actor, s.id))).all()
        known = levels(connection, settings, now, [row.id for row in rows])
        schools = [_shown(row, now, None, _wired(known[row.id])) for row in rows]
    else:
        r = readiness.c
        rows = connection.execute(
            select(s.id, s.uid, s.number, s.name, r.at, r.level, r.parts)
            .join(readiness, r.school_id == s.id)
            .where(in_scope(actor, s.id), r.day == day.isoformat())
            .order_by(s.name)
        ).all()
        schools = [_shown(row, row.at, day, _kept(row)) for row in rows]
    schools.sort(key=lambda one: LEVELS.index(one["level"]))
    counts = {level: sum(one["level"] == level for one in schools) for level in LEVELS}
    return {"day": day.isoformat() if day else None, "counts": counts, "schools": schools}


def of_school(
    connection: Connection,
    actor: Actor,
    settings: Settings,
    now: int,
    id_or_key: str,
    day: dt.date | None,
) -> dict[str, Any]:
    """The same of one school. `NotFound` for a day of which nothing is recorded."""
    row = Estate(connection, actor, now).find(KINDS["school"], id_or_key)
    if day is None:
        known = levels(connection, settings, now, [row.id])[row.id]
        return _shown(row, now, None, _wired(known))
    found = connection.execute(
        select(readiness).where(readiness.c.school_id == row.id, readiness.c.day == day.isoformat())
    ).one_or_none()
    if found is None:
        raise NotFound(
            say(
                "nothing was recorded of {school} on {day}: no school day, or not kept",
                school=row.number,
                day=day.isoformat(),
            )
        )
    return _shown(row, found.at, day, _kept(found))


def _open_schools() -> Any:
    s = SCHOOLS.c
    return (
        select(s.id, s.uid, s.number, s.name, s.created_at)
        .where(s.retired_at.is_(None), s.operating.is_distinct_from("closed"))
        .order_by(s.name)
    )


def _wired(found: Readiness) -> dict[str, Any]:
    return {
        "level": found.level,
        **_said(found.reason),
        "parts": [part._asdict() | _said(part.reason) for part in found.parts],
    }


def _kept(row: Row[Any]) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(row.parts)
    return {"level": row.level, **kept}


def _said(reason: str) -> dict[str, Any]:
    return {"reason": str(reason), **(wire(reason) if reason else {})}


def _shown(row: Row[Any], at: int, day: dt.date | None, found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row.uid,
        "school": row.number,
        "name": row.name,
        "day": day.isoformat() if day else None,
        "at": to_iso(at),
        **found,
    }


# -- in the morning -------------------------------------------------------------------------------


def record(store: Store) -> None:
    """Record each school's level once it is time; of days that went by without us, that nobody
    knows. Forgets what is past its time."""
    now = store.clock.now()
    today = dt.datetime.fromtimestamp(now / 1e6, local_zone()).date()
    with store.read() as connection:
        done = connection.scalar(select(note.c.value).where(note.c.name == RECORDED))
    if done is not None and done > today.isoformat():
        done = (today - dt.timedelta(days=1)).isoformat()  # by a clock that was set back since
    last = today if now >= due(store.settings, today) else today - dt.timedelta(days=1)
    if done is not None and done >= last.isoformat():
        return
    with store.write() as unit:
        if done is None and _is_late(store.settings, last, now):
            days = []  # a store that is new has missed nothing
        elif done is None:
            days = [last]
        else:
            since = max(dt.date.fromisoformat(done), last - dt.timedelta(days=MOST_DAYS))
            days = [since + dt.timedelta(days=n + 1) for n in range((last - since).days)]
        for day in days:
            _record_day(unit, day)
        _forget(unit, today)
        upsert(unit.connection, note, [{"name": RECORDED, "value": last.isoformat()}])


def due(settings: Settings, day: dt.date) -> int:
    """When that day's record is made, in micros: local time, whatever the clocks do that day."""
    at = dt.time.fromisoformat(settings.telemetry.readiness_at)
    return int(dt.datetime.combine(day, at, local_zone()).timestamp()) * 1_000_000


def _is_late(settings: Settings, day: dt.date, now: int) -> bool:
    return now > due(settings, day) + GRACE_S * 1_000_000


def _record_day(unit: UnitOfWork, day: dt.date) -> None:
    settings = unit.store.settings
    at = due(settings, day)
    times = lesson_times(unit.connection)
    schools = [
        row.id
        for row in unit.connection.execute(_open_schools())
        if row.created_at < at and times[row.id].spans(day)
    ]
    if _is_late(settings, day, unit.now):
        nobody = not_there(settings.telemetry.readiness_at)
        found, seen_at = dict.fromkeys(schools, nobody), at
    else:
        found, seen_at = levels(unit.connection, settings, unit.now, schools), unit.now
    rows = []
    for school, one in found.items():
        told = _wired(one)
        level = told.pop("level")
        rows.append(
            {"school_id": school, "day": day.isoformat(), "at": seen_at, "level": level,
             "parts": json.dumps(told)}
        )  # fmt: skip
    if rows:
        add_missing(unit.connection, readiness, rows)


def _forget(unit: UnitOfWork, today: dt.date) -> None:
    oldest = today - dt.timedelta(days=unit.store.settings.telemetry.readiness_days)
    unit.connection.execute(delete(readiness).where(readiness.c.day < oldest.isoformat()))
