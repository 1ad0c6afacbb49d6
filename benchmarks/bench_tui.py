"""The terminal UI: first paint, a million rows, page-down; stock tables in the same run.

    python benchmarks/bench_tui.py            one JSON object a line

CPU time of a process of its own for each figure (user + system), so that nothing is warm that
would not be warm for a person. The million rows come from a source in memory: what is measured
is the screen, not a database.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SIZE = (120, 40)
ROWS = 1_000_000
PEER_ROWS = 20_000
COMMAND = "python benchmarks/bench_tui.py"
COLUMNS = ("key", "name", "model", "school", "room", "serial")


def cpu_ms() -> float:
    """CPU time of this process so far."""
    return time.process_time() * 1000


def rss_mb() -> float:
    """Memory of this process now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def record(n: int) -> list[Any]:
    return [f"{n:08d}", f"DMP{n:08d}", 1, False, "ok", "fresh", f"iPad {n}", "iPad 9",
            f"{160000 + n % 174}", f"{n % 40}.{n % 9}", f"DMP{n:08d}"]  # fmt: skip


class Million:
    """Rows that are made when asked for."""

    async def page(self, offset: int, limit: int) -> list[list[Any]]:
        return [record(n) for n in range(offset, min(ROWS, offset + limit))]

    async def count(self) -> int:
        return ROWS

    async def rows(self, ids: Any) -> list[list[Any]]:
        return [record(int(id)) for id in ids]


CHILD = """
import asyncio
from tui.app import SchoolopsApp
from tui.settings import TuiSettings
async def connect():
    await asyncio.Event().wait()
SchoolopsApp(connect, TuiSettings(language="de")).run()
"""


def first_paint() -> dict[str, float]:
    """In a real terminal (a pty of 80×24): the CPU time of the process when the first screen
    has come out whole, its last line included; start of Python and all imports count."""
    import fcntl
    import pty
    import struct
    import termios

    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        os.execv(sys.executable, [sys.executable, "-c", CHILD])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    while b"Beenden" not in seen:
        seen += os.read(terminal, 65536)
    figure = sum(
        int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        for task in os.listdir(f"/proc/{pid}/task")
    )
    os.write(terminal, b"q")
    os.kill(pid, 15)
    os.waitpid(pid, 0)
    return {"cpu_ms": figure / 1e6}


async def ours() -> dict[str, float]:
    from textual.app import App, ComposeResult

    from tui.table import Column, PagedTable

    def column(name: str, at: int) -> Column:
        return Column(name, name, 16, lambda row: (str(row[at]), ""))

    columns = tuple(column(name, 5 + at) for at, name in enumerate(COLUMNS))

    class Bench(App[None]):
        def compose(self) -> ComposeResult:
            yield PagedTable()

    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        table = app.query_one(PagedTable)
        memory, start = rss_mb(), cpu_ms()
        table.show(Million(), columns)
        while table.current() is None or table.total is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await pilot.pause()
        rows_ms = cpu_ms() - start
        start = cpu_ms()
        for _ in range(100):
            table.go("page_down")
            await pilot._wait_for_screen()
            await asyncio.sleep(0.02)
        page_ms = (cpu_ms() - start) / 100
        assert table.cursor > 3_000
        table.go("bottom")
        await pilot.pause(0.1)
        assert table.current() is not None
        return {"rows_ms": rows_ms, "page_ms": page_ms, "mb": rss_mb() - memory}


async def stock() -> dict[str, float]:
    from textual.app import App, ComposeResult
    from textual.widgets import DataTable

    class Bench(App[None]):
        def compose(self) -> ComposeResult:
            yield DataTable()

    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        table = app.query_one(DataTable)
        memory, start = rss_mb(), cpu_ms()
        table.add_columns(*COLUMNS)
        for n in range(PEER_ROWS):
            table.add_row(*(str(value) for value in record(n)[5:]))
        await pilot.pause()
        rows_ms = cpu_ms() - start
        start = cpu_ms()
        for _ in range(30):
            table.action_page_down()
            await pilot._wait_for_screen()
            await asyncio.sleep(0.02)
        return {"rows_ms": rows_ms, "page_ms": (cpu_ms() - start) / 30, "mb": rss_mb() - memory}


async def fast() -> dict[str, float]:
    from textual.app import App, ComposeResult
    from textual_fastdatatable import DataTable
    from textual_fastdatatable.backend import ArrowBackend

    class Bench(App[None]):
        def compose(self) -> ComposeResult:
            yield DataTable(id="empty")

    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        memory, start = rss_mb(), cpu_ms()
        data = {name: [str(record(n)[5 + at]) for n in range(PEER_ROWS)]
                for at, name in enumerate(COLUMNS)}  # fmt: skip
        table = DataTable(backend=ArrowBackend.from_pydict(data))
        await app.mount(table)
        await pilot.pause()
        rows_ms = cpu_ms() - start
        start = cpu_ms()
        for _ in range(30):
            table.action_page_down()
            await pilot._wait_for_screen()
            await asyncio.sleep(0.02)
        return {"rows_ms": rows_ms, "page_ms": (cpu_ms() - start) / 30, "mb": rss_mb() - memory}


PARTS = {"ours": ours, "stock": stock, "fast": fast}


def run(part: str, times: int = 1) -> dict[str, float]:
    """A part in a process of its own; the best of several runs for each figure."""
    found: list[dict[str, float]] = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, __file__, part], check=True, capture_output=True, text=True
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: min(one[name] for one in found) for name in found[0]}


def line(bar: str, figure: float, unit: str, limit: float, peer: dict[str, Any]) -> None:
    print(json.dumps({"bar": bar, "figure": round(figure, 1), "unit": unit, "limit": limit,
                      "peer": peer, "command": COMMAND}))  # fmt: skip


def main() -> None:
    paint = run("first_paint", 3)["cpu_ms"]
    table, data_table, arrow = run("ours", 2), run("stock"), run("fast")

    def peers(name: str) -> dict[str, Any]:
        return {
            f"textual DataTable, {PEER_ROWS:,} rows": round(data_table[name], 1),
            f"textual-fastdatatable, {PEER_ROWS:,} rows": round(arrow[name], 1),
        }

    line("TUI first paint", paint, "ms CPU", 400, {})
    line("first rows of 1,000,000", table["rows_ms"], "ms CPU", 60, peers("rows_ms"))
    line("1,000,000 rows, extra memory", table["mb"], "MB", 20, peers("mb"))
    line("page down", table["page_ms"], "ms CPU", 16, peers("page_ms"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        part = sys.argv[1]
        result = first_paint() if part == "first_paint" else asyncio.run(PARTS[part]())
        print(json.dumps(result))
    else:
        main()
