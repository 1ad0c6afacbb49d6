"""Servers and state folders for the agent's tests."""

from __future__ import annotations

import posix
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.address import parse_server
from agents.config import ConfigKeeper
from agents.sender import Sender
from agents.spool import Spool
from agents.state import State
from agents.transport import Client
from tests.agents.server import AGENT, SECRET, BookingServer, make_certificate, server_context


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server() -> Iterator[BookingServer]:
    """A server over plain HTTP."""
    with BookingServer() as running:
        yield running


@pytest.fixture
def tls_server(certificate: tuple[Path, Path]) -> Iterator[BookingServer]:
    """A server over HTTPS."""
    with BookingServer(server_context(*certificate)) as running:
        yield running


@pytest.fixture
def flushes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The files that were flushed to disk, as they were."""
    seen: list[int] = []
    flush = posix.fdatasync

    def noting(handle: int) -> None:
        seen.append(handle)
        flush(handle)

    monkeypatch.setattr(posix, "fdatasync", noting)
    return seen


class Agent:
    """The delivering half of an agent, without a process."""

    def __init__(self, folder: Path, url: str, secret: str = SECRET) -> None:
        self.state = State(str(folder))
        self.state.make()
        self.spool = Spool(self.state.file("spool"), kernel="k")
        self.config = ConfigKeeper(self.state, AGENT)
        self.client = Client(parse_server(url), secret=secret, timeout=5)
        self.sender = Sender(self.client, self.spool, self.config, AGENT, fraction=lambda: 0.5)

    def deliver(self, limit: int = 200) -> list[float]:
        """Step until there is nothing to do; returns the waits asked for, without waiting."""
        waits: list[float] = []
        for _ in range(limit):
            wait = self.sender.step()
            if wait is None:
                return waits
            waits.append(wait)
            if self.sender.state == "refused":
                return waits
        raise AssertionError(f"never done: {self.sender.state} {self.sender.reason}")


@pytest.fixture
def agent(tmp_path: Path, server: BookingServer) -> Iterator[Agent]:
    made = Agent(tmp_path / "state", server.url)
    yield made
    made.client.close()
    made.spool.close()
