"""Where a server is and how it is known: URL, CA file, fingerprint."""

from __future__ import annotations

from agents.errors import WrongUse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from agents.tuples import NamedTuple


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
