"""Tells systemd that the agent is alive, so that one that hangs is started again.

With `WatchdogSec` in the unit systemd names a socket and a time in the environment. Who tells it
is the main thread, between two ticks: if that hangs, nobody does.
"""

from __future__ import annotations

import _socket
import posix

from agents import system
from agents.log import say
from agents.sockets import Socket


class Watchdog:
    """Silent where there is no systemd that listens."""

    def __init__(self) -> None:
        self._address = system.environ.get("NOTIFY_SOCKET", "")
        mine = system.environ.get("WATCHDOG_PID", "") in ("", str(posix.getpid()))
        wanted = system.environ.get("WATCHDOG_USEC", "")
        self.every_s = int(wanted) / 3e6 if mine and wanted.isdigit() and self._address else 0.0
        """Seconds between two signs of life at most; 0 if nobody wants them."""

    def tell(self, what: bytes = b"WATCHDOG=1") -> None:
        """Give a sign of life."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with Socket(_socket.AF_UNIX, _socket.SOCK_DGRAM) as sock:
                sock.sendto(what, address)
        except OSError as error:
            say(f"cannot tell systemd: {error.strerror}")
            self._address = ""
