"""A batch of an agent from the body of a POST: unpacked, decoded, checked."""

from __future__ import annotations

import typing
import zlib
from typing import Any

import msgspec

from agents import protocol
from schoolops.core.errors import Invalid, TooLarge


class BadReport(Invalid):
    code = "report.invalid"


class Wire(msgspec.Struct):
    agent: str
    boot: str
    first_seq: int
    last_seq: int
    sent_at: int
    tables: dict[str, dict[str, list[Any]]]
    lost_before: int = 0
    version: int = protocol.VERSION


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


def decode(data: bytes) -> tuple[Wire, list[protocol.Row]]:
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
    if not 1 <= len(wire.boot) <= 64 or "\0" in wire.boot:
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
        # What one agent says must not be what the database refuses: it books many at once.
        if not good or (not isinstance(value, str) and not -_LARGEST <= value <= _LARGEST):
            raise BadReport(f"{table}.{name} has a value of the wrong kind")
        if isinstance(value, str) and (len(value) > 500 or "\0" in value):
            raise BadReport(f"{table}.{name} has a text that is too long or that is none")
