"""BER of SNMP v2c messages: the part of it that the sweep and the simulated equipment need.

A message is SEQUENCE { version 1, community, PDU { request id, error status, error index,
SEQUENCE OF SEQUENCE { OID, value } } }; in GETBULK the two error fields are non-repeaters and
max-repetitions. Values are `(tag, value)`: int for numbers, bytes for strings, a tuple of ints
for OIDs, dotted text for addresses, None for NULL and the three exceptions.
Everything malformed raises `BerError`, whatever the bytes are. Source: RFC 1905, RFC 3417.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

Oid = tuple[int, ...]
Value = int | bytes | Oid | str | None

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP_ADDRESS, COUNTER32, GAUGE32, TIMETICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x80, 0x81, 0x82
GET, GETNEXT, RESPONSE, SET, GETBULK = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5
TOO_BIG, GEN_ERR, NO_ACCESS, NOT_WRITABLE = 1, 5, 6, 17

MAX_MESSAGE = 65_507
MAX_SUBIDS = 128
_UNSIGNED = frozenset((COUNTER32, GAUGE32, TIMETICKS, COUNTER64))
_EMPTY = frozenset((NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW))


class BerError(ValueError):
    """The bytes are no SNMP v2c message, or the value cannot be written as one."""


class VarBind(NamedTuple):
    """One variable: its name, the tag of its value, and the value."""

    oid: Oid
    tag: int
    value: Value


class Message(NamedTuple):
    """A v2c message; `field1` and `field2` are error status and index, or GETBULK's numbers."""

    community: bytes
    pdu: int
    request_id: int
    field1: int
    field2: int
    varbinds: list[VarBind]


