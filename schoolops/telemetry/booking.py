"""Booking a group of decoded batches in one transaction.

A batch that is refused (unknown agent, gap, wild clock) does not disturb the others.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select, update

from agents import protocol
from schoolops.core.errors import Conflict, SchoolopsError, Unauthenticated
from schoolops.core.ids import uuid7
from schoolops.core.settings import AgentSettings
from schoolops.db.engine import UnitOfWork
from schoolops.db.upsert import upsert
from schoolops.estate.models import TABLES, observation
from schoolops.fleet.config import config_of
from schoolops.fleet.models import agent, agent_stream, discovered
from schoolops.telemetry.decoding import BadReport, Wire
from schoolops.telemetry.models import SAMPLES

CORRECT_FROM_S = 5
"""Smaller clock offsets are the network's doing and left alone."""

ETAG_S = 10.0

_SUBJECTS = {"uplink": "uplink", "device": "device"}


@dataclass(slots=True)
class Waiting:
    """A decoded batch on its way to the disk."""

    secret_hash: str
    wire: Wire
    rows: list[protocol.Row]
    received_at: int
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[dict[str, Any]]
    answer: dict[str, Any] | None = None
    error: SchoolopsError | None = None


class OutOfOrder(Conflict):
    code = "report.out_of_order"


