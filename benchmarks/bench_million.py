"""A list of 1,000,000 devices end to end: SQLite, the real server, the real terminal UI.

    python benchmarks/bench_million.py        one JSON object a line

The sample city's devices are copied until there are a million. The application stands on the
list of all devices before it is connected; from there CPU time of its process counts (and that
of the server, told beside it) until the first rows are painted. Memory is compared with the same
list under a filter that finds nothing. bench_tui.py measures the table alone, from rows in
memory, beside stock tables of 20,000 rows.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROWS = 1_000_000
SIZE = (120, 40)
PAGES = 100
COMMAND = "python benchmarks/bench_million.py"
PEER = "stock tables in memory: see 'first rows', 'extra memory' and 'page down' of bench_tui.py"


def fill(file: Path) -> float:
    """Copy the devices until there are `ROWS`, as new records; answers wall seconds."""
    begun = time.perf_counter()
    base = sqlite3.connect(file, isolation_level=None)
    base.execute("PRAGMA synchronous=OFF")
    base.execute("PRAGMA cache_size=-400000")
    indexes = base.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'devices' "
        "AND sql IS NOT NULL"
    ).fetchall()
    columns = [row[1] for row in base.execute("PRAGMA table_info(devices)")]
    own = {
        "id": ":first + row_number() OVER ()",
        "uid": "printf('%08x-%04x-7000-8000-%012x', :copy, :copy, id)",
        "key": "key || '-' || :copy",
        "key_folded": "key_folded || '-' || :copy",
        "serial": "serial || '-' || :copy",
    }
    wanted = ", ".join(own.get(name, name) for name in columns)
    base.execute("BEGIN")
    for name, _ in indexes:
        base.execute(f"DROP INDEX {name}")
    (city,) = base.execute("SELECT max(id) FROM devices").fetchone()
    (count,) = base.execute("SELECT count(*) FROM devices").fetchone()
    copy = 0
    while count < ROWS:
        copy += 1
        base.execute(
            f"INSERT INTO devices SELECT {wanted} FROM devices "
            "WHERE id <= :city AND retired_at IS NULL ORDER BY id LIMIT :some",
            {"first": city * copy, "copy": copy, "city": city, "some": ROWS - count},
        )
        (count,) = base.execute("SELECT count(*) FROM devices").fetchone()
    for _, sql in indexes:
        base.execute(sql)
    base.execute("COMMIT")
    base.close()
    return time.perf_counter() - begun


def rss_mb() -> float:
    """Memory of this process now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def look(server: int, first_name: str) -> dict[str, float]:
    """From connect to the first rows; then pages down, the end of the list."""
    import served
    from watched import WatchedApp

    from schoolops.client import connect_async
    from tui.screens.listing import ListScreen
    from tui.settings import TuiSettings

    client, ready = await connect_async(), asyncio.Event()
    await client.live()
    gc.freeze()  # as tui.run does

    async def connect() -> Any:
        await ready.wait()
        return client

    app = WatchedApp(connect, TuiSettings(language="en"))
    found: dict[str, float] = {}
    async with app.run_test(size=SIZE):
        await app.show_main(lambda: ListScreen("devices"))
        await app.until(lambda: app.shows("^ All devices"))
        await asyncio.sleep(0.5)
        cpu, theirs, wall = app.cpu(), served.cpu_s(server), time.perf_counter()
        ready.set()
        await app.until(lambda: app.shows(first_name))
        found["rows_ms"] = (app.painted_cpu - cpu) * 1000
        found["rows_wall_ms"] = (app.painted_at - wall) * 1000
        await app.until(lambda: app.shows(f"^ All devices  {ROWS:,}"))
        found["count_wall_ms"] = (app.painted_at - wall) * 1000
        found["server_ms"] = (served.cpu_s(server) - theirs) * 1000
        await asyncio.sleep(0.5)
        screen = app.screen
        assert isinstance(screen, ListScreen)
        table = screen.table
        cpu, theirs = app.cpu(), served.cpu_s(server)
        for _ in range(PAGES):
            app.press("pagedown")
            await _painted(app)
            while table.current() is None:
                await _painted(app)
        found["page_ms"] = (app.painted_cpu - cpu) * 1000 / PAGES
        found["page_server_ms"] = (served.cpu_s(server) - theirs) * 1000 / PAGES
        assert table.cursor > PAGES * 30, table.cursor
        wall = time.perf_counter()
        app.press("G", "G")
        await app.until(lambda: table.cursor == ROWS - 1 and table.current() is not None)
        found["end_wall_ms"] = (app.painted_at - wall) * 1000
    await client.aclose()
    return found


