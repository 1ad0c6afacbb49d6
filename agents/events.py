"""Events and threads over `_thread` alone: `threading` with `queue` costs 0.3 MB.

Unlike `threading.Event`, an `Event` here may be set in a signal handler, whatever the thread
that was interrupted is doing with it.
"""

from __future__ import annotations

import _thread

from agents.quiet import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

Lock = _thread.allocate_lock


class Event:
    """As `threading.Event`: a flag that threads can wait for."""

    __slots__ = ("_flag", "_gate")

    def __init__(self) -> None:
        self._flag = False
        self._gate = Lock()  # open while the flag is up
        self._gate.acquire()

    def is_set(self) -> bool:
        """True if the flag is up."""
        return self._flag

    def set(self) -> None:
        """Raise the flag; whoever waits goes on."""
        self._flag = True
        with suppress(RuntimeError):  # it was open
            self._gate.release()

    def clear(self) -> None:
        """Lower the flag."""
        self._flag = False
        self._gate.acquire(blocking=False)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is up, at most `timeout` seconds; True if it is."""
        if self._flag:
            return True
        if self._gate.acquire(timeout=-1 if timeout is None else max(timeout, 0.0)):
            with suppress(RuntimeError):
                self._gate.release()
        return self._flag


def start(work: Callable[..., object], *arguments: Any) -> Event:
    """Run `work(*arguments)` in a thread that does not keep the process alive; the Event tells its
    end."""
    ended = Event()

    def body() -> None:
        try:
            work(*arguments)
        finally:
            ended.set()

    _thread.start_new_thread(body, ())
    return ended
