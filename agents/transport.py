"""A small HTTP/1.1 client over a socket and TLS: keep-alive, time limits, size limits.

It exists because `http.client` alone costs 2 MB of memory and `urllib` 4 MB, a fifth of what an
agent on a router has. It speaks `http://`, `https://` and `unix:/path` (HTTP over the socket of
the same computer), follows no redirect, and never puts a secret into an error or a URL.

A server is trusted by the system's CAs, by one CA file (`ca`), or by the SHA-256 fingerprint of
its certificate (`pin`), which is compared before a byte is sent.
"""

from __future__ import annotations

import _socket
import posix
import select
import time

from agents import __version__, sockets, tls
from agents.address import Server
from agents.answers import Reader
from agents.errors import TlsMismatch, Unreachable
from agents.files import machine_address
from agents.protocol import AGENT_RUN, REQUEST_NUMBER
from agents.sockets import Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    from agents.tls import Connection, Secure
else:
    from agents.tuples import NamedTuple

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""A config with the devices of the largest school is some hundred kilobytes."""


class Answer(NamedTuple):
    """What came back; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """Requests to one server, one at a time, over one connection that is kept.

    `request` does the whole of it. `send` and `receive` are its halves, for a caller that has
    something else to do when the answer is late (`is_answered`).
    """

    def __init__(self, server: Server, *, timeout: float = 30.0, secret: str = "") -> None:
        self.server = server
        self.timeout = timeout
        self._fixed = f"Host: {server.name}\r\nUser-Agent: schoolops-agent/{__version__}"
        if secret:
            self._fixed += f"\r\nAuthorization: Bearer {secret}"
            self._fixed += f"\r\n{AGENT_RUN}: {posix.urandom(8).hex()} {machine_address()}"
        self._socket: Connection | None = None
        self._reader = Reader(server.name, self._receive)
        self._deadline = 0.0
        self._number = 0
        """Of the last request; a server that repeats it in its answer cannot be misunderstood."""
        self.max_answer_bytes = MAX_ANSWER_BYTES
        self._has_body = True
        self._context: Any = None
        self._session: Any = None
        self._is_new = False
        self._poll = select.poll()

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request and read the whole answer within `timeout` seconds.

        A kept connection that turns out to be closed is replaced once: every request of an agent
        may safely be sent twice. Raises Unreachable, TlsMismatch, BadAnswer, WrongUse (CA file).
        """
        if self._socket is not None and self._is_stale():
            self.close()
        kept = self._socket is not None
        self.send(method, path, body, headers)
        try:
            return self.receive()
        except Unreachable:
            left = self._deadline - time.monotonic()
            if not kept or left <= 0:
                raise
        self.send(method, path, body, headers, seconds=left)
        return self.receive()

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        seconds: float | None = None,
    ) -> None:
        """Send a request whose answer `receive` reads; both together may last `seconds`."""
        self._deadline = time.monotonic() + (self.timeout if seconds is None else seconds)
        self._number += 1
        self._has_body = method != "HEAD"
        message = self._head(method, path, len(body), headers or {}) + body
        try:
            if self._socket is None:
                self._open()
            self._send_all(message)
        except BaseException:
            self.close()
            raise

    def is_answered(self, seconds: float) -> bool:
        """Wait at most so long for the beginning of an answer."""
        return bool(self._poll.poll(seconds * 1000))

    def receive(self, seconds: float = float("inf")) -> Answer:
        """The answer to what was sent last. After an error there is no connection any more."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)
        try:
            return self._read_answer()
        except BaseException:
            self.close()
            raise

    @property
    def is_open(self) -> bool:
        """True while a connection is kept, as far as is known."""
        return self._socket is not None

    def close(self) -> None:
        """End the connection; the next request makes a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._reader.clear()

    # -- connecting ------------------------------------------------------------------------

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Unreachable(f"{self.server.name} did not answer within {self.timeout:.0f} s")
        return left

    def _is_stale(self) -> bool:
        """True if the server has closed the kept connection (or sent what nobody asked for)."""
        assert self._socket is not None
        if not self._poll.poll(0):
            return False
        try:
            self._socket.recv(1)
        except (tls.library.SSLWantReadError, BlockingIOError):
            return False  # a TLS message of no meaning here, such as a new session ticket
        except OSError:
            return True
        return True

    def _connect(self) -> Connection:
        server = self.server
        try:
            if server.scheme == "unix":
                return self._connect_unix(server.host)
            plain = sockets.connect(server.host, server.port, self._left())
            plain.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        except _socket.gaierror as error:
            reason = str(error.strerror or error).lower()
            raise Unreachable(f"the name {server.host} is not found: {reason}") from None
        except TimeoutError:
            raise Unreachable(f"{server.name} does not answer") from None
        except OSError as error:
            where = server.host if server.scheme == "unix" else server.name
            raise Unreachable(f"cannot reach {where}: {error.strerror}") from None
        if server.scheme == "http":
            return plain
        try:
            return self.secure(plain)
        except BaseException:
            plain.close()
            raise

    def _connect_unix(self, path: str) -> Socket:
        plain = Socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            plain.settimeout(self._left())
            plain.connect(path)
        except BaseException:
            plain.close()
            raise
        return plain

    def secure(self, plain: Socket) -> Secure:
        """TLS over a connected socket, the peer checked. Raises TlsMismatch, Unreachable."""
        server = self.server
        if self._context is None:
            self._context = tls.context(server)
        try:
            secure = tls.wrap(self._context, plain, server.host, self._session)
        except tls.library.SSLCertVerificationError as error:
            raise TlsMismatch(
                f"the certificate of {server.name} is not trusted: {error.verify_message}; give "
                "the right --ca FILE or --pin when joining"
            ) from None
        except TimeoutError:
            raise Unreachable(f"{server.name} does not answer") from None
        except OSError as error:
            raise Unreachable(f"no TLS with {server.name}: {tls.reason(error)}") from None
        if server.pin:
            seen = fingerprint(secure.getpeercert(binary_form=True) or b"")
            if seen != server.pin:
                secure.close()
                raise TlsMismatch(
                    f"{server.name} shows the certificate sha256:{seen}, not the pinned one; if "
                    "it was renewed on purpose, join again with the new --pin"
                )
        return secure

    # -- one request -----------------------------------------------------------------------

    def _head(self, method: str, path: str, length: int, headers: dict[str, str]) -> bytes:
        lines = [
            f"{method} {self.server.prefix}{path} HTTP/1.1\r\n{self._fixed}\r\n"
            f"{REQUEST_NUMBER}: {self._number}"
        ]
        if length or method == "POST":
            lines.append(f"Content-Length: {length}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _open(self) -> None:
        self._keep(self._connect())

    def _keep(self, connected: Connection) -> None:
        self._socket = connected
        self._socket.settimeout(0)  # from here on `_poll` waits
        self._is_new = True
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def _send_all(self, message: bytes) -> None:
        assert self._socket is not None
        rest = memoryview(message)
        try:
            while rest:
                try:
                    rest = rest[self._socket.send(rest) :]
                except (tls.library.SSLWantWriteError, BlockingIOError):
                    self._wait_for_room()
        except OSError:
            return  # a server may refuse early (413) and close: its answer may be readable

    def _wait_for_room(self) -> None:
        assert self._socket is not None
        poll = select.poll()
        poll.register(self._socket, select.POLLOUT)
        if not poll.poll(self._left() * 1000):
            raise Unreachable(f"{self.server.name} does not take the data")

    def _read_answer(self) -> Answer:
        status, headers = self._reader.head()
        while status < 200:  # 100 Continue
            status, headers = self._reader.head()
        number = str(self._number)
        if headers.get(REQUEST_NUMBER, number) != number:
            raise Unreachable(f"{self.server.name} answers what nobody asked")
        has_body = self._has_body and status not in (204, 304)
        body = self._reader.body(headers, self.max_answer_bytes) if has_body else b""
        if self._is_new:
            self._session = getattr(self._socket, "session", None)  # its ticket came with this
            self._is_new = False
        if "close" in headers.get("connection", "").lower():
            self.close()
        return Answer(status, headers, body)

    def _receive(self) -> bytes:
        while self._socket is not None:
            left = self._left()
            try:
                return self._socket.recv(16384)
            except (tls.library.SSLWantReadError, BlockingIOError):
                if not self.is_answered(left):
                    break
            except OSError as error:
                reason = error.strerror or "connection broken"
                raise Unreachable(f"{self.server.name}: {reason}") from None
        raise Unreachable(f"{self.server.name} did not answer within {self.timeout:.0f} s")


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a certificate in DER, as 64 hexadecimal digits."""
    import hashlib

    return hashlib.sha256(certificate).hexdigest()
