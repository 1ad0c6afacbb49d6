"""Health of the machine the agent runs on, from /proc and /sys; no root needed.

A value that the machine does not tell (no thermal zone, a container) is None. Files of /proc
stay open and are read again from their beginning, which is what keeps a tick cheap.
"""

from __future__ import annotations

import posix
import time

from agents import system
from agents.duties.counters import Counters, Routes
from agents.files import KeptFile
from agents.protocol import Config, HostReport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from agents.spool import Spool

_SENSORS_AGAIN_S = 600.0


class HostDuty:
    """Measures the host. `root` stands for / in tests; `disk` is a path on the file system
    whose fill level counts: that of `spool`, which is reported on too."""

    name = "host"

    def __init__(
        self,
        root: str = "/",
        disk: str | None = None,
        spool: Spool | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._routes = Routes(root)
        self._disk = disk or root
        self._spool = spool
        self._monotonic = monotonic
        proc = system.join(root, "proc")
        self._uptime = KeptFile(system.join(proc, "uptime"))
        self._load = KeptFile(system.join(proc, "loadavg"))
        self._stat = KeptFile(system.join(proc, "stat"))
        self._meminfo = KeptFile(system.join(proc, "meminfo"))
        self._counters = Counters(root)
        self._cpu: tuple[int, int] | None = None
        self._sensors: list[KeptFile] = []
        self._sensors_at = -_SENSORS_AGAIN_S

    def interval_s(self, config: Config) -> float:
        """Every tick."""
        return config.interval_s

    def measure(self, config: Config, now_us: int) -> list[tuple[str, NamedTuple]]:
        """One HostReport; `cpu_percent` is None the first time."""
        interface = config.uplinks[0].interface if config.uplinks else ""
        counters = self._counters.read(interface or self._routes.interface())
        uptime = _first_number(self._uptime)
        report = HostReport(
            cpu_percent=self._cpu_percent(),
            load_1=_first_number(self._load),
            memory_used_percent=self._memory_percent(),
            disk_used_percent=self._disk_percent(),
            temperature_c=self._temperature(),
            uptime_s=None if uptime is None else int(uptime),
            rx_bytes=counters[0] if counters else None,
            tx_bytes=counters[1] if counters else None,
            spool_rows=self._spool.rows if self._spool else None,
            dropped_rows=self._spool.dropped_rows if self._spool else None,
        )
        return [("host", report)]

    def close(self) -> None:
        """Close the files of /proc."""
        for file in (self._uptime, self._load, self._stat, self._meminfo, *self._sensors):
            file.close()
        self._counters.close()
        self._routes.close()

    def _cpu_percent(self) -> float | None:
        # cpu user nice system idle iowait irq softirq steal guest guest_nice
        # (guest is part of user already)
        try:
            line, _, _ = self._stat.read(256).partition(b"\n")
            ticks = [int(part) for part in line.split()[1:9]]
            total, idle = sum(ticks), ticks[3] + ticks[4]
        except (ValueError, IndexError):
            return None
        last, self._cpu = self._cpu, (total, idle)
        if last is None or total <= last[0]:
            return None
        busy = 1 - (idle - last[1]) / (total - last[0])
        return round(min(max(busy, 0.0), 1.0) * 100, 1)

    def _memory_percent(self) -> float | None:
        # MemTotal: 1000 kB MemFree: 100 kB MemAvailable: 250 kB Buffers: …
        words = self._meminfo.read(256).split()
        try:
            total = int(words[1])
            if words[6] == b"MemAvailable:":
                free = int(words[7])
            else:  # kernels before 3.14
                names = (b"MemFree:", b"Buffers:", b"Cached:")
                free = sum(int(words[words.index(name) + 1]) for name in names)
        except (ValueError, IndexError):
            return None
        if words[0] != b"MemTotal:" or total <= 0:
            return None
        return round(min(max(1 - free / total, 0.0), 1.0) * 100, 1)

    def _disk_percent(self) -> float | None:
        try:
            disk = posix.statvfs(self._disk)
        except OSError:
            return None
        used = disk.f_blocks - disk.f_bfree
        # As df: what only root may fill is no space.
        usable = used + disk.f_bavail
        return round(used * 100 / usable, 1) if usable else None

    def _temperature(self) -> float | None:
        now = self._monotonic()
        if now - self._sensors_at >= _SENSORS_AGAIN_S:
            self._sensors_at = now
            for sensor in self._sensors:
                sensor.close()
            self._sensors = [KeptFile(path) for path in self._find_sensors()]
        hottest: float | None = None
        for sensor in self._sensors:
            try:
                value = int(sensor.read(32)) / 1000
            except ValueError:
                continue
            if -40 < value < 200:  # unconnected sensors show -273 or 255
                hottest = value if hottest is None else max(hottest, value)
        return hottest

    def _find_sensors(self) -> list[str]:
        """Thermal zones; where there are none, the sensors of hwmon."""
        found = self._list("sys/class/thermal", "thermal_zone", ("temp",))
        if found:
            return found
        inputs = tuple(f"temp{i}_input" for i in range(1, 9))
        return self._list("sys/class/hwmon", "hwmon", inputs)

    def _list(self, folder: str, prefix: str, files: tuple[str, ...]) -> list[str]:
        base = system.join(self._root, folder)
        try:
            names = sorted(name for name in posix.listdir(base) if name.startswith(prefix))
        except OSError:
            return []
        paths = [f"{base}/{name}/{file}" for name in names for file in files]
        return [path for path in paths if system.exists(path)]


def _first_number(file: KeptFile) -> float | None:
    try:
        return float(file.read(64).split(None, 1)[0])
    except (ValueError, IndexError):
        return None
