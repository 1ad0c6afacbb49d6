"""An agent that measures very fast: the real spool and the real sender, killed again and again.

    python feeder.py STATE TOTAL

Appends host reports to the spool of a joined agent until TOTAL have been measured (counted in a
file that survives), delivers them beside that, and ends when the spool is empty. What the server
has acknowledged is noted in `acknowledged` before it is forgotten, so that the test knows what
must be there.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from agents.config import ConfigKeeper
from agents.protocol import HostReport
from agents.sender import Sender, now_us
from agents.spool import Spool
from agents.state import State
from agents.transport import Client

STEP = 7
"""Rows measured at once."""


class NotingSpool(Spool):
    """Notes each acknowledgement before acting on it."""

    def ack(self, boot: str, seq: int) -> None:
        with open(os.path.join(self.folder, "..", "acknowledged"), "a") as file:
            file.write(f"{boot} {seq}\n")
            file.flush()
        super().ack(boot, seq)


def main(folder: str, total: int) -> None:
    state = State(folder)
    state.lock()
    identity = state.identity()
    spool = NotingSpool(state.file("spool"))
    sender = Sender(
        Client(identity.server(), secret=identity.secret),
        spool,
        ConfigKeeper(state, identity.agent, identity.school),
        identity.agent,
        fraction=lambda: 0.02,  # back off by milliseconds: the test has no minutes
    )
    stop = threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,), daemon=True)
    thread.start()
    measured = int(state.read("measured").get("rows", 0))
    while measured < total:
        # The count goes first: a kill in between measures fewer rows, never some twice.
        measured += STEP
        state.write("measured", {"rows": measured})
        report = HostReport(cpu_percent=float(measured))
        spool.append([("host", now_us(), tuple(report)) for _ in range(STEP)])
        sender.wake.set()
        time.sleep(0.002)
    while spool.rows:
        sender.wake.set()
        time.sleep(0.01)
    stop.set()
    sender.wake.set()
    thread.join(timeout=10)
    spool.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
