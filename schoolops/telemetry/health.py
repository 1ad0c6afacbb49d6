"""Folding facts into health, school by school.

Each device and uplink gets a verdict of its own facts; what does not answer behind something
that is down is *unknown*, and its reason names the nearest failed ancestor, so that one broken
switch is one fault and not twenty. Rooms and the school sum up what is in them.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from inventory.choices import NETWORK_KINDS
from schoolops.core.errors import DatabaseDown
from schoolops.db.engine import Store, UnitOfWork
from schoolops.estate.models import TABLES, observation
from schoolops.fleet.models import agent
from schoolops.telemetry.models import SAMPLES
from schoolops.telemetry.rules import OK, Verdict, assess_device, assess_host, assess_uplink

log = logging.getLogger("schoolops.health")

DEVICES, UPLINKS, ROOMS, SCHOOLS = (TABLES[k] for k in ("device", "uplink", "room", "school"))
COALESCE_S = 0.5
TEST_HOLDS_S = 2 * 3600
"""How long the result of a line test counts without another."""
LISTED = 3
"""How many names a school's reason lists."""


@dataclass(slots=True)
class Seen:
    """An observation: its facts, and whether they still hold."""

    facts: dict[str, Any]
    fresh: bool
    observed_at: int


@dataclass(slots=True)
class School:
    """Everything the verdicts of one school stand on."""

    row: Any
    devices: dict[int, Any]
    uplinks: list[Any]
    rooms: dict[int, Any]
    agents: list[Any]
    seen: dict[tuple[str, int], Seen]
    verdicts: dict[tuple[str, int], Verdict] = field(default_factory=dict)


JUDGED: list[Callable[[UnitOfWork, School], None]] = []
"""What is called, in the same transaction, with each school that was judged."""


def assess_school(unit: UnitOfWork, school_id: int) -> int:
    """Fold the facts of one school and write what changed; answers how many records did."""
    school = read_school(unit.connection, school_id, unit.now)
    if school is None:
        return 0
    judge(school, unit.now)
    changed = _write(unit, school)
    for look in JUDGED:
        look(unit, school)
    return changed


def judge(school: School, now: int) -> None:
    """Fill in the verdicts of a school from what was seen; no database."""
    silent = _silent_since(school)
    _judge_devices(school, silent)
    _judge_uplinks(school, silent)
    _judge_rooms(school)
    school.verdicts["school", school.row.id] = _judge_school(school, silent, now)


def read_school(connection: Connection, school_id: int, now: int) -> School | None:
    """What the verdicts of a school stand on; None if there is no such school."""
    row = connection.execute(
        select(SCHOOLS.c.id, SCHOOLS.c.uid, SCHOOLS.c.health, SCHOOLS.c.health_reason).where(
            SCHOOLS.c.id == school_id
        )
    ).one_or_none()
    if row is None:
        return None
    d = DEVICES.c
    devices = connection.execute(
        select(d.id, d.uid, d.key, d.name, d.kind, d.room_id, d.parent_id, d.management, d.vendor,
               d.model, d.health, d.health_reason)
        .where(d.school_id == school_id, d.retired_at.is_(None), d.kind.in_(NETWORK_KINDS))
    ).all()  # fmt: skip
    u = UPLINKS.c
    uplinks = connection.execute(
        select(u.id, u.uid, u.name, u.state, u.contract_down_bps, u.contract_up_bps, u.provider,
               u.medium, u.device_id, u.health, u.health_reason)
        .where(u.school_id == school_id, u.retired_at.is_(None))
    ).all()  # fmt: skip
    r = ROOMS.c
    rooms = connection.execute(
        select(r.id, r.uid, r.name, r.kind, r.health, r.health_reason).where(
            r.school_id == school_id, r.retired_at.is_(None)
        )
    ).all()
    agents = connection.execute(
        select(agent).where(agent.c.school_id == school_id, agent.c.state.in_(("active", "silent")))
    ).all()
    seen: dict[tuple[str, int], Seen] = {}
    for kind, ids in (
        ("device", [row.id for row in devices]),
        ("uplink", [row.id for row in uplinks]),
        ("agent", [row.id for row in agents]),
    ):
        for found in connection.execute(
            select(observation).where(observation.c.kind == kind, observation.c.record_id.in_(ids))
        ):
            seen[kind, found.record_id] = Seen(
                json.loads(found.facts), found.fresh_until >= now, found.observed_at
            )
    _recall_tests(connection, seen, now)
    return School(
        row, {r.id: r for r in devices}, list(uplinks), {r.id: r for r in rooms}, list(agents), seen
    )


