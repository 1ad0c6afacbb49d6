"""A small HTTP/1.1 client over socket and ssl: keep-alive, time limits, size limits.

It exists because `http.client` alone costs 2 MB of memory and `urllib` 4 MB, a fifth of what an
agent on a router has. It speaks `http://`, `https://` and `unix:/path` (HTTP over the socket of
the same computer), follows no redirect, and never puts a secret into an error or a URL.

A server is trusted by the system's CAs, by one CA file (`ca`), or by the SHA-256 fingerprint of
its certificate (`pin`), which is compared before a byte is sent.
"""

from __future__ import annotations

import math
import os
import select
import socket
import ssl
import time

from agents import __version__
from agents.address import Server
from agents.errors import BadAnswer, TlsMismatch, Unreachable, WrongUse
from agents.files import machine_address
from agents.protocol import AGENT_RUN, REQUEST_NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple
else:
    from agents.tuples import NamedTuple

MAX_HEAD_BYTES = 32 * 1024
MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""A config with the devices of the largest school is some hundred kilobytes."""
_SYSTEM_CA_FOLDER = "/etc/ssl/certs"


class Answer(NamedTuple):
    """What came back; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def tls_context(server: Server) -> ssl.SSLContext:
    """A context that trusts what the server's record says. Raises WrongUse for a bad CA file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if server.pin:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the fingerprint is compared instead
    elif server.ca:
        try:
            context.load_verify_locations(cafile=server.ca)
        except (OSError, ssl.SSLError) as error:
            raise WrongUse(f"cannot use the CA file {server.ca}: {error}") from None
    elif os.path.isdir(_SYSTEM_CA_FOLDER) and any(
        name.endswith(".0") for name in os.listdir(_SYSTEM_CA_FOLDER)
    ):
        # Hashed links are looked up one by one; loading the bundle would cost 2.4 MB.
        context.load_verify_locations(capath=_SYSTEM_CA_FOLDER)
    else:
        context.load_default_certs()
    return context


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
            self._fixed += f"\r\n{AGENT_RUN}: {os.urandom(8).hex()} {machine_address()}"
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._deadline = 0.0
        self._number = 0
        """Of the last request; a server that repeats it in its answer cannot be misunderstood."""
        self.max_answer_bytes = MAX_ANSWER_BYTES
        self._has_body = True
        self._context: ssl.SSLContext | None = None
        self._session: ssl.SSLSession | None = None
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

    def receive(self, seconds: float = math.inf) -> Answer:
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
        self._buffer = b""

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
        except (ssl.SSLWantReadError, BlockingIOError):
            return False  # a TLS message of no meaning here, such as a new session ticket
        except OSError:
            return True
        return True

    def _connect(self) -> socket.socket:
        server = self.server
        try:
            if server.scheme == "unix":
                return self._connect_unix(server.host)
            name: Any = _ascii(server.host)  # which the stubs do not know to be allowed
            plain = socket.create_connection((name, server.port), self._left())
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except socket.gaierror as error:
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

    def _connect_unix(self, path: str) -> socket.socket:
        plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            plain.settimeout(self._left())
            plain.connect(path)
        except BaseException:
            plain.close()
            raise
        return plain

    def secure(self, plain: socket.socket) -> ssl.SSLSocket:
        """TLS over a connected socket, the peer checked. Raises TlsMismatch, Unreachable."""
        server = self.server
        if self._context is None:
            self._context = tls_context(server)
        try:
            secure = self._context.wrap_socket(
                plain, server_hostname=_ascii(server.host), session=self._session
            )
        except ssl.SSLCertVerificationError as error:
            raise TlsMismatch(
                f"the certificate of {server.name} is not trusted: {error.verify_message}; give "
                "the right --ca FILE or --pin when joining"
            ) from None
        except TimeoutError:
            raise Unreachable(f"{server.name} does not answer") from None
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "reason", None) or error.strerror or error
            raise Unreachable(f"no TLS with {server.name}: {reason}") from None
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

    def _keep(self, connected: socket.socket) -> None:
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
                except (ssl.SSLWantWriteError, BlockingIOError):
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
        status, headers = self._read_head()
        while status < 200:  # 100 Continue
            status, headers = self._read_head()
        number = str(self._number)
        if headers.get(REQUEST_NUMBER, number) != number:
            raise Unreachable(f"{self.server.name} answers what nobody asked")
        has_body = self._has_body and status not in (204, 304)
        body = self._read_body(headers) if has_body else b""
        if self._is_new and isinstance(self._socket, ssl.SSLSocket):
            self._session = self._socket.session  # the ticket has come with the answer
            self._is_new = False
        if "close" in headers.get("connection", "").lower():
            self.close()
        return Answer(status, headers, body)

    def _receive(self) -> bytes:
        while self._socket is not None and self.is_answered(self._left()):
            try:
                return self._socket.recv(16384)
            except (ssl.SSLWantReadError, BlockingIOError):
                continue  # the rest of a TLS record is still on its way
            except OSError as error:
                reason = error.strerror or "connection broken"
                raise Unreachable(f"{self.server.name}: {reason}") from None
        raise Unreachable(f"{self.server.name} did not answer within {self.timeout:.0f} s")

    def _more(self) -> None:
        data = self._receive()
        if not data:
            raise Unreachable(f"{self.server.name} closed the connection without a full answer")
        self._buffer += data

    def _line(self, limit: int) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > limit:
                raise BadAnswer(f"{self.server.name} does not speak HTTP")
            self._more()
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _take(self, count: int) -> bytes:
        parts, have = [self._buffer], len(self._buffer)
        while have < count:
            data = self._receive()
            if not data:
                raise Unreachable(f"{self.server.name} broke off in the middle of its answer")
            parts.append(data)
            have += len(data)
        data = b"".join(parts)
        self._buffer = data[count:]
        return data[:count]

    def _read_head(self) -> tuple[int, dict[str, str]]:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES or not b"HTTP/".startswith(self._buffer[:5]):
                raise BadAnswer(f"{self.server.name} does not speak HTTP")
            self._more()
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4 :]
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal() or end > MAX_HEAD_BYTES:
            raise BadAnswer(f"{self.server.name} does not speak HTTP")
        headers = {"connection": "close"} if version == "HTTP/1.0" else {}
        for line in lines:
            name, _, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            again = name == "set-cookie" and name in headers  # the one that may come repeatedly
            headers[name] = f"{headers[name]}, {value}" if again else value
        return int(rest[:3]), headers

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._read_chunks()
        length = headers.get("content-length")
        if length is not None:
            if not length.isdigit() or int(length) > self.max_answer_bytes:
                raise BadAnswer(f"{self.server.name} wants to send {length} bytes: too much")
            return self._take(int(length))
        headers["connection"] = "close"
        parts, size = [self._buffer], len(self._buffer)
        while data := self._receive():
            parts.append(data)
            size += len(data)
            if size > self.max_answer_bytes:
                raise BadAnswer(f"{self.server.name} sends without end")
        self._buffer = b""
        return b"".join(parts)

    def _read_chunks(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            text = self._line(1024).partition(b";")[0].strip()
            try:
                length = int(text, 16)
            except ValueError:
                raise BadAnswer(f"{self.server.name} does not speak HTTP") from None
            size += length
            if length < 0 or size > self.max_answer_bytes:
                raise BadAnswer(f"{self.server.name} sends without end")
            if length == 0:
                while self._line(1024):
                    pass
                return b"".join(parts)
            parts.append(self._take(length))
            if self._line(2):
                raise BadAnswer(f"{self.server.name} does not speak HTTP")


def _ascii(host: str) -> bytes:
    """The host as bytes: a plain name given as text loads the IDNA tables, 0.5 MB."""
    return host.encode("ascii" if host.isascii() else "idna")


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a certificate in DER, as 64 hexadecimal digits."""
    import hashlib

    return hashlib.sha256(certificate).hexdigest()
