"""72 hours without a server, and kill -9 of agents and server at random moments, then the account.

The agents are `tests.survival.measuring`, the server is `schoolops serve`: processes of their own.
During the outage only agents are killed (the server is not there); when it is over, both are, also
in the middle of commits. The account is made from the agents' ledgers and the store.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from sqlalchemy import select

from schoolops.client._launch import answers
from schoolops.core import paths
from schoolops.core.settings import Settings
from schoolops.db.engine import Store
from schoolops.fleet.models import agent, agent_stream
from schoolops.telemetry.models import SAMPLES
from tests.survival.measuring import STEP

ROOT = Path(__file__).resolve().parents[2]


class Plan(NamedTuple):
    """How long, how dense, how many; seconds of this world but `tick_s`, of the agents'."""

    outage_s: float = 4.0
    after_s: float = 2.0
    tick_s: float = 600.0
    agents: int = 1
    kills: int = 12
    """Of the server, once it is back."""
    seed: int = 20261126
    deadline_s: float = 120.0


class Account(NamedTuple):
    """What was measured, taken and stored, and what should not be."""

    measured: int
    taken: int
    stored: int
    lost: int
    """Taken by a spool, and not in the store."""
    doubled: int
    strange: int
    """In the store, and never measured."""
    span_h: float
    kills: dict[str, int]


class Server:
    """`schoolops serve` in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "schoolops.cli", "serve", "--port", str(self.port)]
        # So that all of it stands as rows at the end: what is two days old would be packed.
        environment = {**os.environ, "SCHOOLOPS_TELEMETRY__RAW_HOURS": "1000"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    @contextmanager
    def local(self) -> Iterator[httpx.Client]:
        """Call it as the computer's own user, once it answers."""
        path = paths.socket_path(self.home)
        end = time.monotonic() + 60
        while not answers(path):
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.05)
        transport = httpx.HTTPTransport(uds=str(path))
        with httpx.Client(transport=transport, base_url="http://local", timeout=30) as client:
            yield client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Measuring:
    """The agents' processes."""

    def __init__(self, states: list[Path], words: dict[str, float]) -> None:
        self.states, self.words = states, json.dumps(words)
        self.processes = [self._start(state) for state in states]

    def _start(self, state: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.survival.measuring", str(state), self.words], cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill_one(self, dice: random.Random) -> bool:
        """kill -9 of one that still runs, and start it again."""
        place = dice.randrange(len(self.processes))
        process = self.processes[place]
        if process.poll() is not None:
            return False
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.processes[place] = self._start(self.states[place])
        return True

    def are_done(self) -> bool:
        ended = [process.poll() for process in self.processes]
        assert not any(ended), f"an agent ended with {ended}"
        return None not in ended

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def survive(settings: Settings, folder: Path, plan: Plan) -> Account:
    """Run it all; the environment says where home and database are."""
    dice = random.Random(plan.seed)
    server = Server(settings.home)
    states = [folder / f"agent-{n}" for n in range(plan.agents)]
    kills = {"agents in the outage": 0, "agents afterwards": 0, "server": 0}
    server.start()
    try:
        _join(server, states)
    finally:
        server.kill()
    begun = time.time() + 0.3
    words = plan._asdict() | {"begun": begun}
    agents = Measuring(
        states, {name: words[name] for name in ("begun", "outage_s", "after_s", "tick_s")}
    )
    end = time.monotonic() + plan.deadline_s + plan.outage_s
    try:
        while time.time() < begun + plan.outage_s:
            time.sleep(dice.uniform(0.4, 1.0) / plan.agents)
            kills["agents in the outage"] += agents.kill_one(dice)
        server.start()
        while not agents.are_done():
            assert time.monotonic() < end, f"not delivered in {plan.deadline_s} s ({kills})"
            time.sleep(dice.uniform(0.2, 0.9))
            if kills["server"] >= plan.kills:
                continue
            if dice.random() < 0.5:
                server.kill()
                kills["server"] += 1
                server.start()
                with server.local():
                    pass  # the next kill is to hit it at work, not at its start
            else:
                kills["agents afterwards"] += agents.kill_one(dice)
        with server.local():
            pass
    finally:
        agents.stop()
        server.kill()
    return _account(settings, states, kills)


def _join(server: Server, states: list[Path]) -> None:
    with server.local() as client:
        client.post("/v1/schools", json={"values": {"number": "164800", "name": "Schule"}})
        codes = [
            client.post("/v1/agents/invite", json={"school": "164800"}).json()["code"]
            for _ in states
        ]
    url = f"http://127.0.0.1:{server.port}"
    for state, code in zip(states, codes, strict=True):
        subprocess.run(
            [sys.executable, "-m", "agents", "join", url, code, "--state", str(state)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip


def _account(settings: Settings, states: list[Path], kills: dict[str, int]) -> Account:
    totals = dict.fromkeys(("measured", "taken", "stored", "lost", "doubled", "strange"), 0)
    span = 0
    store = Store.open(settings)
    try:
        with store.read() as connection:
            for state in states:
                uid = json.loads((state / "agent.json").read_text())["agent"]
                (row,) = connection.execute(select(agent).where(agent.c.uid == uid))
                rows = _rows(connection, row.id)
                numbers = [row.uptime_s for row in rows]
                measured, taken = _ledger(state)
                kept = set(numbers)
                totals["measured"] += len(measured)
                totals["taken"] += len(taken)
                totals["stored"] += len(numbers)
                totals["lost"] += len(taken - kept)
                totals["doubled"] += len(numbers) - len(kept)
                totals["strange"] += len(kept - measured)
                span = max(span, rows[-1].observed_at - rows[0].observed_at)
                assert row.reports == len(numbers)
                _check_streams(connection, state, row.id)
    finally:
        store.close()
    return Account(**totals, span_h=span / 3.6e9, kills=kills)


def _rows(connection: Any, agent_id: int) -> list[Any]:
    host = SAMPLES["host"].c
    found = select(host.uptime_s, host.observed_at).where(host.record_id == agent_id)
    return list(connection.execute(found.order_by(host.observed_at)))


def _ledger(state: Path) -> tuple[set[int], set[int]]:
    found: dict[str, set[int]] = {"m": set(), "s": set()}
    for line in (state / "ledger").read_text().splitlines():
        found[line[0]].add(int(line[2:]))
    return found["m"], found["s"]


def _check_streams(connection: Any, state: Path, agent_id: int) -> None:
    """What an agent was told is booked, is; and each boot is booked without a gap."""
    host = SAMPLES["host"]
    streams = connection.execute(select(agent_stream).where(agent_stream.c.agent_id == agent_id))
    booked = {}
    for stream in streams.all():
        seqs = connection.scalars(
            select(host.c.seq).where(host.c.stream_id == stream.id).order_by(host.c.seq)
        ).all()
        assert seqs == list(range(1, stream.acked_seq + 1))
        assert stream.lost == 0
        booked[stream.boot] = stream.acked_seq
    for line in (state / "acknowledged").read_text().splitlines():
        boot, _, seq = line.partition(" ")
        assert not seq or int(seq) <= booked[boot]


def most_unsure(account: Account) -> int:
    """Rows that may have been measured and not taken: a kill fell between the two."""
    return STEP * (account.kills["agents in the outage"] + account.kills["agents afterwards"])