@dataclass(slots=True)
class Booking:
    """One transaction for a group of batches."""

    unit: UnitOfWork
    group: list[Waiting]
    etags: dict[int, tuple[float, str]]
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    latest: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    subjects: dict[tuple[str, int, str], int | None] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)

    def book(self) -> set[int]:
        """Book what is right, note a refusal for what is not; answers the schools touched."""
        agents = self._agents()
        for waiting in self.group:
            try:
                self._book_one(waiting, agents.get(waiting.secret_hash))
            except SchoolopsError as error:
                waiting.error = error
        connection = self.unit.connection
        for name, rows in self.samples.items():
            connection.execute(SAMPLES[name].insert(), rows)
        upsert(connection, observation, list(self.latest.values()), newer="observed_at")
        return self.touched

    def _agents(self) -> dict[str, Row[Any]]:
        wanted = {waiting.secret_hash for waiting in self.group}
        statement = select(agent).where(agent.c.secret_hash.in_(wanted))
        if self.unit.store.is_postgresql:
            # Two servers must not book the same boot at once.
            statement = statement.order_by(agent.c.id).with_for_update()
        return {row.secret_hash: row for row in self.unit.connection.execute(statement)}

    def _book_one(self, waiting: Waiting, row: Row[Any] | None) -> None:
        wire = waiting.wire
        if row is None:
            raise Unauthenticated("the agent's secret is not known here; join again")
        if row.state == "revoked":
            raise Unauthenticated("this agent was revoked; invite it anew", code="agent.revoked")
        if wire.agent != row.uid:
            raise BadReport("the batch names another agent than the secret belongs to")
        offset = waiting.received_at - wire.sent_at
        settings = self.unit.store.settings.agent
        if abs(offset) > settings.max_clock_offset_s * 1_000_000:
            raise Conflict(
                f"the agent's clock is {abs(offset) // 1_000_000} s "
                f"{'slow' if offset > 0 else 'fast'}; set it right (NTP)",
                code="report.clock",
                server_time=waiting.received_at,
            )
        stream, acked, lost = self._advance(row, wire)
        fresh = [r for r in waiting.rows if r.seq > acked]
        shift = offset if abs(offset) > CORRECT_FROM_S * 1_000_000 else 0
        self._keep(row, stream, fresh, waiting.received_at, shift, settings)
        self.unit.connection.execute(
            update(agent)
            .where(agent.c.id == row.id)
            .values(
                reports=agent.c.reports + len(fresh),
                dropped=agent.c.dropped + lost,
                last_seen_at=waiting.received_at,
                state="active",
                clock_offset_ms=offset // 1000,
            )
        )
        if row.state != "active" or fresh:
            self.unit.announce("agent", row.uid, row.school_id)
        if fresh:
            self.touched.add(row.school_id)
        waiting.answer = protocol.Ack(
            max(acked, wire.last_seq), waiting.received_at, self._etag(row), []
        )._asdict()

    def _etag(self, row: Row[Any]) -> str:
        """The config's ETag, made anew every ten seconds at most."""
        made, etag = self.etags.get(row.id, (0.0, ""))
        if not etag or time.monotonic() - made > ETAG_S:
            etag = config_of(self.unit.store, self.unit.connection, row).etag
            self.etags[row.id] = (time.monotonic(), etag)
        return etag

    def _advance(self, row: Row[Any], wire: Wire) -> tuple[int, int, int]:
        """Move the boot's number on: (stream, booked before, lost between)."""
        connection = self.unit.connection
        where = (agent_stream.c.agent_id == row.id, agent_stream.c.boot == wire.boot)
        stream = connection.execute(select(agent_stream).where(*where)).one_or_none()
        acked = stream.acked_seq if stream else 0
        lost = 0
        if wire.first_seq > acked + 1:
            # Only the agent knows that what lies between is gone and not merely late.
            if wire.lost_before <= 0:
                raise OutOfOrder(
                    f"expected report {acked + 1}, got {wire.first_seq}; send from there",
                    acked_seq=acked,
                )
            lost = wire.first_seq - acked - 1
        if wire.last_seq <= acked:
            return stream.id if stream else 0, acked, 0
        values = {"acked_seq": wire.last_seq, "updated_at": self.unit.now}
        if stream is not None:
            connection.execute(
                update(agent_stream).where(*where).values(lost=agent_stream.c.lost + lost, **values)
            )
            return stream.id, acked, lost
        made = connection.execute(
            agent_stream.insert(),
            {"agent_id": row.id, "boot": wire.boot, "lost": lost, **values},
        )
        (stream_id,) = made.inserted_primary_key or (0,)
        return stream_id, acked, lost

    def _keep(
        self,
        row: Row[Any],
        stream: int,
        rows: Sequence[protocol.Row],
        received: int,
        shift: int,
        settings: AgentSettings,
    ) -> None:
        self._look_up(row, rows)
        for report in rows:
            # Nothing can have been seen after it arrived.
            at = min(report.observed_at + shift, received)
            names = protocol.REPORTS[report.table]._fields
            values = dict(zip(names, report.report, strict=True))
            if report.table == "discovered":
                self._discover(row, at, values)
                continue
            record = row.id
            if report.table in _SUBJECTS:
                key = values.pop(_SUBJECTS[report.table])
                found = self.subjects.get((report.table, row.school_id, key))
                if found is None:
                    continue  # retired or renamed since the agent read its config
                record = found
            base = {"record_id": record, "observed_at": at, "stream_id": stream}
            self.samples.setdefault(report.table, []).append(
                base | {"seq": report.seq, "received_at": received} | values
            )
            kind = "agent" if report.table == "host" else report.table
            facts = {name: value for name, value in values.items() if value is not None}
            last = self.latest.get((kind, record))
            if last is None or last["observed_at"] <= at:
                self.latest[kind, record] = {
                    "kind": kind,
                    "record_id": record,
                    "observed_at": at,
                    "received_at": received,
                    "fresh_until": at + round(settings.interval_s * settings.stale_after * 1e6),
                    "source": f"agent {row.name}",
                    "facts": json.dumps(facts),
                }

    def _look_up(self, row: Row[Any], rows: Sequence[protocol.Row]) -> None:
        """Ids of the devices and uplinks; an agent speaks for its own school alone."""
        wanted: dict[str, set[str]] = {"device": set(), "uplink": set()}
        for report in rows:
            if report.table in wanted:
                wanted[report.table].add(report.report[0])
        for name, keys in wanted.items():
            keys = {k for k in keys if (name, row.school_id, k) not in self.subjects}
            if not keys:
                continue
            table = TABLES[name]
            column = table.c.key if name == "device" else table.c.name
            found = self.unit.connection.execute(
                select(column, table.c.id).where(
                    table.c.school_id == row.school_id,
                    column.in_(keys),
                    table.c.retired_at.is_(None),
                )
            )
            self.subjects.update({(name, row.school_id, k): i for k, i in found})

    def _discover(self, row: Row[Any], at: int, values: dict[str, Any]) -> None:
        connection: Connection = self.unit.connection
        columns = {name: (values[name] or "")[:300] for name in values}
        where = (
            discovered.c.school_id == row.school_id,
            discovered.c.address == columns["address"],
            discovered.c.mac == columns["mac"],
        )
        found = connection.execute(select(discovered).where(*where)).one_or_none()
        if found is not None:
            connection.execute(update(discovered).where(*where).values(**columns, last_seen_at=at))
            return
        uid = uuid7()
        connection.execute(
            discovered.insert(),
            {"uid": uid, "school_id": row.school_id, "first_seen_at": at, "last_seen_at": at}
            | columns,
        )
        self.unit.announce("discovered", uid, row.school_id)
