"""A batch of an agent from the body of a POST: unpacked, decoded, checked, in columns.

A batch that is broken is refused as a whole. A single value that cannot be (a loss of 300 %, a
counter of 1e308) is kept as 'not known' and counted: the agent could never get rid of a batch
that is refused for it.
"""

from __future__ import annotations

import typing
import zlib
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import chain
from typing import Annotated, Any

import msgspec

from agents import protocol
from schoolops.core.errors import Invalid, TooLarge
from schoolops.telemetry.metrics import METRICS, SUBJECTS, TEXTS, keeper

_LARGEST = 2**63 - 1
_TEXT = 500
_LONGER = {("result", "data"): protocol.MAX_RESULT_CHARS}


class BadReport(Invalid):
    code = "report.invalid"


def _columns_of(report: type[Any]) -> dict[str, Any]:
    """Field → type of its column on the wire."""
    found = {}
    for name, hint in typing.get_type_hints(report).items():
        kind: Any = hint
        if hint is not str:
            kind = bool | None if bool in typing.get_args(hint) else int | float | None
        found[name] = list[kind]
    return found


def _table(name: str, report: type[Any]) -> Any:
    return msgspec.defstruct(
        f"{name.title()}Columns",
        [
            ("seq", list[int]),
            ("observed_at", list[int]),
            *((field, kind, []) for field, kind in _columns_of(report).items()),
        ],
        forbid_unknown_fields=True,
    )


Tables: Any = msgspec.defstruct(
    "Tables",
    [(name, _table(name, report) | None, None) for name, report in protocol.REPORTS.items()],
    forbid_unknown_fields=True,
)
"""Columns of each table, as `agents.protocol` describes them."""


class Wire(msgspec.Struct):
    agent: str
    boot: str
    first_seq: int
    last_seq: int
    sent_at: int
    tables: Tables
    lost_before: int = 0
    version: int = protocol.VERSION
    shifted_by: Annotated[int, msgspec.Meta(ge=-(2**60), le=2**60)] = 0


@dataclass(slots=True)
class Part:
    """The rows of one table of a batch in order of their number: what is kept, in columns."""

    kind: str
    seq: list[int]
    observed_at: list[int]
    subjects: list[str]
    """Keys of what is reported on; empty for the host."""
    columns: list[list[Any]] = field(default_factory=list)
    """Metrics, then texts, in the order of the tables; of 'discovered' the texts alone."""

    def after(self, seq: int) -> Part:
        """The rows whose number is greater."""
        cut = bisect_right(self.seq, seq)
        if not cut:
            return self
        return Part(
            self.kind, self.seq[cut:], self.observed_at[cut:], self.subjects[cut:],
            [column[cut:] for column in self.columns],
        )  # fmt: skip


@dataclass(slots=True)
class Batch:
    """A checked batch."""

    wire: Wire
    parts: list[Part]
    implausible: int
    """Values that cannot be, and are kept as not known."""


_decode = msgspec.json.Decoder(Wire).decode


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


def decode(data: bytes) -> Batch:
    """A batch, checked. `BadReport` says what is wrong."""
    try:
        wire = _decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadReport(f"the body is no batch: {error}") from None
    if wire.version != protocol.VERSION:
        raise BadReport(
            f"the batch speaks version {wire.version}, this server {protocol.VERSION}; upgrade",
            code="report.version",
        )
    if not 1 <= len(wire.boot) <= 64 or "\0" in wire.boot:
        raise BadReport("boot has 1 to 64 characters")
    found = [(kind, getattr(wire.tables, kind)) for kind in protocol.REPORTS]
    tables = [(kind, table) for kind, table in found if table is not None]
    _check_numbers(wire, [table.seq for _, table in tables])
    parts, implausible = [], 0
    for kind, table in tables:
        part, wrong = _part(kind, table)
        parts.append(part)
        implausible += wrong
    return Batch(wire, parts, implausible)


def _check_numbers(wire: Wire, numbers: list[list[int]]) -> None:
    rows = sum(map(len, numbers))
    if not 1 <= rows <= protocol.MAX_ROWS:
        raise BadReport(f"a batch has 1 to {protocol.MAX_ROWS} rows, not {rows}")
    first, last = wire.first_seq, wire.last_seq
    if (
        first < 1
        or last - first + 1 != rows
        or any(column != sorted(column) for column in numbers)
        or sorted(chain.from_iterable(numbers)) != list(range(first, last + 1))
    ):
        raise BadReport("the rows are not numbered from first_seq to last_seq without a gap")


def _part(kind: str, table: Any) -> tuple[Part, int]:
    count = len(table.seq)
    if len(table.observed_at) != count or any(
        len(column) not in (0, count) for column in _reported(kind, table)
    ):
        raise BadReport(f"the columns of {kind} differ in length")
    if count and not -_LARGEST <= min(table.observed_at) <= max(table.observed_at) <= _LARGEST:
        raise BadReport(f"{kind}.observed_at has a time that is none")
    subject = SUBJECTS.get(kind, "")
    part = Part(kind, table.seq, table.observed_at, [])
    if subject:
        part.subjects = _texts(kind, subject, getattr(table, subject), count)
    implausible = 0
    for metric in METRICS.get(kind, ()):
        column = getattr(table, metric.name)
        if not column:
            part.columns.append([None] * count)
            continue
        kept = keeper(metric)(column)
        implausible += kept.count(None) - column.count(None)
        part.columns.append(kept)
    part.columns += [
        _texts(kind, name, getattr(table, name), count)
        for name in TEXTS.get(kind, protocol.REPORTS[kind]._fields)
    ]
    return part, implausible


def _reported(kind: str, table: Any) -> list[list[Any]]:
    return [getattr(table, name) for name in protocol.REPORTS[kind]._fields]


def _texts(kind: str, name: str, column: list[str], count: int) -> list[str]:
    """A column of texts that a database takes; PostgreSQL has no character 0."""
    if not column:
        return [""] * count
    longest = _LONGER.get((kind, name), _TEXT)
    if max(map(len, column)) > longest or any("\0" in text for text in column):
        raise BadReport(f"{kind}.{name} has a text that is too long or that is none")
    return column
