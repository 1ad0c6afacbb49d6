"""The school lines' ends: rates, loss, a dead line, and a resolver, as an agent sees them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from agents.duties.probes import connect_times, dns_query
from agents.duties.throughput import Limits, measure_line
from agents.protocol import UplinkTarget
from sample_site.equipment.faults import Fault
from sample_site.equipment.model import Estate, SimLine
from sample_site.equipment.process import EquipmentProcess
from tests.peers import equipment as peers

LIMITS = Limits(seconds=1.5, bytes=100 << 20, streams=4)


@pytest.fixture(scope="module")
def estate() -> Estate:
    return peers.one_of_each()


@pytest.fixture(scope="module")
def equipment(estate: Estate) -> Iterator[EquipmentProcess]:
    with EquipmentProcess(estate, at="10:00") as process:
        yield process


@pytest.fixture
def line(estate: Estate, equipment: EquipmentProcess) -> Iterator[SimLine]:
    yield estate.lines[0]
    equipment.clear()
    time.sleep(0.3)


def address(line: SimLine, equipment: EquipmentProcess) -> tuple[int, tuple[str, int]]:
    return socket.AF_INET, (line.address, equipment.ports.line)


def rates(line: SimLine, equipment: EquipmentProcess) -> tuple[float, float]:
    base = f"http://{line.address}:{equipment.ports.line}"
    target = UplinkTarget(line.key, download_url=f"{base}/download", upload_url=f"{base}/upload")
    test = measure_line(target, LIMITS)
    assert test.error == ""
    assert test.down_bps is not None
    assert test.up_bps is not None
    return test.down_bps, test.up_bps


def test_a_test_measures_the_line_s_rates(line: SimLine, equipment: EquipmentProcess) -> None:
    down, up = rates(line, equipment)
    assert down == pytest.approx(line.down_bps, rel=0.3)
    assert up == pytest.approx(line.up_bps, rel=0.4)


def test_a_degraded_line_is_slower_and_its_answers_come_later(
    line: SimLine, equipment: EquipmentProcess
) -> None:
    equipment.inject(
        Fault("uplink-degrades", line.key, down_bps=4_000_000, up_bps=2_000_000, delay_ms=120)
    )
    down, up = rates(line, equipment)
    assert down == pytest.approx(4_000_000, rel=0.4)
    assert up < 5_000_000
    answer = dns_query("schule.example", line.address, port=equipment.ports.line)
    assert answer is not None
    assert answer[0] >= 115


def test_a_healthy_line_answers_connects_and_names(
    line: SimLine, equipment: EquipmentProcess
) -> None:
    samples = connect_times(address(line, equipment))
    assert len(samples.times) == samples.sent
    answer = dns_query("schule.example", line.address, port=equipment.ports.line)
    assert answer is not None
    assert answer[1] == [line.address]
    assert answer[0] >= line.delay_ms - 1
    assert dns_query("schule.example", line.address, port=equipment.ports.line, kind=28) is not None


@pytest.mark.parametrize("fault", ["school-dark", "device-dies"])
def test_a_dead_line_swallows_connects_until_they_time_out(
    line: SimLine, equipment: EquipmentProcess, fault: str
) -> None:
    equipment.inject(Fault(fault, line.school if fault == "school-dark" else line.router))
    time.sleep(0.3)
    samples = connect_times(address(line, equipment), timeout_s=0.5)
    assert samples.times == []
    assert dns_query("a.example", line.address, port=equipment.ports.line, timeout_s=0.4) is None
    equipment.clear()
    time.sleep(0.3)
    assert connect_times(address(line, equipment)).times


@pytest.mark.parametrize(("loss", "least", "most"), [(20, 3, 48), (60, 35, 92)])
def test_a_lossy_line_loses_about_what_it_should(
    line: SimLine, equipment: EquipmentProcess, loss: int, least: int, most: int
) -> None:
    equipment.inject(Fault("uplink-degrades", line.key, loss_percent=loss))
    time.sleep(0.2)
    answered = sent = 0
    for _ in range(25):
        samples = connect_times(address(line, equipment), count=5, timeout_s=0.05)
        answered += len(samples.times)
        sent += samples.sent
        time.sleep(0.11)
    lost = 100 * (sent - answered) / sent
    assert least < lost < most
