"""What crosses HTTP about measurements."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from agents import protocol
from schoolops.telemetry.decoding import Wire
from schoolops.telemetry.readiness import About, Level
from schoolops.telemetry.room_verdicts import Enough, Narrow
from schoolops.web.answers import fields_of
from schoolops.web.shapes import Freshness, Health, Time


class Batch(Wire):
    """Reports of an agent in columns, as `agents.protocol` describes them."""


Ack = fields_of("Ack", protocol.Ack, Any=Any)
"""Everything up to `acked_seq` is on disk."""


class OverviewSchool(TypedDict):
    """An open school with its health, and how many of its devices are down or warn."""

    id: str
    key: str
    name: str
    short_name: str | None
    health: Health
    reason: str | None
    since: Time | None
    down: int
    warning: int
    form: str | None
    pupils: int | None
    latitude: float | None
    longitude: float | None
    municipality: str | None


class Overview(TypedDict):
    """Counts by kind and health, and all open schools, worst first."""

    counts: dict[str, dict[str, int]]
    schools: list[OverviewSchool]
    discovered: int
    as_of: Time


class DeviceLatest(TypedDict):
    """A device of a room with what was last known of it."""

    id: str
    key: str
    name: str | None
    kind: str
    model: str | None
    health: Health
    reason: str | None
    observed: Time | None
    freshness: Freshness
    values: dict[str, Any]


class ReadinessPart(TypedDict):
    """What a line, the names, a service or the WLAN says about teaching; the reason also as message
    and values."""

    about: About
    name: str
    level: Level
    essential: bool
    reason: str
    message: NotRequired[str]
    params: NotRequired[dict[str, Any]]


class SchoolReadiness(TypedDict):
    """Whether teaching works at a school: now, or as recorded on the morning of a `day`."""

    id: str
    school: str
    name: str
    day: str | None
    at: Time
    level: Level
    reason: str
    message: NotRequired[str]
    params: NotRequired[dict[str, Any]]
    parts: list[ReadinessPart]


class Readiness(TypedDict):
    """The same of all schools, the worst first, and how many have each level."""

    day: str | None
    counts: dict[str, int]
    schools: list[SchoolReadiness]


class RoomLatest(TypedDict):
    """The devices of a room."""

    devices: list[DeviceLatest]


class _Latest(TypedDict):
    observed: Time | None
    received: Time | None
    freshness: Freshness
    source: str
    values: dict[str, Any]


class Latest(_Latest, total=False):
    """What was last known; of an uplink also what the contract says."""

    contract_down_bps: int | None
    contract_up_bps: int | None


class Series(TypedDict):
    """A metric over time: `times` (seconds since 1970, where each step begins), and as many
    `values` (the mean of a step), `least` and `most`. `step_s` 0: each report by itself."""

    metric: str
    unit: str
    step_s: int
    since: int
    until: int
    times: list[int]
    values: list[float]
    least: list[float]
    most: list[float]


class LineBeside(TypedDict):
    """The school's line at the time of a measurement in a room: what it can by its own last test
    or by contract (`basis`), what others loaded just before, its round trip of that hour."""

    uplink: str
    down_bps: int | None
    up_bps: int | None
    basis: Literal["test", "contract", ""]
    busy_bps: int | None
    rtt_ms: float | None


class RoomTest(TypedDict):
    """What a browser in a room measured. `lost`: requests without an answer within 2 s, `late`:
    those answered so late that a packet was sent again; of `sent`. `enough`: for a class with
    video, for pages and one video, for less. `narrow`: what limits it."""

    at: Time
    device: Literal["ipad", "phone", "computer"]
    down_bps: int
    up_bps: int
    latency_ms: float
    jitter_ms: float
    sent: int
    lost: int
    late: int
    enough: Enough
    narrow: Narrow
    line: LineBeside | None


class RoomTests(TypedDict):
    """The measurements of a room, newest first."""

    room: str
    measurements: list[RoomTest]
