"""Debian's net-snmp `snmpd` on a loopback port, with a configuration and state of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers import require

COMMUNITY = "s3cret-community"
AUTH_KEY = "auth-key-12345"
PRIVACY_KEY = "privacy-key-12345"

ENT_SERIAL = "1.3.6.1.2.1.47.1.1.1.1.11"
CONFIGURATION = f"""\
agentAddress udp:127.0.0.1:{{port}}
rocommunity {COMMUNITY}
sysName peer-box
createUser full SHA "{AUTH_KEY}" AES "{PRIVACY_KEY}"
createUser full256 SHA-256 "{AUTH_KEY}" AES "{PRIVACY_KEY}"
createUser signed SHA-512 "{AUTH_KEY}"
createUser signed5 MD5 "{AUTH_KEY}"
createUser long SHA-256 "{AUTH_KEY}" AES-256 "{PRIVACY_KEY}"
createUser cisco SHA-256 "{AUTH_KEY}" AES-256-C "{PRIVACY_KEY}"
createUser old SHA "{AUTH_KEY}" DES "{PRIVACY_KEY}"
createUser plain
rouser full authpriv
rouser full256 authpriv
rouser signed auth
rouser signed5 auth
rouser plain noauth
rouser long authpriv
rouser cisco authpriv
rouser old authpriv
"""


@dataclass
class Snmpd:
    """A running snmpd; `restart` ends and starts it on the same port."""

    program: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    serial: str = ""
    """Of its chassis in ENTITY-MIB, which net-snmp does not have by itself."""

    def start(self) -> None:
        (self.folder / "state").mkdir(exist_ok=True)
        entity = f'override {ENT_SERIAL}.1 octet_str "{self.serial}"\n' if self.serial else ""
        (self.folder / "snmpd.conf").write_text(CONFIGURATION.format(port=self.port) + entity)
        self.process = subprocess.Popen(
            [self.program, "-f", "-Lf", str(self.folder / "log"), "-I", "-smux"],
            env={**os.environ, "SNMP_PERSISTENT_DIR": str(self.folder / "state"),
                 "MIBS": "", "SNMPCONFPATH": str(self.folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        log = self.folder / "log"
        for _ in range(100):
            if log.exists() and "NET-SNMP version" in log.read_text():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"snmpd did not start:\n{log.read_text() if log.exists() else ''}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
            self.process = None

    def restart(self, *, forget: bool = False) -> None:
        """Start again; with `forget` it has lost its engine's boot count, as after a flash."""
        self.stop()
        (self.folder / "log").unlink()
        if forget:
            shutil.rmtree(self.folder / "state")
        self.start()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running() -> Iterator[Snmpd]:
    """A snmpd for the length of the block; skips the test where there is none."""
    program = require("snmpd")
    folder = Path(tempfile.mkdtemp(prefix="schoolops-snmpd-"))
    peer = Snmpd(program, folder, _free_port())
    try:
        peer.start()
        yield peer
    finally:
        peer.stop()
        shutil.rmtree(folder, ignore_errors=True)
