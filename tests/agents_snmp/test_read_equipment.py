"""The network duty reads every simulated make, over SNMP, through controllers and over REST."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from agents.duties.network import NetworkDuty
from agents.protocol import Config, DeviceReport, Target
from sample_site.equipment.faults import Fault
from sample_site.equipment.model import Estate, SimDevice
from sample_site.equipment.process import EquipmentProcess
from tests.peers import equipment as peers


@pytest.fixture(scope="module")
def estate() -> Estate:
    return peers.one_of_each()


@pytest.fixture(scope="module")
def equipment(estate: Estate) -> Iterator[EquipmentProcess]:
    with EquipmentProcess(estate, at="10:00") as process:
        yield process


@pytest.fixture
def duty() -> Iterator[NetworkDuty]:
    made = NetworkDuty(timeout_s=0.5)
    yield made
    made.close()


def read(duty: NetworkDuty, *targets: Target, interval_s: int = 60) -> dict[str, DeviceReport]:
    config = Config("1", "agent", peers.SCHOOL, interval_s=interval_s, targets=list(targets))
    reports = [r for _, r in duty.measure(config, 0) if isinstance(r, DeviceReport)]
    assert [report.device for report in reports] == [target.device for target in targets]
    return {report.device: report for report in reports}


def target_of(device: SimDevice, process: EquipmentProcess, estate: Estate) -> Target:
    """As the server's config would name it."""
    identifiers = [*device.macs, device.serial.lower()]
    base = Target(
        device.key, device.kind, device.address, process.ports.snmp,
        community=peers.COMMUNITY, identifiers=identifiers, serial=device.serial,
    )  # fmt: skip
    if not device.controller:
        return base
    controller = next(d for d in estate.devices if d.key == device.controller)
    if device.vendor == "Ubiquiti":
        url = f"http://{controller.address}:{process.ports.rest}"
        return base._replace(method="unifi", address=controller.address, url=url,
                             username="schoolops", password=peers.CONSOLE_PASSWORD)  # fmt: skip
    return base._replace(method="controller", address=controller.address)


def test_every_make_is_read_with_plausible_values(
    duty: NetworkDuty, equipment: EquipmentProcess, estate: Estate
) -> None:
    targets = [target_of(device, equipment, estate) for device in estate.devices]
    first = read(duty, *targets)
    time.sleep(1.2)
    second = read(duty, *targets)
    for device in estate.devices:
        before, after = first[device.key], second[device.key]
        assert after.reachable is True, after
        assert after.error == ""
        assert after.uptime_s is not None
        assert after.uptime_s > (before.uptime_s or 0)
        if device.key == "Aruba AP-515":
            continue  # WLSX-WLAN-MIB has clients and uptime, no octets of the cable
        assert after.rx_bytes is not None
        assert after.rx_bytes > (before.rx_bytes or 0)
        assert after.tx_bytes is not None
        if not device.controller:
            assert 0 < (after.cpu_percent or 0) < 100, after
            assert 30 < (after.memory_used_percent or 0) < 90, after
            assert (after.ports_up or 0) >= 1


BOTH_BANDS = {
    "Cisco C9120AXI-E", "Aruba AP-515", "Aruba AP-505 Instant", "MikroTik cAP ac",
    "Ubiquiti U6-Pro", "Ubiquiti UAP-AC-Pro",
}  # fmt: skip


def test_clients_are_counted_where_the_make_tells_them(
    duty: NetworkDuty, equipment: EquipmentProcess, estate: Estate
) -> None:
    points = [d for d in estate.devices if d.kind == "access-point"]
    reports = read(duty, *(target_of(device, equipment, estate) for device in points))
    for key, report in reports.items():
        if key in BOTH_BANDS:
            assert report.clients_24 is not None
            assert report.clients_5 is not None
            assert report.clients == report.clients_24 + report.clients_5 > 0
        elif key == "LANCOM LW-600":
            assert report.clients
            assert report.clients_24 is None  # counted, but not by band
        else:
            assert report.clients is None  # OpenWrt and the newer MikroTik driver do not tell


def test_a_make_that_tells_another_serial_than_the_recorded_one_is_another_device(
    duty: NetworkDuty, equipment: EquipmentProcess, estate: Estate
) -> None:
    told = set()
    for device in estate.devices:
        target = target_of(device, equipment, estate)
        # Its address is still the recorded one, as when only the plate was read anew.
        macs = [] if target.method == "snmp" else list(device.macs)
        wrong = target._replace(serial="GONE-4711", identifiers=[*macs, "gone-4711"])
        report = read(duty, wrong)[device.key]
        if report.reachable is False:
            assert report.error == f"another device answers: serial {device.serial}"
            assert report.uptime_s is None
            told.add(device.vendor)
        assert read(duty, target)[device.key].reachable is True
    assert told >= {"Cisco", "Aruba", "MikroTik", "LANCOM", "Ubiquiti"}, told


