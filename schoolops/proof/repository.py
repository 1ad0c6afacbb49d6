"""What the store has of a line and month, and what its contract was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, select

from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.calendar.repository import lesson_time_of
from schoolops.calendar.times import LessonTime
from schoolops.core.errors import Invalid
from schoolops.core.permissions import Actor
from schoolops.core.settings import ProofSettings, Settings
from schoolops.estate.models import TABLES, revision
from schoolops.estate.repository import Estate
from schoolops.estate.writing import CREATED, IMPORTED
from schoolops.proof.limits import Limits
from schoolops.proof.months import Month
from schoolops.proof.outages import Reading
from schoolops.proof.reckoning import METRICS, Measured, Question, coarse_outages, reckon
from schoolops.proof.shapes import Line, Proof
from schoolops.proof.slots import Slot
from schoolops.proof.throughput import Booked
from schoolops.telemetry import raw
from schoolops.telemetry.history import History
from schoolops.telemetry.metrics import shown
from schoolops.telemetry.rollups import DAY_S, FINE_S, HOUR_S, MICROS

UPLINK = KINDS["uplink"]
CONTRACT = ("provider", "circuit", "contract_down_bps", "contract_up_bps")
AROUND_S = 120
"""So far before and after a coarse outage single reports are looked at."""


class Lines:
    """Proofs of the lines that one actor may see, at one time."""

    def __init__(self, connection: Connection, actor: Actor, settings: Settings, now: int) -> None:
        self.connection = connection
        self.settings = settings
        self.now = now
        self.estate = Estate(connection, actor, now)
        self._lessons: dict[int, LessonTime] = {}

    @cached_property
    def limits(self) -> Limits:
        return limits_of(self.settings.proof)

    def proof(self, id_or_key: str, month: Month) -> Proof:
        """The proof of a line, by uuid or key."""
        return self.proof_of(self.estate.find(UPLINK, id_or_key), month)

    def proof_of(self, row: Row[Any], month: Month) -> Proof:
        """The same of a row that the actor may see."""
        lessons = self.lessons(row.school_id)
        begin, end = month.span(lessons.zone)
        now_s = self.now / MICROS
        if begin >= now_s:
            raise Invalid(say("the month {month} has not begun", month=str(month)))
        question = Question(
            self._line(row), month, lessons, terms_of(self.connection, row),
            self.limits, self.settings.proof.source, now_s,
        )  # fmt: skip
        return reckon(question, self._measured(row.id, begin, end))

    def lessons(self, school_id: int) -> LessonTime:
        """When a school has lessons; worked out once."""
        if school_id not in self._lessons:
            self._lessons[school_id] = lesson_time_of(self.connection, school_id)
        return self._lessons[school_id]

    def _line(self, row: Row[Any]) -> Line:
        schools = TABLES["school"]
        school = self.connection.execute(
            select(schools.c.number, schools.c.name).where(schools.c.id == row.school_id)
        ).one()
        return {
            "id": row.uid,
            "key": row.key,
            "name": row.name,
            "medium": row.medium,
            "contract_end": row.contract_end and str(row.contract_end),
            "hotline": row.hotline,
            "school": school.number,
            "school_name": school.name,
        }

    def _measured(self, record: int, begin: int, end: int) -> Measured:
        """Slots of 5 minutes, or of an hour when the month begins before these are kept."""
        kept_s = self.settings.telemetry.fine_days * DAY_S
        step = FINE_S if begin >= self.now / MICROS - kept_s else HOUR_S
        known = shown("uplink")
        columns = History(self.connection, self.now).columns(
            "uplink", record, [known[name] for name in METRICS], begin, end, step
        )
        slots = {
            name: {
                at: Slot(one.reports, *(value / known[name].scale for value in one[1:]))
                for at, one in buckets.items()
            }
            for name, buckets in columns.items()
        }
        measured = Measured(step, slots)
        measured.readings = {
            out.begin: self._readings(record, out.begin - AROUND_S, out.end + AROUND_S)
            for out in coarse_outages(measured, min(end, self.now / MICROS))
        }
        return measured

    def _readings(self, record: int, begin: float, end: float) -> Sequence[Reading]:
        found = raw.load(
            self.connection, "uplink", record, round(begin * MICROS), round(end * MICROS),
            ["reachable"],
        )  # fmt: skip
        answered = found.columns.get("reachable", [])
        return [
            (at / MICROS, bool(up))
            for at, up in zip(found.times, answered, strict=False)
            if up is not None
        ]


def limits_of(settings: ProofSettings) -> Limits:
    """The limits that the settings name."""
    return Limits(**{name: getattr(settings, name) for name in Limits._fields})


def terms_of(connection: Connection, row: Row[Any]) -> list[Booked]:
    """What the contract of a line said and from when on, by the record's history; in order."""
    now = {name: row._mapping[name] for name in CONTRACT}
    found: list[tuple[int, dict[str, Any]]] = []
    changes = connection.execute(
        select(revision.c.at, revision.c.fields)
        .where(
            revision.c.kind == "uplink",
            revision.c.record_id == row.id,
            revision.c.how.not_in((CREATED, IMPORTED)),
        )
        .order_by(revision.c.id.desc())
    )
    for at, fields in changes:
        old = {
            name: pair[0]
            for name, pair in json.loads(fields).items()
            if name in CONTRACT and pair is not None
        }
        if old:
            found.append((at, dict(now)))
            now |= old
    found.append((0, now))
    return [
        Booked(
            at / MICROS, terms["provider"] or "", terms["circuit"] or "",
            terms["contract_down_bps"], terms["contract_up_bps"],
        )
        for at, terms in reversed(found)
    ]  # fmt: skip
