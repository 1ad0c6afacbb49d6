"""Each school that was judged is watched by the rules, in the same transaction."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from schoolops.alerts.engine import FIRING, Moment, Seen, Watch, step
from schoolops.alerts.incidents import correlate
from schoolops.alerts.knowing import Knowledge, knowledge
from schoolops.alerts.models import alert
from schoolops.alerts.reading import Rule
from schoolops.alerts.subjects import (
    LOCK,
    Firing,
    Subject,
    Watched,
    about,
    count_silent,
    subjects_of,
)
from schoolops.db.engine import UnitOfWork
from schoolops.telemetry.health import JUDGED, School


def watch_school(unit: UnitOfWork, school: School) -> None:
    """Move the alerts of a school on, and its incidents when something begins or ends."""
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
    count_silent(watched)
    if changed or watched.firing:
        correlate(unit, watched, changed)


def _serialise(unit: UnitOfWork, school_id: int) -> None:
    """One at a time a school: several servers may judge it."""
    if unit.store.is_postgresql:
        unit.connection.execute(select(func.pg_advisory_xact_lock(LOCK, school_id)))


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
    facts = subject.known_to(rule)
    if row is None and (facts is None or rule.when.value(facts) is not True):
        return False  # nearly always
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


JUDGED.append(watch_school)
