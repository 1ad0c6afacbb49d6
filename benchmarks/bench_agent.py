"""What an agent costs on Debian's own Python, with TLS: memory and CPU a tick.

    python benchmarks/bench_agent.py           one JSON object a line
    python benchmarks/bench_agent.py --every 1 live figures at another interval than 60 s

The single-file agent is built and joins `schoolops serve`, which speaks TLS (ECDSA) in another
process. A tick is everything: the host's files in /proc, the row in the spool, the batch over TLS
and the acknowledgement. User and system CPU of the agent's process, in two ways:

- *back to back*: 500 ticks in a row, as costs of a unit of work usually are. The limit is for this
  figure: it comes from a prototype whose 0.29 ms were measured in such a loop.
- *live*: the agent as it runs at the usual interval of 60 s, over six minutes at most,
  the scheduler's own nanoseconds of all its threads. Between two ticks the processor's caches go
  to others, and what a tick then costs is mostly to fetch its memory again, which says as much
  about the machine and what else runs on it. So it has no limit, and beside it stands the floor:
  a loop in the same Python, in the same run, that as often reads the same files, writes as many
  bytes, and sends and receives as many over TLS, and understands nothing of it.

Memory is VmRSS of the live process at the end. The peer does only the first part of the work:
Debian's node_exporter, if it is installed (apt-get install prometheus-node-exporter), scraped
four times a second with its default collectors.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402

from benchmarks.served import serve  # noqa: E402
from schoolops.core.paths import socket_path  # noqa: E402
from tests.agents.server import make_certificate  # noqa: E402

COMMAND = "python benchmarks/bench_agent.py"
PYTHON = "/usr/bin/python3"
WARM_TICKS = 10
LIVE_TICKS, LIVE_S = 60, 360
"""A live measurement lasts so many ticks, and this long at most."""
SCRAPES = 40
MEMORY_LIMIT_MB = 15.0
CPU_LIMIT_MS = 0.4
HOW_TO_READ = (
    "The limit belongs to the figure back to back: it comes from a prototype that was measured in "
    "such a loop. Live, an agent sleeps 60 s between two ticks, and the processor's caches are "
    "others' by then: most of a tick is to fetch its memory again. That figure depends on the "
    "machine and on what else runs on it, so it has no limit; beside it stands the floor, what the "
    "system calls of a tick alone cost the same Python in the same run."
)
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
    runner._report(*(job for job in jobs if job.interval_s(config.config) > 0))
    while sender.wake.is_set() and sender.step() is not None:
        pass
    sender.wake.clear()
for _ in range(50):
    tick()
before = time.process_time()
for _ in range(500):
    tick()
print((time.process_time() - before) / 500 * 1000)
assert sender.acked_rows >= 550 and not spool.rows
"""
LOOP = """
import os, socket, ssl, sys, time
names = ("net/route", "net/dev", "uptime", "stat", "loadavg", "meminfo")
files = [os.open(f"/proc/{name}", os.O_RDONLY) for name in names]
out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(sys.argv[3])
line = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
line = context.wrap_socket(line, server_hostname="127.0.0.1")
message = b"GET /v1/live HTTP/1.1\\r\\nHost: x\\r\\nX: " + b"x" * 580 + b"\\r\\n\\r\\n"
while True:
    time.sleep(float(sys.argv[4]))
    for file in files:
        os.pread(file, 1024, 0)
    os.statvfs("/")
    os.write(out, message[:96])
    line.send(message)
    while not line.recv(16384).endswith(b"}"):
        pass
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


class Live(NamedTuple):
    """What the live processes cost: MB of the agent, and CPU ms a tick."""

    memory: float
    host: float
    line: float
    loop: float


def live(folder: Path, every_s: int) -> tuple[Live, float, float]:
    """Also CPU ms a tick back to back, of the host alone and with a line."""
    archive = folder / "schoolops-agent.pyz"
    build = [sys.executable, "-m", "agents.build", str(archive)]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    certificate, key = make_certificate(folder)
    home = folder / "home"
    home.mkdir()
    server = {
        "SCHOOLOPS_SERVER__CERTIFICATE": str(certificate),
        "SCHOOLOPS_SERVER__CERTIFICATE_KEY": str(key),
        "SCHOOLOPS_AGENT__INTERVAL_S": str(every_s),
        "SCHOOLOPS_AGENT__DNS_NAMES": "[]",  # the line ends at this machine
    }
    with (
        socket.create_server(("127.0.0.1", 0), backlog=128) as target,
        serve(home, **server, SCHOOLOPS_AGENT__TARGETS=_here(target)) as (address, _),
    ):
        threading.Thread(target=take_all, args=(target,), daemon=True).start()
        live_s = min(LIVE_S, LIVE_TICKS * every_s)
        states = [folder / "host", folder / "line"]
        for number, state in enumerate(states):
            code = invite(home, str(164800 + number), line=state.name == "line")
            join = ["join", address, code, "--ca", str(certificate), "--state", str(state)]
            _agent(archive, *join).wait(60)
        running = [_agent(archive, "run", "--state", str(state)) for state in states]
        port = address.rpartition(":")[2]
        loop = ["-SP", "-c", LOOP, str(folder / "loop"), port, str(certificate), str(every_s)]
        running.append(subprocess.Popen([PYTHON, *loop]))
        try:
            time.sleep(5 + WARM_TICKS * min(every_s, 2) + every_s)
            before = [cpu_ns(process.pid) for process in running]
            rows = [reports(home, n) for n in (164800, 164801)]
            time.sleep(live_s)
            spent = [cpu_ns(p.pid) - was for p, was in zip(running, before, strict=True)]
            ticks = [reports(home, n) - was for n, was in zip((164800, 164801), rows, strict=True)]
            memory = rss_mb(running[1].pid)
        finally:
            for process in running:
                process.terminate()
                process.wait(10)
        ticks = [ticks[0], ticks[1] // 2, live_s // every_s]
        costs = [ns / count / 1e6 for ns, count in zip(spent, ticks, strict=True)]
        warm = [back_to_back(archive, state) for state in states]
    return Live(memory, *costs), warm[0], warm[1]


def take_all(target: socket.socket) -> None:
    """Take and end each connection: a queue that is full takes none any more."""
    while True:
        try:
            taken, _ = target.accept()
        except OSError:
            return
        taken.close()


def invite(home: Path, number: str, *, line: bool) -> str:
    """Make a school and, if wanted, its line; the code its agent joins with."""
    transport = httpx.HTTPTransport(uds=str(socket_path(home)))
    with httpx.Client(transport=transport, base_url="http://schoolops") as local:

        def post(path: str, body: Any) -> Any:
            return local.post(path, json=body).raise_for_status().json()

        post("/v1/schools", {"values": {"number": number, "name": "School"}})
        if line:
            values = {"school": number, "name": "A", "state": "active"}
            post("/v1/uplinks", {"values": values})
        return str(post("/v1/agents/invite", {"school": number})["code"])


def reports(home: Path, number: int) -> int:
    """How many reports of a school's agent the server has booked."""
    with sqlite3.connect(home / "schoolops.db") as base:
        sql = "SELECT reports FROM agent JOIN schools ON schools.id = school_id WHERE key = ?"
        return int(base.execute(sql, (str(number),)).fetchone()[0])


