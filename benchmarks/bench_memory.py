"""Memory of the server with a whole city connected.

    python benchmarks/bench_memory.py        one JSON object a line; two minutes

`schoolops serve` on SQLite with the sample city, over TLS, with its periodic work (rollups, the
watch for incidents …). The agent of each school keeps its connection and sends the school's minute,
lines and managed devices, as an access point reports (13 values); a minute takes four seconds here,
as memory is asked for and not time. Three clients page through devices and incidents, a fourth one
follows the changes. Memory is the proportional set size (PSS) of
the process, MB of 2**20 bytes, sampled every half second: the median of the last minutes, and the
most there was.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import sqlite3
import ssl
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agents import protocol
from benchmarks.served import environment, load_sample, serve
from benchmarks.slow_line import make_certificate

MINUTES, MINUTE_S, SETTLED = 25, 4.0, 10
LIMIT_MB = 150.0
MANAGED = "('snmp', 'controller', 'unifi')"
COMMAND = "python benchmarks/bench_memory.py"


class School(NamedTuple):
    """Whoever reports, and about what."""

    agent: str
    secret: str
    uplinks: list[str]
    devices: list[str]


def add_agents(home: Path) -> list[School]:
    """An agent for each school with a line or equipment that is asked, straight into the tables."""
    from schoolops.core.ids import hash_token, new_token, uuid7

    now = time.time_ns() // 1000
    found = []
    with sqlite3.connect(home / "schoolops.db") as plain:
        devices, uplinks = defaultdict(list), defaultdict(list)
        for school, key in plain.execute(
            f"SELECT school_id, key FROM devices WHERE management IN {MANAGED}"
            " AND retired_at IS NULL ORDER BY id"
        ):
            devices[school].append(key)
        for school, name in plain.execute(
            "SELECT school_id, name FROM uplinks WHERE retired_at IS NULL ORDER BY id"
        ):
            uplinks[school].append(name)
        for school in sorted(devices.keys() | uplinks.keys()):
            uid, secret = uuid7(), new_token("soa")
            plain.execute(
                "INSERT INTO agent (uid, name, school_id, state, secret_hash, invited_at, hostname,"
                " version, reports, dropped) VALUES (?, ?, ?, 'active', ?, ?, '', '', 0, 0)",
                (uid, f"box-{school}", school, hash_token(secret), now),
            )
            found.append(School(uid, secret, uplinks[school], devices[school]))
    return found


def minute(school: School, first: int, at: int, chance: random.Random) -> bytes:
    """A whole POST: the minute of a school."""
    reports: list[tuple[str, Any]] = [
        ("uplink", protocol.UplinkReport(name, 4.213, 8.1, 0.312, 0.0, 11.205, 2.1e7, 1.4e6,
                                         reachable=True))
        for name in school.uplinks
    ]  # fmt: skip
    for key in school.devices:
        clients = chance.randrange(30)
        reports.append(("device", protocol.DeviceReport(
            key, True, 3.41, at / 1e6 - 1.7e9, chance.randrange(400) / 10, 52.3, 44.0,
            clients, clients // 8, clients - clients // 8, None, 1,
            at // 700, at // 3500, 17, "snmp",
        )))  # fmt: skip
    rows = [protocol.Row(first + n, at, kind, report) for n, (kind, report) in enumerate(reports)]
    batch = protocol.make_batch(school.agent, "live", rows, 0, time.time_ns() // 1000)
    body = gzip.compress(protocol.encode_batch(batch), 6)
    head = (
        f"POST {protocol.REPORT_PATH} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {school.secret}\r\nContent-Type: {protocol.CONTENT_TYPE}\r\n"
        f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def report(port: int, schools: list[School]) -> None:
    """All agents for all minutes, each on its own connection."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    begun = time.time_ns() // 1000 - MINUTES * 60_000_000

    async def agent(school: School, number: int) -> None:
        chance = random.Random(number)
        await asyncio.sleep(chance.random() * MINUTE_S)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        each = len(school.uplinks) + len(school.devices)
        for turn in range(MINUTES):
            pause = asyncio.create_task(asyncio.sleep(MINUTE_S))
            at = begun + turn * 60_000_000 + number
            writer.write(minute(school, 1 + turn * each, at, chance))
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answer = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"refused: {answer[:300]!r}")
            await pause
        writer.close()

    await asyncio.gather(*(agent(school, number) for number, school in enumerate(schools)))


