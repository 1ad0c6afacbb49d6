"""Booking the agents' reports: unpacked, checked, committed; beside it sqlite3 with the same rows.

    python benchmarks/bench_reports.py        one JSON object a line

CPU time of this process, where the whole way runs from the body of a POST to the commit: gzip,
decoding, checks, acknowledged numbers, samples, the latest facts. A hundred schools with a line
and twenty devices report at once, as after a minute. Folding facts into health is another thread's
work and not part of it. The peer inserts the same samples by `sqlite3.executemany`, one
transaction a round.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agents import protocol

SCHOOLS, DEVICES, ROUNDS = 100, 20, 12
LIMIT_US = 250.0
"""A state sends 92 batches a second; at this figure they take half a processor."""
COMMAND = "python benchmarks/bench_reports.py"


class Agent(NamedTuple):
    """One that has joined: whose reports come."""

    uid: str
    secret: str
    school: int


def join_all(store: Any) -> list[Agent]:
    """Schools with a line, devices and an agent each."""
    from inventory.kinds import KINDS
    from schoolops.core.permissions import Actor
    from schoolops.estate.service import Inventory
    from schoolops.fleet import service

    made = []
    with store.write(Actor.of("bench", "authority-admin")) as unit:
        inventory = Inventory(unit)
        for number in range(100_000, 100_000 + SCHOOLS):
            school = str(number)
            inventory.create(KINDS["school"], {"number": school, "name": f"School {number}"})
            inventory.create(KINDS["uplink"], {"school": school, "name": "line1"})
            for n in range(DEVICES):
                values = {"serial": f"{number}-{n}", "kind": "access-point", "school": school}
                inventory.create(KINDS["device"], values)
            made.append((number, service.invite(unit, school)["code"]))
    return [
        Agent(joined["agent"], joined["secret"], number)
        for number, code in made
        for joined in [service.join(store, code, "box", "1")]
    ]


def body(agent: Agent, first: int, at: int, devices: int) -> bytes:
    """A packed batch of a line and so many devices."""
    reports: list[tuple[str, tuple[Any, ...]]] = [
        ("uplink", protocol.UplinkReport("line1", connect_ms=4.2, jitter_ms=0.3, loss_percent=0.0))
    ]
    reports += [
        ("device", protocol.DeviceReport(f"{agent.school}-{n}", True, 1.5, 86_400.0 + first, 12.0,
                                         40.0, 45.0, 17))
        for n in range(devices)
    ]  # fmt: skip
    rows = [protocol.Row(first + i, at, *report) for i, report in enumerate(reports)]
    batch = protocol.make_batch(agent.uid, "boot", rows, 0, at)
    return gzip.compress(protocol.encode_batch(batch), 6)


async def booked(reports: Any, agents: list[Agent], first: int, devices: int) -> float:
    """CPU seconds of all rounds; the batches are made beforehand."""
    cpu = 0.0
    for number in range(ROUNDS):
        at = time.time_ns() // 1000
        seq = first + number * (devices + 1)
        bodies = [(agent.secret, body(agent, seq, at, devices)) for agent in agents]
        begun = time.process_time()
        await asyncio.gather(*(reports.book(secret, data, "gzip") for secret, data in bodies))
        cpu += time.process_time() - begun
    return cpu


def plain(source: Path, target: Path) -> float:
    """CPU seconds a sample of sqlite3 alone, for the samples that ours holds now."""
    old, new = sqlite3.connect(source), sqlite3.connect(target, isolation_level=None)
    new.execute("PRAGMA journal_mode=WAL")
    new.execute("PRAGMA synchronous=FULL")
    cpu, total = 0.0, 0
    names = [name for (name,) in old.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'sample%'")]  # fmt: skip
    tables = {name: old.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    for name in names:
        for (sql,) in old.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL "
            "ORDER BY type = 'index'", (name,),
        ):  # fmt: skip
            new.execute(sql)
    begun = time.process_time()
    for number in range(ROUNDS):
        new.execute("BEGIN IMMEDIATE")
        for name, rows in tables.items():
            part = rows[number::ROUNDS]
            if part:
                marks = ", ".join("?" * len(part[0]))
                new.executemany(f"INSERT INTO {name} VALUES ({marks})", part)
            total += len(part)
        new.execute("COMMIT")
    cpu = time.process_time() - begun
    old.close()
    new.close()
    return cpu / total


def measure(home: Path) -> tuple[float, float, float]:
    """CPU seconds a report: in a school's batch, alone in a batch, by sqlite3 alone."""
    from schoolops import migrations
    from schoolops.core import paths
    from schoolops.core.settings import load_settings
    from schoolops.db.engine import Store
    from schoolops.telemetry.ingest import Reports

    settings = load_settings()
    paths.ensure_home(settings.home)
    migrations.prepare(settings)
    store = Store.open(settings)
    try:
        agents = join_all(store)
        reports = Reports(store)
        reports.assessor.start = reports.assessor.stop = lambda: None  # type: ignore[method-assign]
        reports.start()
        together = asyncio.run(booked(reports, agents, 1, DEVICES))
        beside = plain(home / "schoolops.db", home / "plain.db")
        singly = asyncio.run(booked(reports, agents, 1 + ROUNDS * (DEVICES + 1), 0))
        reports.stop()
    finally:
        store.close()
    rounds = ROUNDS * SCHOOLS
    return together / (rounds * (DEVICES + 1)), singly / rounds, beside


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        home = Path(folder) / "home"
        for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
            del os.environ[name]
        os.environ["SCHOOLOPS_HOME"] = str(home)
        together, singly, beside = measure(home)
    peer = {"name": "sqlite3.executemany of the same samples", "figure": round(1e6 * beside, 2)}
    for bar, figure, limit in (
        ("a report booked, CPU, in a batch of 21", together, LIMIT_US),
        ("a report booked, CPU, alone in its batch", singly, None),
    ):
        print(json.dumps({"bar": bar, "figure": round(1e6 * figure, 1), "unit": "µs CPU",
                          "limit": limit, "peer": peer, "command": COMMAND}))  # fmt: skip


if __name__ == "__main__":
    main()
