"""Which library asks the devices: a registry, each imported when it is first wanted.

A client belongs to the asyncio loop it is made in; its errors are those of `agents.snmp.errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from agents.snmp.ber import Oid
from agents.snmp.client import Peer, Value
from agents.snmp.errors import SnmpError, SnmpMissing

AUTO = "auto"
CLIENTS = MappingProxyType({
    "gufo": "agents.snmp.gufo:GufoClient",
    "pysnmp": "agents.snmp.client:SnmpClient",
})  # fmt: skip
"""Name in the setting `agent.snmp_client` → class; `auto` takes the first that is installed."""


class Client(Protocol):
    """What asks devices. `timeout_s` of a client holds for one try; there are `tries` of them."""

    name: str
    """What `status` calls it."""

    def register(self, peers: Iterable[Peer], *, keep: bool = False) -> dict[Peer, SnmpError]:
        """Make devices known before they are asked, and forget those not named any more, but for
        `keep`. Returns the peers that cannot be asked, with the reason."""

    async def get(self, peer: Peer, oids: Sequence[Oid]) -> dict[Oid, Value]:
        """The values of single variables; None for what the device does not have."""

    async def walk(
        self, peer: Peer, columns: Sequence[Oid], max_rows: int = ..., expected: int | None = None
    ) -> dict[Oid, dict[Oid, Value]]:
        """Columns of a table side by side, at most `max_rows` rows: index → column → value."""

    def close(self) -> None:
        """Close the sockets. The client is of no use afterwards."""


def make_client(choice: str, timeout_s: float, tries: int) -> Client:
    """The client of this name, or the first one that is installed.

    Raises SnmpMissing, with what to install, if it is not there.
    """
    if choice != AUTO and choice not in CLIENTS:
        names = ", ".join((AUTO, *CLIENTS))
        raise SnmpMissing(f"this agent has no SNMP client {choice!r}: use {names}, or upgrade it")
    missing = SnmpMissing("")
    for name in CLIENTS if choice == AUTO else (choice,):
        module, _, kind = CLIENTS[name].partition(":")
        try:
            return cast("Client", getattr(import_module(module), kind)(timeout_s, tries))
        except SnmpMissing as error:
            missing = error
    raise missing
