"""The record format of the spool: one report, its number and a checksum.

    magic   2 bytes   A5 52
    length  u32       of the payload, little endian
    crc     u32       CRC-32 of seq and payload
    seq     u64
    payload JSON      [observed_at, table, [values…]]

A reader needs no index: `scan` walks the valid records of a piece of a file. After damage it
looks for the next record whose checksum holds, so one bad sector costs the records it hit and
not the rest of the file.
"""

from __future__ import annotations

import struct
import zlib

from agents.jsontext import from_json, to_json
from agents.protocol import REPORTS, Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NamedTuple
else:
    from agents.tuples import NamedTuple

MAGIC = b"\xa5R"
_HEADER = struct.Struct("<2sIIQ")
_SEQ = struct.Struct("<Q")
HEADER_BYTES = _HEADER.size
MAX_PAYLOAD = 64 * 1024
"""A report is some hundred bytes; a larger length is damage, not data."""


class Record(NamedTuple):
    """A valid record found by `scan`; `end` is the offset behind it."""

    seq: int
    payload: bytes
    end: int


def encode_payload(table: str, observed_at: int, report: tuple[Any, ...]) -> bytes:
    """The JSON of a report. Not-a-number becomes None.

    Raises ValueError if the table is unknown, the number of values is wrong, or a value is of a
    type that JSON has not.
    """
    kind = REPORTS.get(table)
    if kind is None:
        raise ValueError(f"there is no table {table!r}")
    if len(report) != len(kind._fields):
        raise ValueError(f"{table} has {len(kind._fields)} fields, not {len(report)}")
    try:
        payload = to_json([observed_at, table, report]).encode()
    except ValueError:
        finite = [None if isinstance(v, float) and v - v != 0 else v for v in report]
        payload = to_json([observed_at, table, finite]).encode()
    except TypeError as error:
        raise ValueError(f"{table}: {error}") from None
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"{table}: a report of {len(payload)} bytes is too large")
    return payload


def pack(seq: int, payload: bytes) -> bytes:
    """A record, ready to be appended."""
    crc = zlib.crc32(payload, zlib.crc32(_SEQ.pack(seq)))
    return _HEADER.pack(MAGIC, len(payload), crc, seq) + payload


def decode_row(seq: int, payload: bytes) -> Row:
    """The row of a record."""
    observed_at, table, values = from_json(payload)
    return Row(seq, observed_at, table, tuple(values))


def scan(data: bytes, start: int = 0) -> Iterator[Record]:
    """Yield the valid records from `start` on, in file order, passing over damage."""
    position = start
    while position + HEADER_BYTES <= len(data):
        record = _at(data, position)
        if record is None:
            position = data.find(MAGIC, position + 1)
            if position < 0:
                return
            continue
        yield record
        position = record.end


def _at(data: bytes, position: int) -> Record | None:
    magic, length, crc, seq = _HEADER.unpack_from(data, position)
    begin = position + HEADER_BYTES
    if magic != MAGIC or length > MAX_PAYLOAD or begin + length > len(data):
        return None
    payload = data[begin : begin + length]
    if zlib.crc32(payload, zlib.crc32(_SEQ.pack(seq))) != crc:
        return None
    return Record(seq, payload, begin + length)
