"""Interface counters of Linux, and rates from them."""

from __future__ import annotations

import os

_WRAP = 1 << 32


def default_interface(root: str = "/") -> str:
    """The interface of the default route (IPv4, else IPv6), '' if there is none."""
    best: tuple[int, str] | None = None
    for line in _lines(os.path.join(root, "proc/net/route"))[1:]:
        parts = line.split()
        # Iface Destination Gateway Flags RefCnt Use Metric Mask …
        if len(parts) > 7 and parts[1] == parts[7] == "00000000" and int(parts[3], 16) & 1:
            best = min(best or (1 << 40, ""), (int(parts[6]), parts[0]))
    if best is None:
        for line in _lines(os.path.join(root, "proc/net/ipv6_route")):
            parts = line.split()
            # destination prefix source prefix next-hop metric refs use flags iface
            if len(parts) != 10 or parts[9] == "lo":
                continue
            if parts[1] == "00" and int(parts[8], 16) & 1:
                best = min(best or (1 << 40, ""), (int(parts[5], 16), parts[9]))
    return best[1] if best else ""


class Counters:
    """Byte counters of interfaces from /proc/net/dev, which is opened once: one file for all of
    them, and of the network namespace this process is in."""

    def __init__(self, root: str = "/") -> None:
        self._path = os.path.join(root, "proc/net/dev")
        self._handle = -1

    def read(self, interface: str) -> tuple[int, int] | None:
        """(received, sent) bytes, None if there is no such interface."""
        try:
            if self._handle < 0:
                self._handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            data = b"\n" + os.pread(self._handle, 65536, 0).replace(b" ", b"\n")
        except OSError:
            return None
        name = b"\n" + interface.encode() + b":"
        begin = data.find(name)
        if begin < 0 or not interface:
            return None
        # bytes packets errs drop fifo frame compressed multicast, then the same to send
        parts = data[begin + len(name) : begin + len(name) + 512].split(None, 9)
        try:
            return int(parts[0]), int(parts[8])
        except (IndexError, ValueError):
            return None

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


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


def _lines(path: str) -> list[str]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        return os.read(handle, 65536).decode("ascii", "replace").splitlines()
    finally:
        os.close(handle)
