"""A small HTTP/1.1 client over socket and ssl: keep-alive, time limits, size limits.

It exists because `http.client` alone costs 2 MB of memory and `urllib` 4 MB, a fifth of what an
agent on a router has. It speaks `http://`, `https://` and `unix:/path` (HTTP over the socket of
the same computer), follows no redirect, and never puts a secret into an error or a URL.

A server is trusted by the system's CAs, by one CA file (`ca`), or by the SHA-256 fingerprint of
its certificate (`pin`), which is compared before a byte is sent.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import time

from agents import __version__
from agents.errors import BadAnswer, TlsMismatch, Unreachable, WrongUse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple
else:
    from agents.tuples import NamedTuple

MAX_HEAD_BYTES = 32 * 1024
MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""A config with the devices of the largest school is some hundred kilobytes."""
_SYSTEM_CA_FOLDER = "/etc/ssl/certs"


class Server(NamedTuple):
    """Where a server is and how it is known. `prefix` has no slash at its end."""

    scheme: str  # http, https, unix
    host: str  # or the path of a Unix socket
    port: int
    prefix: str = ""
    ca: str = ""
    pin: str = ""  # 64 hexadecimal digits

    @property
    def name(self) -> str:
        """For people and the Host header."""
        if self.scheme == "unix":
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


class Answer(NamedTuple):
    """What came back; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def parse_server(url: str, ca: str = "", pin: str = "") -> Server:
    """Read a URL; raises WrongUse with a sentence that shows a right one."""
    pin = parse_pin(pin) if pin else ""
    if url.startswith("unix:"):
        path = url.removeprefix("unix:").removeprefix("//")
        if not path.startswith("/"):
            raise WrongUse(f"{url!r} is no socket; write it as unix:/run/schoolops/socket")
        return Server("unix", path, 0)
    scheme, separator, rest = url.partition("://")
    if scheme not in ("http", "https") or not separator:
        raise WrongUse(f"{url!r} is no server; write it as https://schoolops.example.org")
    where, _, path = rest.partition("/")
    if "@" in where or "?" in rest or "#" in rest:
        raise WrongUse("a server's URL has no user name, query or fragment")
    if where.startswith("["):
        host, _, tail = where[1:].partition("]")
        port = tail.removeprefix(":")
    else:
        host, _, port = where.partition(":")
    if not host or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise WrongUse(f"{url!r} is no server; write it as https://schoolops.example.org:8443")
    if (ca or pin) and scheme != "https":
        raise WrongUse("--ca and --pin go with https:// alone")
    number = int(port) if port else {"http": 80, "https": 443}[scheme]
    prefix = "/" + path.strip("/") if path.strip("/") else ""
    return Server(scheme, host, number, prefix, ca, pin)


def parse_pin(text: str) -> str:
    """The 64 digits of `sha256:AA:BB:…`; raises WrongUse."""
    digits = text.lower().removeprefix("sha256:").replace(":", "")
    if len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
        raise WrongUse(
            "--pin wants sha256: and the 64 digits that "
            "'openssl x509 -noout -fingerprint -sha256' prints"
        )
    return digits


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
    """Requests to one server, one at a time, over one connection that is kept."""

    def __init__(self, server: Server, *, timeout: float = 30.0, secret: str = "") -> None:
        self.server = server
        self.timeout = timeout
        self._fixed = f"Host: {server.name}\r\nUser-Agent: schoolops-agent/{__version__}"
        if secret:
            self._fixed += f"\r\nAuthorization: Bearer {secret}"
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._deadline = 0.0
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
        message = self._head(method, path, len(body), headers or {}) + body
        self._deadline = time.monotonic() + self.timeout
        if self._socket is not None and self._is_stale():
            self.close()
        kept = self._socket is not None
        try:
            return self._exchange(message, method)
        except Unreachable:
            self.close()
            if not kept or time.monotonic() >= self._deadline:
                raise
        except BaseException:
            self.close()
            raise
        try:
            return self._exchange(message, method)
        except BaseException:
            self.close()
            raise

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
        self._socket.settimeout(0)
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
        lines = [f"{method} {self.server.prefix}{path} HTTP/1.1\r\n{self._fixed}"]
        if length or method == "POST":
            lines.append(f"Content-Length: {length}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _exchange(self, message: bytes, method: str) -> Answer:
        if self._socket is None:
            self._socket = self._connect()
            self._is_new = True
            self._poll = select.poll()
            self._poll.register(self._socket, select.POLLIN)
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(message)
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise Unreachable(f"{self.server.name} does not take the data") from None
            # A server may refuse early (413) and close: its answer may still be readable.
        status, headers = self._read_head()
        while status < 200:  # 100 Continue
            status, headers = self._read_head()
        body = b"" if method == "HEAD" or status in (204, 304) else self._read_body(headers)
        if self._is_new and isinstance(self._socket, ssl.SSLSocket):
            self._session = self._socket.session  # the ticket has come with the answer
            self._is_new = False
        if "close" in headers.get("connection", "").lower():
            self.close()
        return Answer(status, headers, body)

    def _receive(self) -> bytes:
        assert self._socket is not None
        self._socket.settimeout(self._left())
        try:
            return self._socket.recv(16384)
        except TimeoutError:
            raise Unreachable(
                f"{self.server.name} did not answer within {self.timeout:.0f} s"
            ) from None
        except OSError as error:
            reason = error.strerror or "connection broken"
            raise Unreachable(f"{self.server.name}: {reason}") from None

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
            if not length.isdigit() or int(length) > MAX_ANSWER_BYTES:
                raise BadAnswer(f"{self.server.name} wants to send {length} bytes: too much")
            return self._take(int(length))
        headers["connection"] = "close"
        parts, size = [self._buffer], len(self._buffer)
        while data := self._receive():
            parts.append(data)
            size += len(data)
            if size > MAX_ANSWER_BYTES:
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
            if length < 0 or size > MAX_ANSWER_BYTES:
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
