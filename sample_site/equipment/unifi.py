"""A UniFi OS console: log-in, and the list of its devices over REST.

Each simulated device of model 'UniFi Console' has one on its own address and the process's REST
port. Any user name is welcome with the console's password (`Estate.passwords`); so is the
password as an API key. Answers have the fields that `agents.controllers.unifi` names.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

from sample_site.equipment import web
from sample_site.equipment.world import State, World

LIST = "/proxy/network/api/s/default/stat/device"


class Console:
    """One console's web server."""

    def __init__(self, state: State, world: World, password: str) -> None:
        self._state, self._world, self._password = state, world, password
        self._sessions: set[str] = set()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, port: int) -> int:
        """Listen on the console's address; returns the port. Raises OSError."""
        self._server = await asyncio.start_server(
            self._serve, self._state.device.address, port, limit=65_536
        )
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await web.serve(reader, writer, self._handle)
        finally:
            self._open.discard(writer)

    async def _handle(self, request: web.Request, writer: asyncio.StreamWriter) -> bool:
        body = await request.reader.readexactly(min(request.length, 65_536))
        while self._state.silent:  # noqa: ASYNC110 - it hangs like a dead one; nobody waits for it
            await asyncio.sleep(1)
        if request.method == "POST" and request.path == "/api/auth/login":
            self._login(body, writer)
        elif request.path != LIST:
            self._send(writer, 404, {"error": {"code": 404, "message": "Not Found"}})
        elif not self._knows(request.headers):
            self._send(writer, 401, {"error": {"code": 401, "message": "Unauthorized"}})
        else:
            now = self._world.clock.now()
            data = [device(point, now) for point in self._state.points]
            self._send(writer, 200, {"meta": {"rc": "ok"}, "data": data})
        await writer.drain()
        return True

    def _login(self, body: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            given = json.loads(body)["password"]
        except (ValueError, KeyError, TypeError):
            given = None
        if not self._password or given != self._password:
            self._send(writer, 403, {"code": "AUTHENTICATION_FAILED_INVALID_CREDENTIALS"})
            return
        session = secrets.token_hex(16)
        self._sessions.add(session)
        self._send(writer, 200, {"username": "schoolops"},
                   f"Set-Cookie: TOKEN={session}; path=/; httponly",
                   f"X-CSRF-Token: {secrets.token_hex(8)}")  # fmt: skip

    def _knows(self, headers: dict[str, str]) -> bool:
        if self._password and headers.get("x-api-key") == self._password:
            return True
        cookies = headers.get("cookie", "").split("; ")
        return any(cookie.removeprefix("TOKEN=") in self._sessions for cookie in cookies)

    def forget_sessions(self) -> None:
        """End all sessions, as a restart of the console does."""
        self._sessions.clear()

    @staticmethod
    def _send(
        writer: asyncio.StreamWriter, status: int, answer: dict[str, Any], *extra: str
    ) -> None:
        data = json.dumps(answer).encode()
        writer.write(web.head(status, len(data), *extra) + data)


def device(point: State, now: float) -> dict[str, Any]:
    """One device of stat/device; a lost one has state 0 and no current values."""
    item: dict[str, Any] = {
        "mac": point.device.macs[0],
        "serial": point.device.serial,
        "model": point.device.model,
        "name": point.device.name,
        "type": "uap",
        "adopted": True,
        "state": 0 if point.silent else 1,
    }
    if point.silent:
        return item
    rx, tx = point.octets(0, now)
    radios = [
        {"name": f"wifi{radio}", "radio": word, "num_sta": point.clients(radio, now)}
        for radio, word in enumerate(("ng", "na"))
    ]
    return item | {
        "uptime": int(point.uptime(now)),
        "system-stats": {"cpu": f"{point.cpu(now)}.0", "mem": f"{point.memory(now)}.0"},
        "general_temperature": point.temperature(now),
        "num_sta": sum(point.clients(radio, now) for radio in (0, 1)),
        "radio_table_stats": radios,
        "uplink": {"rx_bytes": rx, "tx_bytes": tx},
    }
