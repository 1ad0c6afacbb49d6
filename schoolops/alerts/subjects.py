"""What rules are about at a school: the school, its lines, devices, rooms and agents.

What is silent behind something broken begins nothing of its own: it is counted with it. A line
whose router is down, a device whose switch is down, a room whose access points hang on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from schoolops.alerts.reading import Rule
from schoolops.telemetry.health import School, failed_ancestor
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

    def known_to(self, rule: Rule) -> dict[str, Any] | None:
        """The facts as the rule sees them: an outage behind a broken device is not known."""
        return None if rule.outage and self.behind is not None else self.facts


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


def about(rule: Rule, subjects: Mapping[tuple[str, int], Subject]) -> Iterator[Subject]:
    """The subjects that a rule is about."""
    for subject in subjects.values():
        if subject.kind == rule.about and (not rule.kinds or subject.device_kind in rule.kinds):
            yield subject


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
        facts = {
            "missed": missed,
            "silent_s": (now - max(heard)) / 1e6,
            "agents": float(len(heard)),
        }
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


def count_silent(watched: Watched) -> None:
    """Devices behind what is broken; all of the school while nothing is heard of it."""
    for subject in watched.subjects.values():
        if subject.kind == "device" and subject.behind is not None:
            key = ("device", subject.behind)
            watched.silent[key] = watched.silent.get(key, 0) + 1
    read = sum(1 for subject in watched.subjects.values() if subject.kind == "device")
    watched.silent["school", watched.school.row.id] = read
