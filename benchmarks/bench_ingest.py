"""A server that takes the reports of a tenth of a state, from a generator on the same machine.

    python benchmarks/bench_ingest.py        one JSON object a line

`schoolops serve` on SQLite, as a city runs it: HTTP on loopback, one process, each POST answered
when its reports are on disk (synchronous=FULL). 555 schools with a line and 37 devices each, as an
access point reports (13 values). *Live*: each school's agent sends its minute, 38 reports a POST.
*Alone*: the same as if each device had an agent of its own, one report a POST.
*Replay*: after a day's outage every agent delivers what it spooled, a report every 5 minutes, 912
reports a POST. The generator writes bodies made beforehand over kept connections; its own processor
time is told beside. Wall time: the machine should be calm.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agents import protocol
from benchmarks.served import cpu_s, serve

SCHOOLS, DEVICES = 555, 37
MINUTES, EVERY_S, HOURS_A_POST = 10, 300, 2
CONNECTIONS = 24
PER_SECOND, REPLAY_LIMIT_S = 5000.0, 360.0
PEER_MS = 114.0
"""CPU of OpenWISP monitoring 1.3 for a report: uwsgi, Celery and InfluxDB, measured before."""
COMMAND = "python benchmarks/bench_ingest.py"


class Agent(NamedTuple):
    uid: str
    secret: str
    school: int


def make_city(home: Path) -> list[Agent]:
    """Schools, lines, devices, and an agent each, straight into the tables."""
    os.environ["SCHOOLOPS_HOME"] = str(home)
    from inventory.kinds import KINDS
    from schoolops import migrations
    from schoolops.core import paths
    from schoolops.core.ids import hash_token, new_token, uuid7
    from schoolops.core.permissions import SYSTEM
    from schoolops.core.settings import load_settings
    from schoolops.db.engine import Store
    from schoolops.estate.loading import Loader
    from schoolops.estate.models import TABLES
    from schoolops.fleet.models import agent

    settings = load_settings()
    paths.ensure_home(settings.home)
    migrations.prepare(settings)
    store = Store.open(settings)
    numbers = [str(100_000 + n) for n in range(SCHOOLS)]
    agents = []
    with store.write(SYSTEM) as unit:
        load = Loader(unit).load
        load(KINDS["school"], [{"number": n, "name": f"School {n}"} for n in numbers])
        load(KINDS["uplink"],
             [{"school": n, "name": "line1", "state": "active"} for n in numbers])  # fmt: skip
        load(KINDS["device"],
             [{"serial": f"{n}-{d}", "kind": "access-point", "school": n, "management": "snmp"}
              for n in numbers for d in range(DEVICES)])  # fmt: skip
        schools = TABLES["school"]
        for row in unit.connection.execute(schools.select()).all():
            uid, secret = uuid7(), new_token("soa")
            agents.append(Agent(uid, secret, int(row.number)))
            unit.connection.execute(agent.insert(), {
                "uid": uid, "name": f"box-{row.number}", "school_id": row.id, "state": "active",
                "secret_hash": hash_token(secret), "invited_at": unit.now,
            })  # fmt: skip
    store.close()
    return agents


def rows(agent: Agent, first: int, times: list[int], chance: random.Random) -> list[protocol.Row]:
    """The reports of a school at these times."""
    found = []
    for at in times:
        line = protocol.UplinkReport("line1", 4.213, 8.1, 0.312, 0.0, 11.205, 2.1e7, 1.4e6,
                                     reachable=True)  # fmt: skip
        found.append(protocol.Row(first + len(found), at, "uplink", line))
        for number in range(DEVICES):
            clients = chance.randrange(30)
            report = protocol.DeviceReport(
                f"{agent.school}-{number}", True, 3.41, at / 1e6 - 1.7e9,
                chance.randrange(400) / 10, 52.3, 44.0,
                clients, clients // 8, clients - clients // 8, None, 1,
                at // 700, at // 3500, 17, "snmp",
            )  # fmt: skip
            found.append(protocol.Row(first + len(found), at, "device", report))
    return found


def request(agent: Agent, boot: str, packed: list[protocol.Row]) -> bytes:
    """A whole POST."""
    batch = protocol.make_batch(agent.uid, boot, packed, 0, time.time_ns() // 1000)
    body = gzip.compress(protocol.encode_batch(batch), 6)
    head = (
        f"POST {protocol.REPORT_PATH} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {agent.secret}\r\nContent-Type: {protocol.CONTENT_TYPE}\r\n"
        f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def send_all(port: int, queues: list[list[bytes]]) -> None:
    """Each agent's requests in order, over a few connections."""
    waiting = iter(queues)

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for queue in waiting:
            for data in queue:
                writer.write(data)
                await writer.drain()
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                answer = await reader.readexactly(length)
                if not head.startswith(b"HTTP/1.1 200"):
                    raise SystemExit(f"refused: {answer[:300]!r}")
        writer.close()

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))


class Run(NamedTuple):
    wall: float
    server: float
    generator: float
    reports: int