async def _painted(app: Any) -> None:
    app.painted.clear()
    await asyncio.wait_for(app.painted.wait(), 15)


async def weigh() -> dict[str, float]:
    """Memory after scrolling through the million, against an empty list."""
    from watched import WatchedApp

    from schoolops.client import connect_async
    from tui.screens.listing import ListScreen
    from tui.settings import TuiSettings

    app = WatchedApp(connect_async, TuiSettings(language="en"))
    async with app.run_test(size=SIZE):
        await app.until(lambda: app.shows("● live"))
        await app.show_main(lambda: ListScreen("devices", "serial:nothing"))
        screen = app.screen
        assert isinstance(screen, ListScreen)
        await app.until(lambda: screen.table.total == 0)
        await asyncio.sleep(1)
        before = rss_mb()
        screen.apply_filter("")
        await app.until(lambda: screen.table.total == ROWS)
        for _ in range(PAGES):
            app.press("pagedown")
            await _painted(app)
        app.press("G", "G")
        await app.until(lambda: screen.table.current() is not None)
        await asyncio.sleep(0.5)
        return {"mb": rss_mb() - before}


def run(part: str, home: Path, *words: str) -> dict[str, float]:
    """A part in a process of its own."""
    import served

    done = subprocess.run(
        [sys.executable, __file__, part, *words],
        env=served.environment(home),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def line(bar: str, figure: float, unit: str, limit: float, **detail: float) -> None:
    shown = {name: round(value, 1) for name, value in detail.items()}
    print(json.dumps({"bar": bar, "figure": round(figure, 1), "unit": unit, "limit": limit,
                      "peer": PEER, "command": COMMAND, "detail": shown}), flush=True)  # fmt: skip


def main() -> None:
    import served

    with tempfile.TemporaryDirectory(prefix="schoolops-bench-") as folder:
        home = Path(folder) / "home"
        served.load_sample(home)
        seconds = fill(home / "schoolops.db")
        base = sqlite3.connect(home / "schoolops.db")
        (first,) = base.execute("SELECT name FROM devices ORDER BY key LIMIT 1").fetchone()
        base.close()
        with served.serve(home) as (_address, server):
            looks = [run("look", home, str(server), first) for _ in range(3)]
            best = {name: min(one[name] for one in looks) for name in looks[0]}
            memory = run("weigh", home)["mb"]
    line("first rows of 1,000,000 devices through server and SQLite, after connect",
         best["rows_ms"], "ms CPU", 60, wall_ms=best["rows_wall_ms"],
         counted_after_wall_ms=best["count_wall_ms"], server_ms=best["server_ms"],
         filled_in_s=seconds)  # fmt: skip
    line("1,000,000 devices through server and SQLite, extra memory", memory, "MB", 20)
    line("page down in 1,000,000 devices through server and SQLite", best["page_ms"], "ms CPU", 16,
         server_ms=best["page_server_ms"], last_row_wall_ms=best["end_wall_ms"])  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["look"]:
        print(json.dumps(asyncio.run(look(int(sys.argv[2]), sys.argv[3]))))
    elif sys.argv[1:2] == ["weigh"]:
        print(json.dumps(asyncio.run(weigh())))
    else:
        main()
