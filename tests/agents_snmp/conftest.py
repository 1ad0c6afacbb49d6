"""Peers of the SNMP tests: net-snmp's own snmpd, and a client for the length of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from agents.snmp.clients import CLIENTS, Client, make_client
from tests.peers import snmpd as peers_snmpd
from tests.peers.snmpd import Snmpd


@pytest.fixture(scope="module")
def snmpd() -> Iterator[Snmpd]:
    with peers_snmpd.running() as peer:
        yield peer


@pytest_asyncio.fixture(params=CLIENTS)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """Each client, which must all answer the same."""
    made = make_client(request.param, timeout_s=0.4, tries=2)
    yield made
    made.close()
