"""Interface counters of Linux, and rates from them."""

from __future__ import annotations

from agents import system
from agents.files import KeptFile

_WRAP = 1 << 32


class Routes:
    """The interface of the default route. The kernel's table is read each time, and understood
    again only when it has changed."""

    def __init__(self, root: str = "/") -> None:
        self._v4 = KeptFile(system.join(root, "proc/net/route"))
        self._v6 = KeptFile(system.join(root, "proc/net/ipv6_route"))
        self._seen = (b"", b"")
        self._name = ""

    def interface(self) -> str:
        """Its name (IPv4, else IPv6), '' if there is none."""
        v4, v6 = self._v4.read(65536), b""
        if v4 != self._seen[0] or self._seen[1]:
            self._name = _first_v4(v4)
            if not self._name:
                v6 = self._v6.read(65536)
                self._name = _first_v6(v6)
            self._seen = (v4, v6)
        return self._name

    def close(self) -> None:
        """Close the files."""
        self._v4.close()
        self._v6.close()


def _first_v4(table: bytes) -> str:
    best = (1 << 40, "")
    for line in table.decode("ascii", "replace").splitlines()[1:]:
        parts = line.split()
        # Iface Destination Gateway Flags RefCnt Use Metric Mask …
        if len(parts) > 7 and parts[1] == parts[7] == "00000000" and int(parts[3], 16) & 1:
            best = min(best, (int(parts[6]), parts[0]))
    return best[1]


def _first_v6(table: bytes) -> str:
    best = (1 << 40, "")
    for line in table.decode("ascii", "replace").splitlines():
        parts = line.split()
        # destination prefix source prefix next-hop metric refs use flags iface
        if len(parts) != 10 or parts[9] == "lo":
            continue
        if parts[1] == "00" and int(parts[8], 16) & 1:
            best = min(best, (int(parts[5], 16), parts[9]))
    return best[1]


class Counters:
    """Byte counters of interfaces from /proc/net/dev, which is opened once: one file for all of
    them, and of the network namespace this process is in."""

    def __init__(self, root: str = "/") -> None:
        self._file = KeptFile(system.join(root, "proc/net/dev"))

    def read(self, interface: str) -> tuple[int, int] | None:
        """(received, sent) bytes, None if there is no such interface."""
        data = b"\n" + self._file.read(65536)
        name = interface.encode() + b":"
        begin = data.find(b"\n" + name)
        if begin < 0:
            begin = data.find(b" " + name)  # short names are set to the right
        if begin < 0 or not interface:
            return None
        # bytes packets errs drop fifo frame compressed multicast, then the same to send
        parts = data[begin + 1 + len(name) : begin + 512].split(None, 9)
        try:
            return int(parts[0]), int(parts[8])
        except (IndexError, ValueError):
            return None

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def counter_delta(before: int, after: int) -> int | None:
    """Bytes between two readings; None if the counter was set back (driver or link restarted).

    A counter of 32 bits that wrapped is told from one set back by where it stood: it must have
    been in the upper half of its range and have come less than half the range further.
    """
    if after >= before:
        return after - before
    wrapped = after + _WRAP - before
    if _WRAP // 2 <= before < _WRAP and wrapped < _WRAP // 2:
        return wrapped
    return None


class Rates:
    """Bit/s of the interfaces read, from one reading to the next."""

    def __init__(self, root: str = "/") -> None:
        self._counters = Counters(root)
        self._last: dict[str, tuple[float, int, int]] = {}

    def read(self, interface: str, now: float) -> tuple[float | None, float | None]:
        """(rx_bps, tx_bps) since the last call; `now` is a monotonic time in seconds."""
        counters = self._counters.read(interface)
        last = self._last.get(interface)
        if counters is None:
            self._last.pop(interface, None)
            return None, None
        self._last[interface] = (now, *counters)
        if last is None or now <= last[0]:
            return None, None
        seconds = now - last[0]
        return (
            _rate(counter_delta(last[1], counters[0]), seconds),
            _rate(counter_delta(last[2], counters[1]), seconds),
        )

    def close(self) -> None:
        """Close the file of the counters."""
        self._counters.close()


def _rate(count: int | None, seconds: float) -> float | None:
    return None if count is None else round(count * 8 / seconds, 1)
