"""What rules would have done with what was measured: a dry run over a school's last days.

The same subjects, the same steps and the same dependencies as in earnest, over kept measurements.
The clock goes in steps of `STEP`, at whole multiples, so that the same hours always give the same
answer; where nothing was reported and nothing is about to begin or end, in minutes. What several
schools have in common is left out: it is asked of one school.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from schoolops.alerts.engine import FIRING, Moment, Watch, step
from schoolops.alerts.engine import Seen as Given
from schoolops.alerts.knowing import LEAD_S, Hold
from schoolops.alerts.models import maintenance
from schoolops.alerts.reading import Rule, told
from schoolops.alerts.spans import covers
from schoolops.alerts.subjects import Subject, about, subjects_of
from schoolops.calendar.repository import lesson_time_of
from schoolops.core.settings import AgentSettings
from schoolops.core.zone import local_zone
from schoolops.telemetry import raw
from schoolops.telemetry.health import School, Seen, judge, read_school
from schoolops.telemetry.metrics import METRICS, STATE, TABLES_OF, natural

MINUTE = 60_000_000
STEP = 15_000_000
"""Micros between two looks; rules are as quick as 15 s."""
LONGEST_HOURS = 7 * 24
MOST = 500


@dataclass(slots=True)
class Would:
    """An alert that would have fired. Times in microseconds; `ended` None: it still would."""

    rule: Rule
    subject: Subject
    severity: str
    since: int
    fired: int
    ended: int | None
    text: str
    silent: int


@dataclass(slots=True)
class _Course:
    """The readings of one record, in order."""

    times: list[int]
    facts: list[dict[str, Any]]
    place: int = field(default=0)


def rehearse(
    connection: Connection,
    settings: AgentSettings,
    school_id: int,
    rules: Iterable[Rule],
    since: int,
    until: int,
) -> list[Would]:
    """The alerts of a school between two instants, in the order in which they would have fired."""
    school = read_school(connection, school_id, until)
    if school is None:
        return []
    courses = _courses(connection, school, since - 10 * MINUTE, until)
    lessons = lesson_time_of(connection, school_id)
    holds = [
        Hold(row)
        for row in connection.execute(
            select(maintenance).where(
                maintenance.c.kind == "maintenance", maintenance.c.ends_at > since
            )
        )
        if row.school_id in (None, school_id)
    ]
    stale = round(settings.interval_s * settings.stale_after * 1e6)
    zone, rules = local_zone(), list(rules)
    watches: dict[tuple[str, str, int], Watch] = {}
    firing: dict[tuple[str, str, int], Would] = {}
    found: list[Would] = []
    begin = since - since % MINUTE
    for now in range(begin, until, STEP):
        news = _move(courses, now)
        settled = all(one.state == FIRING and one.clear_since is None for one in watches.values())
        if not news and settled and now % MINUTE:
            continue
        _set_to(school, courses, now, stale)
        judge(school, now)
        subjects = subjects_of(school, now, settings.interval_s, True)
        in_lessons = lessons.within(now / 1e6) or lessons.within(now / 1e6 + LEAD_S)
        held = [hold for hold in holds if covers(hold.span, now, zone)]
        for rule in rules:
            for subject in about(rule, subjects):
                key = (rule.id, subject.kind, subject.record_id)
                before = watches.get(key)
                facts = subject.known_to(rule)
                if before is None and (facts is None or rule.when.value(facts) is not True):
                    continue
                is_held = any(hold.room_id in (None, subject.room_id) for hold in held)
                moment = Moment(now, in_lessons, is_held)
                after = step(rule, before, Given(facts, subject.at), moment)
                if after is None:
                    watches.pop(key, None)
                    if key in firing:
                        firing.pop(key).ended = now
                    continue
                watches[key] = after
                if after.state == FIRING and key not in firing:
                    firing[key] = _would(rule, subject, subjects, after, in_lessons, now)
                    found.append(firing[key])
                    if len(found) >= MOST:
                        return found
    return found


def _would(
    rule: Rule,
    subject: Subject,
    subjects: Mapping[tuple[str, int], Subject],
    watch: Watch,
    lessons: bool,
    now: int,
) -> Would:
    silent = sum(
        1
        for other in subjects.values()
        if subject.kind == "device" and rule.outage and other.behind == subject.record_id
    )
    return Would(
        rule, subject, rule.severity(lessons), watch.since, now, None,
        told(rule, subject.name, subject.facts or {}, "en"), silent,
    )  # fmt: skip


def _courses(
    connection: Connection, school: School, since: int, until: int
) -> dict[tuple[str, int], _Course]:
    wanted = [
        *(("device", one) for one in school.devices),
        *(("uplink", row.id) for row in school.uplinks),
        *(("agent", row.id) for row in school.agents),
    ]
    found = {}
    for kind, record in wanted:
        table = TABLES_OF[kind]
        readings = raw.load(connection, table, record, since, until)
        metrics = {metric.name: metric for metric in METRICS[table]}
        facts: list[dict[str, Any]] = []
        for place in range(len(readings.times)):
            row: dict[str, Any] = {}
            for name, column in readings.columns.items():
                kept = column[place]
                if kept is not None:
                    metric = metrics[name]
                    row[name] = bool(kept) if metric.kind == STATE else natural(metric, kept)
            facts.append(row)
        found[kind, record] = _Course(readings.times, facts)
    return found


def _move(courses: Mapping[tuple[str, int], _Course], now: int) -> bool:
    """Go on to the newest reading of each record; whether there is one."""
    news = False
    for course in courses.values():
        place = bisect_right(course.times, now, lo=course.place)
        news |= place != course.place
        course.place = place
    return news


def _set_to(
    school: School, courses: Mapping[tuple[str, int], _Course], now: int, stale: int
) -> None:
    """What was known of the school then."""
    school.seen.clear()
    school.verdicts.clear()
    agents = []
    for (kind, record), course in courses.items():
        place = course.place - 1
        at = course.times[place] if place >= 0 else None
        if at is not None:
            school.seen[kind, record] = Seen(course.facts[place], now - at <= stale, at)
        if kind == "agent":
            name = next(row.name for row in school.agents if row.id == record)
            one = SimpleNamespace(id=record, name=name, last_seen_at=at, cloned_until=0)
            agents.append(one)
    school.agents = agents