@pytest.mark.parametrize("key", ["Cisco C9120AXI-E", "Aruba AP-515", "Ubiquiti U6-Pro"])
def test_an_access_point_that_its_controller_has_lost_is_down(
    duty: NetworkDuty, equipment: EquipmentProcess, estate: Estate, key: str
) -> None:
    device = next(d for d in estate.devices if d.key == key)
    target = target_of(device, equipment, estate)
    assert read(duty, target)[key].reachable is True
    number = equipment.inject(Fault("device-dies", key))
    assert read(duty, target)[key].reachable is False
    equipment.clear(number)
    after = read(duty, target)[key]
    assert after.reachable is True
    assert (after.uptime_s or 0) < 60


@pytest.mark.parametrize("vendor", ["Cisco", "Aruba", "Ubiquiti"])
def test_without_its_controller_an_access_point_is_unknown_and_not_down(
    duty: NetworkDuty, equipment: EquipmentProcess, estate: Estate, vendor: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("agents.controllers.unifi._TIMEOUT_S", 1.0)
    device = next(d for d in estate.devices if d.controller == peers.CONTROLLERS[vendor])
    number = equipment.inject(Fault("device-dies", device.controller))
    try:
        report = read(duty, target_of(device, equipment, estate))[device.key]
    finally:
        equipment.clear(number)
    assert report.reachable is None
    assert report.error.startswith("controller: ")


def test_an_access_point_that_no_controller_lists_is_down_with_the_reason(
    duty: NetworkDuty, equipment: EquipmentProcess, estate: Estate
) -> None:
    device = next(d for d in estate.devices if d.controller == peers.CONTROLLERS["Cisco"])
    target = target_of(device, equipment, estate)._replace(identifiers=["02:99:99:99:99:99"])
    report = read(duty, target)[device.key]
    assert report.reachable is False
    assert "does not list" in report.error


def test_targets_that_leave_the_config_are_forgotten_and_may_come_back(
    duty: NetworkDuty, equipment: EquipmentProcess, estate: Estate
) -> None:
    everything = [target_of(device, equipment, estate) for device in estate.devices]
    one = everything[-1]
    read(duty, *everything)
    read(duty, one)
    assert len(duty._memories) == 1
    assert duty._unifi == {}
    assert all(report.reachable for report in read(duty, *everything).values())


def test_a_switch_is_no_controller(
    duty: NetworkDuty, equipment: EquipmentProcess, estate: Estate
) -> None:
    switch = next(d for d in estate.devices if d.vendor == "MikroTik" and d.kind == "switch")
    target = target_of(switch, equipment, estate)._replace(method="controller")
    report = read(duty, target)[switch.key]
    assert report.reachable is None
    assert "neither a Cisco nor an Aruba controller" in report.error


def test_a_dead_device_does_not_delay_the_others(
    duty: NetworkDuty, equipment: EquipmentProcess, estate: Estate
) -> None:
    good = next(d for d in estate.devices if d.key == "MikroTik RB5009")
    dead = [
        target_of(good, equipment, estate)._replace(device=f"dead{n}", address=f"127.255.1.{n}")
        for n in range(1, 40)
    ]
    targets = [*dead, target_of(good, equipment, estate)]
    read(duty, *targets)  # now it is known who is silent
    began = time.monotonic()
    reports = read(duty, *targets)
    assert time.monotonic() - began < 4  # two tries of 0.5 s, all the dead at once
    assert reports[good.key].reachable is True
    assert sum(report.reachable is False for report in reports.values()) == 39


def test_what_does_not_fit_into_the_interval_is_said_and_not_guessed(
    equipment: EquipmentProcess, estate: Estate
) -> None:
    good = next(d for d in estate.devices if d.key == "MikroTik RB5009")
    base = target_of(good, equipment, estate)
    dead = [base._replace(device=f"d{n}", address=f"127.255.1.{n}") for n in range(1, 60)]
    slow = NetworkDuty(timeout_s=2.0)
    try:
        reports = read(slow, *dead, interval_s=1)
    finally:
        slow.close()
    late = [report for report in reports.values() if report.reachable is None]
    assert late
    assert all("no time left" in report.error for report in late)


def test_300_devices_are_read_in_one_round() -> None:
    estate = peers.a_school(12, 287)
    with EquipmentProcess(estate, at="10:00") as process:
        targets = [target_of(device, process, estate) for device in estate.devices]
        duty = NetworkDuty()
        try:
            reports = read(duty, *targets)
        finally:
            duty.close()
    assert len(reports) == 300
    assert all(report.reachable for report in reports.values())
    assert all(report.clients for key, report in reports.items() if key.startswith("ap"))
