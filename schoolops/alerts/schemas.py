"""What crosses HTTP about incidents, rules, maintenance and the on-call plan."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, TypedDict

from pydantic import BaseModel, Field

from schoolops.web.shapes import Time

Severity = Literal["info", "warning", "critical"]


class NewNote(BaseModel):
    """What somebody found out or did."""

    text: str = Field(min_length=1, max_length=2000)


class NewWindow(BaseModel):
    """Maintenance (alerts are held) or a freeze (nothing is changed).

    `school` null: all schools. `every`: on these days between these times of day, such as
    'mon-fri=22:00-06:00'; then `begins` and `ends` (null: without end) bound the weeks.
    """

    kind: Literal["maintenance", "freeze"] = "maintenance"
    school: str | None = Field(default=None, max_length=40)
    room: str = Field(default="", max_length=4000)
    begins: dt.datetime | None = None
    ends: dt.datetime | None = None
    every: str = Field(default="", max_length=40)
    reason: str = Field(min_length=1, max_length=500)


class NewOnCall(BaseModel):
    """Who is told of incidents, and when (as in a window). `username`: of somebody who has signed
    in, or a mail address. `authority` '': for all schools."""

    username: str = Field(min_length=1, max_length=200)
    level: Literal[1, 2] = 1
    authority: str = Field(default="", max_length=40)
    begins: dt.datetime | None = None
    ends: dt.datetime | None = None
    every: str = Field(default="", max_length=40)


class Rehearsal(BaseModel):
    """Rules (YAML) to try on what was measured at a school; none: the rules in force."""

    school: str = Field(max_length=40)
    hours: int = Field(default=24, ge=1, le=168)
    rules: str = Field(default="", max_length=262_144)


class Made(TypedDict):
    """What was entered."""

    id: str


class SchoolIn(TypedDict):
    """A school in an incident; `until` null: it still is. `devices`: what is cut off there."""

    number: str
    name: str
    since: Time
    until: Time | None
    devices: int


class AlertIn(TypedDict):
    """A rule that fired on a subject; `until` null: it still does."""

    rule: str
    kind: str
    key: str
    school: str
    severity: Severity
    text: str
    text_de: str
    since: Time
    until: Time | None


class Event(TypedDict):
    """What happened; `by` '': schoolops itself."""

    at: Time
    by: str
    what: str
    school: str
    text: str


class Incident(TypedDict):
    """An incident with its whole course."""

    id: str
    severity: Severity
    state: str
    title: str
    title_de: str
    kind: str
    key: str
    school: str
    school_name: str
    provider: str
    circuit: str
    hotline: str
    began: Time
    opened: Time
    ended: Time | None
    acknowledged_by: str
    claimed_by: str
    devices: int
    returns: int
    schools: list[SchoolIn]
    alerts: list[AlertIn]
    events: list[Event]


class Report(TypedDict):
    """A fault report to the provider, to be sent or read out."""

    language: Literal["de", "en"]
    subject: str
    text: str


class RuleSaid(TypedDict):
    """A rule in force. `hours`: when it may begin; durations in seconds."""

    id: str
    about: str
    kinds: list[str]
    when: str
    until: str
    outage: bool
    hours: Literal["always", "lessons"]
    for_lessons_s: int
    for_otherwise_s: int
    severity_lessons: Severity
    severity_otherwise: Severity
    text: str
    text_de: str
    source: str
    open_alerts: int


class RuleProblem(TypedDict):
    """A sentence, and what it was made of, for whoever says it in another language."""

    text: str
    message: str
    params: dict[str, Any]


class Rules(TypedDict):
    """`problems`: why files of the city are not in force; `problem` the same in one text."""

    rules: list[RuleSaid]
    problem: str
    problems: list[RuleProblem]


class WouldFire(TypedDict):
    """An alert that would have been; `until` null: it would still be."""

    rule: str
    kind: str
    subject: str
    severity: Severity
    text: str
    since: Time
    fired: Time
    until: Time | None
    devices: int


class Rehearsed(TypedDict):
    """What the rules would have done from `since` to `until`."""

    school: str
    since: Time
    until: Time
    alerts: list[WouldFire]
