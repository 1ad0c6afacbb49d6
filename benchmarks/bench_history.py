"""Measurements over a month: bytes a value as rows and packed, graphs of a day and of 30 days.

    python benchmarks/bench_history.py        one JSON object a line

An access point's month as SNMP gives it (clients and traffic that follow the lessons, a processor
that wanders, counters that grow), a report a minute, booked, rolled up and packed hour by hour by
the code the server runs, on SQLite. A value is a number or state that is not 'not known': texts,
times and numbers of reports are carried and not counted. A graph is one call of the series that
`/v1/devices/KEY/series` answers with, on a store just opened. The peers lie in the same month: a
row a value in sqlite3 with its index, and one JSON text a report.
"""

from __future__ import annotations

import json
import math
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

DEVICES, DAYS, GRAPHS = 8, 30, 200
MINUTE, DAY = 60, 86_400
BEGIN = 1_790_035_200  # a Tuesday in 2026, midnight UTC
CITY = 6_160
"""Devices of a city that report each minute."""
COMMAND = "python benchmarks/bench_history.py"


def month(seed: int) -> Iterator[dict[str, Any]]:
    """The values of an access point, minute by minute."""
    chance = random.Random(seed)
    cpu, memory, temperature = 8.0, chance.uniform(40, 70), chance.uniform(38, 52)
    uptime, errors = chance.randrange(10**5, 10**7), chance.randrange(5000)
    received = chance.randrange(10**11, 10**13)
    sent = received // 5
    for minute in range(DAYS * 1440):
        hour = minute % 1440 / 60
        school_day = minute // 1440 % 7 < 4
        busy = math.sin((hour - 6) / 9 * math.pi) if school_day and 6 <= hour <= 15 else 0.0
        near, far = int(busy * chance.uniform(12, 26)), int(busy * chance.uniform(1, 4))
        cpu = max(1.0, min(99.0, 0.7 * cpu + 0.3 * (4 + busy * 25 + chance.gauss(0, 3))))
        memory = max(5.0, min(99.0, memory + chance.gauss(0, 0.08)))
        temperature += 0.05 * (40 + busy * 6 - temperature) + chance.gauss(0, 0.1)
        uptime += MINUTE
        received += int(MINUTE * (2e3 + busy * chance.expovariate(1 / 2e6)))
        sent += int(MINUTE * (1e3 + busy * chance.expovariate(1 / 3e5)))
        errors += int(busy > 0 and chance.random() < 0.05)
        yield {
            "at": (BEGIN + minute * MINUTE) * 1_000_000 + chance.randrange(900_000),
            "reachable": True, "response_ms": round(abs(chance.gauss(3.9, 0.6)), 2),
            "uptime_s": float(uptime), "cpu_percent": round(cpu, 1),
            "memory_used_percent": round(memory, 1), "temperature_c": float(round(temperature)),
            "clients": near + far, "clients_24": far, "clients_5": near, "ports_up": 1,
            "rx_bytes": received, "tx_bytes": sent, "errors": errors, "source": "snmp",
        }  # fmt: skip


def live(home: Path) -> dict[str, float]:
    """The month through the store's own code."""
    from schoolops import migrations
    from schoolops.core import paths
    from schoolops.core.clock import FixedClock
    from schoolops.core.settings import load_settings
    from schoolops.db.engine import Store
    from schoolops.db.upsert import upsert
    from schoolops.estate.models import observation
    from schoolops.telemetry import packing, raw
    from schoolops.telemetry.metrics import METRICS, keeper, shown

    settings = load_settings()
    paths.ensure_home(settings.home)
    migrations.prepare(settings)
    clock = FixedClock(BEGIN * 1_000_000)
    store = Store.open(settings, clock)
    keepers = [(metric.name, keeper(metric)) for metric in METRICS["device"]]
    seq, values, packing_cpu = 0, 0, 0.0
    devices = [month(number) for number in range(DEVICES)]
    for _ in range(DAYS * 24):
        with store.write() as unit:
            for _minute in range(60):
                rows = []
                for number, device in enumerate(devices):
                    report = next(device)
                    seq += 1
                    kept = [keep([report.get(name)])[0] for name, keep in keepers]
                    values += len(kept) - kept.count(None)
                    rows.append((100 + number, report["at"], 1, seq, 300, *kept, "snmp", ""))
                raw.insert(unit.connection, "device", rows)
            upsert(
                unit.connection, observation,
                [{"kind": "device", "record_id": 100 + number, "observed_at": rows[0][1],
                  "received_at": unit.now, "fresh_until": 0, "source": "", "facts": "{}"}
                 for number in range(DEVICES)],
            )  # fmt: skip
        clock.advance(3600)
        begun = time.process_time()
        packing.roll_up(store)
        packing.seal(store)
        packing_cpu += time.process_time() - begun
    now = clock.now()
    store.close()
    each = values / seq
    with sqlite3.connect(home / "schoolops.db") as plain:

        def size(*names: str) -> int:
            marks = ", ".join("?" * len(names))
            statement = f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({marks})"
            return int(plain.execute(statement, names).fetchone()[0])

        rows_now = plain.execute("SELECT count(*) FROM sample_device").fetchone()[0]
        reports = plain.execute("SELECT sum(reports) FROM sealed").fetchone()[0]
        packed = plain.execute("SELECT sum(length(data)) FROM sealed").fetchone()[0]
        fine, hourly, days = plain.execute(
            "SELECT sum(length(fine)), sum(length(hourly)), count(*) FROM rollup"
        ).fetchone()
        hot_bytes = size("sample_device")
        sealed_bytes = size("sealed", "sqlite_autoindex_sealed_1")
        rolled_bytes = size("rollup", "sqlite_autoindex_rollup_1")
    opened = Store.open(settings, FixedClock(now))
    graphs = {
        "day": graph(opened, shown("device"), now, DAY, 300),
        "month": graph(opened, shown("device"), now, 30 * DAY, 3600),
        "raw": graph(opened, shown("device"), now, 6 * 3600, 0),
    }
    opened.close()
    # Rolled days weigh their packs; what SQLite's pages add is in `rolled_bytes`.
    over = rolled_bytes / (fine + hourly)
    year = CITY * (
        2 * 1440 * hot_bytes / rows_now
        + 30 * 1440 * sealed_bytes / reports
        + 365 * over * (fine + hourly) / days
    )
    return {
        "hot": hot_bytes / rows_now / each,
        "sealed": sealed_bytes / reports / each,
        "sealed_alone": packed / reports / each,
        "fine": fine / days / 1440 / each,
        "hourly": hourly / days / 1440 / each,
        "packing": packing_cpu / seq,
        "year": year,
        **graphs,
    }


