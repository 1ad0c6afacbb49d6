"""Start, break and stop the simulated equipment from another program.

with EquipmentProcess(estate, at="10:00") as equipment:
    equipment.ports.snmp                     # the port of all SNMP devices
    number = equipment.inject(Fault("device-dies", "AP-SERIAL"))
    equipment.clear(number)
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sample_site.equipment.faults import Fault
from sample_site.equipment.model import Estate, write_estate
from sample_site.equipment.server import ANY, Ports

_START_S = 60


class EquipmentError(RuntimeError):
    """The process did not start, or refused a request; the text says why."""


class EquipmentProcess:
    """`python -m sample_site.equipment` as a child; ends with its parent."""

    def __init__(self, estate: Estate, *, ports: Ports = ANY, at: str = "") -> None:
        self.ports = Ports()
        self._estate, self._wanted, self._at = estate, ports, at
        self._folder: Path | None = None
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Ports:
        """Start and wait until all sockets are open. Raises EquipmentError."""
        self._folder = Path(tempfile.mkdtemp(prefix="so-equipment-"))
        file = self._folder / "estate.json"
        write_estate(file, self._estate)
        command = [sys.executable, "-m", "sample_site.equipment", "--devices", str(file),
                   "--control", str(self._folder / "control")]  # fmt: skip
        for name, port in self._wanted._asdict().items():
            command += [f"--{name}-port", str(port)]
        if self._at:
            command += ["--at", self._at]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            self.ports = Ports(**json.loads(line)["ports"])
        except (ValueError, KeyError, TypeError):
            words = self.last_words()
            self.stop()
            raise EquipmentError(f"the simulated equipment did not start: {words}") from None
        return self.ports

    def last_words(self) -> str:
        """The last line it wrote to its log."""
        if self._folder is None:
            return "it was not started"
        with contextlib.suppress(OSError):
            lines = (self._folder / "log").read_text(errors="replace").strip().splitlines()
            if lines:
                return lines[-1]
        return "it said nothing"

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def inject(self, fault: Fault) -> int | None:
        """Begin or schedule a fault; its number if it begins at once. Raises EquipmentError."""
        number = self._ask({"do": "fault", "fault": asdict(fault)})["number"]
        return None if number is None else int(number)

    def clear(self, number: int | None = None) -> None:
        """End a fault, or all."""
        self._ask({"do": "clear", "number": number})

    def status(self) -> dict[str, Any]:
        """What `Equipment.status` says."""
        return self._ask({"do": "status"})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._folder is None or not self.running():
            raise EquipmentError(f"the simulated equipment does not run: {self.last_words()}")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.settimeout(10)
                sock.connect(str(self._folder / "control"))
                sock.sendall(json.dumps(request).encode() + b"\n")
                answer = json.loads(sock.makefile("rb").readline())
        except (OSError, ValueError) as error:
            raise EquipmentError(f"the simulated equipment does not answer: {error}") from None
        if not isinstance(answer, dict) or not answer.get("ok"):
            raise EquipmentError(str(answer.get("error", "refused")))
        return answer

    def stop(self) -> None:
        """End the process and remove its folder. May be called twice."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
                try:
                    self._process.wait(5)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _end_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
