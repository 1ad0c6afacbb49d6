"""Booking a group of decoded batches in one transaction.

A batch that is refused (unknown agent, gap, wild clock) does not disturb the others. What is
written of all batches together, a kind each: streams, agents, raw rows, the latest facts, and the
hours that must be rolled up again because their reports came late.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, select, tuple_, update

from agents import protocol
from schoolops.core.errors import Conflict, SchoolopsError, Unauthenticated
from schoolops.core.ids import uuid7
from schoolops.db.engine import UnitOfWork
from schoolops.db.upsert import add_missing, upsert
from schoolops.estate.models import TABLES, observation
from schoolops.fleet.clones import Heard, Sender, hear
from schoolops.fleet.commands import book_answer, to_send
from schoolops.fleet.config import config_of, stamp_of
from schoolops.fleet.models import agent, agent_stream, discovered
from schoolops.telemetry import raw
from schoolops.telemetry.decoding import BadReport, Batch, Part
from schoolops.telemetry.metrics import METRICS, OBSERVED, SUBJECTS, TEXTS
from schoolops.telemetry.models import late_hour, school_service

CORRECT_FROM_S = 5
"""Smaller clock offsets are the network's doing and left alone."""

LOOK_EVERY_S = 10.0
"""So long what is known of an agent and its school is taken to be what it was."""
KNOWN_FOR_S = 600.0
"""So long it is believed if nothing it is made of has a new stamp."""

ROLLED_AFTER = 10 * 60 * 1_000_000
"""Micros after the end of an hour from when its rollup is made."""
MARKED_AFTER = ROLLED_AFTER // 2
"""From then on a report of that hour marks it late: nobody books a report for so long."""

NOBODY = Sender("", "", "")
"""Of an agent that is older than `Sender`."""

_facts = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Waiting:
    """A decoded batch on its way to the disk."""

    secret_hash: str
    batch: Batch
    received_at: int
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[dict[str, Any]]
    sender: Sender = NOBODY
    answer: dict[str, Any] | None = None
    error: SchoolopsError | None = None


class OutOfOrder(Conflict):
    code = "report.out_of_order"


@dataclass(slots=True)
class _Stream:
    """A boot of an agent: how far it is booked."""

    id: int
    acked: int
    lost: int = 0


@dataclass(slots=True)
class _News:
    """What the group's batches say of one agent."""

    row: Row[Any]
    reports: int = 0
    lost: int = 0
    implausible: int = 0
    seen_at: int = 0
    offset: int = 0
    heard: Heard | None = None
    """Who spoke for it, if that is news."""


@dataclass(slots=True)
class Known:
    """What is remembered of an agent from one batch to the next, and what it was made of."""

    stamp: tuple[Any, ...]
    looked: float
    made: float
    etag: str
    commands: list[protocol.Command] = field(default_factory=list)
    """Signed, and not answered yet."""
    subjects: dict[tuple[str, str], int] = field(default_factory=dict)
    """Table and key of an uplink, device or service of its school → id."""


