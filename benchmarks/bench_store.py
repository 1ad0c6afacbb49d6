"""Reading lists from a store: a million devices in SQLite, and a city's everyday filters.

    python benchmarks/bench_store.py          one JSON object a line

CPU time of this process (SQLite runs in it): the whole call, from the text of the filter to the
rows as the API encodes them, the best of a few. Beside it stands the same rows read by plain
sqlite3 with a statement written by hand.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
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


def _devices() -> Iterator[tuple[Any, ...]]:
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
    columns = ["version", "created_at", "updated_at", "updated_by", *names.split(), "health_reason"]
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
    db.executemany(statement, ((*stamps, *row, "") for row in rows))


# -- asking --------------------------------------------------------------------------------

PAGE = (
    "SELECT uid, key, version, retired_at, health, kind, name, serial, model, school_id, room_id "
    "FROM devices WHERE retired_at IS NULL {where} ORDER BY key LIMIT 129 OFFSET {offset}"
)
EVERYDAY = (
    "health:down kind:access-point school:{school}",
    "serial:{serial}",
    "room:{room}",
    "kind:switch school:{school}",
    "kind:access-point health:down",
    "kind:ipad !room:*",
    "model:*air* school:{school}",
    "kind:ipad {word}",
    "warranty_until:<2027-01-01 kind:ipad school:{school}",
    "school_name:*gymnasium* kind:access-point",
)
"""What is asked day by day; the first page and the number of all that match."""


def best_ms(call: Callable[[], object], rounds: int = 3) -> float:
    """CPU time of the quickest of some rounds."""
    figures = []
    for _ in range(rounds):
        begun = cpu_ms()
        call()
        figures.append(cpu_ms() - begun)
    return min(figures)


class Lists:
    """Lists of a store, answered as the API does, and by plain sqlite3 beside it."""

    def __init__(self, settings: Any) -> None:
        from inventory.kinds import KINDS as ALL
        from schoolops.core.permissions import Actor
        from schoolops.db.engine import Store

        self.store = Store.open(settings)
        self.kind = ALL["device"]
        self.actor = Actor.of("bench", "authority-admin")
        self.plain = sqlite3.connect(self.store.file)

    def close(self) -> None:
        self.plain.close()
        self.store.close()

    def page(self, q: str = "", offset: int = 0) -> bytes:
        """A page as it travels."""
        import msgspec

        from schoolops.estate.repository import Estate

        with self.store.read() as connection:
            page = Estate(connection, self.actor, self.store.clock.now()).page(
                self.kind, q, offset=offset
            )
        return msgspec.json.encode(page.rows)

    def jump(self, kind: str, q: str) -> bytes:
        """A hundred rows whose words may be in the school, as a jump reads them."""
        import msgspec

        from inventory.kinds import KINDS
        from schoolops.estate.repository import Estate

        with self.store.read() as connection:
            found = Estate(connection, self.actor, self.store.clock.now())
            page = found.page(KINDS[kind], q, limit=100, columns=("name",), wide=True)
        return msgspec.json.encode(page.rows)

    def count(self, q: str = "") -> int:
        from schoolops.estate.repository import Estate

        with self.store.read() as connection:
            return Estate(connection, self.actor, self.store.clock.now()).count(self.kind, q)

    def by_hand(self, statement: str) -> bytes:
        return json.dumps(self.plain.execute(statement).fetchall()).encode()


def _tell(bar: str, figure: float, limit: float, by_hand: float | None, **more: Any) -> None:
    peer: dict[str, Any] = {}
    if by_hand is not None:
        name = "sqlite3, statement by hand"
        peer = {"name": name, "figure": round(by_hand, 1), "unit": "ms CPU"}
    print(
        json.dumps(
            {
                "bar": bar,
                "figure": round(figure, 1),
                "unit": "ms CPU",
                "limit": limit,
                "peer": peer,
                **more,
                "command": COMMAND,
            }
        ),
        flush=True,
    )


def _prepared(home: Path) -> Any:
    """Settings of a home with a migrated, empty database."""
    from schoolops import migrations
    from schoolops.core.settings import load_settings

    for name in [name for name in os.environ if name.startswith("SCHOOLOPS_")]:
        del os.environ[name]
    os.environ["SCHOOLOPS_HOME"] = str(home)
    settings = load_settings()
    migrations.prepare(settings)
    return settings


def ask_million(home: Path) -> None:
    """The bars of a million devices."""
    settings = _prepared(home)
    fill_million(settings.home / "schoolops.db")
    lists = Lists(settings)
    asked: list[tuple[str, Callable[[], object], float, str]] = [
        ("first page", lists.page, 16, PAGE.format(where="", offset=0)),
        ("page at 900,000", lambda: lists.page(offset=900_000), 100,
         PAGE.format(where="", offset=900_000)),
        ("iPads, page at 700,000", lambda: lists.page("kind:ipad", 700_000), 100,
         PAGE.format(where="AND kind = 'ipad'", offset=700_000)),
        ("count", lists.count, 100, "SELECT count(*) FROM devices WHERE retired_at IS NULL"),
        ("search for a word", lambda: lists.page("000000777"), 500,
         PAGE.format(where="AND search_text LIKE '%000000777%'", offset=0)),
        ("model:*air*", lambda: lists.page("model:*air*"), 1000,
         PAGE.format(where="AND model LIKE '%air%'", offset=0)),
    ]  # fmt: skip
    for name, call, limit, statement in asked:
        ours = best_ms(call)
        by_hand = best_ms(partial(lists.by_hand, statement))
        _tell(f"a million devices in SQLite: {name}", ours, limit, by_hand)
    lists.close()


def ask_city(home: Path) -> None:
    """Ten everyday filters on the sample city: each its first page and its count."""
    from sample_site.load import fill, wanted_city

    settings = _prepared(home)
    lists = Lists(settings)
    fill(lists.store, wanted_city(None))
    found = lists.plain.execute(
        "SELECT schools.key, rooms.key, devices.serial FROM devices "
        "JOIN schools ON schools.id = devices.school_id JOIN rooms ON rooms.id = room_id LIMIT 1"
    ).fetchone()
    names = dict(zip(("school", "room", "serial"), found, strict=True))
    figures = {}
    for template in EVERYDAY:
        q = template.format(**names, word=names["serial"][-4:])

        def ask(q: str = q) -> None:
            lists.page(q)
            lists.count(q)

        figures[q] = best_ms(ask)
    detail = [
        {"bar": q, "figure": round(figure, 1), "unit": "ms CPU"} for q, figure in figures.items()
    ]
    bar = "ten everyday filters on the city's devices, the slowest: first page and count"
    _tell(bar, max(figures.values()), 100, None, devices=lists.count(), detail=detail)
    _tell_jump(lists)
    lists.close()


def _tell_jump(lists: Lists) -> None:
    """What the terminal UI asks for 'school room': three kinds, the slowest of them."""
    school, room = lists.plain.execute(
        "SELECT schools.name, rooms.name FROM rooms JOIN schools ON schools.id = school_id LIMIT 1"
    ).fetchone()
    word = max(school.replace(",", " ").split(), key=len)
    figures = {
        f"{kind}: {q}": best_ms(partial(lists.jump, kind, q))
        for kind in ("school", "room", "device")
        for q in (f"{word} {room}", f"{room} {word}", f"{word} ipad", "zzz 2.14")
    }
    detail = [
        {"bar": q, "figure": round(figure, 1), "unit": "ms CPU"} for q, figure in figures.items()
    ]
    bar = "a jump by words of school and room among the city's devices, the slowest kind"
    _tell(bar, max(figures.values()), 60, None, devices=lists.count(), detail=detail)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        ask_city(Path(folder) / "city")
        ask_million(Path(folder) / "million")


if __name__ == "__main__":
    main()
