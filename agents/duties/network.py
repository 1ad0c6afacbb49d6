"""Network devices: switches, access points, routers and controllers of the school.

Each interval every target of the config gives one DeviceReport. At most 16 devices are asked at
once, and more of them only where there are so many that a minute would not do; those that did not
answer last time wait in a lane of their own, so that a school full of dead access points does not
delay the living. Access points that a controller speaks for share
one poll of it. Counters are reported raw; the server makes rates of them. A device with another
serial number than the recorded one is told as such, without its values.

A device that has just stopped or begun to answer is *restless*: for some minutes it is asked again
between two rounds, so that what comes and goes is seen as that.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from agents.controllers import Index, Point
from agents.errors import AgentError
from agents.protocol import Config, DeviceReport, Target
from agents.snmp.client import Peer, peer_of
from agents.snmp.clients import Client, make_client
from agents.snmp.errors import SnmpError, SnmpMissing, SnmpTimeout, SnmpUnsupported
from agents.snmp.oids import SYS_OBJECT_ID
from agents.snmp.profiles import profile_for
from agents.snmp.profiles.generic import first_question, uptime
from agents.snmp.reading import Memory, Reading, Session
from agents.snmp.serials import Stranger, check, has_changed, is_known, is_serial, strange

CONCURRENCY, MOST_AT_ONCE = 16, 128
SICK_CONCURRENCY, MOST_SICK_AT_ONCE = 64, 256
A_LANE_FOR = 50
"""Devices for each of which one more is asked at once, beyond the least and up to the most."""
TIMEOUT_S = 2.0
TRIES = 2
DEVICE_LIMIT_S = 20.0
CONTROLLER_LIMIT_S = 40.0
RESTLESS_S = 300.0
"""So long after a change of its state a device is asked more often."""
MOST_RESTLESS = 32
AGAIN_AT_LEAST_S = 10.0
"""Seconds between two times that it is asked, at least; otherwise as lines are looked at."""
AGAIN_LIMIT_S = 10.0

Report = tuple[str, NamedTuple]
Work = Callable[[], Awaitable[None]]


class NetworkDuty:
    """Polls the config's targets; keeps one loop, one SNMP engine and log-ins between polls."""

    name = "network"

    def __init__(self, *, timeout_s: float = TIMEOUT_S, tries: int = TRIES) -> None:
        self._timeout_s, self._tries = timeout_s, tries
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Client | None = None
        self._choice = ""
        """The setting that client and `_missing` come from."""
        self.tool = ""
        """Which SNMP client asks, for `status`; '' while none does."""
        self._missing: SnmpError | None = None
        self._memories: dict[Peer, Memory] = {}
        self._sick: set[str] = set()
        self._answers: dict[str, bool] = {}
        """Device → whether it answered when it was asked last."""
        self._changed: dict[str, float] = {}
        """Device → when that has changed last (monotonic)."""
        self._unifi: dict[tuple[str, str, str], Any] = {}

    def interval_s(self, config: Config) -> float:
        """Every tick, if there is a device to read."""
        return config.interval_s if config.targets else 0

    @property
    def trouble(self) -> str:
        """Why no device can be read by SNMP at all, for `status`; '' if all is well."""
        return "" if self._missing is None else str(self._missing)

    def again_s(self, config: Config) -> float:
        """Seconds after which the restless devices want to be asked again; 0 if there are none."""
        if not config.look_every_s or not self._restless(config):
            return 0
        return max(float(config.look_every_s), AGAIN_AT_LEAST_S)

    def measure_again(self, config: Config, now_us: int) -> list[Report]:
        """One DeviceReport of each restless device."""
        restless = self._restless(config)
        if not restless:
            return []
        return self._measure(restless, AGAIN_LIMIT_S, config.snmp_client, again=True)

    def measure(self, config: Config, now_us: int) -> list[Report]:
        """One DeviceReport a target, in the config's order."""
        self._forget(config)
        budget_s = max(5.0, config.interval_s * 0.9)
        return self._measure(config.targets, budget_s, config.snmp_client)

    def _measure(
        self, targets: list[Target], budget_s: float, client: str, *, again: bool = False
    ) -> list[Report]:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            # A stray datagram that pysnmp cannot digest must not fill the journal.
            self._loop.set_exception_handler(lambda loop, context: None)
        reports = self._loop.run_until_complete(self._poll(targets, budget_s, client, again))
        for report in reports:
            self._note(report)
        return [("device", report) for report in reports]

    def _note(self, report: DeviceReport) -> None:
        device, answers = report.device, report.reachable
        if answers is True:
            self._sick.discard(device)
        else:
            self._sick.add(device)
        if answers is not None:
            if self._answers.get(device, answers) != answers:
                self._changed[device] = time.monotonic()
            self._answers[device] = answers

    def _restless(self, config: Config) -> list[Target]:
        """Devices that are asked themselves: to read a whole controller for one would be much."""
        since = time.monotonic() - RESTLESS_S
        self._changed = {device: at for device, at in self._changed.items() if at > since}
        found = [
            target
            for target in config.targets
            if target.method == "snmp" and target.device in self._changed
        ]
        found.sort(key=lambda target: self._changed[target.device], reverse=True)
        return found[:MOST_RESTLESS]

    def close(self) -> None:
        """Close sockets and the loop."""
        for controller in self._unifi.values():
            controller.close()
        self._unifi.clear()
        if self._loop is None:
            return

        async def end() -> None:
            if self._client is not None:
                self._client.close()
            await asyncio.sleep(0)

        self._loop.run_until_complete(end())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self._loop = self._client = None

    # -- one round --------------------------------------------------------------------------

    async def _poll(
        self, wanted: list[Target], budget_s: float, client: str, again: bool
    ) -> list[DeviceReport]:
        singles = [target for target in wanted if target.method == "snmp"]
        shared: dict[tuple[str, Any], list[Target]] = defaultdict(list)
        reports: dict[str, DeviceReport] = {}
        for target in wanted:
            if target.method == "controller":
                shared["controller", peer_of(target)].append(target)
            elif target.method == "unifi":
                shared["unifi", _login_of(target)].append(target)
            elif target.method != "snmp":
                reports[target.device] = _failed(
                    target, None, f"this agent cannot read by {target.method!r}: upgrade it"
                )
        if singles or any(kind == "controller" for kind, _ in shared):
            self._start_client(client)
        refused: dict[Peer, SnmpError] = {}
        if self._client is not None:
            controllers = [where for kind, where in shared if kind == "controller"]
            refused = self._client.register([*map(peer_of, singles), *controllers], keep=again)

        async def one(target: Target) -> None:
            reports[target.device] = await self._device(target, refused)

        async def group(kind: str, where: Any, targets: list[Target]) -> None:
            read = self._over_snmp if kind == "controller" else self._over_rest
            for report in await self._controlled(targets, where, read, refused):
                reports[report.device] = report

        sick: list[Work] = []
        well: list[Work] = []
        for target in singles:
            lane = sick if target.device in self._sick else well
            lane.append(partial(one, target))
        for (kind, where), targets in shared.items():
            lane = sick if all(target.device in self._sick for target in targets) else well
            lane.append(partial(group, kind, where, targets))
        await _within(budget_s, [
            *_workers(well, CONCURRENCY, MOST_AT_ONCE),
            *_workers(sick, SICK_CONCURRENCY, MOST_SICK_AT_ONCE),
        ])  # fmt: skip
        return [
            reports.get(target.device)
            or _failed(target, None, "there was no time left to ask it in this interval")
            for target in wanted
        ]

    def _forget(self, config: Config) -> None:
        """Drop what belongs to devices and controllers that the config names no more."""
        for peer in self._memories.keys() - set(map(peer_of, config.targets)):
            del self._memories[peer]
        logins = {_login_of(target) for target in config.targets if target.method == "unifi"}
        for login in self._unifi.keys() - logins:
            self._unifi.pop(login).close()
        named = {target.device for target in config.targets}
        self._sick &= named
        for device in self._answers.keys() - named:
            del self._answers[device]
            self._changed.pop(device, None)

    def _start_client(self, choice: str) -> None:
        if choice != self._choice:
            if self._client is not None:
                self._client.close()
            self._client, self._missing, self._choice = None, None, choice
        if self._client is None and self._missing is None:
            try:
                self._client = make_client(choice, self._timeout_s, self._tries)
            except SnmpMissing as error:
                self._missing = error
            self.tool = "" if self._client is None else self._client.name

    async def _device(self, target: Target, refused: dict[Peer, SnmpError]) -> DeviceReport:
        peer = peer_of(target)
        if self._client is None or peer in refused:
            return _failed(target, None, str(refused.get(peer) or self._missing))
        memory = self._memories.setdefault(peer, Memory())
        session = Session(self._client, peer, memory)
        reading = Reading()
        memory.response_ms = None
        try:
            async with asyncio.timeout(DEVICE_LIMIT_S):
                await _read(session, target, reading)
        except Stranger as stranger:
            return _failed(target, False, str(stranger))
        except (SnmpError, TimeoutError) as error:
            text = str(error) or f"it answers, but took longer than {DEVICE_LIMIT_S:.0f} s"
            if memory.response_ms is None:
                return _failed(target, _answered(error), text)
            return reading.report(target.device, memory.response_ms, "snmp")._replace(error=text)
        return reading.report(target.device, memory.response_ms, "snmp")

    # -- controllers ------------------------------------------------------------------------

    async def _controlled(
        self,
        targets: list[Target],
        where: Any,
        read: Callable[[Target, Any, dict[Peer, SnmpError]], Awaitable[list[Point]]],
        refused: dict[Peer, SnmpError],
    ) -> list[DeviceReport]:
        """All access points of one controller. What the controller does not say is unknown."""
        try:
            points = await asyncio.wait_for(read(targets[0], where, refused), CONTROLLER_LIMIT_S)
        except (SnmpError, AgentError, TimeoutError) as error:
            text = str(error) or f"took longer than {CONTROLLER_LIMIT_S:.0f} s"
            return [_failed(target, None, f"controller: {text}") for target in targets]
        index = Index(points)
        reports = []
        for target in targets:
            point = index.find(target.identifiers)
            if point is None:
                reports.append(_failed(target, False, "its controller does not list it"))
            elif not point.up:
                reports.append(_failed(target, False, "its controller has lost it"))
            elif target.serial and is_serial(point.serial) and not is_known(point.serial, target):
                reports.append(_failed(target, False, strange(point.serial)))
            else:
                reports.append(point.reading.report(target.device, None, target.method))
        return reports

    async def _over_snmp(
        self, target: Target, peer: Peer, refused: dict[Peer, SnmpError]
    ) -> list[Point]:
        from agents.controllers.snmp import read_controller

        if self._client is None:
            raise self._missing or SnmpMissing("SNMP is not available")
        if peer in refused:
            raise refused[peer]
        memory = self._memories.setdefault(peer, Memory())
        return await read_controller(Session(self._client, peer, memory))

    async def _over_rest(self, target: Target, where: Any, _: object) -> list[Point]:
        from agents.controllers.unifi import unifi_for

        controller = self._unifi.get(where)
        if controller is None:
            controller = self._unifi[where] = unifi_for(target)
        points: list[Point] = await asyncio.to_thread(controller.read)
        return points


