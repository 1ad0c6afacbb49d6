"""The hot route: batches of agents, decoded at once, booked by one writer in groups.

All batches that wait are booked in one transaction, and each is answered only when it is on
disk. A batch that is refused (unknown agent, gap, wild clock) does not disturb the others.
"""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import threading
import time
import typing
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update

from agents import protocol
from schoolops.core.errors import (
    Conflict,
    Invalid,
    SchoolopsError,
    TooLarge,
    TooMany,
    Unauthenticated,
)
from schoolops.core.ids import hash_token, uuid7
from schoolops.core.permissions import Actor
from schoolops.core.settings import AgentSettings
from schoolops.db.engine import Store, UnitOfWork
from schoolops.db.upsert import upsert
from schoolops.estate.models import TABLES, observation
from schoolops.fleet.config import config_of
from schoolops.fleet.models import agent, agent_stream, discovered
from schoolops.telemetry.health import Assessor
from schoolops.telemetry.models import SAMPLES

log = logging.getLogger("schoolops.ingest")

QUEUE = 2000
"""Batches that may wait; more are answered 429."""
GROUP = 200
"""Batches booked in one transaction at most."""
CORRECT_FROM_S = 5
"""Smaller clock offsets are the network's doing and left alone."""

ETAG_S = 10.0

_SUBJECTS = {"uplink": "uplink", "device": "device"}
_AGENT = Actor.of("agents", "agent")


class _Wire(msgspec.Struct):
    agent: str
    boot: str
    first_seq: int
    last_seq: int
    sent_at: int
    tables: dict[str, dict[str, list[Any]]]
    lost_before: int = 0
    version: int = protocol.VERSION


_decode = msgspec.json.Decoder(_Wire).decode


@dataclass(slots=True)
class Waiting:
    """A decoded batch on its way to the disk."""

    secret_hash: str
    wire: _Wire
    rows: list[protocol.Row]
    received_at: int
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[dict[str, Any]]
    answer: dict[str, Any] | None = None
    error: SchoolopsError | None = None


class BadReport(Invalid):
    code = "report.invalid"


class OutOfOrder(Conflict):
    code = "report.out_of_order"


def unpack(body: bytes, encoding: str) -> bytes:
    """The JSON of a body; a gzip bomb or garbage is refused."""
    if encoding not in ("gzip", "", "identity"):
        raise BadReport(f"the content encoding {encoding!r} is not known; use gzip")
    if encoding != "gzip":
        return body
    inflate = zlib.decompressobj(wbits=31)
    try:
        data = inflate.decompress(body, protocol.MAX_JSON_BYTES)
    except zlib.error:
        raise BadReport("the body is no gzip") from None
    if inflate.unconsumed_tail:
        raise TooLarge(
            f"the body unpacks to more than {protocol.MAX_JSON_BYTES // 2**20} MB; send less"
        )
    if not inflate.eof:
        raise BadReport("the body breaks off")
    return data


def decode(data: bytes) -> tuple[_Wire, list[protocol.Row]]:
    """A batch and its rows in order of seq. `BadReport` says what is wrong."""
    try:
        wire = _decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadReport(f"the body is no batch: {error}") from None
    if wire.version != protocol.VERSION:
        raise BadReport(
            f"the batch speaks version {wire.version}, this server {protocol.VERSION}; upgrade",
            code="report.version",
        )
    rows: list[protocol.Row] = []
    for name, columns in wire.tables.items():
        rows.extend(_rows(name, columns))
    if not 1 <= len(wire.boot) <= 64:
        raise BadReport("boot has 1 to 64 characters")
    if not rows or len(rows) > protocol.MAX_ROWS:
        raise BadReport(f"a batch has 1 to {protocol.MAX_ROWS} rows, not {len(rows)}")
    rows.sort(key=lambda row: row.seq)
    if (
        wire.first_seq < 1
        or any(r.seq != wire.first_seq + i for i, r in enumerate(rows))
        or (wire.last_seq != rows[-1].seq)
    ):
        raise BadReport("the rows are not numbered from first_seq to last_seq without a gap")
    return wire, rows


