"""Queries over measurements: the last known, series for graphs, the overview's counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, select

from inventory.kinds import HEALTH, KINDS
from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Invalid
from schoolops.core.permissions import Actor
from schoolops.estate.access import in_scope, readable_by
from schoolops.estate.models import TABLES
from schoolops.estate.repository import Estate
from schoolops.fleet.models import agent, discovered
from schoolops.fleet.repository import find_agent
from schoolops.telemetry import rooms
from schoolops.telemetry.history import History, step_for
from schoolops.telemetry.metrics import TABLES_OF, shown
from schoolops.telemetry.models import SAMPLES
from schoolops.telemetry.rollups import MICROS

MAX_POINTS = 2000
RAW_S = 15
"""A raw series may be asked for as if reports came so often."""


class Measurements:
    """Reads of one actor at one time."""

    def __init__(self, connection: Connection, actor: Actor, now: int) -> None:
        self.connection = connection
        self.actor = actor
        self.now = now
        self.estate = Estate(connection, actor, now)

    def subject(self, plural: str, id_or_key: str) -> tuple[str, int, Row[Any]]:
        """(kind of the samples, record id, row) of a device, uplink or agent."""
        if plural == "agents":
            row = find_agent(self.connection, self.actor, id_or_key)
            return "agent", row.id, row
        name = {"devices": "device", "uplinks": "uplink"}.get(plural)
        if name is None:
            raise Invalid("devices, uplinks and agents have measurements")
        row = self.estate.find(KINDS[name], id_or_key)
        return name, row.id, row

    def latest(self, plural: str, id_or_key: str) -> dict[str, Any]:
        """What was last known; of an uplink also its contract and its last line test."""
        kind, record_id, row = self.subject(plural, id_or_key)
        found = self.estate.latest(kind, record_id)
        answer = found or {
            "observed": None, "received": None, "freshness": "never", "source": "", "values": {},
        }  # fmt: skip
        if kind == "uplink":
            answer |= {
                "contract_down_bps": row.contract_down_bps,
                "contract_up_bps": row.contract_up_bps,
            }
            for name, value in self._last_test(record_id).items():
                answer["values"].setdefault(name, value)
        return answer

    def _last_test(self, record_id: int) -> dict[str, Any]:
        table = SAMPLES["uplink"]
        found: dict[str, Any] = {}
        for name in ("test_down_bps", "test_up_bps"):
            value = self.connection.scalar(
                select(table.c[name])
                .where(table.c.record_id == record_id, table.c[name].is_not(None))
                .order_by(table.c.observed_at.desc())
                .limit(1)
            )
            if value is not None:
                found[name] = value
        return found

    def room(self, id_or_key: str) -> dict[str, Any]:
        """The devices of a room, with what was last known of each."""
        row = self.estate.find(KINDS["room"], id_or_key)
        table = TABLES["device"]
        devices = self.connection.execute(
            select(table)
            .where(
                readable_by(self.actor, KINDS["device"]),
                table.c.room_id == row.id,
                table.c.retired_at.is_(None),
            )
            .order_by(table.c.kind, table.c.key)
            .limit(500)
        ).all()
        shown = []
        for device in devices:
            last = self.estate.latest("device", device.id)
            shown.append(
                {
                    "id": device.uid,
                    "key": device.key,
                    "name": device.name,
                    "kind": device.kind,
                    "model": device.model,
                    "health": device.health,
                    "reason": device.health_reason,
                    "observed": last["observed"] if last else None,
                    "freshness": last["freshness"] if last else "never",
                    "values": last["values"] if last else {},
                }
            )
        return {"devices": shown}

    def room_tests(self, id_or_key: str, limit: int) -> dict[str, Any]:
        """What browsers in a room measured, newest first."""
        return rooms.of_room(self.estate, id_or_key, limit)

    def series(
        self,
        plural: str,
        id_or_key: str,
        metric: str,
        since_s: int,
        until_s: int = 0,
        step_s: int | None = None,
    ) -> dict[str, Any]:
        """A metric from `since_s` to `until_s` ago, in steps that fit the span or are asked for.

        `since`, `until` and `times` are epoch seconds, `values` the means of the steps.
        """
        kind, record_id, _ = self.subject(plural, id_or_key)
        kind = TABLES_OF[kind]
        known = shown(kind)
        if metric not in known:
            raise Invalid(
                say(
                    "there is no metric {metric!r}; known are {known}",
                    metric=metric,
                    known=", ".join(known),
                )
            )
        span = since_s - until_s
        if span <= 0:
            raise Invalid(say("the span ends before it begins; until is less than since"))
        step = step_for(span) if step_s is None else step_s
        if span > MAX_POINTS * (step or RAW_S):
            raise Invalid(
                say(
                    "{step} s are too fine for that span: it has more than {most} points",
                    step=step,
                    most=MAX_POINTS,
                )
            )
        now = self.now // MICROS
        points = History(self.connection, self.now).series(
            kind, record_id, known[metric], now - since_s, now - until_s + 1, step
        )[-MAX_POINTS:]
        return {
            "metric": metric,
            "unit": known[metric].unit,
            "step_s": step,
            "since": now - since_s,
            "until": now - until_s,
            "times": [point.at for point in points],
            "values": [point.value for point in points],
            "least": [point.least for point in points],
            "most": [point.most for point in points],
        }

    def overview(self) -> dict[str, Any]:
        """Counts by health of what matters, and all open schools, worst first.

        Closed schools and lines that are not active have no health to look at: `idle`. All
        counts of a kind together are the rows of its list.
        """
        in_use = TABLES["school"].c.operating.is_distinct_from("closed")
        active = TABLES["uplink"].c.state.is_not_distinct_from("active")
        counts: dict[str, dict[str, int]] = {
            "schools": self._by_health("school", in_use),
            "rooms": self._by_health("room"),
            "uplinks": self._by_health("uplink", active),
        }
        device = TABLES["device"]
        for kind in ("access-point", "switch", "router", "ipad"):
            plural = "switches" if kind == "switch" else f"{kind}s"
            counts[plural] = self._by_health("device", None, device.c.kind == kind)
        rows = self.connection.execute(
            select(agent.c.state, func.count())
            .where(in_scope(self.actor, agent.c.school_id))
            .group_by(agent.c.state)
        )
        counts["agents"] = _counts(rows)
        found = self.connection.scalar(
            select(func.count())
            .select_from(discovered)
            .where(
                in_scope(self.actor, discovered.c.school_id),
                discovered.c.ignored == 0,
                discovered.c.adopted_as.is_(None),
            )
        )
        return {
            "counts": counts,
            "schools": self._schools(),
            "discovered": found or 0,
            "as_of": to_iso(self.now),
        }

    def _by_health(
        self, kind_name: str, in_use: ColumnElement[bool] | None = None, *where: Any
    ) -> dict[str, int]:
        table = TABLES[kind_name]
        state: ColumnElement[str] = table.c.health
        if in_use is not None:
            state = case((in_use, state), else_="idle")
        rows = self.connection.execute(
            select(state.label("counted_as"), func.count())
            .where(readable_by(self.actor, KINDS[kind_name]), table.c.retired_at.is_(None), *where)
            .group_by("counted_as")
        )
        return dict.fromkeys(HEALTH, 0) | _counts(rows)

    def _schools(self) -> list[dict[str, Any]]:
        table, device = TABLES["school"], TABLES["device"]
        broken = {
            (school, health): count
            for school, health, count in self.connection.execute(
                select(device.c.school_id, device.c.health, func.count())
                .where(device.c.health.in_(("down", "warning")), device.c.retired_at.is_(None))
                .group_by(device.c.school_id, device.c.health)
            )
        }
        rank = case({word: place for place, word in enumerate(HEALTH)}, value=table.c.health)
        rows = self.connection.execute(
            select(table)
            .where(
                readable_by(self.actor, KINDS["school"]),
                table.c.retired_at.is_(None),
                table.c.operating.is_distinct_from("closed"),
            )
            .order_by(rank, table.c.health_since.desc(), table.c.name)
            .limit(6000)
        )
        return [
            {
                "id": row.uid,
                "key": row.key,
                "name": row.name,
                "short_name": row.short_name,
                "health": row.health,
                "reason": row.health_reason,
                "since": to_iso(row.health_since),
                "down": broken.get((row.id, "down"), 0),
                "warning": broken.get((row.id, "warning"), 0),
                "form": row.form,
                "pupils": row.pupils,
                "latitude": row.latitude,
                "longitude": row.longitude,
                "municipality": row.municipality,
            }
            for row in rows
        ]


def _counts(rows: Iterable[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in rows}
