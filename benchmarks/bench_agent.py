"""What an agent costs on Debian's own Python, with TLS: memory and CPU a tick.

    python benchmarks/bench_agent.py        one JSON object a line

The single-file agent is built and joins a TLS server (ECDSA, another process). A tick is
everything: the host's files in /proc, the spool's flush to disk, the batch over TLS, and the
acknowledgement. It is measured in two ways:

- *back to back*: 500 ticks in a row, as costs of a unit of work usually are;
- *live*: the agent as a process that ticks once a second, the scheduler's own nanoseconds of all
  its threads over forty ticks. Between ticks the processor's caches go to others, which doubles
  the cost; how much depends on what else the machine does.

Memory is VmRSS of the live process at the end.

The peer does only the first of these: Debian's node_exporter, if it is installed
(apt-get install prometheus-node-exporter), scraped once a second with its default collectors.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.agents.server import CODE, BookingServer, make_certificate, server_context  # noqa: E402

COMMAND = "python benchmarks/bench_agent.py"
PYTHON = "/usr/bin/python3"
WARM_TICKS = 10
TICKS = 40
MEMORY_LIMIT_MB = 18.0
CPU_LIMIT_MS = 0.5
BACK_TO_BACK = """
import sys, time
sys.path.insert(0, sys.argv[1])
from agents.config import ConfigKeeper
from agents.runner import Runner
from agents.sender import Sender
from agents.spool import Spool
from agents.state import State
from agents.transport import Client
state = State(sys.argv[2])
identity = state.identity()
spool = Spool(state.file("spool"))
config = ConfigKeeper(state, identity.agent)
client = Client(identity.server(), secret=identity.secret)
sender = Sender(client, spool, config, identity.agent)
runner = Runner(state, spool, config, sender)
jobs = [job for name, job in runner.jobs.items() if name in ("host", "uplink")]
def tick():
    runner._spool_reports(*(job for job in jobs if job.interval_s(config.config) > 0))
    while sender.step() is not None:
        pass
for _ in range(50):
    tick()
before = time.process_time()
for _ in range(500):
    tick()
print((time.process_time() - before) / 500 * 1000)
assert sender.acked_rows >= 550 and not spool.rows
"""
FACTS = {"name": "node_exporter (not installed here; from the facts)", "figure": 19.5, "unit": "MB"}


def cpu_ns(pid: int) -> int:
    """CPU nanoseconds of all threads of a process."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def rss_mb(pid: int) -> float:
    """Resident memory in MB of 2**20 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something; RuntimeError if it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("the agent does not report")
        time.sleep(0.02)


def agent(folder: Path, *, line: bool) -> tuple[float, float, float]:
    """(MB, CPU ms a tick live, back to back) of an agent; `line` adds a line to its host."""
    archive = folder / "schoolops-agent.pyz"
    build = [sys.executable, "-m", "agents.build", str(archive)]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    certificate, key = make_certificate(folder)
    state = ["--state", str(folder / ("line" if line else "host"))]
    environment = {"PATH": "/usr/bin:/bin"}
    server = BookingServer(server_context(certificate, key))
    server.config["interval_s"] = 1
    with server, socket.create_server(("127.0.0.1", 0), backlog=4096) as target:
        if line:
            where = f"127.0.0.1:{target.getsockname()[1]}"
            server.config["uplinks"] = [{"uplink": "A", "interface": "lo", "targets": [where]}]
        join = [PYTHON, str(archive), "join", server.url, CODE, "--ca", str(certificate), *state]
        subprocess.run(join, check=True, stdout=subprocess.DEVNULL, env=environment)
        process = subprocess.Popen([PYTHON, str(archive), "run", *state], env=environment)
        try:
            wait_until(lambda: len(server.batches) >= WARM_TICKS)
            before, first = cpu_ns(process.pid), len(server.batches)
            wait_until(lambda: len(server.batches) >= first + TICKS)
            spent, ticks = cpu_ns(process.pid) - before, len(server.batches) - first
            memory = rss_mb(process.pid)
        finally:
            process.terminate()
            process.wait(10)
        drive = [PYTHON, "-SP", "-c", BACK_TO_BACK, str(archive), state[1]]
        done = subprocess.run(drive, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return memory, spent / ticks / 1e6, float(done.stdout)


def node_exporter() -> tuple[float, float] | None:
    """(MB, CPU ms a scrape) of Debian's node_exporter; None if it is not there."""
    program = shutil.which("prometheus-node-exporter")
    if program is None:
        return None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, f"--web.listen-address=127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def scrape() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return bool(answer.read())
        except OSError:
            return False

    try:
        wait_until(scrape, 20)
        for _ in range(WARM_TICKS):
            scrape()
        before = cpu_ns(process.pid)
        for _ in range(TICKS):
            scrape()
            time.sleep(0.25)
        return rss_mb(process.pid), (cpu_ns(process.pid) - before) / TICKS / 1e6
    finally:
        process.terminate()
        process.wait(10)


def result(bar: str, figure: float, unit: str, limit: float | None, peer: Any) -> None:
    """Print one line."""
    print(
        json.dumps(
            {
                "bar": bar,
                "figure": round(figure, 3),
                "unit": unit,
                "limit": limit,
                "peer": peer,
                "command": COMMAND,
            }
        )
    )


def main() -> None:
    """Measure and print."""
    if not os.path.exists(PYTHON):
        raise SystemExit(f"{PYTHON} is not there")
    version = subprocess.run([PYTHON, "-V"], capture_output=True, text=True, check=True).stdout
    name = f"{version.strip()} of the system, {ssl.OPENSSL_VERSION.split()[0]} TLS"
    with tempfile.TemporaryDirectory() as folder:
        memory, line_live, line = agent(Path(folder), line=True)
        _, host_live, host = agent(Path(folder), line=False)
    beside = node_exporter()
    peer = "node_exporter"
    result(
        f"Agent, resident memory with TLS ({name})",
        memory,
        "MB",
        MEMORY_LIMIT_MB,
        FACTS if beside is None else {"name": peer, "figure": round(beside[0], 1)},
    )
    scrape = None if beside is None else {"name": f"{peer}, a scrape", "figure": beside[1]}
    what = "host measured, spooled, delivered over TLS"
    result(f"Agent, CPU a tick back to back: {what}", host, "ms CPU", CPU_LIMIT_MS, None)
    result(f"Agent, CPU a tick live: {what}", host_live, "ms CPU", None, scrape)
    what = "the same and a line (five TCP connections to this machine)"
    result(f"Agent, CPU a tick back to back: {what}", line, "ms CPU", None, None)
    result(f"Agent, CPU a tick live: {what}", line_live, "ms CPU", None, None)


if __name__ == "__main__":
    main()