def run(port: int, process: int, queues: list[list[bytes]], reports: int) -> Run:
    before, own, begun = cpu_s(process), time.process_time(), time.perf_counter()
    asyncio.run(send_all(port, queues))
    wall = time.perf_counter() - begun
    return Run(wall, cpu_s(process) - before, time.process_time() - own, reports)


def live(agents: list[Agent]) -> tuple[list[list[bytes]], int]:
    """Minute after minute of all schools: a queue a school."""
    chance = random.Random(1)
    now = time.time_ns() // 1000
    queues = []
    for agent in agents:
        each = DEVICES + 1
        queues.append([
            request(agent, "live", rows(agent, 1 + minute * each,
                                        [now - (MINUTES - minute) * 60_000_000], chance))
            for minute in range(MINUTES)
        ])  # fmt: skip
    return queues, len(agents) * MINUTES * (DEVICES + 1)


def alone(agents: list[Agent]) -> tuple[list[list[bytes]], int]:
    """One report a POST."""
    chance = random.Random(2)
    now = time.time_ns() // 1000
    queues = [
        [
            request(agent, "alone", [row._replace(seq=number)])
            for number, row in enumerate(rows(agent, 1, [now - 30_000_000], chance)[1:], 1)
        ]
        for agent in agents
    ]
    return queues, len(agents) * DEVICES


def replays(agents: list[Agent]) -> Iterator[tuple[list[list[bytes]], int]]:
    """A day's backlog, some schools at a time: the bodies of all would fill the memory."""
    now = time.time_ns() // 1000
    step, each = EVERY_S * 1_000_000, DEVICES + 1
    a_post = HOURS_A_POST * 3600 // EVERY_S
    for place in range(0, len(agents), 111):
        queues = []
        for agent in agents[place : place + 111]:
            chance = random.Random(agent.school)
            queue = []
            for begin in range(0, 288, a_post):
                times = [now - (288 - begin - n) * step for n in range(a_post)]
                queue.append(request(agent, "spool", rows(agent, 1 + begin * each, times, chance)))
            queues.append(queue)
        yield queues, len(queues) * 288 * each


def stored(home: Path) -> int:
    with sqlite3.connect(home / "schoolops.db") as plain:
        return sum(
            plain.execute(f"SELECT count(*) FROM sample_{kind}").fetchone()[0]
            for kind in ("device", "uplink")
        )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        home = Path(folder) / "home"
        for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
            del os.environ[name]
        agents = make_city(home)
        with serve(home) as (address, process):
            port = int(address.rpartition(":")[2].rstrip("/"))
            now = run(port, process, *live(agents))
            single = run(port, process, *alone(agents))
            parts = [run(port, process, *part) for part in replays(agents)]
        wanted = now.reports + single.reports + sum(part.reports for part in parts)
        if stored(home) != wanted:
            raise SystemExit(f"{stored(home)} reports are stored, not {wanted}")
    spooled = Run(*map(sum, zip(*parts, strict=True)))
    results: list[dict[str, Any]] = [
        {"bar": "durable reports a second, a school's minute a POST, generator on the same cores",
         "figure": round(now.reports / now.wall), "unit": "1/s", "limit": PER_SECOND,
         "at_least": True, "peer": {"name": "OpenWISP monitoring 1.3, tuned (from the facts)",
                                    "figure": 10.9},
         "detail": {"CPU of the server, µs a report": round(1e6 * now.server / now.reports, 1),
                    "CPU of the generator, µs": round(1e6 * now.generator / now.reports, 1)}},
        {"bar": "CPU of a report through HTTP, against OpenWISP's 114 ms: times cheaper",
         "figure": round(PEER_MS / 1e3 / (now.server / now.reports)), "unit": "×", "limit": 1500,
         "at_least": True, "peer": {"name": "OpenWISP monitoring 1.3, CPU a report in ms",
                                    "figure": PEER_MS}},
        {"bar": "the same of a report that comes alone in its POST: times cheaper",
         "figure": round(PEER_MS / 1e3 / (single.server / single.reports)), "unit": "×",
         "limit": 500, "at_least": True,
         "peer": {"name": "OpenWISP monitoring 1.3, CPU a report in ms", "figure": PEER_MS},
         "detail": {"POSTs a second": round(single.reports / single.wall),
                    "CPU of the server, µs a POST":
                        round(1e6 * single.server / single.reports, 1)}},
        {"bar": f"{spooled.reports:,} reports of {SCHOOLS * DEVICES:,} devices replayed, wall",
         "figure": round(spooled.wall, 1), "unit": "s wall", "limit": REPLAY_LIMIT_S, "peer": None,
         "detail": {"reports a second": round(spooled.reports / spooled.wall),
                    "CPU of the server, µs a report":
                        round(1e6 * spooled.server / spooled.reports, 1)}},
    ]  # fmt: skip
    for result in results:
        print(json.dumps(result | {"command": COMMAND}))


if __name__ == "__main__":
    main()
