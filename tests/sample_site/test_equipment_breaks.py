"""Scripted faults: what breaks takes the right things along, and comes back."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sample_site.equipment.clock import SimClock
from sample_site.equipment.faults import Fault, parse_fault
from sample_site.equipment.model import Estate, SimDevice, SimLine, read_estate, write_estate
from sample_site.equipment.process import EquipmentError, EquipmentProcess
from sample_site.equipment.standard import port_status
from sample_site.equipment.world import World
from tests.peers import equipment as peers


class Hands(SimClock):
    """A clock that a test moves."""

    def __init__(self) -> None:
        super().__init__("10:00")
        self.passed = 0.0
        self._begin = super().now()

    def now(self) -> float:
        return self._begin + self.passed


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def world(clock: Hands) -> World:
    school = peers.a_school(2, 6)
    line = SimLine(
        f"{peers.SCHOOL}/main", peers.SCHOOL, "main", "127.200.0.1", 10_000_000, 1_000_000,
        router="r",
    )  # fmt: skip
    return World(Estate(school.devices, (line,), 1), clock)


def silent(world: World) -> set[str]:
    return {key for key, state in world.devices.items() if state.silent}


def test_a_dead_access_point_is_silent_alone_and_its_port_is_down(world: World) -> None:
    switch = world.devices["s0"]
    place = next(i for i, port in enumerate(switch.ports) if port.child == "ap0")
    assert port_status(switch, place) == 1
    number = world.begin(Fault("device-dies", "ap0"))
    assert silent(world) == {"ap0"}
    assert port_status(switch, place) == 2
    world.end(number)
    assert silent(world) == set()
    assert port_status(switch, place) == 1


def test_a_dead_switch_takes_its_access_points_along(world: World) -> None:
    world.begin(Fault("device-dies", "s0"))
    assert silent(world) == {"s0", "ap0", "ap2", "ap4"}


def test_a_dark_school_is_silent_and_so_is_its_line(world: World) -> None:
    line = world.lines[f"{peers.SCHOOL}/main"]
    assert world.line_now(line) == (line, True)
    number = world.begin(Fault("school-dark", peers.SCHOOL))
    assert silent(world) == set(world.devices)
    assert world.line_now(line)[1] is False
    world.end(number)
    assert silent(world) == set()
    assert world.line_now(line)[1] is True


def test_a_dead_router_takes_the_line_along(world: World) -> None:
    world.begin(Fault("device-dies", "r"))
    assert world.line_now(world.lines[f"{peers.SCHOOL}/main"])[1] is False


def test_a_pulled_cable_silences_a_switch_without_restarting_it(world: World, clock: Hands) -> None:
    switch, point = world.devices["s0"], world.devices["ap0"]
    booted = switch.booted_at, point.booted_at  # the switch goes on feeding its access points
    router = world.devices["r"]
    place = next(i for i, port in enumerate(router.ports) if port.child == "s0")
    number = world.begin(Fault("cable-pulled", "s0"))
    assert silent(world) == {"s0", "ap0", "ap2", "ap4"}
    assert port_status(router, place) == 2
    clock.passed = 60
    world.end(number)
    assert silent(world) == set()
    assert (switch.booted_at, point.booted_at) == booted


def test_what_loses_its_power_starts_again_from_zero(world: World, clock: Hands) -> None:
    point = world.devices["ap0"]
    before = point.octets(0, clock.now())
    number = world.begin(Fault("cable-pulled", "ap0"))  # its cable feeds it
    clock.passed = 60
    world.end(number)
    assert point.uptime(clock.now()) < 5
    assert point.octets(0, clock.now())[0] < before[0]


def test_counters_of_a_port_stand_still_while_it_is_down_and_never_fall(
    world: World, clock: Hands
) -> None:
    switch = world.devices["s0"]
    place = next(i for i, port in enumerate(switch.ports) if port.child == "ap0")
    values = []
    number = 0
    for step in range(12):
        clock.passed = step * 30.0
        if step == 4:
            number = world.begin(Fault("device-dies", "ap0"))
        if step == 8:
            world.end(number)
        values.append(switch.octets(place, clock.now())[0])
    assert values == sorted(values)
    assert values[4] == values[7]
    assert values[3] > values[2]
    assert values[9] > values[8] >= values[7]


def test_two_faults_on_one_thing_end_one_by_one(world: World) -> None:
    first = world.begin(Fault("device-dies", "s0"))
    second = world.begin(Fault("school-dark", peers.SCHOOL))
    world.end(second)
    assert "s0" in silent(world)
    world.end(first)
    assert silent(world) == set()


def test_a_line_degrades_by_what_the_fault_says(world: World) -> None:
    line = world.lines[f"{peers.SCHOOL}/main"]
    world.begin(Fault("uplink-degrades", line.key, down_bps=1_000_000, delay_ms=250))
    worse, alive = world.line_now(line)
    assert alive
    assert (worse.down_bps, worse.up_bps, worse.delay_ms) == (1_000_000, line.up_bps, 250)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"kind": "earthquake", "subject": "x"}, "unknown fault"),
        ({"kind": "device-dies"}, "needs kind and subject"),
        ({"kind": "device-dies", "subject": "x", "why": 1}, "no field 'why'"),
        ({"kind": "device-dies", "subject": "x", "for_s": -1}, "0 or more"),
        ({"kind": "device-dies", "subject": "x", "at_s": "soon"}, "number"),
        ({"kind": "device-dies", "subject": 7}, "wants text"),
    ],
)
def test_a_fault_that_cannot_be_understood_is_refused(data: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_fault(data)


@pytest.mark.parametrize("kind", ["device-dies", "school-dark", "uplink-degrades", "cable-pulled"])
def test_a_fault_of_something_that_does_not_exist_is_refused(world: World, kind: str) -> None:
    with pytest.raises(ValueError, match="nothing simulated called 'nobody'"):
        world.begin(Fault(kind, "nobody"))


# -- the process ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def process() -> Iterator[EquipmentProcess]:
    with EquipmentProcess(peers.a_school(2, 6), at="10:00") as running:
        yield running


def test_a_fault_that_is_scheduled_begins_and_ends_by_itself(process: EquipmentProcess) -> None:
    assert process.inject(Fault("switch-dies", "s1", at_s=0.4, for_s=0.6)) is None
    seen: list[int] = []
    deadline = time.monotonic() + 5
    while (time.monotonic() < deadline and seen[-1:] != [0]) or not any(seen):
        count = process.status()["silent"]
        if seen[-1:] != [count]:
            seen.append(count)
        time.sleep(0.05)
    assert seen == [0, 4, 0]


def test_a_fault_can_be_cleared_by_its_number(process: EquipmentProcess) -> None:
    number = process.inject(Fault("device-dies", "ap0"))
    assert process.status()["silent"] == 1
    process.clear(number)
    assert process.status()["silent"] == 0


def test_a_wrong_request_gets_a_reason_and_the_process_lives_on(
    process: EquipmentProcess,
) -> None:
    with pytest.raises(EquipmentError, match="nothing simulated called"):
        process.inject(Fault("device-dies", "nobody"))
    assert process._folder is not None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(5)
        sock.connect(str(process._folder / "control"))
        for line, says in ((b"garbage", "Expecting value"), (b"[]", "object"),
                           (b'{"do": "dance"}', "use status")):  # fmt: skip
            sock.sendall(line + b"\n")
            answer = json.loads(sock.recv(4096))
            assert answer["ok"] is False
            assert says in answer["error"]
    assert process.status()["devices"] == 9


def test_it_ends_when_told_and_says_so_afterwards() -> None:
    process = EquipmentProcess(peers.a_school(1, 1))
    process.start()
    assert process.running()
    process.stop()
    assert not process.running()
    with pytest.raises(EquipmentError, match="does not run"):
        process.status()


def test_a_port_that_is_taken_is_named() -> None:
    with EquipmentProcess(peers.a_school(1, 1)) as first:
        second = EquipmentProcess(peers.a_school(1, 1), ports=first.ports)
        with pytest.raises(EquipmentError, match="Address already in use"):
            second.start()


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "no list of simulated equipment"), ("[]", "no list of simulated equipment"),
     ('{"devices": [{"key": "x", "macs": []}]}', "no list of simulated equipment"),
     ('{"devices": [{"key": 1}]}', "no list of simulated equipment")],
)  # fmt: skip
def test_a_file_that_is_no_estate_is_refused_in_one_line(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "estate.json"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "sample_site.equipment", "--devices", str(file)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_estate_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    estate = peers.one_of_each()
    write_estate(tmp_path / "estate.json", estate)
    assert read_estate(tmp_path / "estate.json") == estate


@pytest.mark.parametrize(
    ("change", "says"),
    [({"parent": "nobody"}, "parent nobody"), ({"controller": "nobody"}, "controller nobody")],
)
def test_a_device_that_hangs_on_nothing_known_is_refused(change: dict[str, str], says: str) -> None:
    device = SimDevice(**{
        "key": "a", "kind": "switch", "vendor": "MikroTik", "model": "RB5009", "serial": "a",
        "macs": ("02:00:00:00:00:01",), "address": "127.200.0.9", "name": "a", "school": "1",
    } | change)  # type: ignore[arg-type]  # fmt: skip
    with pytest.raises(ValueError, match=says):
        World(Estate((device,)))
