"""Two machines with one identity, such as a router whose disk was copied.

Each start of an agent draws a *run*, a random number that it sends along. A restart ends one run
for good and begins another. So a run that comes back after another has been heard belongs to a
second process that lives beside it. A request that hung in a proxy looks like two returns, its own
and that of the run it interrupted; three within an hour are two machines.
"""

from __future__ import annotations

import json
from typing import NamedTuple

HOUR = 3_600_000_000
KEPT = 6
"""Runs that are remembered of an agent: enough for some clones at once."""
LONGEST = 40
RETURNS = 3


class Sender(NamedTuple):
    """Who sent a batch."""

    run: str
    machine: str
    """Its MAC address, as it says."""
    address: str

    @property
    def told(self) -> str:
        """'10.1.2.3 (00:11:22:33:44:55)'."""
        return f"{self.address} ({self.machine})" if self.machine else self.address


class Heard(NamedTuple):
    """What is kept of an agent about who spoke for it."""

    runs: str = "[]"
    """JSON of `Sender`s, the latest first."""
    returns: int = 0
    returned_at: int = 0
    """When the last of these was."""
    cloned_until: int = 0
    """Until when two machines count as speaking for it, if no more happens."""
    machines: str = ""
    """Those two, in words."""


def read_sender(header: str, address: str) -> Sender:
    """From the header of a request: run and machine; both '' from an agent that sends none."""
    run, _, machine = header.replace("\0", "").partition(" ")
    return Sender(run[:LONGEST], machine[:LONGEST], address)


def hear(before: Heard, sender: Sender, now: int) -> Heard:
    """What is to be kept after a batch; the same object when nothing is new."""
    known = [Sender(*entry) for entry in json.loads(before.runs)]
    if not sender.run or (known and known[0].run == sender.run):
        return before
    others = [one for one in known if one.run != sender.run]
    runs = json.dumps([sender, *others][:KEPT])
    if len(others) == len(known):
        return before._replace(runs=runs)
    returns = before.returns + 1 if now - before.returned_at < HOUR else 1
    if returns < RETURNS:
        return before._replace(runs=runs, returns=returns, returned_at=now)
    machines = ", ".join(sorted({sender.told, known[0].told}))
    return Heard(runs, returns, now, now + HOUR, machines)
