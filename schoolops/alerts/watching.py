"""Each school that was judged is watched by the rules, in the same transaction.

What is silent behind something broken begins nothing of its own: it is counted with it. A line
whose router is down, a device whose switch is down, a room whose access points hang on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from schoolops.alerts.engine import FIRING, Moment, Seen, Watch, step
from schoolops.alerts.knowing import Knowledge, knowledge
from schoolops.alerts.models import alert
from schoolops.alerts.reading import Rule
from schoolops.db.engine import UnitOfWork
from schoolops.telemetry.health import JUDGED, School, failed_ancestor
from schoolops.telemetry.rules import OK, Verdict

LOCK = 0xA1E7
"""First key of PostgreSQL's advisory locks of alerts; the second is a school, or 0: incidents."""


@dataclass(slots=True)
class Subject:
    """What a rule may be about, with what is known of it."""

    kind: str
    record_id: int
    name: str
    facts: dict[str, Any] | None
    at: int
    device_kind: str = ""
    room_id: int | None = None
    behind: int | None = None
    """The device that is down and on which it hangs."""


@dataclass(slots=True)
class Watched:
    """What the rules found at one school."""

    school: School
    subjects: dict[tuple[str, int], Subject]
    firing: list[Any] = field(default_factory=list)
    """Rows of `alert` that fire (`Firing`)."""
    silent: dict[tuple[str, int], int] = field(default_factory=dict)
    """(kind, id) of what is broken → how many devices are silent behind it."""


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires."""

    id: int
    rule: Rule
    subject: Subject
    severity: str
    since_at: int
    incident_id: int | None
    facts: Mapping[str, Any]


def watch_school(unit: UnitOfWork, school: School) -> None:
    """Move the alerts of a school on, and its incidents when something begins or ends."""
    from schoolops.alerts.incidents import correlate  # it needs what is here

    known = knowledge(unit.store)
    rules = known.rules(unit.now)
    interval_s = unit.store.settings.agent.interval_s
    subjects = subjects_of(school, unit.now, interval_s, known.hears(unit.now))
    _serialise(unit, school.row.id)
    rows = {
        (row.rule, row.kind, row.record_id): row
        for row in unit.connection.execute(
            select(alert).where(alert.c.school_id == school.row.id, alert.c.ended_at.is_(None))
        )
    }
    lessons = known.is_lesson_time(unit.connection, school.row.id, unit.now)
    watched = Watched(school, subjects)
    changed = False
    for rule in rules.values():
        for subject in about(rule, subjects):
            row = rows.pop((rule.id, subject.kind, subject.record_id), None)
            changed |= _watch(unit, watched, known, rule, subject, row, lessons)
    # The rule or the record is gone.
    changed |= any(row.state == FIRING for row in rows.values())
    for row in rows.values():
        _end(unit, row)
    _count_silent(watched)
    if changed or watched.firing:
        correlate(unit, watched, changed)


def _serialise(unit: UnitOfWork, school_id: int) -> None:
    """One at a time a school: several servers may judge it."""
    if unit.store.is_postgresql:
        unit.connection.execute(select(func.pg_advisory_xact_lock(LOCK, school_id)))


def about(rule: Rule, subjects: Mapping[tuple[str, int], Subject]) -> Iterator[Subject]:
    """The subjects that a rule is about."""
    for subject in subjects.values():
        if subject.kind == rule.about and (not rule.kinds or subject.device_kind in rule.kinds):
            yield subject


def _watch(
    unit: UnitOfWork,
    watched: Watched,
    known: Knowledge,
    rule: Rule,
    subject: Subject,
    row: Row[Any] | None,
    lessons: bool,
) -> bool:
    """One rule on one subject; answers whether an alert has begun or ended to fire."""
    facts = subject.facts
    if row is None and (facts is None or rule.when.value(facts) is not True):
        return False  # nearly always
    if rule.outage and subject.behind is not None:
        facts = None
    before = None
    if row is not None:
        before = Watch(row.state, row.since_at, row.known_at, row.fired_at, row.clear_since)
    held = known.is_held(unit.connection, unit.now, watched.school.row.id, subject.room_id)
    moment = Moment(unit.now, lessons, held)
    after = step(rule, before, Seen(facts, subject.at), moment)
    severity = rule.severity(lessons)
    if after is None:
        if row is not None:
            _end(unit, row)
        return row is not None and row.state == FIRING
    began = after.state == FIRING and (before is None or before.state != FIRING)
    if row is not None and row.state == FIRING:
        severity = row.severity  # what was critical in the last lesson is so in the break
    asked = rule.when.names | (rule.until.names if rule.until else frozenset())
    seen = json.loads(row.facts) if row is not None else {}
    if facts is not None:
        seen = {name: facts[name] for name in sorted(asked | _texts(rule)) if name in facts}
    values = {
        "state": after.state,
        "severity": severity,
        "since_at": after.since,
        "known_at": after.known_at,
        "fired_at": after.fired_at,
        "clear_since": after.clear_since,
        "facts": json.dumps(seen),
    }
    if row is None:
        made = unit.connection.execute(
            insert(alert),
            values | {"rule": rule.id, "kind": subject.kind, "record_id": subject.record_id,
                      "school_id": watched.school.row.id},
        )  # fmt: skip
        (alert_id,) = made.inserted_primary_key or (0,)
    else:
        alert_id = row.id
        if after != before or began:
            unit.connection.execute(update(alert).where(alert.c.id == row.id).values(values))
    if after.state == FIRING:
        incident_id = None if row is None else row.incident_id
        watched.firing.append(
            Firing(alert_id, rule, subject, severity, after.since, incident_id, seen)
        )
    return began


def _texts(rule: Rule) -> set[str]:
    return {
        word.partition("}")[0]
        for text in rule.text.values()
        for word in text.split("{")[1:]
    }  # fmt: skip


def _end(unit: UnitOfWork, row: Row[Any]) -> None:
    if row.state == FIRING:
        statement = update(alert).where(alert.c.id == row.id)
        unit.connection.execute(statement.values(state="ended", ended_at=unit.now))
    else:
        unit.connection.execute(delete(alert).where(alert.c.id == row.id))


# -- what the rules are about ---------------------------------------------------------------------


def subjects_of(
    school: School, now: int, interval_s: float, hears: bool
) -> dict[tuple[str, int], Subject]:
    """(kind, id) → everything at a judged school that rules are about. `hears`: silence counts."""
    found = _subjects(school, now, interval_s, hears)
    return {(subject.kind, subject.record_id): subject for subject in found}


def _subjects(school: School, now: int, interval_s: float, hears: bool) -> Iterator[Subject]:
    yield _the_school(school, now, interval_s, hears)
    yield from _devices(school)
    down = {key[1] for key, seen in school.seen.items() if key[0] == "device" and _is_down(seen)}
    for line in school.uplinks:
        if line.state == "active":
            facts, at = _facts(school, "uplink", line.id)
            if facts is not None:
                for name in ("contract_down_bps", "contract_up_bps", "provider", "medium"):
                    facts[name] = getattr(line, name)
            behind = line.device_id if line.device_id in down else None
            yield Subject("uplink", line.id, line.name, facts, at, behind=behind)
    yield from _rooms(school)
    for row in school.agents:
        facts, at = _facts(school, "agent", row.id)
        yield Subject("agent", row.id, row.name, facts, at)


def _facts(school: School, kind: str, record_id: int) -> tuple[dict[str, Any] | None, int]:
    seen = school.seen.get((kind, record_id))
    if seen is None or not seen.fresh:
        return None, 0
    return dict(seen.facts), seen.observed_at


def _is_down(seen: Any) -> bool:
    return bool(seen.fresh and seen.facts.get("reachable") is False)


def _the_school(school: School, now: int, interval_s: float, hears: bool) -> Subject:
    """`missed`: by when reports came, not by what they tell: who delivers what was kept talks."""
    heard = [row.last_seen_at for row in school.agents if row.last_seen_at]
    facts: dict[str, Any] | None = None
    if heard and hears:
        missed = (now - max(heard)) / (interval_s * 1e6)
        facts = {"missed": missed, "agents": float(len(heard))}
    # It is silent since it spoke last, and it has been looked at just now.
    since = max(heard, default=now)
    talks = facts is None or facts["missed"] < 1
    return Subject("school", school.row.id, "", facts, now if talks else since)


def _devices(school: School) -> Iterator[Subject]:
    own = dict.fromkeys(school.devices, OK)
    for (kind, device_id), seen in school.seen.items():
        if kind == "device" and _is_down(seen):
            own[device_id] = _DOWN
    for device in school.devices.values():
        if device.management in (None, "none"):
            continue
        facts, at = _facts(school, "device", device.id)
        if facts is not None:
            facts |= {"kind": device.kind, "vendor": device.vendor, "model": device.model}
        above = failed_ancestor(school, device, own)
        root = above
        while root is not None:
            above, root = root, failed_ancestor(school, root, own)
        yield Subject(
            "device", device.id, device.name or device.key, facts, at, device.kind,
            device.room_id, above.id if above is not None else None,
        )  # fmt: skip


_DOWN = Verdict("down")


def _rooms(school: School) -> Iterator[Subject]:
    points: dict[int, list[Any]] = {}
    for device in school.devices.values():
        if device.kind == "access-point" and device.room_id in school.rooms:
            points.setdefault(device.room_id, []).append(device)
    for room_id, inside in points.items():
        seen = [school.seen.get(("device", device.id)) for device in inside]
        fresh = [one for one in seen if one is not None and one.fresh]
        room = school.rooms[room_id]
        facts: dict[str, Any] | None = None
        if fresh:
            down = sum(map(_is_down, fresh))
            facts = {"points": float(len(fresh)), "points_down": float(down), "kind": room.kind}
        behind = [school.verdicts["device", device.id].reason for device in inside]
        hangs = bool(behind) and all(reason.startswith("behind ") for reason in behind)
        at = max((one.observed_at for one in fresh), default=0)
        yield Subject("room", room_id, room.name, facts, at, room_id=room_id,
                      behind=0 if hangs else None)  # fmt: skip


def _count_silent(watched: Watched) -> None:
    """Devices behind what is broken; all of the school while nothing is heard of it."""
    for subject in watched.subjects.values():
        if subject.kind == "device" and subject.behind is not None:
            key = ("device", subject.behind)
            watched.silent[key] = watched.silent.get(key, 0) + 1
    read = sum(1 for subject in watched.subjects.values() if subject.kind == "device")
    watched.silent["school", watched.school.row.id] = read


JUDGED.append(watch_school)
