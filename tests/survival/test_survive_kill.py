"""kill -9 of the server and of the agent at random moments: nothing is lost, nothing counted twice.

Real processes over a real socket, 10,000 reports, on both databases. What the agent has seen
acknowledged must be in the store; each report stands there exactly once.
"""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from schoolops.core import paths
from schoolops.core.settings import Settings
from schoolops.db.engine import Store
from schoolops.fleet.models import agent, agent_stream
from schoolops.telemetry.models import SAMPLES

TOTAL = 10_000
FEEDER = Path(__file__).with_name("feeder.py")
DEADLINE_S = 100


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Server:
    """`schoolops serve` in a process of its own."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "schoolops.cli", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    @contextmanager
    def local(self) -> Iterator[httpx.Client]:
        """Call it as the computer's own user, once it answers."""
        path = str(paths.socket_path(self.home))
        for _ in range(200):
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(path) == 0:
                    break
            time.sleep(0.05)
        else:
            raise AssertionError("the server did not start")
        transport = httpx.HTTPTransport(uds=path)
        with httpx.Client(transport=transport, base_url="http://local") as client:
            yield client

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


def feed(state: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(FEEDER), str(state), str(TOTAL)])


@pytest.mark.timeout(180)
def test_no_acknowledged_report_is_lost_and_none_counted_twice(
    settings_of_store: Settings, home: Path, tmp_path: Path
) -> None:
    dice = random.Random(20261124)
    server = Server(home, free_port())
    state = tmp_path / "agent"
    server.start()
    with server.local() as client:
        client.post("/v1/schools", json={"values": {"number": "164800", "name": "Schule"}})
        code = client.post("/v1/agents/invite", json={"school": "164800"}).json()["code"]
    url = f"http://127.0.0.1:{server.port}"
    subprocess.run(
        [sys.executable, "-m", "agents", "join", url, code, "--state", str(state)], check=True
    )
    feeder = feed(state)
    kills = {"server": 0, "agent": 0}
    ends = time.monotonic() + DEADLINE_S
    try:
        while feeder.poll() is None and time.monotonic() < ends:
            time.sleep(dice.uniform(0.2, 0.9))
            calm = sum(kills.values()) >= 16  # then let it finish
            if calm:
                continue
            if dice.random() < 0.5:
                server.kill()
                kills["server"] += 1
                server.start()
            elif feeder.poll() is None:
                feeder.send_signal(signal.SIGKILL)
                feeder.wait()
                kills["agent"] += 1
                feeder = feed(state)
        assert feeder.poll() == 0, f"the agent did not finish in {DEADLINE_S} s ({kills})"
        with server.local():
            pass
    finally:
        feeder.kill()
        feeder.wait()
        server.kill()
    assert min(kills.values()) >= 3, kills
    _check(settings_of_store, state)


def _check(settings: Settings, state: Path) -> None:
    acknowledged: dict[str, int] = defaultdict(int)
    for line in (state / "acknowledged").read_text().splitlines():
        boot, _, seq = line.partition(" ")
        if seq:
            acknowledged[boot] = max(acknowledged[boot], int(seq))
    store = Store.open(settings)
    try:
        with store.read() as connection:
            streams = connection.execute(select(agent_stream)).all()
            counted = connection.scalar(select(agent.c.reports))
            host = SAMPLES["host"]
            stored = connection.scalar(select(func.count()).select_from(host))
            for stream in streams:
                seqs = connection.scalars(
                    select(host.c.seq).where(host.c.stream_id == stream.id).order_by(host.c.seq)
                ).all()
                assert seqs == list(range(1, stream.acked_seq + 1))
                assert acknowledged[stream.boot] <= stream.acked_seq
            assert set(acknowledged) <= {stream.boot for stream in streams}
    finally:
        store.close()
    assert counted == stored == sum(stream.acked_seq for stream in streams)
    # A kill between counting and spooling measures a step less; nothing else may be missing.
    assert stored >= TOTAL * 0.95
    assert sum(stream.lost for stream in streams) == 0
