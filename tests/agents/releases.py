"""Real releases of the agent, good and broken, signed, and an agent that runs from one."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agents.build import build
from agents.protocol import release_statement
from tests.agents.process import ROOT, environment

BROKEN = "raise RuntimeError('this release is broken')\n"
MUTE = (
    "import agents.sender\n"
    "agents.sender.Sender.step = lambda self: 1.0\n"
    "agents.sender.Sender.deliver_now = lambda self: False\n"
)
"""Runs and measures, and never delivers."""
TRIPWIRE = """
def _trip(name):
    real = getattr(posix, name)
    def tripping(*words):
        with open(os.environ["TRIPWIRE"], "ab", 0) as file:
            file.write(b".")
            if file.tell() == int(os.environ["TRIP_AT"]):
                os.killpg(0, 9)
        return real(*words)
    setattr(posix, name, tripping)
    setattr(os, name, tripping)
if "TRIPWIRE" in os.environ:
    for name in ("fsync", "replace", "execve", "execv", "fork"):
        _trip(name)
"""
"""Kills the agent and its children at the so manieth of its steps that matter."""


@functools.cache
def release(version: str, *, main: str = "", tripwire: bool = False) -> bytes:
    """An archive of this checkout's agent under another version. `main` is put at the begin of what
    `run` does."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "agents"
        shutil.copytree(ROOT / "agents", package, ignore=shutil.ignore_patterns("__pycache__"))
        first = package / "__init__.py"
        text = first.read_text()
        assert '__version__ = "' in text
        text = text.partition("__version__")[0] + f'__version__ = "{version}"\n'
        first.write_text(text + ("import os, posix\n" + TRIPWIRE if tripwire else ""))
        if main:
            cli = package / "cli.py"
            before, found, after = cli.read_text().partition("import sys\n")
            assert found
            cli.write_text(f"{before}{found}{main}{after}")
        output = Path(folder) / "a.pyz"
        build(package, output)
        return output.read_bytes()


class Signer:
    """Who holds the release key."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes_raw().hex()

    def arguments(self, data: bytes, version: str, **more: Any) -> dict[str, Any]:
        """What a command to upgrade carries."""
        sha256 = hashlib.sha256(data).hexdigest()
        signature = self._key.sign(release_statement(version, sha256, len(data))).hex()
        return {"version": version, "sha256": sha256, "size": len(data),
                "signature": signature, **more}  # fmt: skip


class Supervised:
    """An agent installed as a file, started again whenever it ends, as systemd would."""

    def __init__(self, folder: Path, installed: bytes) -> None:
        self.state = folder / "state"
        self.archive = folder / "schoolops-agent.pyz"
        self.archive.write_bytes(installed)
        self.starts = 0
        self.environment = environment()
        del self.environment["PYTHONPATH"]
        self._log = (folder / "log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, *words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self.archive), *map(str, words), "--state", str(self.state)]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment, timeout=60
        )

    def keep_running(self) -> None:
        """Start it if it does not run."""
        if self._process is not None and self._process.poll() is None:
            return
        self.starts += 1
        command = [sys.executable, str(self.archive), "run", "--state", str(self.state)]
        self._process = subprocess.Popen(
            command, stderr=self._log, env=self.environment, start_new_session=True
        )

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text()

    def kill(self) -> None:
        """What a power cut does."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def terminate(self) -> int:
        """Ask it to stop; its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(60)

    def __enter__(self) -> Supervised:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._log.close()
