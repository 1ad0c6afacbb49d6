"""The demo's script: what breaks, and how to see that the server named the right thing.

A fault is named when the record at fault says so by itself and what only hangs behind it does
not: one broken switch is one fault, not twelve. All of it is read over HTTP, as a screen reads it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sample_site.city import Part
from sample_site.premises import Row

if TYPE_CHECKING:
    from schoolops.client import Client


class Stage(Protocol):
    """Where faults happen: the simulated equipment and the agents' machines."""

    def break_it(self, fault: Fault) -> None: ...
    def mend(self, fault: Fault) -> None: ...


@dataclass(slots=True)
class Fault:
    """One scripted fault and what became of it."""

    name: str
    school: str
    plural: str  # where the record at fault is listed
    key: str
    label: str
    behind: tuple[str, ...] = ()  # devices that must not be blamed
    broken_at: float = 0.0
    named_after_s: float | None = None
    named_as: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "fault": self.name,
            "school": self.school,
            "device": self.key,
            "name": self.label,
            "named_after_s": self.named_after_s,
            "named_as": self.named_as,
        }


@dataclass(slots=True)
class Script:
    """Breaks one thing after the other and watches until each is named."""

    stage: Stage
    client: Client
    faults: list[Fault]
    clock: Callable[[], float] = time.monotonic
    injected: list[Fault] = field(default_factory=list)

    @property
    def open(self) -> list[Fault]:
        """Injected and not yet named."""
        return [fault for fault in self.injected if fault.named_after_s is None]

    @property
    def detected(self) -> int:
        return sum(fault.named_after_s is not None for fault in self.injected)

    def inject(self, fault: Fault) -> None:
        """Break it now."""
        self.stage.break_it(fault)
        fault.broken_at = self.clock()
        self.injected.append(fault)

    def look(self) -> None:
        """Ask the server about every open fault."""
        for fault in self.open:
            named_as = self._named(fault)
            if named_as:
                fault.named_after_s = round(self.clock() - fault.broken_at, 1)
                fault.named_as = named_as

    def _named(self, fault: Fault) -> str:
        record = self.client.get(fault.plural, fault.key)
        health, reason = str(record["health"]), str(record["reason"])
        wanted = ("down",) if fault.plural != "uplinks" else ("down", "warning")
        if health not in wanted or not reason or reason.startswith("behind "):
            return ""
        if fault.name == "school goes dark" and not reason.startswith("no report"):
            return ""
        for key in fault.behind:
            other = self.client.get("devices", key)
            if other["health"] == "down" or fault.label not in str(other["reason"]):
                return ""
        return f"{health}: {reason}"


FAST_BPS = 500_000_000
"""A faster line is more than two busy cores can simulate and measure at once."""


def write_script(parts: Sequence[Part]) -> list[Fault]:
    """Four faults, spread over the schools in turn; the dark school comes last."""
    number = len(parts)
    return [
        _dead_access_point(parts[0]),
        _dead_switch(parts[1 % number]),
        _slow_line(parts[2 % number]),
        Fault("school goes dark", parts[-1].school, "schools", parts[-1].school, _name(parts[-1])),
    ]


def _dead_access_point(part: Part) -> Fault:
    switch = _access_switch(part)
    points = [
        row
        for row in part.of("device")
        if row["kind"] == "access-point" and row.get("parent") != switch["serial"]
    ]
    row = points[len(points) // 2]
    return Fault("access point dies", part.school, "devices", str(row["serial"]), str(row["name"]))


def _dead_switch(part: Part) -> Fault:
    switch = _access_switch(part)
    return Fault(
        "cable pulled",
        part.school,
        "devices",
        str(switch["serial"]),
        str(switch["name"]),
        behind=tuple(
            str(row["serial"])
            for row in part.of("device")
            if row["kind"] == "access-point" and row.get("parent") == switch["serial"]
        ),
    )


def _slow_line(part: Part) -> Fault:
    return Fault("line degrades", part.school, "uplinks", f"{part.school}/main", "main")


def _access_switch(part: Part) -> Row:
    """The last switch that has access points and is not the core."""
    parents = {row.get("parent") for row in _of_kind(part, "access-point")}
    return [row for row in _of_kind(part, "switch") if row["serial"] in parents][-1]


def _of_kind(part: Part, kind: str) -> Iterable[Row]:
    return (row for row in part.of("device") if row["kind"] == kind)


def _name(part: Part) -> str:
    return str(part.of("school")[0]["short_name"])


def choose(parts: Iterable[Part], count: int) -> list[Part]:
    """Schools to be live: of middling size, with as many different WLAN systems as possible.

    Raises ValueError when there are fewer schools with equipment.
    """
    able = [part for part in parts if part.system and part.school.isdigit() and _breakable(part)]
    if len(able) < count:
        raise ValueError(f"only {len(able)} schools of this city have equipment, not {count}")
    able.sort(key=lambda part: (_main_line(part) > FAST_BPS, _distance(part), part.school))
    queues: dict[str, list[Part]] = {}
    for part in able:
        queues.setdefault(part.system, []).append(part)
    order = sorted(queues.values(), key=lambda queue: _SYSTEMS.index(queue[0].system))
    turns = max(map(len, order))
    return [queue[turn] for turn in range(turns) for queue in order if turn < len(queue)][:count]


def _distance(part: Part) -> int:
    """From a school of middling size, in access points."""
    return abs(len(list(_of_kind(part, "access-point"))) - 24)


def _main_line(part: Part) -> int:
    return int(str(part.of("uplink")[0]["contract_down_bps"]))


_SYSTEMS = ("Aruba Instant", "UniFi", "Cisco 9800", "LANCOM", "Aruba controller", "MikroTik",
            "UniFi without console", "OpenWrt")  # fmt: skip
"""Read over SNMP, over a console's REST, over a controller's SNMP, …: each once first."""


def _breakable(part: Part) -> bool:
    switches = list(_of_kind(part, "switch"))
    points = list(_of_kind(part, "access-point"))
    parents = {row.get("parent") for row in points}
    return len([row for row in switches if row["serial"] in parents]) >= 2 and len(points) >= 2
