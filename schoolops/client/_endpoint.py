"""How to reach a server: its address or its socket, and what one proves oneself with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

LOCAL_URL = "http://schoolops.local"
"""Base of the addresses that go through the socket; no name is looked up."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Renewing(Protocol):
    """A sign-in that renews itself (`schoolops.client._signin.SignIn`)."""

    def token(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How to reach a server. `socket` is set for this computer's own; `home` goes with it."""

    url: str
    socket: Path | None = None
    token: str | None = field(default=None, repr=False)
    home: Path | None = None
    sign_in: Renewing | None = field(default=None, repr=False)
    """A sign-in that renews itself, in place of a token."""

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return "this computer's server" if self.socket else self.url


def is_loopback(url: str) -> bool:
    """Whether the address is on this computer, so that no proxy is asked."""

    return urlsplit(url).hostname in LOOPBACK
