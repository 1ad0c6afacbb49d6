"""The host's health, from a /proc and /sys of our own making and from the real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.duties.counters import Counters, Rates, Routes, counter_delta
from agents.duties.host import HostDuty
from agents.protocol import Config, HostReport

CONFIG = Config(etag="", agent="a", school="s")

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small machine: two cores, 25 % of memory free, 48.5 °C, eth0 at the default route."""
    write(tmp_path, "proc/stat", "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3 4\n")
    write(tmp_path, "proc/loadavg", "0.42 0.30 0.20 1/100 4711\n")
    write(tmp_path, "proc/uptime", "86400.55 170000.00\n")
    write(tmp_path, "proc/meminfo", "MemTotal: 1000 kB\nMemFree: 9 kB\nMemAvailable: 250 kB\n")
    write(tmp_path, "proc/net/route", ROUTES)
    write(tmp_path, "sys/class/thermal/thermal_zone0/temp", "41000\n")
    write(tmp_path, "sys/class/thermal/thermal_zone1/temp", "48500\n")
    write(tmp_path, "sys/class/thermal/thermal_zone2/temp", "-273000\n")
    counters(tmp_path, "eth0", 1000, 2000)
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


DEV = """Inter-|   Receive                            |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls
    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0
"""


def counters(root: Path, interface: str, rx: int, tx: int) -> None:
    line = f"{interface:>6}:{rx} 29 0 0 0 0 0 0 {tx} 29 0 0 0 0 0 0\n"
    write(root, "proc/net/dev", DEV + line)


def measure(duty: HostDuty) -> HostReport:
    ((table, report),) = duty.measure(CONFIG, 1)
    assert table == "host"
    assert isinstance(report, HostReport)
    return report


def test_every_value_is_what_the_files_say(root: Path) -> None:
    duty = HostDuty(str(root))
    first = measure(duty)
    assert first.cpu_percent is None  # nothing to compare with
    assert first.load_1 == 0.42
    assert first.uptime_s == 86400
    assert first.memory_used_percent == 75.0
    assert first.temperature_c == 48.5
    assert (first.rx_bytes, first.tx_bytes) == (1000, 2000)
    write(root, "proc/stat", "cpu  160 0 110 830 0 0 0 0 0 0\n")
    assert measure(duty).cpu_percent == 70.0
    duty.close()


def test_a_machine_that_tells_nothing_has_unknown_values_and_no_error(tmp_path: Path) -> None:
    report = measure(HostDuty(str(tmp_path)))
    known = {name for name, value in report._asdict().items() if value is not None}
    assert known == {"disk_used_percent"}


def test_garbage_in_the_files_is_unknown(root: Path) -> None:
    for name in ("proc/stat", "proc/loadavg", "proc/uptime", "proc/meminfo"):
        write(root, name, "what?\n\n: x")
    write(root, "sys/class/thermal/thermal_zone0/temp", "hot")
    report = measure(HostDuty(str(root)))
    assert report.load_1 is report.uptime_s is report.memory_used_percent is None
    assert report.temperature_c == 48.5  # the other zone still tells


def test_without_thermal_zones_the_sensors_of_hwmon_are_read(tmp_path: Path) -> None:
    write(tmp_path, "sys/class/hwmon/hwmon1/temp2_input", "55250\n")
    assert measure(HostDuty(str(tmp_path))).temperature_c == 55.25


def test_an_old_kernel_without_available_memory(tmp_path: Path) -> None:
    write(
        tmp_path,
        "proc/meminfo",
        "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 350 kB\n",
    )
    assert measure(HostDuty(str(tmp_path))).memory_used_percent == 50.0


def test_the_disk_is_as_full_as_df_says(tmp_path: Path) -> None:
    import subprocess

    done = subprocess.run(
        ["df", "--output=pcent", str(tmp_path)], capture_output=True, text=True, check=True
    )
    shown = int(done.stdout.split()[-1].rstrip("%"))
    report = measure(HostDuty(disk=str(tmp_path)))
    assert report.disk_used_percent is not None
    assert shown - 1.5 <= report.disk_used_percent <= shown + 0.5  # df rounds up