@dataclass(slots=True)
class Booking:
    """One transaction for a group of batches."""

    unit: UnitOfWork
    group: list[Waiting]
    known: dict[int, Known]
    """By id of an agent; outlives the booking."""
    streams: dict[tuple[int, str], _Stream] = field(default_factory=dict)
    news: dict[int, _News] = field(default_factory=dict)
    samples: dict[str, list[raw.Sample]] = field(default_factory=lambda: defaultdict(list))
    latest: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    late: set[tuple[str, int, int]] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    made: dict[tuple[int, str], int] = field(default_factory=dict)
    """School and name of a service that is new → id."""

    def book(self) -> set[int]:
        """Book what is right, note a refusal for what is not; answers the schools touched."""
        agents = self._agents()
        self._read_streams(agents)
        for waiting in self.group:
            try:
                self._book_one(waiting, agents.get(waiting.secret_hash))
            except SchoolopsError as error:
                waiting.error = error
        self._write()
        return self.touched

    def _agents(self) -> dict[str, Row[Any]]:
        wanted = {waiting.secret_hash for waiting in self.group}
        statement = select(agent).where(agent.c.secret_hash.in_(wanted))
        if self.unit.store.is_postgresql:
            # Two servers must not book the same boot at once.
            statement = statement.order_by(agent.c.id).with_for_update()
        return {row.secret_hash: row for row in self.unit.connection.execute(statement)}

    def _read_streams(self, agents: dict[str, Row[Any]]) -> None:
        wanted = {
            (agents[waiting.secret_hash].id, waiting.batch.wire.boot)
            for waiting in self.group
            if waiting.secret_hash in agents
        }
        if not wanted:
            return
        s = agent_stream.c
        rows = self.unit.connection.execute(
            select(s.agent_id, s.boot, s.id, s.acked_seq).where(
                tuple_(s.agent_id, s.boot).in_(list(wanted))
            )
        )
        self.streams = {(row.agent_id, row.boot): _Stream(row.id, row.acked_seq) for row in rows}

    def _book_one(self, waiting: Waiting, row: Row[Any] | None) -> None:
        wire = waiting.batch.wire
        if row is None:
            raise Unauthenticated("the agent's secret is not known here; join again")
        if row.state == "revoked":
            raise Unauthenticated("this agent was revoked; invite it anew", code="agent.revoked")
        if wire.agent != row.uid:
            raise BadReport("the batch names another agent than the secret belongs to")
        offset = waiting.received_at - wire.sent_at
        if abs(offset) > self.unit.store.settings.agent.max_clock_offset_s * 1_000_000:
            raise Conflict(
                f"the agent's clock is {abs(offset) // 1_000_000} s "
                f"{'slow' if offset > 0 else 'fast'}; set it right (NTP)",
                code="report.clock",
                server_time=waiting.received_at,
            )
        stream, acked, lost = self._advance(row, waiting.batch)
        shift = offset if abs(offset) > CORRECT_FROM_S * 1_000_000 else 0
        parts = [part.after(acked) for part in waiting.batch.parts]
        known = self._known(row)
        self._look_up(row, known, parts)
        for part in parts:
            if part.kind == "discovered":
                self._discover(row, part, waiting.received_at, shift)
            elif part.kind == "result":
                self._answer(row, known, part, waiting.received_at)
            elif part.seq:
                self._keep(row, known, stream, part, waiting.received_at, shift)
        fresh = sum(len(part.seq) for part in parts)
        news = self.news.setdefault(row.id, _News(row))
        news.reports += fresh
        news.lost += lost
        news.implausible += waiting.batch.implausible if fresh else 0
        # An agent whose clock was refused sends in our time; how its own is set is still told.
        news.seen_at, news.offset = waiting.received_at, offset + wire.shifted_by
        self._hear(row, news, waiting)
        if row.state != "active" or fresh:
            self.unit.announce("agent", row.uid, row.school_id)
        if row.state != "active":
            self.touched.add(row.school_id)
        waiting.answer = protocol.Ack(
            max(acked, wire.last_seq), waiting.received_at, known.etag, self._commands(known)
        )._asdict()

    def _hear(self, row: Row[Any], news: _News, waiting: Waiting) -> None:
        """Note who speaks for the agent; two at once are announced."""
        before = news.heard or Heard(
            row.runs, row.returns, row.returned_at, row.cloned_until, row.machines
        )
        after = hear(before, waiting.sender, waiting.received_at)
        if after is before:
            return
        news.heard = after
        if after.cloned_until > before.cloned_until:
            self.unit.announce("agent", row.uid, row.school_id)
            self.touched.add(row.school_id)

    def _known(self, row: Row[Any]) -> Known:
        """What is remembered, made anew when something it is made of has changed."""
        known, now = self.known.get(row.id), time.monotonic()
        if known is not None and now - known.looked < LOOK_EVERY_S:
            return known
        stamp = stamp_of(self.unit.connection, row.school_id)
        if known is None or known.stamp != stamp or now - known.made > KNOWN_FOR_S:
            etag = config_of(self.unit.store, self.unit.connection, row).etag
            known = self.known[row.id] = Known(stamp, now, now, etag, to_send(self.unit, row))
        known.looked = now
        return known

    def _commands(self, known: Known) -> list[dict[str, Any]]:
        """What the reply carries; costs nothing when nobody asks for anything."""
        return [one._asdict() for one in known.commands if one.expires > self.unit.now]

    def _answer(self, row: Row[Any], known: Known, part: Part, received: int) -> None:
        for uid, state, text, data in zip(*part.columns, strict=True):
            book_answer(self.unit, row, uid, state, text, data, received)
            known.commands = [one for one in known.commands if one.id != uid]

    def _advance(self, row: Row[Any], batch: Batch) -> tuple[int, int, int]:
        """Move the boot's number on: (stream, booked before, lost between)."""
        wire = batch.wire
        stream = self.streams.get((row.id, wire.boot))
        acked = stream.acked if stream else 0
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
        if stream is None:
            made = self.unit.connection.execute(
                agent_stream.insert(),
                {"agent_id": row.id, "boot": wire.boot, "acked_seq": 0, "lost": 0,
                 "updated_at": self.unit.now},
            )  # fmt: skip
            (stream_id,) = made.inserted_primary_key or (0,)
            stream = self.streams[row.id, wire.boot] = _Stream(stream_id, 0)
        stream.acked = wire.last_seq
        stream.lost += lost
        return stream.id, acked, lost

    def _keep(
        self, row: Row[Any], known: Known, stream: int, part: Part, received: int, shift: int
    ) -> None:
        """Take the rows of a table; those of records that are gone by now are left out."""
        # Nothing can have been seen after it arrived.
        times = [min(at + shift, received) for at in part.observed_at]
        if part.kind in SUBJECTS:
            records = [known.subjects.get((part.kind, key)) for key in part.subjects]
            if part.kind == "service":
                made = [self.made.get((row.school_id, key)) for key in part.subjects]
                records = [one or other for one, other in zip(records, made, strict=True)]
        else:
            records = [row.id] * len(times)
        rows = list(
            zip(records, times, repeat(stream), part.seq,
                [(received - at) // 1000 for at in times], *part.columns, strict=False)
        )  # fmt: skip
        if None in records:  # retired or renamed since the agent read its config
            rows = [sample for sample in rows if sample[0] is not None]
        self.samples[part.kind] += rows
        self._keep_latest(row, part.kind, rows, received)
        closed = (received - MARKED_AFTER) // raw.HOUR
        if rows and min(times) // raw.HOUR < closed:
            self.late.update(
                (part.kind, sample[0], sample[1] // raw.HOUR)
                for sample in rows
                if sample[1] // raw.HOUR < closed
            )

    def _keep_latest(
        self, row: Row[Any], kind: str, rows: Sequence[raw.Sample], received: int
    ) -> None:
        newest: dict[int, raw.Sample] = {}
        for sample in rows:
            last = newest.get(sample[0])
            if last is None or last[1] <= sample[1]:
                newest[sample[0]] = sample
        settings = self.unit.store.settings.agent
        every = settings.services_every_s if kind == "service" else settings.interval_s
        holds = round(every * settings.stale_after * 1e6)
        named = OBSERVED[kind]
        for record, sample in newest.items():
            at = sample[1]
            known = self.latest.get((named, record))
            if known is not None and known["observed_at"] > at:
                continue
            if at + holds >= received:
                self.touched.add(row.school_id)
            self.latest[named, record] = {
                "kind": named,
                "record_id": record,
                "observed_at": at,
                "received_at": received,
                "fresh_until": at + holds,
                "source": f"agent {row.name}",
                "facts": sample,
            }

    def _look_up(self, row: Row[Any], known: Known, parts: Sequence[Part]) -> None:
        """Ids of the devices and uplinks; an agent speaks for its own school alone."""
        for part in parts:
            keys = {key for key in part.subjects if (part.kind, key) not in known.subjects}
            if keys:
                found = self.unit.connection.execute(
                    _LOOK_UP[part.kind], {"school": row.school_id, "keys": list(keys)}
                )
                known.subjects |= {(part.kind, key): record for key, record in found}
            if part.kind == "service":
                self._make_services(row, known, part)

    def _make_services(self, row: Row[Any], known: Known, part: Part) -> None:
        """Records of the services that are reported for the first time; only of those that the
        settings name, so that no agent fills the database. `known` hears of them when they are
        committed, with the next batch."""
        named = self.unit.store.settings.agent.services.keys()
        new = {key for key in named & set(part.subjects) if ("service", key) not in known.subjects}
        if not new:
            return
        add_missing(
            self.unit.connection, school_service,
            [{"uid": uuid7(), "school_id": row.school_id, "name": name,
              "created_at": self.unit.now} for name in sorted(new)],
        )  # fmt: skip
        found = self.unit.connection.execute(
            _LOOK_UP["service"], {"school": row.school_id, "keys": list(new)}
        )
        self.made |= {(row.school_id, key): record for key, record in found}

    def _discover(self, row: Row[Any], part: Part, received: int, shift: int) -> None:
        connection: Connection = self.unit.connection
        names = protocol.DiscoveredReport._fields
        for at, *texts in zip(part.observed_at, *part.columns, strict=True):
            seen_at = min(at + shift, received)
            columns = {name: text[:300] for name, text in zip(names, texts, strict=True)}
            where = (
                discovered.c.school_id == row.school_id,
                discovered.c.address == columns["address"],
                discovered.c.mac == columns["mac"],
            )
            found = connection.execute(select(discovered).where(*where)).one_or_none()
            if found is not None:
                connection.execute(
                    update(discovered).where(*where).values(**columns, last_seen_at=seen_at)
                )
                continue
            uid = uuid7()
            connection.execute(
                discovered.insert(),
                {"uid": uid, "school_id": row.school_id, "first_seen_at": seen_at,
                 "last_seen_at": seen_at} | columns,
            )  # fmt: skip
            self.unit.announce("discovered", uid, row.school_id)

    def _write(self) -> None:
        connection = self.unit.connection
        for kind, rows in self.samples.items():
            if rows:
                raw.insert(connection, kind, rows)
        if self.late:
            add_missing(
                connection, late_hour,
                [{"kind": kind, "record_id": record, "hour": hour}
                 for kind, record, hour in sorted(self.late)],
            )  # fmt: skip
        upsert(
            connection, observation,
            [one | {"facts": _facts_of(one["kind"], one["facts"])}
             for one in self.latest.values()],
            newer="observed_at",
        )  # fmt: skip
        if self.streams:
            connection.execute(
                _MOVE_STREAM,
                [{"row_id": s.id, "acked": s.acked, "more": s.lost, "now": self.unit.now}
                 for s in self.streams.values()],
            )  # fmt: skip
        if self.news:
            connection.execute(
                _MOVE_AGENT,
                [{"row_id": row_id, "more": n.reports, "gone": n.lost, "wrong": n.implausible,
                  "seen": n.seen_at, "offset_ms": n.offset // 1000}
                 for row_id, n in self.news.items()],
            )  # fmt: skip
        for row_id, news in self.news.items():
            if news.heard is not None:
                connection.execute(
                    update(agent).where(agent.c.id == row_id).values(**news.heard._asdict())
                )


def _looking_up(kind: str, key: str) -> Select[Any]:
    columns = TABLES[kind].c
    return select(columns[key], columns.id).where(
        columns.school_id == bindparam("school"),
        columns[key].in_(bindparam("keys", expanding=True)),
        columns.retired_at.is_(None),
    )


_LOOK_UP = {
    "device": _looking_up("device", "key"),
    "uplink": _looking_up("uplink", "name"),
    "service": select(school_service.c.name, school_service.c.id).where(
        school_service.c.school_id == bindparam("school"),
        school_service.c.name.in_(bindparam("keys", expanding=True)),
    ),
}

_MOVE_STREAM = (
    update(agent_stream)
    .where(agent_stream.c.id == bindparam("row_id"))
    .values(
        acked_seq=bindparam("acked"),
        lost=agent_stream.c.lost + bindparam("more"),
        updated_at=bindparam("now"),
    )
)
_MOVE_AGENT = (
    update(agent)
    .where(agent.c.id == bindparam("row_id"))
    .values(
        reports=agent.c.reports + bindparam("more"),
        dropped=agent.c.dropped + bindparam("gone"),
        implausible=agent.c.implausible + bindparam("wrong"),
        last_seen_at=bindparam("seen"),
        state="active",
        clock_offset_ms=bindparam("offset_ms"),
    )
)

_LEADING = 5
"""Columns of a raw row before its metrics: record, time, stream, number, delay."""

_NAMES: dict[str, list[tuple[str, int]]] = {
    OBSERVED[kind]: [
        *((metric.name, metric.scale) for metric in METRICS[kind]),
        *((name, 1) for name in TEXTS[kind]),
    ]
    for kind in METRICS
}


def _facts_of(kind: str, sample: raw.Sample) -> str:
    """JSON of what a raw row says, in the metrics' own units."""
    return _facts(
        {
            name: value if scale == 1 else value / scale
            for (name, scale), value in zip(_NAMES[kind], sample[_LEADING:], strict=True)
            if value is not None and value != ""
        }
    ).decode()