def _recall_tests(connection: Connection, seen: dict[tuple[str, int], Seen], now: int) -> None:
    """A line test runs once an hour or so; its result holds until the next one has come."""
    table = SAMPLES["uplink"]
    for (kind, record_id), last in seen.items():
        if kind != "uplink" or not last.fresh or "test_down_bps" in last.facts:
            continue
        found = connection.scalar(
            select(table.c.test_down_bps)
            .where(
                table.c.record_id == record_id,
                table.c.observed_at > now - TEST_HOLDS_S * 1_000_000,
                table.c.test_down_bps.is_not(None),
            )
            .order_by(table.c.observed_at.desc())
            .limit(1)
        )
        if found is not None:
            last.facts["test_down_bps"] = found


def _silent_since(school: School) -> int | None:
    """Since when no agent of the school has reported; None while one does, or none ever did."""
    last = [school.seen[k] for k in school.seen if k[0] == "agent"]
    if not last or any(seen.fresh for seen in last):
        return None
    return max(seen.observed_at for seen in last)


def _judge_devices(school: School, silent: int | None) -> None:
    own: dict[int, Verdict] = {}
    for device in school.devices.values():
        if device.management in (None, "none"):
            own[device.id] = Verdict("unknown")
            continue
        seen = school.seen.get(("device", device.id))
        if seen is None:
            own[device.id] = Verdict("unknown", "never seen")
        elif silent is not None:
            own[device.id] = Verdict("unknown", "the school's agent is silent")
        elif not seen.fresh:
            own[device.id] = Verdict("unknown", "no news of it")
        else:
            own[device.id] = assess_device(seen.facts)
    for device in school.devices.values():
        verdict = own[device.id]
        if verdict.health == "down":
            failed = failed_ancestor(school, device, own)
            if failed is not None:
                name = failed.name or failed.key
                verdict = Verdict("unknown", f"behind {name}, which is down")
        school.verdicts["device", device.id] = verdict


def failed_ancestor(school: School, device: Any, own: dict[int, Verdict]) -> Any:
    passed = {device.id}
    above = school.devices.get(device.parent_id or 0)
    while above is not None and above.id not in passed:
        if own[above.id].health == "down":
            return above
        passed.add(above.id)
        above = school.devices.get(above.parent_id or 0)
    return None


def _judge_uplinks(school: School, silent: int | None) -> None:
    for uplink in school.uplinks:
        seen = school.seen.get(("uplink", uplink.id))
        if uplink.state != "active":
            verdict = Verdict("unknown", "" if seen is None else "not active by contract")
        elif seen is None:
            verdict = Verdict("unknown", "never measured")
        elif silent is not None:
            verdict = Verdict("down", "no report from the school")
        elif not seen.fresh:
            verdict = Verdict("unknown", "no news of it")
        else:
            verdict = assess_uplink(seen.facts, uplink.contract_down_bps)
        school.verdicts["uplink", uplink.id] = verdict


def _judge_rooms(school: School) -> None:
    """A room lives by its access points: none left is down, some gone is a warning."""
    inside: dict[int, list[tuple[Row[Any], Verdict]]] = defaultdict(list)
    for device in school.devices.values():
        if device.room_id in school.rooms and device.kind == "access-point":
            inside[device.room_id].append((device, school.verdicts["device", device.id]))
    for room_id in school.rooms:
        school.verdicts["room", room_id] = _judge_room(inside.get(room_id, []))


