"""Access points that answer only through their controller: over SNMP tables or over REST.

One poll of a controller serves all its access points. A `Point` is one access point as the
controller lists it; targets find theirs by MAC address or serial number (`Index`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.snmp.reading import Reading
from agents.snmp.serials import normal


@dataclass(slots=True)
class Point:
    """An access point in a controller's list. `identifiers` are lower case, MACs with colons;
    `serial` is one of them as it is shown."""

    identifiers: set[str]
    up: bool = True
    reading: Reading = field(default_factory=Reading)
    serial: str = ""


class Index:
    """Finds a controller's access points by what the inventory knows of them."""

    def __init__(self, points: Iterable[Point]) -> None:
        self._by_name: dict[str, Point] = {}
        for point in points:
            for name in point.identifiers:
                if name:
                    self._by_name.setdefault(name, point)

    def find(self, identifiers: Iterable[str]) -> Point | None:
        """The point with one of these MACs or serials, or None."""
        for name in identifiers:
            point = self._by_name.get(normal(name))
            if point is not None:
                return point
        return None


def mac_of(octets: Iterable[int]) -> str:
    """Six numbers of a table's index, or six octets of a value, as a MAC address."""
    return ":".join(f"{octet & 255:02x}" for octet in octets)
