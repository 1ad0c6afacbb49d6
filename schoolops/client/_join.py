"""How an agent reaches a server: the address that is printed with its one-time code."""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from inventory.sentences import say
from schoolops.client._endpoint import Endpoint, is_loopback

LIMIT_S = 3.0
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class Way(NamedTuple):
    """An address; `problem` is empty, or why agents at schools cannot use it as it is.

    no-port: the server listens on this computer's socket alone, and there is no address.
    this-computer: the address is good on this computer alone.
    unreachable: nothing answers there, as seen from here.
    untrusted: its certificate is vouched for by nobody whom this computer knows.
    """

    url: str = ""
    pin: str = ""
    problem: str = ""

    def warning(self) -> str:
        """What to do about the problem; empty without one."""
        if self.problem == "no-port":
            return say(
                "nobody elsewhere reaches this server, for it listens on no port; "
                "'schoolops serve --stop', then 'schoolops serve --host ADDRESS --port 8443', or "
                "set server.public_url (docs/operations.md)"
            )
        if self.problem == "this-computer":
            return say(
                "{url} is good on this computer alone; for elsewhere set server.public_url, or "
                "'schoolops serve --host ADDRESS' (docs/operations.md)",
                url=self.url,
            )
        if self.problem == "unreachable":
            return say(
                "nothing answers at {url} as seen from here; see that the server runs and that "
                "server.public_url is right",
                url=self.url,
            )
        if self.problem == "untrusted":
            return say(
                "nobody this computer trusts vouches for the certificate of {url}; give the agent "
                "--ca FILE with your authority, and set SCHOOLOPS_CA here to have the pin printed",
                url=self.url,
            )
        return ""

    def command(self, code: str) -> str:
        """What to type at the school."""
        pinned = f" --pin {self.pin}" if self.pin else ""
        return f"schoolops-agent join {self.url} {code}{pinned}"


def way_of_agents(endpoint: Endpoint, public_url: str) -> Way:
    """The way to the server: `server.public_url`, else the address that is used or listened on.

    A certificate that the system's authorities do not vouch for is pinned where it is known to
    be the server's own: seen through `SCHOOLOPS_CA`, or the same as on this computer's port.
    """
    listens = _listens(endpoint.home) if endpoint.home else ""
    url = public_url or (listens if endpoint.socket else endpoint.url)
    if not url:
        return Way(problem="no-port")
    if url == listens:
        url = _outside(url)
    problem = "this-computer" if is_loopback(url) else ""
    if not url.startswith("https:"):
        return Way(url, "", problem or ("" if _answers(url) else "unreachable"))
    try:
        _certificate(url, ssl.create_default_context())
        return Way(url, "", problem)
    except ssl.SSLCertVerificationError:
        pin = _known(url, listens)
        return Way(url, pin, problem) if pin else Way(url, "", "untrusted")
    except OSError:
        return Way(url, "", "unreachable")


def _listens(home: Path) -> str:
    """The port of this computer's server; a file that a killed server left is none."""
    with suppress(OSError):
        url = (home / "server.address").read_text(encoding="utf-8").strip()
        if _answers(url):
            return url
    return ""


def _answers(url: str) -> bool:
    try:
        with socket.create_connection(_address(url), LIMIT_S):
            return True
    except OSError:
        return False


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _outside(url: str) -> str:
    """An address that listens everywhere by a name that others have for this computer."""
    host, port = _address(url)
    if host not in EVERYWHERE:
        return url
    scheme = urlsplit(url).scheme
    if scheme == "https":
        named = f"https://{socket.getfqdn()}:{port}"
        with suppress(OSError, UnicodeError):
            _certificate(named, ssl.create_default_context())
            return named
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; the kernel only chooses the way
            host = str(probe.getsockname()[0])
        except OSError:
            host = "127.0.0.1"
    return f"{scheme}://{host}:{port}"


def _known(url: str, listens: str) -> str:
    """The pin of the certificate shown there, if it is the server's own; else nothing."""
    own = os.environ.get("SCHOOLOPS_CA")
    with suppress(OSError):
        if own:
            return _pin(_certificate(url, ssl.create_default_context(cafile=own)))
    with suppress(OSError):
        shown = _certificate(url, _anything())
        if listens.startswith("https:") and shown == _certificate(listens, _anything()):
            return _pin(shown)
    return ""


def _anything() -> ssl.SSLContext:
    """To look at a certificate; nothing is sent over such a connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _certificate(url: str, context: ssl.SSLContext) -> bytes:
    host, port = _address(url)
    with (
        socket.create_connection((host, port), LIMIT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def _pin(certificate: bytes) -> str:
    return f"sha256:{sha256(certificate).hexdigest()}"
