"""What crosses HTTP about measurements."""

from __future__ import annotations

from typing import Any, TypedDict

from agents import protocol
from schoolops.telemetry.decoding import Wire
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
