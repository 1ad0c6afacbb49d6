"""Does teaching work at a school? From its line, its names, its services and its WLAN. Pure.

Four levels: *works*, *limited* (something is slow, away or broken in part), *fails* (what no lesson
does without is not there), *unknown* (nothing tells). What is stale or was never measured is
unknown, and makes the school unknown unless something fails for certain: nothing works because
nobody has heard that it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from inventory.sentences import Sentence, join, say
from schoolops.telemetry.rules import CONNECT_MS, DNS_MS, LOSS_DOWN_PERCENT, LOSS_PERCENT

Level = Literal["works", "limited", "fails", "unknown"]
LEVELS: tuple[Level, ...] = ("fails", "unknown", "limited", "works")
"""In the order in which they want somebody's attention."""
About = Literal["line", "dns", "service", "wlan", "server"]

ROOMS_FAIL = 0.5
"""From this share of rooms without WLAN on, teaching does not work."""
SLOW_MS = 2000.0
"""A service that takes so long to connect to, TLS included, is slow."""
TOLD = 3
"""So many reasons stand in a school's sentence."""

Facts = Mapping[str, Any]

_KNOWN_ERRORS = {
    str(error): error
    for error in (
        say("no answer"),
        say("connection refused"),
        say("the name is not found"),
        say("does not speak HTTP"),
        say("network is unreachable"),
    )
}
"""What agents say of services, in words that have a translation."""


class Line(NamedTuple):
    """An active line and what is known of it now; `facts` is None for stale or never seen."""

    name: str
    facts: Facts | None
    wants_dns: bool = True


class Service(NamedTuple):
    """A service of the settings, as last had from the school; `facts` as of a line."""

    name: str
    essential: bool
    facts: Facts | None


class Rooms(NamedTuple):
    """How many rooms with access points there are, by what is known of their WLAN."""

    ok: int = 0
    down: int = 0
    unknown: int = 0
    unmanaged: int = 0
    """Nobody measures their access points; they do not count beside others that are measured."""


class Part(NamedTuple):
    """What one thing says, and why if it is not that it works."""

    about: About
    name: str
    level: Level
    reason: str = ""
    essential: bool = True


class Readiness(NamedTuple):
    """The level of a school and what it was made of, the worst first."""

    level: Level
    parts: tuple[Part, ...]

    @property
    def reason(self) -> str:
        """Why it is that level, as one sentence; '' when it works."""
        if self.level == "works":
            return ""
        told = [_told(part) for part in self.parts if part.level == self.level]
        return join(told, most=TOLD)


def judge(lines: Sequence[Line], services: Iterable[Service], rooms: Rooms) -> Readiness:
    """The level of a school."""
    ways = [_line(line) for line in lines] or [
        Part("line", "", "unknown", say("no line is entered as active"))
    ]
    parts = [*_dns(lines), *map(_service, services), *_wlan(rooms)]
    level = _worst([_best(ways), *parts])
    everything = sorted([*ways, *parts], key=lambda part: LEVELS.index(part.level))
    return Readiness(level, tuple(everything))


def not_there(at: str) -> Readiness:
    """What is recorded when nobody looked: the server was away at that time (`HH:MM`)."""
    return Readiness(
        "unknown",
        (Part("server", "", "unknown", say("the server was not running at {at}", at=at)),),
    )


def _best(ways: Sequence[Part]) -> Part:
    """A school works by its best line; what is unknown may be better than what fails."""
    for level in ("works", "limited", "unknown"):
        for part in ways:
            if part.level == level:
                return part
    return ways[0]


def _worst(parts: Sequence[Part]) -> Level:
    levels = {part.level for part in parts}
    if "fails" in levels:
        return "fails"
    # Limited is only said when all that no lesson does without is known to work.
    if any(part.level == "unknown" and part.essential for part in parts):
        return "unknown"
    for level in ("limited", "unknown"):
        if level in levels:
            return level
    return "works"


def _line(line: Line) -> Part:
    level, reason = _of_line(line.facts)
    return Part("line", line.name, level, reason)


def _of_line(facts: Facts | None) -> tuple[Level, str]:
    if facts is None:
        return "unknown", say("no news from the school: line, power or agent")
    reachable, loss = facts.get("reachable"), facts.get("loss_percent")
    if reachable is None:
        return "unknown", say("the line is not measured")
    if not reachable:
        return "fails", say("no target answers")
    if loss is not None and loss >= LOSS_DOWN_PERCENT:
        return "fails", say("loses {percent} % of the packets", percent=f"{loss:.0f}")
    if loss is not None and loss >= LOSS_PERCENT:
        return "limited", say("loses {percent} % of the packets", percent=f"{loss:.0f}")
    times = [ms for name in ("connect_ms", "rtt_ms") if (ms := facts.get(name)) is not None]
    if times and min(times) >= CONNECT_MS:
        return "limited", say("slow to answer: {ms} ms", ms=f"{min(times):.0f}")
    return "works", ""


def _dns(lines: Sequence[Line]) -> list[Part]:
    """Of the lines that answer: over a line that is cut no name is found either."""
    asked = [
        line.facts.get("dns_ms")
        for line in lines
        if line.wants_dns and line.facts and line.facts.get("reachable")
    ]
    if not asked:
        return []
    found = [ms for ms in asked if ms is not None]
    if not found:
        return [Part("dns", "", "fails", say("no name is found"))]
    if min(found) >= DNS_MS:
        reason = say("names are found slowly: {ms} ms", ms=f"{min(found):.0f}")
        return [Part("dns", "", "limited", reason)]
    return [Part("dns", "", "works")]


def _service(service: Service) -> Part:
    level, reason = _of_service(service.facts)
    if level == "fails" and not service.essential:
        level = "limited"
    return Part("service", service.name, level, reason, service.essential)


def _of_service(facts: Facts | None) -> tuple[Level, str]:
    if facts is None or facts.get("reachable") is None:
        return "unknown", say("not measured")
    status = facts.get("status")
    if not facts["reachable"]:
        if status is not None:
            return "fails", say("answers {status}", status=int(status))
        error = str(facts.get("error") or "no answer")
        return "fails", _KNOWN_ERRORS.get(error, error)
    if status in (404, 410):
        return "limited", say("answers {status}", status=int(status))
    took = (facts.get("connect_ms") or 0) + (facts.get("tls_ms") or 0)
    if took >= SLOW_MS:
        return "limited", say("slow to answer: {ms} ms", ms=f"{took:.0f}")
    return "works", ""


def _wlan(rooms: Rooms) -> list[Part]:
    measured = rooms.ok + rooms.down
    every = measured + rooms.unknown
    if not every:
        if not rooms.unmanaged:
            return []
        return [Part("wlan", "", "unknown", say("no access point is measured"), False)]
    if rooms.down:
        reason = say("{down} of {rooms} rooms without WLAN", down=rooms.down, rooms=every)
        fails = rooms.down >= ROOMS_FAIL * every
        return [Part("wlan", "", "fails" if fails else "limited", reason, False)]
    if rooms.unknown:
        reason = say("{count} of {rooms} rooms not measured", count=rooms.unknown, rooms=every)
        return [Part("wlan", "", "unknown", reason, False)]
    return [Part("wlan", "", "works", "", False)]


def _told(part: Part) -> Sentence:
    if part.about == "line" and part.name:
        return say("line {name}: {reason}", name=part.name, reason=part.reason)
    if part.about == "service":
        return say("{name}: {reason}", name=part.name, reason=part.reason)
    return part.reason if isinstance(part.reason, Sentence) else say(part.reason)
