"""A server of its own in a folder of its own, for benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

START_LIMIT_S = 60.0


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment without settings of the person's own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SCHOOLOPS_")}
    return kept | {"SCHOOLOPS_HOME": str(home)} | more


def load_sample(home: Path) -> None:
    """The whole sample city into a new home."""
    subprocess.run(
        [sys.executable, "-m", "schoolops.cli", "sample", "load", "--json"],
        env=environment(home),
        stdout=subprocess.DEVNULL,
        check=True,
    )


@contextmanager
def serve(
    home: Path, *, program: Sequence[str] = ("-m", "schoolops.cli"), **more: str
) -> Iterator[tuple[str, int]]:
    """Run `schoolops serve` on a free port: its address and its process id."""
    more = {"SCHOOLOPS_SERVER__PORT": "0", **more}
    log = home / "bench-server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *program, "serve"],
            env=environment(home, **more),
            stdout=output,
            stderr=output,
        )
    try:
        yield _address(home, process, log), process.pid
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(home: Path, process: subprocess.Popen[bytes], log: Path) -> str:
    file = home / "server.address"
    deadline = time.monotonic() + START_LIMIT_S
    while not file.exists() or not file.read_text().strip():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
        time.sleep(0.02)
    from schoolops.client._launch import answers
    from schoolops.core.paths import socket_path

    while not answers(socket_path(home)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
        time.sleep(0.02)
    return file.read_text().strip()


def cpu_s(process: int) -> float:
    """CPU seconds of another process so far, its ended threads included."""
    return time.clock_gettime((~process << 3) | 2)
