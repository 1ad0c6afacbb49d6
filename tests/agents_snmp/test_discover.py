"""The sweep: who is found, who is not asked, and how gently."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.duties import discovery
from agents.duties.discovery import DiscoveryDuty, arp_table, on_link, unknown_addresses
from agents.duties.guess import guess_kind
from agents.protocol import Config, DiscoveredReport, Target
from agents.snmp.ber import parse_oid
from inventory.choices import DEVICE_KINDS
from sample_site.equipment.model import Estate
from sample_site.equipment.process import EquipmentProcess
from tests.peers import equipment as peers


@pytest.fixture(scope="module")
def estate() -> Estate:
    return peers.one_of_each()


@pytest.fixture(scope="module")
def equipment(estate: Estate) -> Iterator[EquipmentProcess]:
    with EquipmentProcess(estate, at="10:00") as process:
        yield process


def config(estate: Estate, process: EquipmentProcess) -> Config:
    known = estate.devices[8]
    target = Target(known.key, known.kind, known.address, process.ports.snmp)
    network = peers.network_of(estate).replace("/23", "/26")
    return Config("1", "a", peers.SCHOOL, discover_every_s=3600, networks=[network],
                  targets=[target], discovery_community=peers.COMMUNITY)  # fmt: skip


def sweep(wanted: Config, rate: float = 2000.0) -> dict[str, DiscoveredReport]:
    duty = DiscoveryDuty(rate=rate)
    reports = [r for _, r in duty.measure(wanted, 0) if isinstance(r, DiscoveredReport)]
    duty.close()
    return {report.address: report for report in reports}


def test_every_unknown_device_is_found_with_name_kind_and_serial(
    equipment: EquipmentProcess, estate: Estate
) -> None:
    found = sweep(config(estate, equipment))
    visible = [d for d in estate.devices if not d.controller and d.key != estate.devices[8].key]
    assert found.keys() == {device.address for device in visible}
    for device in visible:
        report = found[device.address]
        assert report.name == device.name
        assert report.description
        if device.vendor in ("Cisco", "MikroTik", "LANCOM") or "2930F" in device.model:
            assert report.serial == device.serial
    kinds = {d.key: found[d.address].kind for d in visible}
    for device in visible:
        if device.vendor not in ("OpenWrt",) and device.model != "UniFi Console":
            assert kinds[device.key] == device.kind, device.key


def test_known_addresses_are_not_asked(equipment: EquipmentProcess, estate: Estate) -> None:
    everyone = [device.address for device in estate.devices]
    before = equipment.status()["requests"]
    assert sweep(config(estate, equipment)._replace(known_addresses=everyone)) == {}
    assert equipment.status()["requests"] == before


def test_another_community_finds_nothing(equipment: EquipmentProcess, estate: Estate) -> None:
    assert sweep(config(estate, equipment)._replace(discovery_community="other")) == {}


def test_the_pace_holds(equipment: EquipmentProcess, estate: Estate) -> None:
    wanted = config(estate, equipment)
    probes = 2 * len(list(unknown_addresses(wanted)))  # port 161 and that of the known device
    began = time.monotonic()
    sweep(wanted, rate=100.0)
    assert time.monotonic() - began >= probes / 100.0


def test_a_sweep_ends_when_the_agent_stops(equipment: EquipmentProcess, estate: Estate) -> None:
    duty = DiscoveryDuty(rate=5.0)
    threading.Timer(0.3, duty.close).start()
    began = time.monotonic()
    duty.measure(config(estate, equipment), 0)
    assert time.monotonic() - began < 3


def test_at_most_4096_addresses_are_swept_and_bad_networks_are_named(
    capfd: pytest.CaptureFixture[str],
) -> None:
    wanted = Config("1", "a", "s", networks=["10.0.0.0/20", "10.1.0.0/30", "fe80::/64", "rubbish"])
    assert len(list(unknown_addresses(wanted))) == 4094
    said = capfd.readouterr().err
    assert "10.1.0.0/30 is not swept" in said
    assert "IPv6" in said
    assert "'rubbish' is no network" in said


def test_open_ports_are_found_where_something_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(discovery, "TCP_PORTS", (port, 9))
        found: dict[str, discovery.Found] = {}
        with discovery._Prober(1000.0, threading.Event()) as prober:
            prober.connect(["127.0.0.1", "127.0.0.99"], found)
    assert {address: what.ports for address, what in found.items()} == {"127.0.0.1": {port}}


def test_a_server_of_this_machine_is_not_found_on_every_loopback_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("", 0)) as server:
        monkeypatch.setattr(discovery, "TCP_PORTS", (server.getsockname()[1],))
        assert sweep(Config("1", "a", "s", networks=["127.99.0.0/29"])) == {}


ARP = """\
IP address       HW type     Flags       HW address            Mask     Device
10.1.0.7         0x1         0x2         AA:BB:CC:00:11:22     *        eth0
10.1.0.8         0x1         0x0         00:00:00:00:00:00     *        eth0
broken line
"""
ROUTE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100010A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000010A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


def test_neighbours_and_networks_are_read_from_the_kernel(tmp_path: Path) -> None:
    folder = tmp_path / "proc/net"
    folder.mkdir(parents=True)
    (folder / "arp").write_text(ARP)
    (folder / "route").write_text(ROUTE)
    assert arp_table(str(tmp_path)) == {"10.1.0.7": "aa:bb:cc:00:11:22"}
    assert [str(network) for network in on_link(str(tmp_path))] == ["10.1.0.0/16"]
    assert arp_table(str(tmp_path / "nowhere")) == {}


@pytest.mark.parametrize(
    ("oid", "description", "kind"),
    [
        ("1.3.6.1.4.1.14823.1.2.107", "ArubaOS (MODEL: 515)", "access-point"),
        ("1.3.6.1.4.1.14823.1.1.40", "ArubaOS (MODEL: Aruba7010)", "wlan-controller"),
        ("1.3.6.1.4.1.11.2.3.9.1", "HP ETHERNET MULTI-ENVIRONMENT", "printer"),
        ("1.3.6.1.4.1.11.2.3.7.11.181.18", "Aruba JL256A 2930F", "switch"),
        ("1.3.6.1.4.1.14988.1", "RouterOS CRS326-24G-2S+", "switch"),
        ("1.3.6.1.4.1.14988.1", "RouterOS wAP ac", "access-point"),
        ("1.3.6.1.4.1.14988.1", "RouterOS CCR2004", "router"),
        ("1.3.6.1.4.1.8072.3.2.10", "Linux nas 6.1.0 #1 SMP x86_64", "server"),
        ("1.3.6.1.4.1.2435.2.3.9.1", "Brother NC-8300w", "printer"),
        ("1.3.6.1.4.1.99999.1", "Thermometer", ""),
        ("0.0", "", ""),
    ],
)
def test_the_kind_is_guessed_from_what_makers_write(oid: str, description: str, kind: str) -> None:
    assert guess_kind(parse_oid(oid), description) == kind
    assert kind in {"", *DEVICE_KINDS}