async def _read(session: Session, target: Target, reading: Reading) -> None:
    """Ask one device everything, starting with what tells whether it is still the same."""
    memory = session.memory
    began = time.perf_counter()
    first = await session.get(first_question(memory))
    memory.response_ms = (time.perf_counter() - began) * 1000
    seconds = uptime(first) or 0.0
    if memory.sys_object_id and (seconds < memory.uptime_s or has_changed(memory, first)):
        memory.forget()  # restarted: perhaps with new firmware, or another device
    memory.uptime_s = seconds
    if not memory.sys_object_id:
        answer = first.get(SYS_OBJECT_ID) or (await session.get([SYS_OBJECT_ID]))[SYS_OBJECT_ID]
        memory.sys_object_id = answer if isinstance(answer, tuple) else (0, 0)
    profile = profile_for(memory.sys_object_id)
    await check(session, profile.serials, target)
    await profile.read(session, first, reading)


def _workers(lane: list[Work], least: int, most: int) -> list[Awaitable[None]]:
    """As many as the work in a lane wants, which do it one after the other."""
    rest = iter(lane)

    async def work() -> None:
        for item in rest:
            await item()

    count = min(len(lane), max(least, min(most, len(lane) // A_LANE_FOR)))
    return [work() for _ in range(count)]


async def _within(budget_s: float, work: Iterable[Awaitable[None]]) -> None:
    """Run everything at once, but no longer than the budget; an error of one is its own."""
    tasks = [asyncio.ensure_future(item) for item in work]
    if not tasks:
        return
    done, late = await asyncio.wait(tasks, timeout=budget_s)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    for task in done:
        if (error := task.exception()) is not None:
            raise error


def _login_of(target: Target) -> tuple[str, str, str]:
    """Whom to ask about a device of UniFi, and as whom."""
    where = target.url or f"{target.address}:{target.port}"
    return where, target.username, target.password


def _answered(error: Exception) -> bool | None:
    """Whether the error shows the device alive: True, False for silence, None for not asked."""
    if isinstance(error, SnmpTimeout | TimeoutError):
        return False
    return None if isinstance(error, SnmpUnsupported | SnmpMissing) else True


def _failed(target: Target, reachable: bool | None, error: str) -> DeviceReport:
    return DeviceReport(
        device=target.device, reachable=reachable, source=target.method, error=error
    )
