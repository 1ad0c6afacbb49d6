"""The whole sample city from nothing into SQLite; plain sqlite3 with the same rows beside it.

    python benchmarks/bench_load.py           one JSON object a line

CPU time (user + system) of a process of its own: start of Python, making the database, inventing
the city, checking references, audit, commit. The peer is what cannot be avoided: the very same
rows, read back from the finished file, put by `sqlite3.executemany` into the same tables with
the same indexes, in one transaction.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LIMIT_S = 15.0
COMMAND = "python benchmarks/bench_load.py"


def ours(home: Path) -> tuple[float, dict[str, Any]]:
    """CPU seconds of `schoolops sample load` into a new home, and what it reported."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SCHOOLOPS_")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "schoolops.cli", "sample", "load", "--json"],
        env=environment | {"SCHOOLOPS_HOME": str(home)},
        stdout=subprocess.PIPE,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, json.loads(done.stdout)


def plain(source: Path, target: Path) -> tuple[float, int]:
    """CPU seconds of sqlite3 alone for the rows of `source`, and how many they are."""
    old = sqlite3.connect(source)
    schema = old.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL "
        "AND name NOT LIKE 'sqlite_%' ORDER BY type = 'index'"
    ).fetchall()
    tables = {
        name: old.execute(f"SELECT * FROM {name}").fetchall()
        for kind, name, _ in schema
        if kind == "table"
    }
    old.close()
    begun = time.process_time()
    new = sqlite3.connect(target, isolation_level=None)
    new.execute("PRAGMA journal_mode=WAL")
    new.execute("PRAGMA synchronous=FULL")
    for _, _, sql in schema:
        new.execute(sql)
    new.execute("BEGIN IMMEDIATE")
    for name, rows in tables.items():
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            new.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    new.execute("COMMIT")
    new.close()
    return time.process_time() - begun, sum(map(len, tables.values()))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        home = Path(folder) / "home"
        figure, report = ours(home)
        peer, rows = plain(home / "schoolops.db", Path(folder) / "plain.db")
    print(
        json.dumps(
            {
                "bar": "the whole sample city from nothing into SQLite",
                "figure": round(figure, 2),
                "unit": "s CPU",
                "limit": LIMIT_S,
                "peer": {
                    "name": "sqlite3.executemany of the same rows, tables and indexes",
                    "figure": round(peer, 2),
                    "unit": "s CPU",
                    "rows": rows,
                },
                "records": report["records"],
                "command": COMMAND,
            }
        )
    )


if __name__ == "__main__":
    main()
