"""The agent's clock jumps, by a day and by minutes, with and without the server.

Each report is booked once, at the time it was measured. The real runner, spool and sender, and a
real server.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from agents import runner, sender
from agents.config import ConfigKeeper
from agents.protocol import HostReport
from agents.spool import Spool
from agents.state import State
from agents.transport import Client
from schoolops.cli._check_agents import check_agents
from schoolops.core.settings import Settings
from schoolops.db.engine import Store
from schoolops.fleet.models import agent as agents_table
from schoolops.telemetry.models import SAMPLES
from tests.survival.outage import Server, _join

DAY_S, MINUTES_S = 86_400, 240
AWAY = {5: DAY_S, 10: 0, 15: -DAY_S, 20: -MINUTES_S, 25: MINUTES_S, 30: 0}
"""After so many reports the clock is so far off, while the server is away …"""
ONLINE = {50: DAY_S, 60: 0, 70: -DAY_S, 80: 0, 90: -MINUTES_S, 100: MINUTES_S, 110: DAY_S}
"""… and while it answers."""
MOST_OFF_S = 2.5


class JumpingSpool(Spool):
    """Numbers the rows, notes when each was measured, and lets the clock jump between them."""

    measured: dict[int, float]
    off_us: list[int]

    def append(self, reports: list[tuple[str, int, tuple[Any, ...]]], *, flush: bool = True) -> int:
        number = len(self.measured) + 1
        rows = [
            ("host", at, tuple(HostReport(*report)._replace(uptime_s=number)))
            for table, at, report in reports
            if table == "host"
        ][:1]
        if not rows:
            return 0
        self.measured[number] = time.time()
        taken = super().append(rows, flush=flush)
        self.off_us[0] = {**AWAY, **ONLINE}.get(number, self.off_us[0] // 1_000_000) * 1_000_000
        return taken


def test_a_clock_that_jumps_loses_doubles_and_misdates_nothing(
    settings_of_store: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(settings_of_store.home)
    server.start()
    try:
        _join(server, [tmp_path / "agent"])
    finally:
        server.kill()
    off_us = [0]

    def now_us() -> int:
        return time.time_ns() // 1000 + off_us[0]

    monkeypatch.setattr(runner, "now_us", now_us)
    monkeypatch.setattr(runner, "pause_s", lambda *_: 0.03)
    monkeypatch.setattr(runner, "FIRST_CONFIG_S", 0.0)
    state = State(str(tmp_path / "agent"))
    identity = state.identity()
    spool = JumpingSpool(state.file("spool"), setting=lambda: off_us[0])
    spool.measured, spool.off_us = {}, off_us
    config = ConfigKeeper(state, identity.agent, identity.school)
    client = Client(identity.server(), secret=identity.secret, timeout=10.0)
    deliver = sender.Sender(
        client, spool, config, identity.agent, clock=now_us, fraction=lambda: 0.02
    )
    agent = runner.Runner(state, spool, config, deliver)

    def wait_for(reports: int) -> None:
        end = time.monotonic() + 40
        while len(spool.measured) < reports or (reports > 40 and spool.rows):
            assert time.monotonic() < end, (len(spool.measured), spool.rows, deliver.reason)
            time.sleep(0.02)

    def story() -> None:
        try:
            wait_for(40)
            server.start()
            wait_for(125)
        finally:
            agent.request_stop()

    teller = threading.Thread(target=story)
    teller.start()
    try:
        agent.run()
        teller.join()
    finally:
        server.kill()
    store = Store.open(settings_of_store)
    try:
        with store.read() as connection:
            (row,) = connection.execute(select(agents_table))
            host = SAMPLES["host"].c
            booked = connection.execute(select(host.uptime_s, host.observed_at)).all()
    finally:
        store.close()
    numbers = [number for number, _ in booked]
    assert len(numbers) == len(set(numbers))
    assert set(numbers) >= set(range(1, 126))
    misdated = {
        number: round(at / 1e6 - spool.measured[number], 1)
        for number, at in booked
        if abs(at / 1e6 - spool.measured[number]) > MOST_OFF_S
    }
    assert not misdated
    # The clock is still a day fast at the end, and the server shows it though the times are right.
    assert abs(row.clock_offset_ms / 1000 + DAY_S) < 10, row.clock_offset_ms
    state_of_agents, told = check_agents(settings_of_store)
    assert state_of_agents == "warn"
    assert f"{row.name} 86" in told
    assert "fast; their reports are dated by ours" in told
