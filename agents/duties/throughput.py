"""The scheduled download and upload test: what a line really carries, in bit/s.

Eight streams at once, since one stream under 1 % loss reads 80 % low; bounded in seconds and in
bytes. Downloaded bytes count when they arrive, uploaded ones when the other end has
acknowledged them, so full socket buffers do not flatter a slow line.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import time

from agents.address import parse_server
from agents.duties.probes import bind_to
from agents.errors import AgentError, WrongUse
from agents.events import Lock, start
from agents.protocol import UplinkTarget
from agents.transport import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from agents.tuples import NamedTuple

STREAMS = 8
TEST_SECONDS = 5.0
TEST_BYTES = 200 * 1024 * 1024
_BLOCK = 64 * 1024
_TIOCOUTQ = 0x5411


class Limits(NamedTuple):
    """What one direction of a test may cost at most, all streams together."""

    seconds: float = TEST_SECONDS
    bytes: int = TEST_BYTES
    streams: int = STREAMS


DEFAULT_LIMITS = Limits()


class LineTest(NamedTuple):
    """Rates in bit/s; None if not asked for or not possible, with the reason in `error`."""

    down_bps: float | None = None
    up_bps: float | None = None
    error: str = ""


def measure_line(target: UplinkTarget, limits: Limits = DEFAULT_LIMITS) -> LineTest:
    """Test a line in both directions, one after the other. Never raises."""
    down = up = None
    errors = []
    if target.download_url:
        down, error = _direction(target.download_url, target.interface, limits, upload=False)
        errors.append(error)
    if target.upload_url:
        up, error = _direction(target.upload_url, target.interface, limits, upload=True)
        errors.append(error)
    return LineTest(down, up, "; ".join(filter(None, errors)))


class _Meter:
    """Bytes of all streams, and the time from the first stream's start to the end."""

    def __init__(self, limits: Limits) -> None:
        self.lock = Lock()
        self.quota = limits.bytes // limits.streams
        self.seconds = limits.seconds
        self.begun = 0.0
        self.ended = 0.0
        self.bytes = 0
        self.error = ""

    def begin(self) -> float:
        """A stream is ready to carry data; returns when it must end."""
        with self.lock:
            self.begun = self.begun or time.monotonic()
            return self.begun + self.seconds

    def end(self, count: int) -> None:
        """A stream has carried `count` bytes."""
        with self.lock:
            self.bytes += count
            self.ended = max(self.ended, time.monotonic())

    def rate(self) -> float | None:
        if not self.bytes or self.ended <= self.begun:
            return None
        return round(self.bytes * 8 / (self.ended - self.begun), 1)


def _direction(
    url: str, interface: str, limits: Limits, *, upload: bool
) -> tuple[float | None, str]:
    meter = _Meter(limits)
    stream = _upload if upload else _download

    def work() -> None:
        try:
            stream(url, interface, meter)
        except (AgentError, OSError, ValueError) as error:
            meter.error = str(error)

    streams = [start(work) for _ in range(limits.streams)]
    deadline = time.monotonic() + limits.seconds * 2 + 10  # connecting has its own time-outs
    for ended in streams:
        ended.wait(deadline - time.monotonic())
    rate = meter.rate()
    return rate, "" if rate is not None else meter.error or "no data came"


def _open(url: str, interface: str) -> tuple[socket.socket, str, str]:
    """A connected socket, the host name and the path with its query."""
    base, _, query = url.partition("?")
    server = parse_server(base)
    if server.scheme == "unix":
        raise WrongUse("a test needs http:// or https://")
    path = (server.prefix or "/") + ("?" + query if query else "")
    client = Client(server._replace(prefix=""))
    last: OSError = OSError("no address")
    for family, kind, _, _, where in socket.getaddrinfo(
        server.host, server.port, type=socket.SOCK_STREAM
    ):
        plain = socket.socket(family, kind)
        try:
            bind_to(plain, interface)
            plain.settimeout(5.0)
            plain.connect(where)
        except OSError as error:
            plain.close()
            last = error
            continue
        try:
            return (
                (client.secure(plain) if server.scheme == "https" else plain),
                server.name,
                path,
            )
        except BaseException:
            plain.close()
            raise
    raise last


def _download(url: str, interface: str, meter: _Meter) -> None:
    count = 0
    end = 0.0
    buffer = bytearray(_BLOCK)
    while count < meter.quota and (not end or time.monotonic() < end):
        sock, host, path = _open(url, interface)
        with sock:
            sock.sendall(_head("GET", path, host))
            head = b""
            while b"\r\n\r\n" not in head:
                data = sock.recv(4096)
                if not data or len(head) > 65536:
                    raise ValueError("the test server does not speak HTTP")
                head += data
            _check_status(head)
            end = meter.begin()
            got = len(head) - head.index(b"\r\n\r\n") - 4
            sock.settimeout(0.25)
            while count + got < meter.quota and time.monotonic() < end:
                try:
                    size = sock.recv_into(buffer)
                except TimeoutError:
                    continue
                if not size:
                    break
                got += size
        if not got:
            raise ValueError("the test server sends an empty file")
        count += got
    meter.end(count)


def _upload(url: str, interface: str, meter: _Meter) -> None:
    sock, host, path = _open(url, interface)
    block = os.urandom(_BLOCK)  # random, so that nothing on the way compresses it
    with sock:
        sock.sendall(_head("POST", path, host, meter.quota))
        end = meter.begin()
        count = 0
        sock.settimeout(0.25)
        while count < meter.quota and (left := end - time.monotonic()) > 0:
            sock.settimeout(min(left, 0.25))
            try:
                count += sock.send(block[: meter.quota - count])
            except TimeoutError:
                continue
            except OSError:
                break  # the server has answered early; see below
        while (waiting := _unacknowledged(sock)) and time.monotonic() < end:
            time.sleep(0.005)
        meter.end(max(0, count - waiting))
        sock.settimeout(0.5 if count >= meter.quota else 0)
        try:
            answer = sock.recv(4096)
        except OSError:
            return
        if answer.startswith(b"HTTP/"):
            try:
                _check_status(answer)
            except ValueError:
                meter.end(-max(0, count - waiting))
                raise


def _unacknowledged(sock: socket.socket) -> int:
    try:
        (size,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), _TIOCOUTQ, b"\0" * 4))
    except OSError:
        return 0
    return int(size)


def _head(method: str, path: str, host: str, length: int = 0) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += ["User-Agent: schoolops-agent", "Accept-Encoding: identity"]
    if method == "POST":
        lines += ["Content-Type: application/octet-stream", f"Content-Length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _check_status(head: bytes) -> None:
    status = head.split(None, 2)[1:2]
    if not status or not status[0].startswith(b"2"):
        shown = status[0].decode("ascii", "replace") if status else "nothing"
        raise ValueError(f"the test server answers HTTP {shown}")
