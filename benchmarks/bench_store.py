"""Reading lists from a store: a million devices in SQLite, and a city's everyday filters.

    python benchmarks/bench_store.py          one JSON object a line

CPU time of this process (SQLite runs in it): the whole call, from the text of the filter to the
rows as the API encodes them, the best of a few. Beside it stands the same rows read by plain
sqlite3 with a statement written by hand.
"""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path
from typing import Any

DEVICES = 1_000_000
SCHOOLS, ROOMS = 5_500, 140_000
COMMAND = "python benchmarks/bench_store.py"
KINDS = ("ipad",) * 80 + ("pc",) * 8 + ("access-point",) * 9 + ("switch",) * 3
MODELS = ("iPad 9", "iPad 10", "iPad Air 5", "AP 515", "C9120AXI", "2930F", "OptiPlex 7010")


def cpu_ms() -> float:
    """CPU time of this process so far, user and system."""
    return time.process_time() * 1000


def fill_million(file: Path) -> None:
    """Fill a migrated, empty database; the indexes are made afterwards, which is faster."""
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA cache_size=-200000")
    indexes = db.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        "AND tbl_name = 'devices'"
    ).fetchall()
    for name, _ in indexes:
        db.execute(f"DROP INDEX {name}")
    db.execute("BEGIN")
    stamps = (1, 0, 0, "bench")
    _insert(db, "schools", "id uid key key_folded number name search_text authority", stamps, (
        (n, f"s{n}", f"{100000 + n}", f"{100000 + n}", f"{100000 + n}", f"Schule {n}",
         f"{100000 + n} schule {n}", f"{10000 + n % 400}")
        for n in range(1, SCHOOLS + 1)
    ))  # fmt: skip
    _insert(db, "rooms", "id uid key key_folded school_id name kind search_text", stamps, (
        (n, f"r{n}", f"{_school(n) + 100000}/{n}", f"{_school(n) + 100000}/{n}", _school(n),
         str(n), "classroom", str(n))
        for n in range(1, ROOMS + 1)
    ))  # fmt: skip
    names = "id uid key key_folded kind name serial model school_id room_id search_text health"
    _insert(db, "devices", names, stamps, _devices())
    db.execute("COMMIT")
    for _, sql in indexes:
        db.execute(sql)
    db.close()


def _school(room: int) -> int:
    return room % SCHOOLS + 1


def _devices() -> Any:
    """Serial numbers come in no order, as in life."""
    dice = random.Random(7)
    order = list(range(DEVICES))
    dice.shuffle(order)
    for n, place in enumerate(order, 1):
        kind, model = dice.choice(KINDS), dice.choice(MODELS)
        room = dice.randrange(1, ROOMS + 1)
        serial = f"DMP{place:09d}"
        low = serial.lower()
        name = f"{kind}-{n}"
        health = "ok" if dice.random() < 0.97 else "down"
        yield (n, f"{n:036d}", serial, low, kind, name, serial, model, _school(room), room,
               f"{low} {name} {model.lower()}", health)  # fmt: skip


def _insert(db: sqlite3.Connection, table: str, names: str, stamps: Any, rows: Any) -> None:
    columns = ["version", "created_at", "updated_at", "updated_by", *names.split()]
    if table != "devices":
        stamps, columns = (*stamps,), columns
    extra = [c for c in ("health_reason",) if c]
    columns += extra
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
    db.executemany(statement, ((*stamps, *row, "") for row in rows))
