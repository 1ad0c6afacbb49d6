"""An agent whose three days pass in seconds: the real runner, duties, spool and sender.

    python -m tests.survival.measuring STATE '{"begun": …, "outage_s": …, "after_s": …, …}'

Its clock runs through the 72 hours before now in `outage_s` seconds, reaches the present, and goes
on in real time for `after_s`; then it delivers what is left and ends. Each row has a number of its
own, and a ledger beside the state says of each number that it was measured (`m`) and that the spool
had taken it (`s`): what the spool took has to be in the store at the end, once. Killed at any
moment it is started again with the same words.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from agents import runner, sender
from agents.config import ConfigKeeper
from agents.protocol import HostReport
from agents.spool import Spool
from agents.state import State
from agents.transport import Client

AWAY_S = 72 * 3600
STEP = 7
"""Rows of a tick: as if there were some devices."""


class Ledger:
    """Lines in a file that a kill of the process does not take away."""

    def __init__(self, path: str) -> None:
        try:
            with open(path, encoding="ascii") as file:
                self.last = sum(line.startswith("m") for line in file)
        except FileNotFoundError:
            self.last = 0
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, letter: str, numbers: range) -> None:
        text = "".join(f"{letter} {number}\n" for number in numbers)
        os.write(self._handle, text.encode())


class NotingSpool(Spool):
    """Numbers the rows, and writes the ledger around what the real spool does."""

    ledger: Ledger

    def append(self, reports: list[tuple[str, int, tuple[Any, ...]]], *, flush: bool = True) -> int:
        reports = [one for one in reports if one[0] == "host"]
        if not reports:
            return 0  # other duties have no part in this count
        numbers = range(self.ledger.last + 1, self.ledger.last + 1 + STEP)
        self.ledger.last = numbers[-1]
        (at,) = {at for _, at, _ in reports}
        host = HostReport(*reports[0][2])
        rows = [("host", at, tuple(host._replace(uptime_s=number))) for number in numbers]
        self.ledger.note("m", numbers)
        taken = super().append(rows, flush=flush)
        self.ledger.note("s", numbers)
        return taken

    def ack(self, boot: str, seq: int) -> None:
        with open(os.path.join(self.folder, "..", "acknowledged"), "a", encoding="ascii") as file:
            file.write(f"{boot} {seq}\n")
        super().ack(boot, seq)


def main(folder: str, begun: float, outage_s: float, after_s: float, tick_s: float) -> None:
    speed = (AWAY_S + outage_s) / outage_s
    present = begun + outage_s

    def now_us() -> int:
        real = time.time()
        simulated = real if real >= present else present - (present - real) * speed
        return round(simulated * 1e6)

    def pause_s(_interval_s: float, _agent: str) -> float:
        return tick_s / speed if time.time() < present + after_s else 0.5

    runner.now_us = now_us  # type: ignore[attr-defined]
    runner.pause_s = pause_s
    runner.FIRST_CONFIG_S = 0.0
    sender.BATCH_BYTES = 8192  # many commits, for a kill to fall into one
    state = State(folder)
    state.lock()
    identity = state.identity()
    spool = NotingSpool(state.file("spool"))
    spool.ledger = Ledger(os.path.join(folder, "ledger"))
    config = ConfigKeeper(state, identity.agent, identity.school)
    client = Client(identity.server(), secret=identity.secret, timeout=10.0)
    deliver = sender.Sender(
        client, spool, config, identity.agent, clock=now_us, fraction=lambda: 0.02
    )
    agent = runner.Runner(state, spool, config, deliver)

    def end_when_done() -> None:
        while time.time() < present + after_s or spool.rows:
            time.sleep(0.05)
        agent.request_stop()

    threading.Thread(target=end_when_done, daemon=True).start()
    agent.run()


if __name__ == "__main__":
    main(sys.argv[1], **json.loads(sys.argv[2]))
