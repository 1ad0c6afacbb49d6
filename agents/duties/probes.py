"""Probes of a line: TCP connect, ICMP echo, DNS. Each answers times in milliseconds.

Connect times are judged by their median: with lost packets the mean shows the kernel's
retransmission timer (1 s) and not the line. So a probe waits less than that timer, and what has
not answered by then counts as lost.
"""

from __future__ import annotations

import _socket
import math
import posix
import select
import struct
import time

from agents.quiet import suppress
from agents.sockets import Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from agents.tuples import NamedTuple

PROBE_TIMEOUT_S = 0.95
DNS_TIMEOUT_S = 2.0

Address = tuple[int, tuple[str, int]]
"""Address family, and host and port as `connect` takes them."""


class Samples(NamedTuple):
    """Answers of several probes, in milliseconds, and how many were sent."""

    times: list[float]
    sent: int

    @property
    def median_ms(self) -> float | None:
        """The middle one."""
        return median(self.times)

    @property
    def deviation_ms(self) -> float | None:
        """Standard deviation; None for fewer than two.

        Of so few, the usual formulas read too low (five: 16 % by n, 6 % by n - 1), and no mean of
        many such figures would mend it. The factor does (1/c4 of the textbooks, approximately).
        """
        count = len(self.times)
        if count < 2:
            return None
        mean = sum(self.times) / count
        deviation = math.sqrt(sum((t - mean) ** 2 for t in self.times) / (count - 1))
        return round(deviation * (4 * count - 3) / (4 * count - 4), 3)


