"""The state of everything simulated: what runs, since when, which port is down.

Values follow from the seed, the device's key and the time alone; only faults change them. A
device is silent when it is dead, its cable is pulled, its school is dark, or that holds for
something it hangs on. What lost its power starts again with an uptime and counters of zero; an
access point is fed through its cable (PoE).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from zlib import crc32

from sample_site.equipment.catalogue import BY_NAME, Model
from sample_site.equipment.clock import SimClock
from sample_site.equipment.faults import Fault
from sample_site.equipment.model import Estate, SimDevice, SimLine

_DEFAULT = Model("", "", "router")


@dataclass(slots=True)
class Port:
    """A port's traffic: bytes a second at full load and at none, and how long it stood still."""

    rx_rate: float
    tx_rate: float
    error_rate: float
    child: str = ""
    down_since: float | None = None
    worked_lost: float = 0.0
    seconds_lost: float = 0.0


@dataclass(slots=True)
class State:
    """A device as it is now."""

    device: SimDevice
    model: Model
    number: int  # of the seed and the key: the device's own randomness
    booted_at: float
    clock: SimClock
    ports: list[Port]
    capacity: tuple[int, ...] = ()  # clients at full load: 2.4, 5, 6 GHz
    silent: bool = False
    powered: bool = True
    children: list[State] = field(default_factory=list)
    points: list[State] = field(default_factory=list)  # access points of a controller

    def uptime(self, now: float) -> float:
        return max(0.0, now - self.booted_at)

    def worked(self, port: Port, now: float) -> tuple[float, float]:
        """Load-seconds and seconds for which a port has carried traffic since the start."""
        until = now if port.down_since is None else port.down_since
        worked = self.clock.worked(until) - self.clock.worked(self.booted_at) - port.worked_lost
        return max(0.0, worked), max(0.0, until - self.booted_at - port.seconds_lost)

    def octets(self, number: int, now: float) -> tuple[int, int]:
        """In and out octets of a port."""
        port = self.ports[number]
        worked, seconds = self.worked(port, now)
        return (
            int(port.rx_rate * worked + 40 * seconds),
            int(port.tx_rate * worked + 55 * seconds),
        )

    def errors(self, number: int, now: float) -> int:
        port = self.ports[number]
        return int(port.error_rate * self.worked(port, now)[0])

    def noise(self, now: float, salt: int) -> float:
        """0…1, another one each minute, the same for the same seed."""
        minute = int(now // 60)
        return (crc32(b"%d/%d/%d" % (self.number, minute, salt)) & 0xFFFF) / 0xFFFF

    def clients(self, radio: int, now: float) -> int:
        """Stations on a radio: 0 is 2.4 GHz, 1 is 5 GHz, 2 is 6 GHz."""
        if radio >= len(self.capacity):
            return 0
        share = self.clock.load(now) * (0.75 + 0.35 * self.noise(now, radio))
        return round(self.capacity[radio] * min(1.0, share))

    def cpu(self, now: float) -> int:
        return 4 + round(38 * self.clock.load(now) * (0.6 + 0.4 * self.noise(now, 7)))

    def memory(self, now: float) -> int:
        """Percent in use: 36…71."""
        return 36 + self.number % 20 + round(15 * self.clock.load(now))

    def temperature(self, now: float) -> int:
        return 33 + self.number % 9 + round(11 * self.clock.load(now) + 2 * self.noise(now, 5))


class World:
    """All devices and lines, with the faults that hold."""

    def __init__(self, estate: Estate, clock: SimClock | None = None) -> None:
        self.clock = clock or SimClock()
        self.estate = estate
        self.version = 0  # changes whenever a fault begins or ends
        self.faults: dict[int, Fault] = {}
        self._next = 1
        now = self.clock.now()
        self.devices: dict[str, State] = {}
        for device in estate.devices:
            if device.key in self.devices:
                raise ValueError(f"two simulated devices have the key {device.key}")
            self.devices[device.key] = _state(device, estate.seed, self.clock, now)
        self.by_address: dict[str, State] = {}
        for state in self.devices.values():
            device = state.device
            if device.controller:
                controller = self._named(device.controller, device, "controller")
                controller.points.append(state)
            elif device.address:
                if device.address in self.by_address:
                    raise ValueError(f"two simulated devices have the address {device.address}")
                self.by_address[device.address] = state
            if device.parent:
                self._named(device.parent, device, "parent").children.append(state)
        for state in self.devices.values():
            _wire(state)
        self.lines: dict[str, SimLine] = {line.key: line for line in estate.lines}

    def _named(self, key: str, device: SimDevice, role: str) -> State:
        try:
            return self.devices[key]
        except KeyError:
            raise ValueError(f"the {role} {key} of {device.key} is no simulated device") from None

    # -- faults -----------------------------------------------------------------------------

    def check(self, fault: Fault) -> None:
        """Raise ValueError if the fault's subject does not exist."""
        if fault.kind == "uplink-degrades":
            known: object = fault.subject in self.lines
        elif fault.kind == "school-dark":
            known = any(d.device.school == fault.subject for d in self.devices.values()) or any(
                line.school == fault.subject for line in self.lines.values()
            )
        else:
            known = fault.subject in self.devices
        if not known:
            raise ValueError(f"there is nothing simulated called {fault.subject!r}")

    def begin(self, fault: Fault) -> int:
        """Let a fault hold from now on; returns its number. Raises ValueError."""
        self.check(fault)
        number, self._next = self._next, self._next + 1
        self.faults[number] = fault
        self._settle()
        return number

    def end(self, number: int | None = None) -> None:
        """End one fault, or all of them."""
        for each in list(self.faults) if number is None else [number]:
            self.faults.pop(each, None)
        self._settle()

    def line_now(self, line: SimLine) -> tuple[SimLine, bool]:
        """The line as the faults leave it, and whether it carries anything at all."""
        alive = not any(f.kind == "school-dark" and f.subject == line.school for f in self._held())
        if line.router in self.devices:
            alive = alive and not self.devices[line.router].silent
        for fault in self._held():
            if fault.kind == "uplink-degrades" and fault.subject == line.key:
                line = fault.degrade(line)
        return line, alive

    def _held(self) -> Iterator[Fault]:
        return iter(self.faults.values())

    def _settle(self) -> None:
        now = self.clock.now()
        dark = {f.subject for f in self._held() if f.kind == "school-dark"}
        dead = {f.subject for f in self._held() if f.kind == "device-dies"}
        pulled = {f.subject for f in self._held() if f.kind == "cable-pulled"}
        for state in self.devices.values():
            if not state.device.parent or state.device.parent not in self.devices:
                self._spread(state, now, False, True, dark, dead, pulled)
        self.version += 1

    def _spread(
        self, state: State, now: float, cut: bool, fed: bool, dark: set[str], dead: set[str],
        pulled: set[str],
    ) -> None:  # fmt: skip
        key, school = state.device.key, state.device.school
        cut = cut or key in pulled
        needs_cable = state.device.kind == "access-point"
        fed = fed and key not in pulled
        powered = school not in dark and key not in dead and (fed or not needs_cable)
        if powered and not state.powered:
            state.booted_at = now - 1.0
            for port in state.ports:
                port.worked_lost = port.seconds_lost = 0.0
                port.down_since = None
        state.powered, state.silent = powered, cut or not powered
        for child in state.children:
            self._spread(child, now, state.silent, powered, dark, dead, pulled)
        children = {child.device.key: child for child in state.children}
        for port in state.ports:
            child_state = children.get(port.child)
            if child_state is not None:
                linked = child_state.powered and port.child not in pulled
                _link(state, port, linked, now)
        if state.ports:
            _link(state, state.ports[-1], key not in pulled or not state.device.parent, now)


def _link(state: State, port: Port, up: bool, now: float) -> None:
    """Bring a port up or down; its counters stand still while it is down."""
    if up and port.down_since is not None:
        clock = state.clock
        port.worked_lost += clock.worked(now) - clock.worked(port.down_since)
        port.seconds_lost += now - port.down_since
        port.down_since = None
    elif not up and port.down_since is None:
        port.down_since = now


def _state(device: SimDevice, seed: int, clock: SimClock, now: float) -> State:
    number = crc32(f"{seed}/{device.key}".encode())
    random_ = random.Random(number)  # noqa: S311 - believable, not secret
    model = BY_NAME.get((device.vendor, device.model), _DEFAULT)
    wireless = device.kind == "access-point"
    heavy = {"access-point": 0.9e6, "switch": 0.35e6, "router": 6e6}.get(device.kind, 8e6)
    ports = [
        Port(heavy * random_.uniform(0.3, 1.0), heavy * random_.uniform(0.1, 0.4),
             random_.choice((0.0, 0.0, 0.0, 1e-5, 1e-4)))
        for _ in range(model.ports)
    ]  # fmt: skip
    capacity = (random_.randint(1, 7), random_.randint(14, 30)) if wireless else ()
    return State(device, model, number, now - random_.uniform(0.3, 140) * 86_400, clock, ports,
                 capacity)  # fmt: skip


def _wire(state: State) -> None:
    """Plug the children into the first ports; the last port is the way up."""
    state.children.sort(key=lambda child: child.device.key)
    for port, child in zip(state.ports[:-1] or state.ports, state.children, strict=False):
        port.child = child.device.key
        if child.ports:  # what leaves the child's port comes in here
            port.rx_rate, port.tx_rate = child.ports[-1].tx_rate, child.ports[-1].rx_rate