def graph(store: Any, metrics: Any, now: int, span_s: int, step_s: int) -> float:
    """CPU seconds of one graph, the median over metrics and devices."""
    from schoolops.telemetry.history import History

    end = now // 1_000_000
    found = []
    for number in range(GRAPHS):
        name = ("cpu_percent", "rx_bps", "clients", "reachable")[number % 4]
        begun = time.process_time()
        with store.read() as connection:
            points = History(connection, now).series(
                "device", 100 + number % DEVICES, metrics[name], end - span_s, end, step_s
            )
        found.append(time.process_time() - begun)
        if len(points) < span_s // (step_s or MINUTE) - 2:
            raise SystemExit(f"a graph of {name} has {len(points)} points")
    return statistics.median(found)


def narrow(file: Path) -> dict[str, float]:
    """One day of one access point as a row a value, and as JSON texts; and its graph."""
    plain = sqlite3.connect(file)
    plain.execute("CREATE TABLE narrow (device INT, metric INT, at INT, value REAL,"
                  " PRIMARY KEY (device, metric, at)) WITHOUT ROWID")  # fmt: skip
    plain.execute("CREATE TABLE texts (device INT, at INT, report TEXT, PRIMARY KEY (device, at))"
                  " WITHOUT ROWID")  # fmt: skip
    values = 0
    for device in range(DEVICES):
        for _, report in zip(range(1440), month(device), strict=False):
            numbers = [v for name, v in report.items() if name not in ("at", "source")]
            values += len(numbers)
            plain.executemany(
                "INSERT INTO narrow VALUES (?, ?, ?, ?)",
                [(device, metric, report["at"], v) for metric, v in enumerate(numbers)],
            )
            plain.execute("INSERT INTO texts VALUES (?, ?, ?)",
                          (device, report["at"], json.dumps(report)))  # fmt: skip
    plain.commit()
    sizes = dict(plain.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    found = []
    for number in range(GRAPHS):
        begun = time.process_time()
        plain.execute(
            "SELECT at / 300000000, avg(value), min(value), max(value) FROM narrow"
            " WHERE device = ? AND metric = 3 GROUP BY 1", (number % DEVICES,),
        ).fetchall()  # fmt: skip
        found.append(time.process_time() - begun)
    plain.close()
    return {
        "narrow": sizes["narrow"] / values,
        "texts": sizes["texts"] / values,
        "graph": statistics.median(found),
    }


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        home = Path(folder) / "home"
        for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
            del os.environ[name]
        os.environ["SCHOOLOPS_HOME"] = str(home)
        ours = live(home)
        peer = narrow(Path(folder) / "narrow.db")
    rows = {"name": "sqlite3, a row a value", "figure": round(peer["narrow"], 1)}
    drawn = {"name": "sqlite3, a row a value, grouped", "figure": round(1e3 * peer["graph"], 2)}
    detail = {
        "JSON a report": round(peer["texts"], 1),
        "packed, without SQLite's pages": round(ours["sealed_alone"], 2),
        "buckets of 5 minutes": round(ours["fine"], 2),
        "buckets of an hour": round(ours["hourly"], 3),
        "rolling up and packing, µs CPU a report": round(1e6 * ours["packing"], 1),
    }
    for bar, figure, unit, limit, other, more in (
        ("a measured value as a row, on SQLite", ours["hot"], "bytes", 6.0, rows, detail),
        ("a measured value packed, on SQLite", ours["sealed"], "bytes", 1.1, rows, None),
        ("a graph of 24 hours", 1e3 * ours["day"], "ms CPU", 3.0, drawn, None),
        ("a graph of 30 days", 1e3 * ours["month"], "ms CPU", 10.0, None, None),
        ("a graph of the last 6 hours, each report", 1e3 * ours["raw"], "ms CPU", None, None, None),
        (f"a year of {CITY:,} devices that report each minute", ours["year"] / 1e9, "GB", 70.0,
         None, None),
    ):  # fmt: skip
        result = {"bar": bar, "figure": round(figure, 2), "unit": unit, "limit": limit,
                  "peer": other, "command": COMMAND}  # fmt: skip
        print(json.dumps(result | ({"detail": more} if more else {})))


if __name__ == "__main__":
    main()
