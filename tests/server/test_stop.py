"""A server that is told to stop goes at once and quietly, also while screens follow it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

from schoolops.client import Offline, connect_async
from schoolops.core import paths


async def test_stopping_while_a_screen_follows_shows_no_traceback(home: Path) -> None:
    command = [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        await _until_it_listens(paths.socket_path(home))
        client = await connect_async()
        try:
            await client.page("schools")
            following = asyncio.create_task(_follow(client))
            await asyncio.sleep(2.5)  # the stream has waited for news at least twice
            process.send_signal(signal.SIGTERM)
            said, _ = await asyncio.wait_for(process.communicate(), 20)
            await asyncio.wait_for(following, 10)
        finally:
            await client.aclose()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert b"Traceback" not in said
    assert b"CancelledError" not in said


async def _until_it_listens(path: Path) -> None:
    for _ in range(200):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        await asyncio.sleep(0.05)
    raise AssertionError("the server did not start")


async def _follow(client: object) -> None:
    try:
        async for _ in client.changes():  # type: ignore[attr-defined]
            pass
    except Offline:
        return