def test_the_real_machine_tells_the_basics() -> None:
    duty = HostDuty()
    measure(duty)
    report = measure(duty)
    assert report.memory_used_percent is not None
    assert 0 < report.memory_used_percent < 100
    assert report.uptime_s is not None
    assert abs(report.uptime_s - float(Path("/proc/uptime").read_text().split()[0])) < 2
    duty.close()


def test_closing_gives_the_files_back(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    duty = HostDuty(str(root))
    measure(duty)
    duty.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_default_route_with_the_smallest_metric_counts(root: Path) -> None:
    assert Routes(str(root)).interface() == "eth0"
    write(root, "proc/net/route", ROUTES.replace("100\t00000000", "700\t00000000"))
    assert Routes(str(root)).interface() == "wlan0"


def test_a_machine_with_ipv6_alone_has_a_default_route_too(tmp_path: Path) -> None:
    write(tmp_path, "proc/net/route", ROUTES.splitlines()[0] + "\n")
    line = (
        f"{'0' * 32} 00 {'0' * 32} 00 fe800000000000000000000000000001 00000400 00000001 "
        "00000000 00450003     eth7\n"
    )
    none = f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 00000001 00000000 00200200       lo\n"
    write(tmp_path, "proc/net/ipv6_route", none + line)
    assert Routes(str(tmp_path)).interface() == "eth7"


def test_no_default_route_is_no_interface(tmp_path: Path) -> None:
    assert Routes(str(tmp_path)).interface() == ""
    assert Counters(str(tmp_path)).read("eth0") is None  # no such file
    counters(tmp_path, "eth0", 1, 2)
    made = Counters(str(tmp_path))
    assert [made.read(name) for name in ("", "face", "th0", "eth0")] == [None, None, None, (1, 2)]
    made.close()


def test_a_rate_is_bits_between_two_readings(root: Path) -> None:
    rates = Rates(str(root))
    assert rates.read("eth0", 10.0) == (None, None)
    counters(root, "eth0", 1000 + 1250, 2000 + 12_500_000)
    assert rates.read("eth0", 20.0) == (1000.0, 10_000_000.0)


def test_a_counter_set_back_gives_no_rate_and_the_next_is_right(root: Path) -> None:
    rates = Rates(str(root))
    rates.read("eth0", 0.0)
    counters(root, "eth0", 10, 3000)
    assert rates.read("eth0", 8.0) == (None, 1000.0)
    counters(root, "eth0", 1010, 3000)
    assert rates.read("eth0", 16.0) == (1000.0, 0.0)


def test_an_interface_that_goes_and_comes_starts_anew(root: Path) -> None:
    rates = Rates(str(root))
    rates.read("eth0", 0.0)
    write(root, "proc/net/dev", DEV)
    assert rates.read("eth0", 10.0) == (None, None)
    counters(root, "eth0", 5, 5)
    assert rates.read("eth0", 20.0) == (None, None)


@given(before=st.integers(0, 2**64), grown=st.integers(0, 2**40))
def test_a_growing_64_bit_counter_is_never_misread(before: int, grown: int) -> None:
    assert counter_delta(before, before + grown) == grown


@given(before=st.integers(2**31, 2**32 - 1), grown=st.integers(0, 2**31 - 1))
def test_a_32_bit_counter_that_wraps_is_followed(before: int, grown: int) -> None:
    assert counter_delta(before, (before + grown) % 2**32) == grown


@given(before=st.integers(1, 2**31 - 1), after=st.integers(0, 2**31))
def test_a_counter_set_back_is_not_taken_for_a_wrap(before: int, after: int) -> None:
    if after < before:
        assert counter_delta(before, after) is None
    assert counter_delta(2**40 + before, after) is None
