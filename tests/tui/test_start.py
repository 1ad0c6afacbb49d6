"""What the start of the terminal UI imports, and what it says without a terminal."""

from __future__ import annotations

import os
import subprocess
import sys

HEAVY = ("pydantic", "sqlalchemy", "fastapi", "httpx", "babel", "pysnmp", "netmiko", "fabric",
         "cryptography", "openpyxl", "jinja2")  # fmt: skip
CODE = """
import asyncio, sys
from tui.app import SchoolopsApp
async def connect():
    await asyncio.Event().wait()
async def main():
    async with SchoolopsApp(connect).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        print(*sys.modules)
asyncio.run(main())
"""


def test_the_first_screen_needs_none_of_the_heavy_libraries() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & set(HEAVY)
    assert "tui.commands.records" not in done.stdout.split()


def test_without_a_terminal_it_says_so_and_answers_2() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import tui; raise SystemExit(tui.run())"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, env=os.environ, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "Traceback" not in done.stderr
