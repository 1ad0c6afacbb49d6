"""Processes that end with us, whatever happens to us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from schoolops.core.errors import Unusable

_PR_SET_PDEATHSIG = 1
PATIENCE_S = 6.0


def _end_with_parent() -> None:
    """In the child: be told to end when the parent is gone, even by kill -9 (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Processes:
    """Started in order, ended in the opposite order; each writes into a log of its own."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = dict(environment)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a Python module: `command` is what follows `python -m`."""
        with (self._logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # Ctrl+C is ours alone; they are ended in order
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        self.running[name] = process
        return process

    def finish(self, name: str, limit_s: float = 30.0) -> None:
        """Wait for a process that ends by itself; `Unusable` with its last words if it failed."""
        process = self.running[name]
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise Unusable(f"{name} takes longer than {limit_s:.0f} s") from None
        del self.running[name]
        if code:
            raise Unusable(f"{name} ended with {code}: {self.last_words(name)}")

    def check(self) -> None:
        """`Unusable` names a process that should run and does not."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise Unusable(
                    f"{name} ended by itself ({process.returncode}): {self.last_words(name)}"
                )

    def last_words(self, name: str) -> str:
        """The last line that a process wrote."""
        with contextlib.suppress(OSError):
            text = (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if lines:
                return lines[-1]
        return "it said nothing"

    def kill(self, name: str) -> None:
        """Cut a process off, as a power failure does."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End all: politely, last started first, then without mercy."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + PATIENCE_S
        for process in self.running.values():
            try:
                process.wait(max(0.05, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.running.clear()
