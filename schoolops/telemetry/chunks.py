"""Columns of whole numbers, packed: first value and steps, in the narrowest width, by byte planes.

Pure. A chunk holds named columns of one length whose values are whole numbers or None. Each
column is its first value and the steps from one to the next in 1, 2, 4 or 8 bytes; the first
bytes of all steps stand together, then the second ones, as the high ones hardly ever differ;
zlib does the rest. All loops run inside `array`, `zlib` and slices.

    version u8 | zlib( count u32 | columns u16 | directory | bodies )
    directory, a column: name length u16, name, type u8, present u32, length u32
    body: [one byte a row, 1 where there is a value, if some are None] first i64, steps
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate, pairwise

VERSION = 1
LEVEL = 6
_HEAD = struct.Struct("<IH")
_NAME = struct.Struct("<H")
_ENTRY = struct.Struct("<BII")
_FIRST = struct.Struct("<q")
_WIDTHS = (("b", 7), ("h", 15), ("i", 31), ("q", 63))
_TYPES = {"b": 0, "h": 1, "i": 2, "q": 3}
_CODES = "bhiq"
_TOP = 1 << 64

Column = Sequence[int | None]


def pack(columns: Mapping[str, Column]) -> bytes:
    """The chunk of these columns; one whose values are all None is left out.

    Raises `ValueError` for columns of different lengths or values beyond 64 bits.
    """
    count = len(next(iter(columns.values()), ()))
    directory, bodies = bytearray(), bytearray()
    kept = 0
    for name, column in columns.items():
        if len(column) != count:
            raise ValueError("the columns differ in length")
        values = [value for value in column if value is not None]
        if not values:
            continue
        begin = len(bodies)
        if len(values) < count:
            bodies += bytes([value is not None for value in column])
        code = _pack_column(values, bodies)
        label = name.encode()
        directory += _NAME.pack(len(label)) + label
        directory += _ENTRY.pack(_TYPES[code], len(values), len(bodies) - begin)
        kept += 1
    return bytes((VERSION,)) + zlib.compress(
        _HEAD.pack(count, kept) + bytes(directory) + bytes(bodies), LEVEL
    )


def _pack_column(values: list[int], bodies: bytearray) -> str:
    steps = [after - before for before, after in pairwise(values)]
    reach = max(max(steps, default=0), -min(steps, default=0) - 1)
    # Two values can lie further apart than 63 bits reach: such steps go round, as `_sum` does.
    if reach >= 1 << 63:
        steps = [(step + (1 << 63)) % _TOP - (1 << 63) for step in steps]
        reach = (1 << 63) - 1
    code = next(code for code, bits in _WIDTHS if reach < 1 << bits)
    try:
        bodies += _FIRST.pack(values[0])
    except struct.error:
        raise ValueError("a value is beyond 64 bits") from None
    if not all(-(1 << 63) <= value < 1 << 63 for value in (max(values), min(values))):
        raise ValueError("a value is beyond 64 bits")
    packed = array(code, steps)
    if sys.byteorder == "big":
        packed.byteswap()
    data, width = packed.tobytes(), packed.itemsize
    for plane in range(width):
        bodies += data[plane::width]
    return code


class Chunk:
    """A chunk, opened. Raises `ValueError` if it is none."""

    def __init__(self, data: bytes) -> None:
        if not data or data[0] != VERSION:
            raise ValueError("a chunk of another version")
        try:
            self._data = zlib.decompress(data[1:])
            self.count, columns = _HEAD.unpack_from(self._data)
            at = _HEAD.size
            entries = []
            for _ in range(columns):
                (size,) = _NAME.unpack_from(self._data, at)
                at += _NAME.size
                name = self._data[at : at + size].decode()
                entries.append((name, *_ENTRY.unpack_from(self._data, at + size)))
                at += size + _ENTRY.size
        except (zlib.error, struct.error, IndexError, UnicodeDecodeError):
            raise ValueError("a chunk that is damaged") from None
        self._places: dict[str, tuple[int, int, int, int]] = {}
        for name, code, present, length in entries:
            self._places[name] = (at, code, present, length)
            at += length
        if at != len(self._data):
            raise ValueError("a chunk that is damaged")

    @property
    def names(self) -> Collection[str]:
        """The columns that hold a value."""
        return self._places.keys()

    def column(self, name: str) -> list[int | None]:
        """Its values; all None if the chunk has no such column."""
        place = self._places.get(name)
        if place is None:
            return [None] * self.count
        at, code, present, length = place
        end = at + length
        mask = b""
        if present < self.count:
            mask = self._data[at : at + self.count]
            at += self.count
        (first,) = _FIRST.unpack_from(self._data, at)
        steps = _unplane(self._data[at + _FIRST.size : end], _CODES[code])
        if len(steps) != present - 1:
            raise ValueError("a chunk that is damaged")
        values = list(accumulate(steps, initial=first))
        if code == 3 and not -(1 << 63) <= min(values) <= max(values) < 1 << 63:
            values = [(value + (1 << 63)) % _TOP - (1 << 63) for value in values]
        if not mask:
            return list(values)
        filled = iter(values)
        return [next(filled) if there else None for there in mask]


def _unplane(data: bytes, code: str) -> array[int]:
    steps = array(code)
    width = steps.itemsize
    if width > 1:
        count = len(data) // width
        whole = bytearray(len(data))
        for plane in range(width):
            whole[plane::width] = data[plane * count : (plane + 1) * count]
        data = bytes(whole)
    steps.frombytes(data)
    if sys.byteorder == "big":
        steps.byteswap()
    return steps
