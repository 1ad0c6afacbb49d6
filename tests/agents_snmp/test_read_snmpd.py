"""The network duty reads net-snmp's own snmpd: a device with real counters."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from agents.duties.network import NetworkDuty
from agents.protocol import Config, DeviceReport, Target
from tests.peers.snmpd import AUTH_KEY, COMMUNITY, PRIVACY_KEY, Snmpd


@pytest.fixture
def duty() -> Iterator[NetworkDuty]:
    made = NetworkDuty(timeout_s=0.4)
    yield made
    made.close()


def read(duty: NetworkDuty, *targets: Target) -> list[DeviceReport]:
    config = Config("1", "agent", "164800", targets=list(targets))
    reports = duty.measure(config, 0)
    assert [name for name, _ in reports] == ["device"] * len(targets)
    return [report for _, report in reports if isinstance(report, DeviceReport)]


def kernel_octets() -> dict[str, int]:
    with open("/proc/net/dev") as file:
        lines = [line.split(":") for line in file.readlines()[2:]]
    return {name.strip(): int(rest.split()[0]) for name, rest in lines}


@pytest.mark.parametrize("version", ["2c", "3"])
def test_snmpd_is_a_device_with_real_counters(
    duty: NetworkDuty, snmpd: Snmpd, version: str
) -> None:
    target = Target(
        "BOX1", "server", "127.0.0.1", snmpd.port, snmp_version=version, community=COMMUNITY,
        username="full", auth_protocol="SHA", auth_key=AUTH_KEY, privacy_protocol="AES",
        privacy_key=PRIVACY_KEY,
    )  # fmt: skip
    before = kernel_octets()
    (first,) = read(duty, target)
    (second,) = read(duty, target)
    deadline = time.monotonic() + 15
    while second.cpu_percent is None and time.monotonic() < deadline:
        time.sleep(0.5)  # snmpd counts the CPU's ticks anew every five seconds
        (second,) = read(duty, target)
    after = kernel_octets()
    assert first.reachable is True
    assert first.error == ""
    assert first.source == "snmp"
    with open("/proc/uptime") as file:
        uptime = float(file.read().split()[0])
    assert first.uptime_s == pytest.approx(uptime, abs=30)
    others = [name for name in before if name != "lo"] or list(before)
    # snmpd caches its counters for some seconds, so they may be a little older than ours.
    assert second.rx_bytes is not None
    assert 0 < second.rx_bytes <= sum(after[name] for name in others)
    assert second.rx_bytes >= (first.rx_bytes or 0)
    assert second.ports_up is not None
    assert second.ports_up >= 1
    assert second.memory_used_percent is not None
    assert 1 < second.memory_used_percent < 99
    assert second.cpu_percent is not None
    assert 0 <= second.cpu_percent <= 100
    assert second.clients is None  # a box without radios does not have zero clients


def test_a_dead_device_a_wrong_community_and_a_refused_user_are_told_apart(
    duty: NetworkDuty, snmpd: Snmpd
) -> None:
    good = Target("GOOD", "server", "127.0.0.1", snmpd.port, community=COMMUNITY)
    reports = read(
        duty,
        good,
        good._replace(device="DEAD", port=9),
        good._replace(device="GUESS", community="guess"),
        good._replace(device="USER", snmp_version="3", username="stranger"),
        good._replace(device="ODD", snmp_version="1"),
        good._replace(device="NEW", method="telepathy"),
    )
    by_name = {report.device: report for report in reports}
    assert [report.device for report in reports] == ["GOOD", "DEAD", "GUESS", "USER", "ODD", "NEW"]
    assert by_name["GOOD"].reachable is True
    assert by_name["DEAD"].reachable is False
    assert by_name["GUESS"].reachable is False
    assert "community" in by_name["GUESS"].error
    assert by_name["USER"].reachable is True
    assert "user" in by_name["USER"].error
    assert by_name["ODD"].reachable is None
    assert "use 2c or 3" in by_name["ODD"].error
    assert by_name["NEW"].reachable is None
    assert "upgrade" in by_name["NEW"].error


def test_a_device_that_was_swapped_is_told_and_its_values_are_not_booked_for_the_other(
    duty: NetworkDuty, snmpd: Snmpd
) -> None:
    target = Target(
        "ONE", "server", "127.0.0.1", snmpd.port, community=COMMUNITY,
        serial="fox-0001", identifiers=["fox-0001"],
    )  # fmt: skip
    try:
        snmpd.serial = "FOX-0001"
        snmpd.restart()
        (own,) = read(duty, target)
        assert (own.reachable, own.error) == (True, "")
        snmpd.serial = "FOX-0002"  # with the same uptime, which is the host's
        snmpd.restart()
        for _ in range(2):
            (other,) = read(duty, target)
            assert other == DeviceReport(
                device="ONE", reachable=False, source="snmp",
                error="another device answers: serial FOX-0002",
            )  # fmt: skip
        (edited,) = read(duty, target._replace(serial="FOX-0002", identifiers=["fox-0002"]))
        assert (edited.reachable, edited.error) == (True, "")
        assert edited.rx_bytes is not None
        (unrecorded,) = read(duty, target._replace(serial="", identifiers=[]))
        assert unrecorded.reachable is True
        for nothing in ("Not Specified", ""):  # who tells no serial is believed
            snmpd.serial = nothing
            snmpd.restart()
            (unsaid,) = read(duty, target)
            assert (unsaid.reachable, unsaid.error) == (True, "")
    finally:
        snmpd.serial = ""
        snmpd.restart()


def test_no_secret_reaches_a_report(duty: NetworkDuty, snmpd: Snmpd) -> None:
    target = Target(
        "BOX1", "server", "127.0.0.1", snmpd.port, snmp_version="3", username="full",
        auth_protocol="SHA", auth_key="wrong-secret-1", privacy_protocol="AES",
        privacy_key="wrong-secret-2",
    )  # fmt: skip
    (report,) = read(duty, target)
    assert report.error
    assert "wrong-secret" not in repr(report)


def test_nothing_to_read_is_not_wanted(duty: NetworkDuty) -> None:
    assert duty.interval_s(Config("1", "agent", "164800")) == 0
