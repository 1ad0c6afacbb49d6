"""The one door to a schoolops server, for the terminal UI, the command line and scripts.

    from schoolops.client import connect

    with connect() as client:                         # this computer's own server
        page = client.page("devices", q="kind:ipad health:down")

`connect` and `connect_async` without a server use the one of this computer and start it if none
runs; with `server="https://…"` they need a token. `Client` and `AsyncClient` have the same
methods. A call that the server refuses raises `ApiError`; `Offline` means that nobody answered.

Importing this package is cheap: httpx comes with the first connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schoolops.client._changes import Change, Ping, Reset
from schoolops.client._errors import ApiError, Offline
from schoolops.client._requests import Page

if TYPE_CHECKING:
    from schoolops.client._async import AsyncClient, connect_async
    from schoolops.client._endpoint import Endpoint
    from schoolops.client._join import Way, way_of_agents
    from schoolops.client._launch import find_endpoint
    from schoolops.client._sync import Client, connect

__all__ = [
    "ApiError",
    "AsyncClient",
    "Change",
    "Client",
    "Endpoint",
    "Offline",
    "Page",
    "Ping",
    "Reset",
    "Way",
    "connect",
    "connect_async",
    "find_endpoint",
    "way_of_agents",
]

_HOMES = {
    "AsyncClient": "_async",
    "Client": "_sync",
    "Endpoint": "_endpoint",
    "Way": "_join",
    "connect": "_sync",
    "connect_async": "_async",
    "find_endpoint": "_launch",
    "way_of_agents": "_join",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