def _rows(name: str, columns: dict[str, list[Any]]) -> list[protocol.Row]:
    report = protocol.REPORTS.get(name)
    if report is None:
        raise BadReport(f"there is no table {name!r}")
    wrong = columns.keys() - set(report._fields) - {"seq", "observed_at"}
    if wrong or "seq" not in columns or "observed_at" not in columns:
        raise BadReport(f"the table {name} has wrong columns: {', '.join(sorted(wrong)) or '-'}")
    length = len(columns["seq"])
    if any(len(column) != length for column in columns.values()):
        raise BadReport(f"the columns of {name} differ in length")
    for field_name, column in columns.items():
        _check(name, field_name, column)
    empty = [None] * length
    defaults = report._field_defaults
    parts = [
        columns.get(f) or ([defaults[f]] * length if defaults[f] == "" else empty)
        for f in report._fields
    ]
    return [
        protocol.Row(seq, at, name, values)
        for seq, at, *values_ in zip(columns["seq"], columns["observed_at"], *parts, strict=True)
        if (values := tuple(values_)) is not None
    ]


_KINDS: dict[str, tuple[type, ...]] = {}
for _report in protocol.REPORTS.values():
    for _name, _hint in typing.get_type_hints(_report).items():
        _text = getattr(_hint, "__forward_arg__", str(_hint))  # NamedTuple wraps text hints
        _KINDS[_name] = (
            (str,) if _hint is str
            else (bool,) if "bool" in _text
            else (int, float)
        )  # fmt: skip
_LARGEST = 2**63 - 1


def _check(table: str, name: str, column: list[Any]) -> None:
    numbers = name in ("seq", "observed_at")
    kinds = (int,) if numbers else _KINDS[name]
    for value in column:
        if value is None and not numbers:
            continue
        good = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        if not good or (isinstance(value, int) and not -_LARGEST <= value <= _LARGEST):
            raise BadReport(f"{table}.{name} has a value of the wrong kind")
        if isinstance(value, str) and len(value) > 500:
            raise BadReport(f"{table}.{name} has a text of more than 500 characters")


class Reports:
    """The writer: takes batches, books them in groups, answers them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.assessor = Assessor(store)
        self._queue: queue.Queue[Waiting | None] = queue.Queue(QUEUE)
        self._thread: threading.Thread | None = None
        self._etags: dict[int, tuple[float, str]] = {}

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._thread.start()
        self.assessor.start()

    def stop(self) -> None:
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout=30)
        self.assessor.stop()

    async def book(self, secret: str, body: bytes, encoding: str) -> dict[str, Any]:
        """Book one POST; answers the ack once it is on disk."""
        wire, rows = decode(unpack(body, encoding))
        loop = asyncio.get_running_loop()
        now = self.store.clock.now()
        waiting = Waiting(hash_token(secret), wire, rows, now, loop, loop.create_future())
        try:
            self._queue.put_nowait(waiting)
        except queue.Full:
            raise TooMany("the server is busy; send the same batch again") from None
        return await waiting.done

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group = [first]
            while len(group) < GROUP:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    self._queue.put(None)
                    break
                group.append(more)
            self._book_group(group)

    def _book_group(self, group: list[Waiting]) -> None:
        try:
            with self.store.write(_AGENT) as unit:
                touched = _Booking(unit, group, self._etags).book()
        except SchoolopsError as error:
            for waiting in group:
                waiting.error = error
            touched = set()
        except Exception:
            log.exception("a group of %d batches could not be booked", len(group))
            touched = set()
            for waiting in group:
                waiting.error = SchoolopsError("the batch could not be booked; send it again")
        for waiting in group:
            waiting.loop.call_soon_threadsafe(_resolve, waiting)
        self.assessor.touch(touched)


def _resolve(waiting: Waiting) -> None:
    if waiting.done.cancelled():
        return
    if waiting.error is not None or waiting.answer is None:
        error = waiting.error or SchoolopsError("the batch was not booked; send it again")
        waiting.done.set_exception(error)
    else:
        waiting.done.set_result(waiting.answer)


@dataclass(slots=True)
class _Booking:
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

    def _advance(self, row: Row[Any], wire: _Wire) -> tuple[int, int, int]:
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
