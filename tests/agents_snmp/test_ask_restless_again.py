"""A device that stops or begins to answer is asked again between two rounds, for some minutes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.config import ConfigKeeper
from agents.duties import network
from agents.duties.network import NetworkDuty
from agents.protocol import Config, DeviceReport, Target
from agents.runner import Runner
from agents.sender import Sender
from agents.spool import Spool
from agents.state import Identity, State
from agents.transport import Client
from sample_site.equipment.faults import Fault
from sample_site.equipment.process import EquipmentProcess
from tests.agents.process import until
from tests.agents.server import AGENT, SECRET, BookingServer
from tests.peers import equipment as peers


@pytest.fixture
def server() -> Iterator[BookingServer]:
    with BookingServer() as running:
        yield running


def test_what_changes_is_asked_again_and_the_rest_is_left_alone() -> None:
    estate = peers.a_school(1, 2)
    with EquipmentProcess(estate, at="10:00") as process:
        targets = [
            Target(device.key, device.kind, device.address, process.ports.snmp,
                   community=peers.COMMUNITY)
            for device in estate.devices
        ]  # fmt: skip
        config = Config("1", "a", peers.SCHOOL, look_every_s=15, targets=targets)
        duty = NetworkDuty(timeout_s=0.3, tries=1)

        def states(again: bool) -> dict[str, bool | None]:
            found = duty.measure_again(config, 0) if again else duty.measure(config, 0)
            return {r.device: r.reachable for _, r in found if isinstance(r, DeviceReport)}

        try:
            assert set(states(again=False).values()) == {True}
            assert duty.again_s(config) == 0
            assert duty.measure_again(config, 0) == []
            broken = targets[-1].device
            number = process.inject(Fault("device-dies", broken))
            assert states(again=False)[broken] is False
            assert duty.again_s(config) == 15
            assert duty.again_s(config._replace(look_every_s=1)) == 10  # never more often
            assert duty.again_s(config._replace(look_every_s=0)) == 0
            assert states(again=True) == {broken: False}
            assert number is not None
            process.clear(number)
            assert states(again=True) == {broken: True}
            assert len(duty._memories) == len(targets)  # the others are not forgotten
            assert set(states(again=False).values()) == {True}
            config = config._replace(targets=targets[:-1])
            assert duty.again_s(config) == 0  # named no more
        finally:
            duty.close()


def test_it_ends_after_some_minutes_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = [Target(f"d{n}", "switch", f"127.255.1.{n}") for n in range(50)]
    config = Config("1", "a", peers.SCHOOL, look_every_s=15, targets=targets)
    duty = NetworkDuty()
    for answers in (True, False):
        for target in targets:
            duty._note(DeviceReport(target.device, answers))
    assert len(duty._restless(config)) == network.MOST_RESTLESS
    duty._note(DeviceReport("d7", None))  # not asked, so nothing is known
    monkeypatch.setattr(network, "RESTLESS_S", 0.0)
    assert duty.again_s(config) == 0


def test_the_agent_does_so_by_itself(
    server: BookingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "AGAIN_AT_LEAST_S", 0.3)
    monkeypatch.setitem(NetworkDuty.__init__.__kwdefaults__, "timeout_s", 0.2)
    estate = peers.a_school(1, 1)
    with EquipmentProcess(estate, at="10:00") as process:
        targets = [
            Target(device.key, device.kind, device.address, process.ports.snmp,
                   community=peers.COMMUNITY)._asdict()
            for device in estate.devices
        ]  # fmt: skip
        server.config |= {"interval_s": 6, "look_every_s": 1, "targets": targets}
        runner = runner_of(tmp_path, server)
        thread = threading.Thread(target=runner.run)
        thread.start()
        try:
            quiet, broken = targets[0]["device"], targets[-1]["device"]
            until(lambda: server.values("device", "device").count(broken) >= 1)
            process.inject(Fault("device-dies", broken))
            until(lambda: server.values("device", "reachable").count(False) >= 4, 30)
        finally:
            runner.request_stop()
            thread.join(10)
    devices = server.values("device", "device")
    assert devices.count(broken) >= devices.count(quiet) + 2


def runner_of(folder: Path, server: BookingServer) -> Runner:
    state = State(str(folder))
    state.save_identity(Identity(server.url, AGENT, "164800", SECRET))
    spool = Spool(state.file("spool"))
    config = ConfigKeeper(state, AGENT)
    client = Client(state.identity().server(), secret=SECRET)
    return Runner(state, spool, config, Sender(client, spool, config, AGENT))
