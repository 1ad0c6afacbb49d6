"""The scheduled download and upload test: what a line really carries, in bit/s.

Eight streams at once, since one stream under 1 % loss reads 80 % low; bounded in seconds and in
bytes. Downloaded bytes count when they arrive, uploaded ones when the other end has
acknowledged them, so full socket buffers do not flatter a slow line. TCP's slow start does not
count: a line of 50 Mbit/s and 20 ms would read 1 % low for it, a faster or longer one more.
"""

from __future__ import annotations

import fcntl
import posix
import struct
import time

from agents.address import parse_server
from agents.duties.probes import bind_to
from agents.errors import AgentError, WrongUse
from agents.events import Event, start
from agents.protocol import UplinkTarget
from agents.sockets import Socket, addresses
from agents.transport import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    from agents.tls import Connection
else:
    from agents.tuples import NamedTuple

STREAMS = 8
TEST_SECONDS = 5.0
TEST_BYTES = 200 * 1024 * 1024
_BLOCK = 64 * 1024
SMALLEST = 1024 * 1024
"""Bytes of a file that can be measured with."""
_TIOCOUTQ = 0x5411
_WARM = 0.2
"""Share of a test that does not count."""
_LOOK_S = 0.02
"""So often a test looks whether it is over."""
_CONNECTING_S = 10.0


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


class _Stream:
    """A connection of a test, and what it has carried so far."""

    def __init__(self) -> None:
        self.bytes = 0
        """Received, or sent."""
        self.sock: Connection | None = None
        """Of an upload: what it still holds is not carried yet."""
        self.error = ""
        self.is_over = False

    def carried(self) -> int:
        """Bytes that have arrived at the other end of the line."""
        return self.bytes - (_unacknowledged(self.sock) if self.sock else 0)


class _Meter:
    """The streams of one direction carry what they can, while one thread looks at all at once."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.quota = limits.bytes // limits.streams
        self.streams = [_Stream() for _ in range(limits.streams)]
        self.ready = Event()
        """Set by the first stream that can carry data, or has failed."""
        self.is_over = False

    def watch(self) -> float | None:
        """Wait for the end; answers the rate in bit/s, None if nothing came.

        The first fifth does not count: TCP begins slowly. What counts ends with the first stream
        that has carried its share, since from then on fewer share the line.
        """
        limits = self.limits
        self.ready.wait(limits.seconds + _CONNECTING_S)
        begun = at = marked_at = time.monotonic()
        carried = marked = 0
        while at - begun < limits.seconds and carried < limits.bytes and not self._has_ended():
            time.sleep(_LOOK_S)
            at, carried = time.monotonic(), sum([one.carried() for one in self.streams])
            if not marked and (
                at - begun >= limits.seconds * _WARM or carried >= limits.bytes * _WARM
            ):
                marked_at, marked = at, carried
        self.is_over = True
        if carried <= marked:  # it was over before it was warm
            marked_at, marked = begun, 0
        return round((carried - marked) * 8 / (at - marked_at), 1) if carried else None

    def _has_ended(self) -> bool:
        over = [stream for stream in self.streams if stream.is_over]
        return len(over) == len(self.streams) or not all(stream.error for stream in over)


def _direction(
    url: str, interface: str, limits: Limits, *, upload: bool
) -> tuple[float | None, str]:
    meter = _Meter(limits)
    carry = _upload if upload else _download

    def work(stream: _Stream) -> None:
        try:
            carry(url, interface, meter, stream)
        except (AgentError, OSError, ValueError) as error:
            stream.error = str(error) or type(error).__name__
        finally:
            stream.is_over = True
            meter.ready.set()

    threads = [start(work, stream) for stream in meter.streams]
    rate = meter.watch()
    deadline = time.monotonic() + _CONNECTING_S
    for ended in threads:
        ended.wait(deadline - time.monotonic())
    errors = [stream.error for stream in meter.streams if stream.error]
    if len(errors) == len(meter.streams):
        rate = None
    return rate, "" if rate is not None else (errors or ["no data came"])[0]


def _open(url: str, interface: str) -> tuple[Connection, str, str]:
    """A connected socket, the host name and the path with its query."""
    base, _, query = url.partition("?")
    server = parse_server(base)
    if server.scheme == "unix":
        raise WrongUse("a test needs http:// or https://")
    path = (server.prefix or "/") + ("?" + query if query else "")
    client = Client(server._replace(prefix=""))
    last: OSError = OSError("no address")
    for family, kind, where in addresses(server.host, server.port):
        plain = Socket(family, kind)
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


def _download(url: str, interface: str, meter: _Meter, stream: _Stream) -> None:
    buffer = bytearray(_BLOCK)
    while stream.bytes < meter.quota and not meter.is_over:
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
            before = stream.bytes
            stream.bytes += len(head) - head.index(b"\r\n\r\n") - 4
            meter.ready.set()
            sock.settimeout(_LOOK_S)
            while stream.bytes < meter.quota and not meter.is_over:
                try:
                    size = sock.recv_into(buffer)
                except TimeoutError:
                    continue
                if not size:
                    break
                stream.bytes += size
            else:
                continue
        size = stream.bytes - before
        if size < SMALLEST:  # what is measured would be the connecting, not the line
            raise ValueError(
                f"the test file ends after {size // 1000} kB; offer one of 10 MB or more"
            )


def _upload(url: str, interface: str, meter: _Meter, stream: _Stream) -> None:
    sock, host, path = _open(url, interface)
    block = posix.urandom(_BLOCK)  # random, so that nothing on the way compresses it
    with sock:
        sock.sendall(_head("POST", path, host, meter.quota))
        stream.sock = sock
        meter.ready.set()
        sock.settimeout(_LOOK_S)
        while stream.bytes < meter.quota and not meter.is_over:
            try:
                stream.bytes += sock.send(block[: meter.quota - stream.bytes])
            except TimeoutError:
                continue
            except OSError:
                break  # the server has answered early; see below
        while _unacknowledged(sock) and not meter.is_over:
            time.sleep(0.005)
        stream.bytes, stream.sock = stream.carried(), None
        sock.settimeout(0.5 if stream.bytes >= meter.quota else 0)
        try:
            answer = sock.recv(4096)
        except OSError:
            return
        if answer.startswith(b"HTTP/"):
            _check_status(answer)


def _unacknowledged(sock: Connection) -> int:
    try:
        (size,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), _TIOCOUTQ, b"\0" * 4))
    except (OSError, ValueError):  # closed meanwhile
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
