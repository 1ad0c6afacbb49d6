"""Two machines with one agent's identity are noticed, and a restart is not taken for that."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from agents import protocol
from agents.spool import Spool
from schoolops.core.clock import FixedClock
from schoolops.db.engine import Store
from schoolops.telemetry.models import SAMPLES
from tests.server.conftest import Agent, Api

HOST = protocol.HostReport(load_1=0.5)
MINUTE_S = 60


def report(
    agent: Agent, run: str, boot: str, number: int, machine: str = "02:00:00:00:00:01"
) -> Any:
    row = protocol.Row(number, agent.clock.now(), "host", tuple(HOST))
    batch = protocol.make_batch(agent.id, boot, [row], 0, agent.clock.now())
    answer = agent.client.post(
        protocol.REPORT_PATH,
        content=protocol.encode_batch(batch),
        headers={
            "Authorization": f"Bearer {agent.secret}",
            protocol.AGENT_RUN: f"{run} {machine}",
        },
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["acked_seq"] == number
    return answer.json()


def state_of(api: Api) -> tuple[str, str]:
    (row,) = api.get("/agents", columns="state,machines")["rows"]
    return row[4], row[5]


def test_two_machines_that_take_turns_are_told_with_both_addresses_and_nothing_is_mixed(
    api: Api, agent: Agent, clock: FixedClock, store: Store
) -> None:
    other = "02:00:00:00:00:02"
    for number in (1, 2, 3):
        report(agent, "first", "a", number)
        clock.advance(MINUTE_S / 2)
        report(agent, "second", "b", number, other)
        clock.advance(MINUTE_S / 2)
    state, machines = state_of(api)
    assert state == "cloned"
    assert "02:00:00:00:00:01" in machines
    assert other in machines
    assert api.get("/agents/count", q="state:cloned")["count"] == 1
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(SAMPLES["host"])) == 6
    clock.advance(2 * 3600)
    assert state_of(api)[0] == "active"  # one was switched off


def test_restarts_and_one_request_that_hung_in_a_proxy_are_no_alarm(
    api: Api, agent: Agent, clock: FixedClock
) -> None:
    for number in range(1, 9):
        report(agent, f"run-{number}", "a", number)
        clock.advance(MINUTE_S)
    report(agent, "run-7", "a", 8)  # late, and a repeat
    report(agent, "run-8", "a", 9)
    clock.advance(MINUTE_S)
    report(agent, "run-9", "a", 10)
    assert state_of(api) == ("active", "")


def test_a_copied_spool_numbers_its_rows_under_a_boot_of_its_own(tmp_path: Path) -> None:
    """The same machine, the same start of its kernel: only the folder is another."""
    spool = Spool(str(tmp_path / "a"), kernel="k")
    spool.append([("host", 1, tuple(HOST))])
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    again, copy = Spool(str(tmp_path / "a"), kernel="k"), Spool(str(tmp_path / "b"), kernel="k")
    for one in spool, again, copy:
        one.append([("host", 2, tuple(HOST))])
    boots = []
    for one in again, copy:
        first = one.peek()
        assert first
        one.ack(first.boot, first.rows[0].seq)
        then = one.peek()
        assert then
        boots.append((first.boot, then.boot))
    assert boots[0][0] == boots[0][1] == boots[1][0]  # a restart goes on
    assert boots[1][1] != boots[1][0]
