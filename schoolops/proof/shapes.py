"""What a proof says: rates in bit/s, durations in seconds, delays in ms, shares 0 … 1."""

from __future__ import annotations

from typing import Literal, TypedDict

from schoolops.web.shapes import Time

Verdict = Literal["met", "missed", "unknown"]
"""`unknown`: too little was measured to say; never told as 'met'."""


class Terms(TypedDict):
    """What the contract said from a time on; `since` None: since before the month."""

    since: Time | None
    provider: str
    circuit: str
    down_bps: int | None
    up_bps: int | None


class Coverage(TypedDict):
    """The lesson time of the month up to now, and how much of it was measured.

    `availability`: up of what was measured; None when nothing was. `reports`: measurements.
    """

    days: int
    lesson_s: int
    measured_s: int
    unmeasured_s: int
    up_s: int
    down_s: int
    reports: int
    measured: float
    availability: float | None


class Spread(TypedDict):
    """Values of one metric in lesson time: how many, and how they lie. None: not measured."""

    reports: int
    mean: float | None
    least: float | None
    p50: float | None
    p95: float | None
    most: float | None


class Usage(TypedDict):
    """What flowed in lesson time; `busy`: the share of the measured lesson time in which that was
    as much as the line can nearly carry."""

    mean_bps: float | None
    p95_bps: float | None
    most_bps: float | None
    busy: float | None


class Tests(TypedDict):
    """Throughput tests of one direction. `basis`: those in lesson time alone (`lessons`), or, when
    these are too few, all of the month (`all`). `judged`: those with a booked rate at their time;
    `days` are theirs. `p10`: all but a tenth were faster."""

    basis: Literal["lessons", "all"]
    in_lessons: int
    outside: int
    tests: int
    judged: int
    days: int
    days_reached: int
    days_below: int
    usual_reached: int
    mean_bps: float | None
    least_bps: float | None
    p10_bps: float | None
    p50_bps: float | None
    most_bps: float | None
    p50_of_booked: float | None


class Outage(TypedDict):
    """A time without a way out. `exact_s`: how exactly begin and end are known; `lesson_s`: how
    much of it lay in lesson time; `open`: it went on when measuring ended."""

    begin: Time
    end: Time
    seconds: int
    lesson_s: int
    exact_s: int
    open: bool


class Gap(TypedDict):
    """Lesson time in which nothing was measured."""

    begin: Time
    end: Time
    lesson_s: int


class Finding(TypedDict):
    """One rule held against what was measured. `rule`: its name; `wanted`, `found`: as the rule
    counts them; None: not measured enough."""

    rule: str
    direction: Literal["down", "up", ""]
    wanted: float
    found: float | None
    verdict: Verdict


class Day(TypedDict):
    """A day of the month on the school's clock; its tests are those that count."""

    day: str
    kind: str
    reason: str
    lesson_s: int
    measured_s: int
    down_s: int
    connect_ms: float | None
    loss_percent: float | None
    best_down_bps: float | None
    best_up_bps: float | None
    tests: int


class Hour(TypedDict):
    """An hour of the clock, as far as there were lessons in it: means, least and most values."""

    begin: Time
    local: str
    lesson_s: int
    measured_s: int
    down_s: int
    reports: int
    connect_ms: float | None
    connect_least_ms: float | None
    connect_p95_ms: float | None
    connect_most_ms: float | None
    rtt_ms: float | None
    jitter_ms: float | None
    loss_percent: float | None
    loss_most_percent: float | None
    dns_ms: float | None
    rx_bps: float | None
    rx_most_bps: float | None
    tx_bps: float | None
    tx_most_bps: float | None
    test_down_bps: float | None
    test_up_bps: float | None


class Line(TypedDict):
    """The line a proof is about, as it is now."""

    id: str
    key: str
    name: str
    medium: str | None
    contract_end: str | None
    hotline: str | None
    school: str
    school_name: str


class Proof(TypedDict):
    """What a line delivered in a month. `complete`: the month is over. `grain_s`: how fine the
    values are that it was made of."""

    uplink: Line
    month: str
    timezone: str
    complete: bool
    measured_to: Time
    grain_s: int
    terms: list[Terms]
    lessons: Coverage
    values: dict[str, Spread]
    usage: dict[str, Usage]
    tests: dict[str, Tests]
    outages: list[Outage]
    gaps: list[Gap]
    limits: dict[str, float]
    source: str
    findings: list[Finding]
    verdict: Verdict
    days: list[Day]
    hours: list[Hour]