def _judge_room(points: list[tuple[Row[Any], Verdict]]) -> Verdict:
    bad = [(d, v) for d, v in points if v.health == "down" or v.reason.startswith("behind")]
    if not points or all(v.health == "unknown" and (d, v) not in bad for d, v in points):
        return Verdict("unknown")
    if bad:
        device, verdict = bad[0]
        reason = f"{device.name or device.key}: {verdict.reason}"
        return Verdict("down" if len(bad) == len(points) else "warning", reason)
    for device, verdict in points:
        if verdict.health == "warning":
            return Verdict("warning", f"{device.name or device.key}: {verdict.reason}")
    return OK


def _judge_school(school: School, silent: int | None, now: int) -> Verdict:
    if silent is not None:
        return Verdict("down", "no report from the school: line, power or agent")
    if not school.seen:
        return Verdict("unknown")
    active = [u for u in school.uplinks if u.state == "active"]
    lines = [(u.name, school.verdicts["uplink", u.id]) for u in active]
    broken = [name for name, verdict in lines if verdict.health == "down"]
    if broken and len(broken) == len(lines):
        return Verdict("down", f"line {', '.join(broken)} is down")
    parts = [f"line {name}: {v.reason}" for name, v in lines if v.health in ("down", "warning")]
    for health in ("down", "warning"):
        names = sorted(
            d.name or d.key
            for d in school.devices.values()
            if school.verdicts["device", d.id].health == health
        )
        if names:
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            parts.append(f"{health}: {', '.join(names[:LISTED])}{more}")
    for row in school.agents:
        if row.cloned_until > now:
            parts.append(f"agent {row.name}: two machines report as it, {row.machines}")
        seen = school.seen.get(("agent", row.id))
        if seen is not None:
            verdict = assess_host(seen.facts) if seen.fresh else Verdict("warning", "is silent")
            if verdict.health != "ok":
                parts.append(f"agent {row.name}: {verdict.reason}")
    if parts:
        return Verdict("warning", "; ".join(parts))
    # What nobody has heard of for long is not well because it was well once.
    heard = any(seen.fresh for seen in school.seen.values())
    return OK if heard else Verdict("unknown", "no news of it")


def _write(unit: UnitOfWork, school: School) -> int:
    rows = {
        "device": school.devices,
        "uplink": {row.id: row for row in school.uplinks},
        "room": school.rooms,
        "school": {school.row.id: school.row},
    }
    changed: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for (kind, record_id), verdict in school.verdicts.items():
        row = rows[kind][record_id]
        if (row.health, row.health_reason) == verdict:
            continue
        changed[kind].append(
            {
                "row_id": record_id,
                "new_health": verdict.health,
                "new_reason": verdict.reason,
                "turned": row.health != verdict.health,
            }
        )
        unit.announce(kind, row.uid, school.row.id)
    for kind, updates in changed.items():
        table = TABLES[kind]
        for turned in (True, False):
            mine = [u for u in updates if u["turned"] is turned]
            if not mine:
                continue
            values: dict[str, Any] = {
                "health": bindparam("new_health"),
                "health_reason": bindparam("new_reason"),
            }
            if turned:
                values["health_since"] = unit.now
            statement = update(table).where(table.c.id == bindparam("row_id")).values(values)
            names = ("row_id", "new_health", "new_reason")
            unit.connection.execute(statement, [{n: u[n] for n in names} for u in mine])
    return sum(map(len, changed.values()))


class Assessor:
    """One thread that folds the schools that have news."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._waiting: set[int] = set()
        self._news = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._news:
            self._stopped = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def touch(self, schools: Iterable[int]) -> None:
        """These schools have news."""
        with self._news:
            self._waiting.update(schools)
            self._news.notify()

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._waiting and not self._stopped:
                    self._news.wait()
                if self._stopped:
                    return
            time.sleep(COALESCE_S)
            with self._news:
                schools, self._waiting = self._waiting, set()
            for school_id in schools:
                assess_safely(self.store, school_id)


def assess_safely(store: Store, school_id: int) -> None:
    """Fold one school; a failure is logged and ends nothing."""
    try:
        with store.write() as unit:
            assess_school(unit, school_id)
    except DatabaseDown:
        pass  # told by the store; the school's next report has it assessed
    except Exception:
        log.exception("could not assess school %d", school_id)
