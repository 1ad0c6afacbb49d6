"""A device's management information: OIDs in order, and how each value is made.

A `Mib` is shared by all devices of one model: what differs is asked of the `State` at the time
of the request. Values are ready-made octets, or a function of state and time that gives them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable

from agents.snmp import ber
from agents.snmp.ber import Oid
from sample_site.equipment.world import State

Maker = Callable[[State, float], bytes]
Cell = bytes | Maker


class Mib:
    """An ordered tree. `rows` are (OID, value) in any order; a later one replaces an earlier."""

    def __init__(self, rows: Iterable[tuple[Oid, Cell]]) -> None:
        cells = dict(rows)
        self.oids = sorted(cells)
        self.heads = [ber.encode_oid(oid) for oid in self.oids]
        self.cells = [cells[oid] for oid in self.oids]
        self._place = {oid: number for number, oid in enumerate(self.oids)}

    def exact(self, oid: Oid) -> int | None:
        """The place of this very OID."""
        return self._place.get(oid)

    def after(self, oid: Oid) -> int | None:
        """The place of the first OID that is greater."""
        place = bisect_right(self.oids, oid)
        return place if place < len(self.oids) else None

    def has_object(self, oid: Oid) -> bool:
        """Whether the object type exists, so that only this instance is missing.

        Without the MIB's own definitions: some instance shares all but the last number, or lies
        in the same column of a table (entry '1', then the column).
        """
        if self._any_below(oid[:-1]):
            return True
        for depth in range(len(oid) - 1, 8, -1):
            if oid[depth - 2] == 1:
                return self._any_below(oid[:depth])
        return False

    def _any_below(self, prefix: Oid) -> bool:
        place = bisect_left(self.oids, prefix)
        return place < len(self.oids) and self.oids[place][: len(prefix)] == prefix


def integer(make: Callable[[State, float], int]) -> Maker:
    return lambda state, now: ber.encode_int(make(state, now))


def gauge(make: Callable[[State, float], int]) -> Maker:
    return lambda state, now: ber.encode_int(max(0, make(state, now)), ber.GAUGE32)


def ticks(make: Callable[[State, float], float]) -> Maker:
    """Hundredths of a second; wraps as 32 bits do."""
    return lambda state, now: ber.encode_int(
        int(make(state, now) * 100) & 0xFFFFFFFF, ber.TIMETICKS
    )


def counter(make: Callable[[State, float], int]) -> Maker:
    return lambda state, now: ber.encode_int(make(state, now) & 0xFFFFFFFF, ber.COUNTER32)


def counter64(make: Callable[[State, float], int]) -> Maker:
    return lambda state, now: ber.encode_int(make(state, now) & (1 << 64) - 1, ber.COUNTER64)


def octets(make: Callable[[State, float], str]) -> Maker:
    return lambda state, now: ber.tlv(ber.OCTETS, make(state, now).encode())


def text(value: str) -> bytes:
    return ber.tlv(ber.OCTETS, value.encode())


def number(value: int) -> bytes:
    return ber.encode_int(value)


def mac_octets(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))