def _here(target: socket.socket) -> str:
    return json.dumps([f"127.0.0.1:{target.getsockname()[1]}"])


def _agent(archive: Path, *words: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": "/usr/bin:/bin"}
    command = [PYTHON, str(archive), *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)


def back_to_back(archive: Path, state: Path) -> float:
    """CPU ms a tick of a joined agent whose ticks follow each other."""
    drive = [PYTHON, "-SP", "-c", BACK_TO_BACK, str(archive), str(state)]
    done = subprocess.run(drive, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


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
        for _ in range(SCRAPES):
            scrape()
            time.sleep(0.25)
        return rss_mb(process.pid), (cpu_ns(process.pid) - before) / SCRAPES / 1e6
    finally:
        process.terminate()
        process.wait(10)


def result(bar: str, figure: float, unit: str, limit: float | None, peer: Any, **more: Any) -> None:
    """Print one line."""
    found = {"bar": bar, "figure": round(figure, 3), "unit": unit, "limit": limit, "peer": peer}
    print(json.dumps(found | {"command": COMMAND} | more))


def main() -> None:
    """Measure and print."""
    if not os.path.exists(PYTHON):
        raise SystemExit(f"{PYTHON} is not there")
    every_s = int(sys.argv[2]) if sys.argv[1:2] == ["--every"] else 60
    version = subprocess.run([PYTHON, "-V"], capture_output=True, text=True, check=True).stdout
    name = f"{version.strip()} of the system, {ssl.OPENSSL_VERSION.split()[0]} TLS"
    with tempfile.TemporaryDirectory() as folder:
        cost, host, line = live(Path(folder), every_s)
    beside = node_exporter()
    result(
        f"Agent, resident memory with TLS ({name})",
        cost.memory,
        "MB",
        MEMORY_LIMIT_MB,
        FACTS if beside is None else {"name": "node_exporter", "figure": round(beside[0], 1)},
    )
    peers: dict[str, Any] = {"the system calls of a tick alone, in Python": cost.loop}
    if beside is not None:
        peers["node_exporter, a scrape"] = beside[1]
    what = "host measured, spooled, delivered over TLS"
    back, live_ = f"Agent, CPU a tick back to back: {what}", f"Agent, CPU a tick live: {what}"
    result(back, host, "ms CPU", CPU_LIMIT_MS, None, note=HOW_TO_READ)
    result(live_, cost.host, "ms CPU", None, peers)
    what = "the same and a line (five TCP connections to this machine)"
    result(f"Agent, CPU a tick live: {what}", cost.line, "ms CPU", None, None)
    result(f"Agent, CPU a tick back to back: {what}", line, "ms CPU", None, None)


if __name__ == "__main__":
    main()
