"""A night's backup of a city after a year: how much is written, and what it costs.

    python benchmarks/bench_backup.py        one JSON object a line; some minutes

A fortieth of a city's devices, 154, on SQLite, with the whole inventory of the sample city beside
them. Their days are made of the month of an access point that bench_history.py has: some days are
booked, rolled up and packed by the code the server runs, and their packs stored under the other
days of the year; for other devices there are random bytes of that length. Measured is a night as
the server works: the backup, proven by a restore, and what the archive writes (yesterday's
buckets; buckets and reports of the day whose hours were joined). Beside it the whole backup of the
same database, as older versions made it each night. What grows with the measurements is multiplied
by forty; the backup without them is of the whole city as it is. Bytes are those that a night adds
to the disk.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.bench_history import BEGIN, month
from benchmarks.served import environment, load_sample

CITY, SHARE = 6_160, 40
DAYS, REPORTS_DAYS = 365, 30
PATTERNS = 4
"""Devices that are really booked; the others have their packs."""
LIMIT_GB, LIMIT_S = 1.0, 120.0
COMMAND = "python benchmarks/bench_backup.py"


def book(store: Any, clock: Any) -> list[int]:
    """Days of some devices through the store's own code: today, yesterday, the one before."""
    from schoolops.db.upsert import upsert
    from schoolops.estate.models import observation
    from schoolops.telemetry import packing, raw
    from schoolops.telemetry.metrics import METRICS, keeper

    with store.read() as connection:
        statement = "SELECT id FROM devices WHERE management = 'snmp' ORDER BY id LIMIT "
        found = connection.exec_driver_sql(statement + str(CITY // SHARE))
        records = [row.id for row in found]
    keepers = [(metric.name, keeper(metric)) for metric in METRICS["device"]]
    devices = [month(number) for number in range(PATTERNS)]
    seq = 0
    for _ in range(5 * 24 + 1):
        with store.write() as unit:
            last = 0
            for _minute in range(60):
                rows = []
                for number, device in enumerate(devices):
                    report = next(device)
                    seq += 1
                    kept = [keep([report.get(name)])[0] for name, keep in keepers]
                    last = report["at"]
                    rows.append((records[number], last, 1, seq, 300, *kept, "snmp", ""))
                raw.insert(unit.connection, "device", rows)
            upsert(
                unit.connection, observation,
                [{"kind": "device", "record_id": record, "observed_at": last,
                  "received_at": unit.now, "fresh_until": 0, "source": "", "facts": "{}"}
                 for record in records],
            )  # fmt: skip
        clock.advance(3600)
        for _ in range(3):
            packing.roll_up(store)
            packing.seal(store)
    return records


def spread(file: Path, records: list[int], now: int) -> None:
    """Give what was booked to the other devices, and what was packed of it to the other days."""
    today = now // 86_400_000_000
    with sqlite3.connect(file) as plain:
        plain.execute("PRAGMA synchronous=OFF")
        names = [row[1] for row in plain.execute("PRAGMA table_info(sample_device)")]
        day, fine, hourly = zip(*plain.execute(
            "SELECT day, fine, hourly FROM rollup WHERE record_id <= ?"
            " ORDER BY day DESC, record_id",
            (records[PATTERNS - 1],),
        ).fetchmany(PATTERNS), strict=True)  # fmt: skip
        hours = [plain.execute(
            "SELECT hour % 24, reports, data FROM sealed WHERE record_id = ? AND hour / 24 = ?",
            (record, day[0])).fetchall() for record in records[:PATTERNS]]  # fmt: skip
        for number, record in enumerate(records[:PATTERNS]):
            plain.executemany(
                "INSERT INTO sealed VALUES ('device', ?, ?, ?, ?)",
                [(record, past * 24 + hour, reports, data)
                 for past in range(today - REPORTS_DAYS, day[0] - 2)
                 for hour, reports, data in hours[number]],
            )  # fmt: skip
            plain.executemany(
                "INSERT INTO rollup VALUES ('device', ?, ?, ?, ?)",
                [(record, past, fine[number], hourly[number])
                 for past in range(today - DAYS, day[0] - 2)],
            )  # fmt: skip
        for number, record in enumerate(records[PATTERNS:]):
            for table, columns in (
                ("sample_device", ["record_id", *names[1:]]),
                ("sealed", ["record_id", "kind", "hour", "reports", "data"]),
                ("rolled_hour", ["record_id", "kind", "hour", "fine"]),
                ("rollup", ["record_id", "kind", "day", "fine", "hourly"]),
            ):
                # Other devices have other packs, which do not pack any better a second time.
                values = [
                    f"randomblob(length({name}))" if name in ("data", "fine", "hourly") else name
                    for name in columns[1:]
                ]
                plain.execute(
                    f"INSERT INTO {table} ({', '.join(columns)})"
                    f" SELECT ?, {', '.join(values)} FROM {table} WHERE record_id = ?",
                    (record, records[number % PATTERNS]),
                )
        # What one night has to do; the nights before it were there.
        plain.execute(
            "DELETE FROM measured_day WHERE NOT (part = 'reports' AND day = :joined"
            " OR part = 'buckets' AND day IN (:joined, :yesterday))",
            {"joined": day[0], "yesterday": today - 1},
        )


def timed(work: Any) -> tuple[float, Any]:
    """CPU seconds, and what was answered."""
    begun = time.process_time()
    answer = work()
    return time.process_time() - begun, answer


def night(store: Any, folder: Path) -> dict[str, float]:
    """The backup and the archive of one night, and the whole backup."""
    from schoolops.db import backup
    from schoolops.telemetry.archive.writing import archive

    small_cpu, small = timed(lambda: backup.create(store, folder))
    archive_cpu, days = timed(lambda: sum(iter(lambda: archive(store), False)))
    files = list((store.settings.backup_folder / "measurements").glob("*.measurements"))
    written = sum(path.stat().st_size for path in files)
    whole_cpu, whole = timed(lambda: backup.create(store, folder, whole=True))
    return {
        "small": small["bytes"], "small_cpu": small_cpu,
        "archive": written, "archive_cpu": archive_cpu, "parts": days,
        "whole": whole["bytes"], "whole_cpu": whole_cpu,
        "database": store.file.stat().st_size,
    }  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        home = Path(folder) / "home"
        for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
            del os.environ[name]
        os.environ.update(environment(home))
        load_sample(home)
        from schoolops.core.clock import FixedClock
        from schoolops.core.settings import load_settings
        from schoolops.db.engine import Store

        clock = FixedClock(BEGIN * 1_000_000)
        store = Store.open(load_settings(), clock)
        before = store.file.stat().st_size
        records = book(store, clock)
        store.close()
        spread(home / "schoolops.db", records, clock.now())
        store = Store.open(load_settings(), clock)
        found = night(store, Path(folder))
        store.close()
    if found["parts"] != 3:
        raise SystemExit(f"the archive wrote {found['parts']} parts of days, not 3")

    def city(name: str) -> float:
        """Of a whole city: what is not measured is there as it is."""
        return found["small" + name] + SHARE * (found["whole" + name] - found["small" + name])

    size = found["small"] + SHARE * found["archive"]
    cpu = found["small_cpu"] + SHARE * found["archive_cpu"]
    detail = {
        "backup without measurements, MB": round(found["small"] / 1e6, 1),
        "CPU of it with its proof, s": round(found["small_cpu"], 1),
        "archive of a city's night, MB": round(SHARE * found["archive"] / 1e6),
        "CPU of it, s": round(SHARE * found["archive_cpu"], 1),
        "database of a city, GB": round((before + SHARE * (found["database"] - before)) / 1e9, 1),
    }
    whole = "the whole database, as before"
    for bar, figure, unit, limit, peer, more in (
        ("a night's backup of a city after a year, new bytes on the disk", size / 1e9, "GB",
         LIMIT_GB, city("") / 1e9, detail),
        ("a night's backup of a city after a year, proof and archive too", cpu, "s CPU", LIMIT_S,
         city("_cpu"), None),
    ):  # fmt: skip
        beside = {"name": whole, "figure": round(peer, 1)}
        result = {"bar": bar, "figure": round(figure, 3), "unit": unit, "limit": limit,
                  "peer": beside, "command": COMMAND}  # fmt: skip
        print(json.dumps(result | ({"detail": more} if more else {})))


if __name__ == "__main__":
    main()