def median(values: list[float]) -> float | None:
    """The middle value, None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return round(ordered[middle], 3)
    return round((ordered[middle - 1] + ordered[middle]) / 2, 3)


def bind_to(sock: _socket.socket, interface: str) -> None:
    """Send through this interface alone. Linux allows it without root since 5.7; raises
    OSError where it does not, since a measurement of another line would be a lie."""
    if interface:
        sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_BINDTODEVICE, interface.encode() + b"\0")


def connect_times(
    address: Address,
    interface: str = "",
    *,
    count: int = 5,
    spacing_s: float = 0.02,
    timeout_s: float = PROBE_TIMEOUT_S,
) -> Samples:
    """Open `count` connections one after the other and close each at once. One that has not
    answered within `spacing_s` does not hold up the next.

    A refused connection counts as lost: a firewall before the line can refuse as well.
    """
    family, where = address
    times: list[float] = []
    open_: dict[int, tuple[Socket, float]] = {}
    poll = select.poll()
    clock = time.perf_counter
    started, last = 0, clock()
    try:
        while started < count or open_:
            now = clock()
            if started < count and (not open_ or now >= last + spacing_s):
                started, last = started + 1, now
                sock = Socket(family, _socket.SOCK_STREAM | _socket.SOCK_NONBLOCK)
                bind_to(sock, interface)
                at = clock()
                try:
                    sock.connect(where)
                    times.append((clock() - at) * 1000)
                    sock.close()
                except BlockingIOError:  # it is on its way
                    open_[sock.fileno()] = (sock, at)
                    poll.register(sock, select.POLLOUT)
                except OSError:
                    sock.close()
                continue
            for number in [n for n, (_, at) in open_.items() if now - at >= timeout_s]:
                poll.unregister(number)
                open_.pop(number)[0].close()
            wakes = [at + timeout_s for _, at in open_.values()]
            if started < count:
                wakes.append(last + spacing_s)
            wait = min(wakes, default=now) - now
            for number, _ in poll.poll(max(wait, 0) * 1000 + 0.1):
                sock, at = open_.pop(number)
                elapsed = (clock() - at) * 1000
                poll.unregister(number)
                if sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR) == 0:
                    times.append(elapsed)
                sock.close()
    finally:
        for sock, _ in open_.values():
            sock.close()
    return Samples(times, count)


def echo_times(
    address: Address,
    interface: str = "",
    *,
    count: int = 3,
    timeout_s: float = PROBE_TIMEOUT_S,
) -> Samples | None:
    """ICMP echo through an unprivileged ping socket; None where `ping_group_range` forbids it."""
    family, (host, _) = address
    six = family == _socket.AF_INET6
    protocol = _socket.IPPROTO_ICMPV6 if six else _socket.IPPROTO_ICMP
    try:
        sock = Socket(family, _socket.SOCK_DGRAM, protocol)
    except OSError:
        return None
    times = []
    with sock:
        bind_to(sock, interface)
        for number in range(1, count + 1):
            token = posix.urandom(8)
            # The kernel fills in identifier and checksum of a ping socket.
            packet = struct.pack("!BBHHH", 128 if six else 8, 0, 0, 0, number) + token
            at = time.perf_counter()
            deadline = at + timeout_s
            try:
                sock.sendto(packet, (host, 0))
                while True:
                    sock.settimeout(max(deadline - time.perf_counter(), 0.001))
                    answer = sock.recv(256)
                    if answer[8:16] == token:
                        break
            except OSError:
                continue
            times.append((time.perf_counter() - at) * 1000)
    return Samples(times, count)


def name_servers(path: str = "/etc/resolv.conf") -> list[str]:
    """Addresses of the resolvers, in order; the one on this machine where none is named."""
    servers = []
    with suppress(OSError), open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            words = line.split()
            if len(words) >= 2 and words[0] == "nameserver":
                servers.append(words[1])
    return servers or ["127.0.0.1"]


def dns_query(
    name: str,
    server: str,
    *,
    port: int = 53,
    kind: int = 1,
    timeout_s: float = DNS_TIMEOUT_S,
) -> tuple[float, list[str]] | None:
    """Ask a resolver for the A (1) or AAAA (28) records of a name.

    Returns (milliseconds, addresses), also for a name without addresses; None if no answer came
    or the resolver failed (SERVFAIL, REFUSED).
    """
    try:
        question = b"".join(
            bytes([len(label)]) + label
            for label in name.strip(".")
            .encode("idna" if not name.isascii() else "ascii")
            .split(b".")
            if 0 < len(label) < 64
        )
    except UnicodeError:
        return None
    number = posix.urandom(2)
    asked = question + b"\0" + struct.pack("!HH", kind, 1)
    query = number + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + asked
    try:
        family = _socket.AF_INET6 if ":" in server else _socket.AF_INET
        with Socket(family, _socket.SOCK_DGRAM) as sock:
            at = time.perf_counter()
            sock.connect((server.partition("%")[0], port))
            sock.send(query)
            while True:
                left = at + timeout_s - time.perf_counter()
                if left <= 0:
                    return None
                sock.settimeout(left)
                answer = sock.recv(4096)
                elapsed = (time.perf_counter() - at) * 1000
                echoed = answer[12 : 12 + len(asked)].lower() == asked.lower()
                if answer[:2] == number and len(answer) >= 12 and answer[2] & 0x80 and echoed:
                    break
    except OSError:
        return None
    if answer[3] & 0x0F not in (0, 3):
        return None
    return elapsed, _addresses(answer, 12 + len(asked), kind)


def _addresses(answer: bytes, position: int, kind: int) -> list[str]:
    size, family = (4, _socket.AF_INET) if kind == 1 else (16, _socket.AF_INET6)
    found = []
    try:
        for _ in range(struct.unpack_from("!H", answer, 6)[0]):
            while True:  # the record's name: labels, or a pointer
                length = answer[position]
                if length & 0xC0:
                    position += 2
                    break
                position += 1 + length
                if not length:
                    break
            record, _, _, length = struct.unpack_from("!HHIH", answer, position)
            position += 10
            if record == kind and length == size:
                found.append(_socket.inet_ntop(family, answer[position : position + size]))
            position += length
    except (struct.error, IndexError, ValueError):
        pass
    return found