def ask(work: Any, ended: threading.Event, problems: list[BaseException]) -> threading.Thread:
    """A client in a thread of its own that does its work again and again."""
    from schoolops.client import connect

    def run() -> None:
        try:
            with connect() as client:
                while not ended.is_set():
                    work(client, ended)
        except BaseException as error:  # told by whoever waits
            if not ended.is_set():
                problems.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def page_through(plural: str, q: str = "") -> Any:
    """Reading a list from its begin to its end, as somebody who scrolls."""

    def work(client: Any, ended: threading.Event) -> None:
        total = client.count(plural, q=q)
        for offset in range(0, max(total, 1), 1000):
            client.page(plural, q=q, offset=offset, limit=128)
            if ended.wait(0.1):
                return

    return work


def follow(client: Any, ended: threading.Event) -> None:
    for _ in client.changes():
        if ended.is_set():
            return


def pss_mb(process: int) -> dict[str, float]:
    """What the kernel says of a process, in MB: of Pss, Pss_Anon, Pss_File."""
    rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    return {row.split(":")[0]: int(row.split()[1]) / 1024 for row in rows}


def watch(process: int, ended: threading.Event, found: list[dict[str, float]]) -> None:
    while not ended.wait(0.5):
        found.append(pss_mb(process))


def main() -> None:
    for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        home = Path(folder) / "home"
        os.environ.update(environment(home))
        load_sample(home)
        schools = add_agents(home)
        certificate, key = make_certificate(Path(folder))
        tls = {
            "SCHOOLOPS_SERVER__CERTIFICATE": str(certificate),
            "SCHOOLOPS_SERVER__CERTIFICATE_KEY": str(key),
        }
        ended, problems, seen = threading.Event(), list[BaseException](), list[dict[str, float]]()
        with serve(home, **tls) as (address, process):
            time.sleep(2)
            begun = pss_mb(process)
            threads = [
                ask(page_through("devices"), ended, problems),
                ask(page_through("devices", "kind:access-point"), ended, problems),
                ask(page_through("incidents"), ended, problems),
                ask(follow, ended, problems),
                threading.Thread(target=watch, args=(process, ended, seen), daemon=True),
            ]
            threads[-1].start()
            asyncio.run(report(int(address.rpartition(":")[2].rstrip("/")), schools))
            ended.set()
            for thread in threads:
                thread.join(20)
        with sqlite3.connect(home / "schoolops.db") as plain:
            (stored,) = plain.execute("SELECT count(*) FROM sample_device").fetchone()
    devices = sum(len(school.devices) for school in schools)
    if problems or stored != devices * MINUTES:
        raise SystemExit(f"{stored} reports are stored, {devices * MINUTES} were sent; {problems}")
    last = seen[-int(SETTLED * MINUTE_S / 0.5) :]
    figure = statistics.median(one["Pss"] for one in last)
    print(json.dumps({
        "bar": f"memory (PSS) of the server, {len(schools)} agents with {devices:,} devices "
               "connected over TLS",
        "figure": round(figure, 1), "unit": "MB", "limit": LIMIT_MB, "peer": None,
        "command": COMMAND,
        "detail": {
            "most, MB": round(max(one["Pss"] for one in seen), 1),
            "before the first agent, MB": round(begun["Pss"], 1),
            "of it not of files, MB": round(statistics.median(o["Pss_Anon"] for o in last), 1),
            "in the tenth minute, MB": round(seen[int(10 * MINUTE_S / 0.5)]["Pss"], 1),
        },
    }))  # fmt: skip


if __name__ == "__main__":
    main()
