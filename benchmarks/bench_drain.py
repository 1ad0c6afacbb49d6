"""A tenth of a state comes back after three days: how long until all of it is on disk.

    python benchmarks/bench_drain.py        one JSON object a line; some minutes, 3 GB of disk

555 schools with a line and 37 devices each have been without the server for 72 hours and spooled
a report of each every five minutes (the pace of the state's day in bench_ingest.py). Then all 555
agents connect at once, and each does what an agent does: a batch of at most 1,000 reports at a
time, the next one when the server has said that it is on disk, and after 429 the pause that
`Retry-After` asks for, and up to a tenth more. The server is `schoolops serve` on SQLite,
durable, on the generator's two cores, with a queue of 200 batches in place of 2,000, so that it
does push back. Not part of it: agents that wait up to five minutes before they try again, since
nobody told them that the server is back. Their bodies are made beforehand; each agent says the
same of its own devices. Wall time, from the first connect to the last acknowledgement.
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
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agents import protocol
from benchmarks.bench_ingest import DEVICES, EVERY_S, Agent, make_city, rows, stored
from benchmarks.served import cpu_s, serve

HOURS, LIMIT_S, QUEUE = 72, 300.0, 200
TIMES_A_POST = 26
"""26 times 38 reports are 988: what an agent sends at once."""
NARROW = (
    "import sys; from schoolops.telemetry import ingest; "
    f"ingest.QUEUE = {QUEUE}; from schoolops.cli import main; sys.exit(main(sys.argv[1:]))"
)
COMMAND = "python benchmarks/bench_drain.py"


def templates(agent: Agent) -> list[bytes]:
    """The backlog of one school as JSON."""
    now, step = time.time_ns() // 1000, EVERY_S * 1_000_000
    count = HOURS * 3600 // EVERY_S
    chance = random.Random(72)
    found = []
    for begin in range(0, count, TIMES_A_POST):
        some = range(begin, min(begin + TIMES_A_POST, count))
        packed = rows(
            agent, 1 + begin * (DEVICES + 1), [now - (count - n) * step for n in some], chance
        )
        found.append(protocol.encode_batch(protocol.make_batch(agent.uid, "spool", packed, 0, now)))
    return found


def backlog(agent: Agent, first: Agent, made: list[bytes]) -> list[bytes]:
    """The same of another school, as requests."""
    requests = []
    for text in made:
        text = text.replace(first.uid.encode(), agent.uid.encode())
        text = text.replace(f'"{first.school}-'.encode(), f'"{agent.school}-'.encode())
        body = gzip.compress(text, 4)
        head = (
            f"POST {protocol.REPORT_PATH} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {agent.secret}\r\nContent-Type: {protocol.CONTENT_TYPE}\r\n"
            f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return requests


async def drain(port: int, queues: list[list[bytes]]) -> Counter[int]:
    """All agents at once; how often which status was answered."""
    answers: Counter[int] = Counter()

    async def agent(queue: list[bytes]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for data in queue:
            status = 0
            while status != 200:
                writer.write(data)
                await writer.drain()
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                answer = await reader.readexactly(length)
                status = int(head[9:12])
                answers[status] += 1
                if status == 429:
                    asked = int(head.partition(b"retry-after: ")[2].partition(b"\r\n")[0])
                    await asyncio.sleep(asked * (1 + random.random() / 10))
                elif status != 200:
                    raise SystemExit(f"refused: {answer[:300]!r}")
        writer.close()

    await asyncio.gather(*(agent(queue) for queue in queues))
    return answers


def packed(home: Path) -> int:
    """Reports that are older than two days, and so were packed meanwhile."""
    with sqlite3.connect(home / "schoolops.db") as plain:
        return int(plain.execute("SELECT coalesce(sum(reports), 0) FROM sealed").fetchone()[0])


def main() -> None:
    for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        home = Path(folder) / "home"
        agents = make_city(home)
        made = templates(agents[0])
        queues = [backlog(agent, agents[0], made) for agent in agents]
        reports = len(agents) * (HOURS * 3600 // EVERY_S) * (DEVICES + 1)
        with serve(home, program=("-c", NARROW)) as (address, process):
            port = int(address.rpartition(":")[2].rstrip("/"))
            before, own, begun = cpu_s(process), time.process_time(), time.perf_counter()
            answers = asyncio.run(drain(port, queues))
            wall = time.perf_counter() - begun
            server, own = cpu_s(process) - before, time.process_time() - own
        if (kept := stored(home) + packed(home)) != reports:
            raise SystemExit(f"{kept} reports are stored, not {reports}")
        size = sum(file.stat().st_size for file in home.glob("schoolops.db*"))
    result: dict[str, Any] = {
        "bar": f"72 h of {len(agents) * DEVICES:,} devices, {reports:,} reports, drained over HTTP",
        "figure": round(wall, 1), "unit": "s wall", "limit": LIMIT_S, "peer": None,
        "command": COMMAND,
        "detail": {
            "reports a second": round(reports / wall),
            "CPU of the server, µs a report": round(1e6 * server / reports, 1),
            "CPU of the generator, s": round(own, 1),
            "batches booked": answers[200], "answered 429": answers[429],
            "GB on disk": round(size / 1e9, 2),
        },
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
