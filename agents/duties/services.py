"""Can what a lesson needs be had from the school: MDM, Apple's push, portal, learning platform?

Each service is asked in turn, in a thread of its own, so that one that hangs delays nothing else.
`host:port` is connected to; of an `https://` URL the certificate is checked, and of a URL the
status is asked for by HEAD (GET where HEAD is not taken), without a login. What answers with an
error of its own (500 and more) is not reachable: nobody can work with it.
"""

from __future__ import annotations

import _socket
import time

from agents import __version__, tls
from agents.address import Server, parse_server
from agents.errors import AgentError, WrongUse
from agents.protocol import Config, ServiceReport, ServiceTarget
from agents.sockets import Socket, addresses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    from agents.tls import Connection

TIMEOUT_S = 5.0
"""For the connection, for TLS and for the answer, each."""
MAX_LINE = 4096
NO_HEAD = (405, 501)
"""Status of a server that does not know HEAD, or does not want it."""


class ServicesDuty:
    """Asks every service of the config."""

    name = "services"

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._context: Any = None

    def interval_s(self, config: Config) -> float:
        """Seconds between two rounds; 0 if there is nothing to ask."""
        return config.services_every_s if config.services else 0

    def measure(self, config: Config, now_us: int) -> list[tuple[str, NamedTuple]]:
        """One ServiceReport a service. Takes up to three time limits for one that hangs."""
        return [("service", self._ask(target)) for target in config.services]

    def close(self) -> None:
        """Nothing stays open."""

    def _ask(self, target: ServiceTarget) -> ServiceReport:
        probe = _Probe(self._timeout_s)
        try:
            self._probe(probe, target.target)
        except (AgentError, OSError, ValueError) as error:
            probe.error = _told(error)
        return ServiceReport(
            service=target.service,
            reachable=not probe.error,
            connect_ms=probe.connect_ms,
            tls_ms=probe.tls_ms,
            status=probe.status,
            error=probe.error,
        )

    def _probe(self, probe: _Probe, target: str) -> None:
        if "://" not in target:
            host, _, port = target.rpartition(":")
            probe.connect(host.strip("[]"), int(port)).close()
            return
        server = parse_server(target)
        if server.scheme == "unix":
            raise WrongUse("a service is host:port or a URL")
        for method in ("HEAD", "GET"):
            with self._open(probe, server) as sock:
                probe.status = _status(sock, method, server, self._timeout_s)
            if probe.status not in NO_HEAD:
                break
        if probe.status is not None and probe.status >= 500:
            probe.error = f"answers {probe.status}"

    def _open(self, probe: _Probe, server: Server) -> Connection:
        plain = probe.connect(server.host, server.port)
        if server.scheme == "http":
            return plain
        try:
            if self._context is None:
                self._context = tls.context(server)
            begun = time.perf_counter()
            secure = tls.wrap(self._context, plain, server.host)
        except BaseException:
            plain.close()
            raise
        probe.tls_ms = _since(begun)
        return secure


class _Probe:
    """What was found out so far."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.connect_ms: float | None = None
        self.tls_ms: float | None = None
        self.status: int | None = None
        self.error = ""

    def connect(self, host: str, port: int) -> Socket:
        """A connection to the first address that takes one; finding the name is not counted."""
        found = addresses(host, port)
        last: OSError = OSError("no address")
        deadline = time.monotonic() + self.timeout_s
        for family, kind, where in found:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            sock = Socket(family, kind)
            try:
                # An address of a family that is not there must not use up all of the time.
                sock.settimeout(max(left / 2, 1.0) if len(found) > 1 else left)
                begun = time.perf_counter()
                sock.connect(where)
            except OSError as error:
                sock.close()
                last = error
                continue
            self.connect_ms = _since(begun)
            sock.settimeout(self.timeout_s)
            return sock
        raise last


def _status(sock: Connection, method: str, server: Server, timeout_s: float) -> int:
    """The status of the answer; nothing else of it is read."""
    sock.sendall(
        f"{method} {server.prefix or '/'} HTTP/1.1\r\nHost: {server.name}\r\n"
        f"User-Agent: schoolops-agent/{__version__}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        .encode("latin-1")
    )  # fmt: skip
    deadline, line = time.monotonic() + timeout_s, b""
    while b"\n" not in line:
        data = sock.recv(256) if time.monotonic() < deadline else b""
        if not data or len(line) > MAX_LINE:
            raise ValueError("does not speak HTTP")
        line += data
    version, _, rest = line.partition(b" ")
    if not version.startswith(b"HTTP/") or not rest[:3].isdigit():
        raise ValueError("does not speak HTTP")
    return int(rest[:3])


def _told(error: Exception) -> str:
    """Why, in words that are the same each time."""
    if isinstance(error, tls.library.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"[:200]
    if isinstance(error, _socket.gaierror):
        return "the name is not found"
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, tls.library.SSLError):
        return f"no TLS: {tls.reason(error)}"[:200]
    if isinstance(error, OSError):
        return str(error.strerror or error).lower()
    return str(error)[:200]


def _since(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 3)
