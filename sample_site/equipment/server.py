"""All simulators of one process together, and the control socket that injects faults.

The control protocol is a line of JSON each way on a Unix socket:

| request | answer |
|---|---|
| `{"do": "status"}` | ports, devices, silent, lines, faults, requests |
| `{"do": "fault", "fault": {…}}` (fields of `faults.Fault`) | `{"ok": true, "number": 3}` |
| `{"do": "clear", "number": 3}` (without number: all) | `{"ok": true}` |
| `{"do": "stop"}` | `{"ok": true}`, then the process ends |

A request that cannot be done is answered `{"ok": false, "error": "…"}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from sample_site.equipment.clock import SimClock
from sample_site.equipment.faults import Fault, parse_fault
from sample_site.equipment.lines import Line
from sample_site.equipment.model import Estate
from sample_site.equipment.responder import Responder
from sample_site.equipment.unifi import Console
from sample_site.equipment.world import State, World


class Ports(NamedTuple):
    """Where things listen; 0 asks for any free port. All are unprivileged."""

    snmp: int = 0  # UDP, all device addresses
    line: int = 0  # TCP and UDP, each line's address
    rest: int = 0  # TCP, each UniFi console's address


ANY = Ports()


def _control_socket(path: Path) -> socket.socket:
    """A Unix socket that only its owner may use."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        sock.bind(str(path))
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(mask)
    return sock


class Equipment:
    """Everything an estate describes, running in the current loop."""

    def __init__(self, estate: Estate, at: str = "") -> None:
        self.world = World(estate, SimClock(at))
        self.ports = Ports()
        self._responder = Responder(self.world)
        self._lines = [Line(line, self.world) for line in estate.lines]
        self._consoles = [
            Console(state, self.world, estate.passwords.get(state.device.key, ""))
            for state in self.world.devices.values()
            if state.device.model == "UniFi Console"
        ]
        self._control: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._stopped = asyncio.Event()

    async def start(self, ports: Ports = ANY, control: Path | None = None) -> Ports:
        """Open all sockets; returns the ports. Raises OSError if one is taken."""
        try:
            snmp = self._responder.start(ports.snmp)
            line = rest = 0
            for each in self._lines:
                line = each.start(line or ports.line)
            for console in self._consoles:
                rest = await console.start(rest or ports.rest)
            if control is not None:
                self._control = await asyncio.start_unix_server(
                    self._serve, sock=_control_socket(control)
                )
        except OSError:
            self.stop()
            raise
        self.ports = Ports(snmp, line, rest)
        return self.ports

    def stop(self) -> None:
        """Close everything; `wait` returns."""
        for timer in self._timers:
            timer.cancel()
        self._responder.stop()
        for line in self._lines:
            line.stop()
        for console in self._consoles:
            console.stop()
        for task in self._connections:
            task.cancel()
        if self._control is not None:
            self._control.close()
            self._control = None
        self._stopped.set()

    async def wait(self) -> None:
        """Until somebody stops it."""
        await self._stopped.wait()

    # -- faults -----------------------------------------------------------------------------

    def inject(self, fault: Fault) -> int | None:
        """Schedule a fault. Returns its number if it begins at once. Raises ValueError."""
        self.world.check(fault)
        if fault.at_s:
            self._later(fault.at_s, lambda: self._begin(fault))
            return None
        return self._begin(fault)

    def _begin(self, fault: Fault) -> int:
        number = self.world.begin(fault)
        if fault.for_s:
            self._later(fault.for_s, lambda: self.world.end(number))
        return number

    def _later(self, seconds: float, work: Any) -> None:
        def run() -> None:
            self._timers.discard(timer)
            work()

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(timer)

    def status(self) -> dict[str, Any]:
        """What runs, for people and tests."""
        states: list[State] = list(self.world.devices.values())
        return {
            "ok": True,
            "ports": self.ports._asdict(),
            "devices": len(states),
            "silent": sum(state.silent for state in states),
            "lines": len(self._lines),
            "requests": self._responder.requests,
            "faults": {number: asdict(fault) for number, fault in self.world.faults.items()},
        }

    # -- control ----------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while line := await reader.readline():
                answer = self._do(line)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
                if answer.get("stopping"):
                    asyncio.get_running_loop().call_soon(self.stop)
        except (OSError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _do(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("a request is an object")
            match request.get("do"):
                case "status":
                    return self.status()
                case "fault":
                    fault = request.get("fault")
                    if not isinstance(fault, dict):
                        raise ValueError("a fault request has a fault")
                    return {"ok": True, "number": self.inject(parse_fault(fault))}
                case "clear":
                    self.world.end(request.get("number"))
                    return {"ok": True}
                case "stop":
                    return {"ok": True, "stopping": True}
                case other:
                    raise ValueError(f"unknown request {other!r}: use status, fault, clear, stop")
        except ValueError as error:
            return {"ok": False, "error": str(error)}
