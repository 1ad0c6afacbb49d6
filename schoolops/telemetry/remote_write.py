"""Hands the newest measurements on to a Prometheus or VictoriaMetrics, by remote write 1.0.

Every half minute each device, line and agent whose facts are newer than what was sent goes out,
with the time at which it was measured and the names of `/v1/metrics`. What arrives late, and what
was measured while the other system was away, is not handed on: the whole history is here
(`/v1/prometheus`). Of several servers one does it.
"""

from __future__ import annotations

import json
import logging
import struct
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy import func, select

from schoolops.core.errors import SchoolopsError, Unusable
from schoolops.core.ids import uuid7
from schoolops.core.permissions import SYSTEM
from schoolops.db.engine import Store
from schoolops.db.tables import note
from schoolops.db.upsert import upsert
from schoolops.estate.models import observation
from schoolops.telemetry.exposition import PREFIX, Labels, subjects
from schoolops.telemetry.metrics import COUNTER, METRICS, TABLES_OF

log = logging.getLogger("schoolops.telemetry")

CLAIM = "remote write by"
CLAIM_US = 120_000_000
A_REQUEST = 2000
"""Series in one request: some 100 kB packed."""
TIMEOUT_S = 20.0

Series = tuple[Labels, float, int]
"""Labels with `__name__`, value, milliseconds since 1970."""


class _Sender:
    """What one process has handed on."""

    def __init__(self) -> None:
        self.id = uuid7()
        self.sent: dict[tuple[str, int], int] = {}
        self.problem = ""


_senders: WeakKeyDictionary[Store, _Sender] = WeakKeyDictionary()
_lock = threading.Lock()


def send_newest(store: Store) -> None:
    """Hand on what is new; what cannot be delivered is told once, and tried with newer values."""
    if not store.settings.telemetry.remote_write_url:
        return
    with _lock:
        sender = _senders.setdefault(store, _Sender())
    if not _claim(store, sender.id):
        return
    found, marks = _newest(store, sender.sent)
    try:
        for part in _portions(found):
            _post(store, part)
    except SchoolopsError as error:
        if str(error) != sender.problem:
            log.warning("measurements are not handed on: %s", error)
        sender.problem = str(error)
        return
    if sender.problem:
        log.info("measurements are handed on again")
    sender.problem = ""
    sender.sent |= marks


def _claim(store: Store, mine: str) -> bool:
    with store.write() as unit:
        if unit.store.is_postgresql:
            unit.connection.execute(select(func.pg_advisory_xact_lock(0x5E7D)))
        held = unit.connection.scalar(select(note.c.value).where(note.c.name == CLAIM)) or ""
        holder, _, until = held.partition(" ")
        if holder != mine and until and unit.now < int(until) <= unit.now + CLAIM_US:
            return False
        upsert(unit.connection, note, [{"name": CLAIM, "value": f"{mine} {unit.now + CLAIM_US}"}])
        return True


def _newest(
    store: Store, sent: dict[tuple[str, int], int]
) -> tuple[list[Series], dict[tuple[str, int], int]]:
    found: list[Series] = []
    marks: dict[tuple[str, int], int] = {}
    o, now = observation.c, store.clock.now()
    with store.read() as connection:
        for part, table in TABLES_OF.items():
            there = {one.record: one.labels for one in subjects(connection, SYSTEM, part)}
            names = {
                metric.name: f"{PREFIX}{part}_{metric.name}"
                + ("_total" if metric.kind == COUNTER else "")
                for metric in METRICS[table]
            }
            rows = connection.execute(
                select(o.record_id, o.facts, o.observed_at).where(
                    o.kind == part, o.fresh_until >= now
                )
            )
            for record, facts, at in rows:
                if record not in there or sent.get((part, record), 0) >= at:
                    continue
                marks[part, record] = at
                for name, value in json.loads(facts).items():
                    if name in names and isinstance(value, int | float):
                        labels = {"__name__": names[name], **there[record]}
                        found.append((labels, float(value), at // 1000))
    return found, marks


def _portions(found: list[Series]) -> Iterator[list[Series]]:
    for first in range(0, len(found), A_REQUEST):
        yield found[first : first + A_REQUEST]


def _post(store: Store, part: list[Series]) -> None:
    import httpx

    settings = store.settings.telemetry
    headers = {
        "content-encoding": "snappy",
        "content-type": "application/x-protobuf",
        "x-prometheus-remote-write-version": "0.1.0",
        "user-agent": "schoolops",
    }
    if settings.remote_write_secret_file:
        headers["authorization"] = f"Bearer {_secret(settings.remote_write_secret_file)}"
    try:
        answer = httpx.post(
            settings.remote_write_url, content=packed(part), headers=headers, timeout=TIMEOUT_S
        )
    except httpx.HTTPError as error:
        raise Unusable(
            f"telemetry.remote_write_url cannot be reached ({type(error).__name__})"
        ) from None
    if answer.status_code == 400:
        # By the protocol: it took what it can, and must not get the rest again.
        log.info("some measurements were not taken: %s", answer.text.strip()[:200])
    elif not answer.is_success:
        told = answer.text.strip()[:200]
        raise Unusable(f"telemetry.remote_write_url answered {answer.status_code}: {told}")


def _secret(file: str) -> str:
    try:
        return Path(file).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Unusable(f"telemetry.remote_write_secret_file {file} cannot be read") from None


def packed(part: Iterable[Series]) -> bytes:
    """A WriteRequest of the protocol, as protobuf in a snappy block."""
    try:
        import cramjam
    except ImportError:
        raise Unusable(
            "remote write needs an extra: pip install 'schoolops[remote-write]'"
        ) from None
    request = b"".join(_field(1, _series(*one)) for one in part)
    return bytes(cramjam.snappy.compress_raw(request))


def _series(labels: Labels, value: float, at_ms: int) -> bytes:
    told = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, text.encode()))
        for name, text in sorted(labels.items())
    )
    sample = b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(at_ms)
    return told + _field(2, sample)


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes (wire type 2)."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
