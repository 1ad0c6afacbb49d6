"""Batches are booked together, and one that cannot be booked fails alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from agents import protocol
from schoolops.core.clock import FixedClock
from schoolops.core.errors import SchoolopsError
from schoolops.core.ids import hash_token
from schoolops.db.engine import Store
from schoolops.telemetry.booking import Waiting
from schoolops.telemetry.decoding import decode
from schoolops.telemetry.ingest import Reports
from schoolops.telemetry.models import SAMPLES
from tests.server.conftest import Agent, Api

HOST = protocol.HostReport(load_1=0.5)


@pytest.fixture
def agents(api: Api, remote: TestClient, clock: FixedClock, school: Any) -> list[Agent]:
    joined = []
    for number in range(5):
        made = api.post("/agents/invite", {"school": "164800", "name": f"a{number}"}, 201)
        answer = remote.post(protocol.JOIN_PATH, json={"code": made["code"], "version": "1"})
        joined.append(Agent(remote, clock, answer.json()))
    return joined


async def book(store: Store, agents: list[Agent], poisoned: set[int]) -> list[Any]:
    """What becomes of a batch of each agent, all booked in one group."""
    group = []
    loop = asyncio.get_running_loop()
    for number, agent in enumerate(agents):
        batch = agent.batch([("host", HOST)])
        if number in poisoned:
            # A row from the beginning of time, by a clock that is ten seconds fast: what comes
            # out is no number of a database any more.
            now = agent.clock.now() + 10_000_000
            row = protocol.Row(batch.first_seq, -(2**63) + 1, "host", tuple(HOST))
            batch = protocol.make_batch(agent.id, "b1", [row], 0, now)
        decoded = decode(protocol.encode_batch(batch))
        secret = hash_token(agent.secret)
        group.append(Waiting(secret, decoded, agent.clock.now(), loop, loop.create_future()))
    await asyncio.to_thread(Reports(store)._book_group, group)
    return await asyncio.gather(*(one.done for one in group), return_exceptions=True)


@pytest.mark.parametrize("poisoned", [{2}, {0}, {0, 4}])
async def test_one_batch_that_cannot_be_booked_fails_alone(
    agents: list[Agent], store: Store, poisoned: set[int]
) -> None:
    answers = await book(store, agents, poisoned)
    failed = {place for place, answer in enumerate(answers) if isinstance(answer, SchoolopsError)}
    assert failed == poisoned
    assert all(answers[place]["acked_seq"] == 1 for place in set(range(5)) - poisoned)
    with store.read() as connection:
        booked = connection.scalar(select(func.count()).select_from(SAMPLES["host"]))
    assert booked == 5 - len(poisoned)
