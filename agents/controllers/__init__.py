"""Access points that answer only through their controller: over SNMP tables or over REST.

One poll of a controller serves all its access points. A `Point` is one access point as the
controller lists it; targets find theirs by MAC address or serial number (`Index`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.snmp.reading import Reading


@dataclass(slots=True)
class Point:
    """An access point in a controller's list. `identifiers` are lower case, MACs with colons."""

    identifiers: set[str]
    up: bool = True
    reading: Reading = field(default_factory=Reading)


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


def normal(identifier: str) -> str:
    """A MAC address in any notation as aa:bb:cc:dd:ee:ff; anything else in lower case."""
    digits = identifier.lower().translate(_SEPARATORS)
    if len(digits) == 12 and all(c in "0123456789abcdef" for c in digits):
        return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    return identifier.strip().lower()


_SEPARATORS = str.maketrans("", "", ":-. ")


def mac_of(octets: Iterable[int]) -> str:
    """Six numbers of a table's index, or six octets of a value, as a MAC address."""
    return ":".join(f"{octet & 255:02x}" for octet in octets)