def encode_length(length: int) -> bytes:
    """The length octets: short form below 128, else the shortest long form."""
    if length < 0x80:
        return bytes((length,))
    size = (length.bit_length() + 7) // 8
    return bytes((0x80 | size,)) + length.to_bytes(size, "big")


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length, content."""
    return bytes((tag,)) + encode_length(len(content)) + content


def encode_int(value: int, tag: int = INTEGER) -> bytes:
    """A number in two's complement; unsigned types get a leading zero octet where needed."""
    if tag in _UNSIGNED and not 0 <= value < (1 << 64 if tag == COUNTER64 else 1 << 32):
        raise BerError(f"{value} does not fit its unsigned type")
    size = max(1, (value.bit_length() + 8) // 8)
    return tlv(tag, value.to_bytes(size, "big", signed=True))


@lru_cache(maxsize=65_536)
def encode_oid(oid: Oid) -> bytes:
    """An object identifier with its tag and length. Raises BerError."""
    if not 2 <= len(oid) <= MAX_SUBIDS or oid[0] > 2 or (oid[0] < 2 and oid[1] >= 40):
        raise BerError(f"{oid} is no object identifier")
    out = bytearray()
    for number in (oid[0] * 40 + oid[1], *oid[2:]):
        if not 0 <= number < 1 << 32:
            raise BerError(f"{number} is no sub-identifier")
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(number & 0x7F | 0x80)
        out += bytes(reversed(septets))
    return tlv(OID, bytes(out))


def encode_value(tag: int, value: Value) -> bytes:
    """A value with its tag and length. Raises BerError if tag and value do not go together."""
    if tag in _EMPTY:
        return bytes((tag, 0))
    if isinstance(value, int):
        return encode_int(value, tag)
    if tag == OID and isinstance(value, tuple):
        return encode_oid(value)
    if tag == IP_ADDRESS and isinstance(value, str):
        parts = value.split(".")
        if len(parts) != 4 or not all(part.isdecimal() and int(part) < 256 for part in parts):
            raise BerError(f"{value!r} is no IPv4 address")
        return tlv(tag, bytes(map(int, parts)))
    if isinstance(value, bytes):
        return tlv(tag, value)
    raise BerError(f"a value of type {type(value).__name__} has no tag {tag:#x}")


def encode_varbind(oid: Oid, tag: int, value: Value) -> bytes:
    """One variable, ready to be joined."""
    return tlv(SEQUENCE, encode_oid(oid) + encode_value(tag, value))


def encode_message(message: Message) -> bytes:
    """The whole message."""
    binds = b"".join(encode_varbind(*bind) for bind in message.varbinds)
    return wrap(message.community, message.pdu, message.request_id, message.field1,
                message.field2, binds)  # fmt: skip


def wrap(
    community: bytes, pdu: int, request_id: int, field1: int, field2: int, binds: bytes
) -> bytes:
    """A message around variables that are encoded already."""
    body = encode_int(request_id) + encode_int(field1) + encode_int(field2) + tlv(SEQUENCE, binds)
    return tlv(SEQUENCE, b"\x02\x01\x01" + tlv(OCTETS, community) + tlv(pdu, body))


class _Reader:
    """Walks over bytes; every step checks that it stays inside."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, pos: int, end: int) -> None:
        self.data, self.pos, self.end = data, pos, end

    def header(self) -> tuple[int, int]:
        """Tag and end of the next element; the position moves to its content."""
        data, pos, end = self.data, self.pos, self.end
        if pos + 2 > end:
            raise BerError("the message ends in the middle of an element")
        tag, length = data[pos], data[pos + 1]
        pos += 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4 or pos + size > end:
                raise BerError("a length is malformed")
            length = int.from_bytes(data[pos : pos + size], "big")
            pos += size
        if pos + length > end:
            raise BerError("an element is longer than the message")
        self.pos = pos
        return tag, pos + length

    def expect(self, tag: int) -> int:
        """The end of the next element, which has to be of this tag."""
        found, end = self.header()
        if found != tag:
            raise BerError(f"tag {found:#x} where {tag:#x} belongs")
        return end

    def integer(self) -> int:
        return self.number(self.expect(INTEGER), 8, signed=True)

    def number(self, end: int, size: int, *, signed: bool) -> int:
        content = self.data[self.pos : end]
        self.pos = end
        if not 1 <= len(content) <= size:
            raise BerError("a number has no or too many octets")
        return int.from_bytes(content, "big", signed=signed)


def decode_oid(content: bytes) -> Oid:
    """The sub-identifiers of an OID's content octets. Raises BerError."""
    if not content or content[-1] & 0x80 or len(content) > MAX_SUBIDS * 5:
        raise BerError("an object identifier is malformed")
    numbers: list[int] = []
    number = 0
    for octet in content:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
        elif number > 1 << 25:
            raise BerError("a sub-identifier is too large")
    first = min(numbers[0] // 40, 2)
    numbers[0:1] = [first, numbers[0] - 40 * first]
    if len(numbers) > MAX_SUBIDS or max(numbers) >= 1 << 32:
        raise BerError("an object identifier is too long")
    return tuple(numbers)


_decode_oid = lru_cache(maxsize=65_536)(decode_oid)


def _value(reader: _Reader) -> tuple[int, Value]:
    tag, end = reader.header()
    if tag in _EMPTY:
        if end != reader.pos:
            raise BerError("a NULL has content")
        return tag, None
    if tag == INTEGER:
        return tag, reader.number(end, 8, signed=True)
    if tag in _UNSIGNED:
        # Some devices send unsigned numbers without the leading zero: read them as they mean.
        return tag, reader.number(end, 9, signed=False)
    content = reader.data[reader.pos : end]
    reader.pos = end
    if tag == OID:
        return tag, _decode_oid(content)
    if tag == IP_ADDRESS:
        if len(content) != 4:
            raise BerError("an address has not four octets")
        return tag, ".".join(map(str, content))
    if tag in (OCTETS, OPAQUE):
        return tag, content
    raise BerError(f"unknown tag {tag:#x}")


class Envelope(NamedTuple):
    """A message whose variables are not decoded yet: `data[start:end]`."""

    community: bytes
    pdu: int
    request_id: int
    field1: int
    field2: int
    start: int
    end: int


def open_message(data: bytes) -> Envelope:
    """Read everything up to the variables. Raises BerError."""
    reader = _Reader(data, 0, len(data))
    outer = reader.expect(SEQUENCE)
    if outer != len(data):
        raise BerError("there are octets after the message")
    if reader.integer() != 1:
        raise BerError("this is not SNMP v2c")
    end = reader.expect(OCTETS)
    community = data[reader.pos : end]
    reader.pos = end
    pdu, end = reader.header()
    if end != outer:
        raise BerError("there are octets after the PDU")
    fields = reader.integer(), reader.integer(), reader.integer()
    if reader.expect(SEQUENCE) != end:
        raise BerError("there are octets after the variables")
    return Envelope(community, pdu, *fields, reader.pos, end)


def read_varbinds(data: bytes, start: int, end: int) -> list[VarBind]:
    """Decode the variables between two positions. Raises BerError."""
    reader = _Reader(data, start, end)
    binds: list[VarBind] = []
    while reader.pos < end:
        bind_end = reader.expect(SEQUENCE)
        oid_end = reader.expect(OID)
        oid = _decode_oid(data[reader.pos : oid_end])
        reader.pos = oid_end
        tag, value = _value(reader)
        if reader.pos != bind_end:
            raise BerError("a variable has more than a name and a value")
        binds.append(VarBind(oid, tag, value))
    return binds


def decode_message(data: bytes) -> Message:
    """Read a whole message. Raises BerError, and nothing else, on bad bytes."""
    envelope = open_message(data)
    binds = read_varbinds(data, envelope.start, envelope.end)
    return Message(*envelope[:5], binds)


def parse_oid(text: str) -> Oid:
    """'1.3.6.1.2.1.1.3.0' → (1, 3, 6, 1, 2, 1, 1, 3, 0)."""
    return tuple(int(part) for part in text.lstrip(".").split("."))
