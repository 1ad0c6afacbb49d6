"""A new release on trial: it has to deliver a report in time, or the former one goes on.

The old release starts the new one as its child and waits. A child that ends, or has not delivered
when its time is over, has failed; one that delivered notes that and ends by itself, and is started
anew in the place of both. Nothing of this is left to the new release's goodwill: its time is also
an alarm of the kernel's, set before it begins, should the process that waits be killed.
"""

from __future__ import annotations

import os
import signal
import time

from agents.log import say
from agents.slots import Slots
from agents.state import TRIAL
from agents.watchdog import Watchdog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LIMIT_S = 300
LOOK_S = 0.2
_SPARED = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""What systemd told this process and not its child."""


def hold(
    path: str,
    installed: str,
    start: Callable[[str, dict[str, str]], Any],
    environment: dict[str, str],
) -> None:
    """Hold the trial that the record asks for, if it asks for one. `start` replaces the process by
    the release of a file. Afterwards the record says how it went. Ends the process when it is asked
    to stop meanwhile; the next start begins the trial anew."""
    slots = Slots(path, installed)
    trial = slots.trial
    if not trial or not slots.begin():
        return
    say(f"release {trial.get('version')} is on trial")
    limit = min(max(int(trial.get("limit_s") or LIMIT_S), 1), 3600)
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(limit + 5)  # which outlives what `start` does
            kept = {name: text for name, text in environment.items() if name not in _SPARED}
            start(slots.file(trial), {**kept, TRIAL: str(trial.get("command"))})
        finally:
            os._exit(127)
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True
        os.kill(child, signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    status = _wait(child, limit)
    after = Slots(path, installed)
    if after.trial:
        if stopping:
            raise SystemExit(0)
        after.fail(_reason(status, limit))
    elif stopping:
        raise SystemExit(0)


def _wait(child: int, limit_s: float) -> int | None:
    """The child's exit status; None if its time was over and it was killed."""
    watchdog = Watchdog()
    deadline = time.monotonic() + limit_s
    told = 0.0
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        now = time.monotonic()
        if now > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        if watchdog.every_s and now - told > watchdog.every_s:
            watchdog.tell()
            told = now
        time.sleep(LOOK_S)


def _reason(status: int | None, limit_s: float) -> str:
    if status is None:
        return f"it did not deliver within {limit_s} s"
    code = os.waitstatus_to_exitcode(status)
    return f"it ended with exit code {code}" if code >= 0 else f"it was killed by signal {-code}"
