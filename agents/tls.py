"""TLS with as little as possible around OpenSSL: `_ssl` instead of `ssl`, which costs 2 MB.

`ssl` is a layer of names and conveniences; certificate and host name are checked by OpenSSL, as
the context in `_ssl` tells it to. That context is used here as `ssl` uses it, and is set no
otherwise than `ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)` is. `_ssl` is private to Python, so:

- only versions that the tests have been run on use it (`NEWEST`), and only if a context made for
  trial demands certificate, host name and TLS 1.2; all others use `ssl`;
- what `wrap` gives is the same to its users either way (`Connection`).

See docs/adr/0023-tls-without-ssl.md.
"""

from __future__ import annotations

import gc
import posix
import sys

from agents import system
from agents.address import Server
from agents.errors import WrongUse
from agents.sockets import Socket, ascii_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Connection(Protocol):
        """A socket that speaks TLS, or none: what the agent needs of it."""

        def send(self, data: Any, /) -> int:
            """Send a part of the data; how many bytes."""

        def sendall(self, data: Any, /) -> None:
            """Send all of it."""

        def recv(self, size: int, /) -> bytes:
            """What has come; b'' at the end."""

        def recv_into(self, buffer: Any, /) -> int:
            """The same into a buffer; how many bytes."""

        def settimeout(self, seconds: float | None, /) -> None:
            """As of a socket."""

        def fileno(self) -> int:
            """As of a socket."""

        def close(self) -> None:
            """As of a socket."""

        def __enter__(self) -> Any: ...

        def __exit__(self, *_: object) -> None: ...

    class Secure(Connection, Protocol):
        """One that does."""

        @property
        def session(self) -> Any:
            """To resume later, over another connection."""

        @property
        def session_reused(self) -> bool | None:
            """Whether this is a former session that was resumed."""

        def getpeercert(self, binary_form: bool = False) -> Any:
            """The certificate that the other end showed, in DER."""


NEWEST = (3, 13)
"""The last version of Python whose `_ssl` is known; 3.11 is the first an agent runs on."""
CERT_NONE, CERT_REQUIRED = 0, 2
TLS_1_2 = 0x0303
_EOF = 8
_SYSTEM_CA_FOLDER = "/etc/ssl/certs"


def is_known(version: tuple[int, ...] = sys.version_info[:2]) -> bool:
    """Whether `_ssl` is there, and as strict as it has to be."""
    if version > NEWEST or sys.implementation.name != "cpython":
        return False
    try:
        import _ssl

        made: Any = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)
        made.minimum_version = TLS_1_2
        _ = made._wrap_socket, made.load_verify_locations, made.set_default_verify_paths
        return bool(
            made.verify_mode == CERT_REQUIRED
            and made.check_hostname is True
            and made.minimum_version == TLS_1_2
            and made.protocol == _ssl.PROTOCOL_TLS_CLIENT
        )
    except (ImportError, AttributeError, TypeError, ValueError):
        return False


def _library() -> Any:
    if is_known():
        import _ssl

        return _ssl
    import ssl

    return ssl


library: Any = _library()
"""`_ssl`, or `ssl` where that is not known. Both have the same errors by the same names."""


def forget_names() -> None:
    """Give back the tables in which `_ssl` keeps a name for each of 1,652 errors, 0.4 MB in Python
    3.11 and 3.12. An error tells OpenSSL's own text without them, and no `reason`."""
    for table in ("err_codes_to_names", "err_names_to_codes"):
        getattr(library, table, {}).clear()
    gc.collect()  # or what was in them is kept for other tuples of two


def reason(error: OSError) -> str:
    """Why there is no TLS, in OpenSSL's words: 'wrong version number'."""
    told = getattr(error, "reason", None) or error.strerror or str(error)
    return str(told).removeprefix("[SSL] ").partition(" (_ssl.c")[0].replace("_", " ").lower()


def context(server: Server) -> Any:
    """A context that trusts what the server's record says. Raises WrongUse for a bad CA file."""
    kind = getattr(library, "SSLContext", None) or library._SSLContext
    made = kind(library.PROTOCOL_TLS_CLIENT)
    made.minimum_version = TLS_1_2
    if server.pin:
        made.check_hostname = False
        made.verify_mode = CERT_NONE  # the fingerprint is compared instead
    elif server.ca:
        try:
            made.load_verify_locations(cafile=server.ca)
        except OSError as error:  # an SSLError is one
            raise WrongUse(f"cannot use the CA file {server.ca}: {error}") from None
    elif system.is_folder(_SYSTEM_CA_FOLDER) and any(
        name.endswith(".0") for name in posix.listdir(_SYSTEM_CA_FOLDER)
    ):
        # Hashed links are looked up one by one; loading the bundle would cost 2.4 MB.
        made.load_verify_locations(capath=_SYSTEM_CA_FOLDER)
    else:
        made.set_default_verify_paths()
    return made


def wrap(context: Any, plain: Socket, host: str, session: Any = None) -> Secure:
    """TLS over a connected socket, which belongs to the result then: the certificate and `host`
    are checked as `context` says. Raises SSLError and other OSErrors; `plain` is closed by whoever
    called."""
    if not host:
        raise ValueError("a server without a name cannot be checked")
    name = ascii_name(host)
    if hasattr(context, "wrap_socket"):
        secure: Secure = context.wrap_socket(plain, server_hostname=name, session=session)
        return secure
    return Thin(context, plain, name.decode("ascii"), session)


class Thin:
    """What `ssl.SSLSocket` is, in as far as an agent needs it."""

    __slots__ = ("_plain", "_tls")

    def __init__(self, context: Any, plain: Socket, name: str, session: Any) -> None:
        self._plain = plain
        self._tls = context._wrap_socket(plain, False, name, session=session)
        self._tls.do_handshake()

    def __enter__(self) -> Thin:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: Any) -> int:
        """As of a socket; SSLWantWriteError if it must wait and may not."""
        return int(self._tls.write(data))

    def sendall(self, data: Any) -> None:
        """As of a socket."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.send(rest) :]

    def recv(self, size: int) -> bytes:
        """As of a socket; SSLWantReadError if it must wait and may not."""
        try:
            return bytes(self._tls.read(size))
        except library.SSLError as error:
            if error.args[0] == _EOF:  # closed without TLS's own end, as many servers do
                return b""
            raise

    def recv_into(self, buffer: Any) -> int:
        """As of a socket."""
        try:
            return int(self._tls.read(len(buffer), buffer))
        except library.SSLError as error:
            if error.args[0] == _EOF:
                return 0
            raise

    def settimeout(self, seconds: float | None) -> None:
        """As of a socket."""
        self._plain.settimeout(seconds)

    def fileno(self) -> int:
        """As of a socket."""
        return self._plain.fileno()

    def close(self) -> None:
        """As of a socket."""
        self._plain.close()

    @property
    def session(self) -> Any:
        """To resume later."""
        return self._tls.session

    @property
    def session_reused(self) -> bool:
        """Whether this is a former session that was resumed."""
        return bool(self._tls.session_reused)

    def getpeercert(self, binary_form: bool = False) -> Any:
        """The certificate that the other end showed, in DER if `binary_form`."""
        return self._tls.getpeercert(binary_form)
