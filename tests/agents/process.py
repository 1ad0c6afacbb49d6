"""The agent as a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """Ours, with the checkout to import from, and no settings of the agent's."""
    kept = {k: v for k, v in os.environ.items() if k != "STATE_DIRECTORY"}
    return {**kept, "PYTHONPATH": str(ROOT)}


def agent(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a command of the agent to its end."""
    return subprocess.run(
        [sys.executable, "-m", "agents", *map(str, words)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
    )


@contextmanager
def running(*words: object) -> Iterator[subprocess.Popen[str]]:
    """A command of the agent for the time of a with block; then it is asked to stop."""
    process = start(*words)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def start(*words: object) -> subprocess.Popen[str]:
    """Start a command of the agent."""
    return subprocess.Popen(
        [sys.executable, "-m", "agents", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def status(state: Path) -> dict[str, Any]:
    """What `status --json` says."""
    done = agent("status", "--json", "--state", state)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)
