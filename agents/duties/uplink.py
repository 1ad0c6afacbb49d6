"""A school's lines, seen from inside: is there a way out, how fast does it answer, what flows.

Per line and tick: five TCP connections to the first target that answers (median, standard
deviation, loss), three ICMP echoes where the machine allows them, one DNS question per name, and
the interface's counters. The throughput test runs beside that, in a thread of its own, in slots
of `test_every_s` that begin at another time for each agent, within the config's `test_windows`;
its result goes out with the next tick's report.

Between two ticks one connection a line tells whether it is as it was (`wants_measuring`): a line
that was cut, or works again, is measured and reported at once, and for some minutes at each look.
"""

from __future__ import annotations

import _socket
import time
import zlib

from agents.duties.counters import Rates, Routes
from agents.duties.probes import (
    Address,
    Samples,
    connect_times,
    dns_query,
    echo_times,
    median,
    name_servers,
)
from agents.errors import AgentError
from agents.events import Lock, start
from agents.log import say
from agents.protocol import Config, UplinkReport, UplinkTarget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from agents.duties.throughput import LineTest

_ADDRESS_FOR_S = 300.0
LOOK_TIMEOUT_S = 1.0
RESTLESS_S = 300.0
"""So long after a line was cut or came back it is measured at each look."""
TEST_TAKES_S = 60
"""A window that ends sooner is over: both directions of a test and their time-outs fit in."""


class UplinkDuty:
    """Measures every line of the config. `eager` runs a due test at once (`run --once`);
    `offset_us` tells what the server's clock is ahead of ours."""

    name = "uplink"

    def __init__(
        self,
        root: str = "/",
        *,
        eager: bool = False,
        offset_us: Callable[[], int] = lambda: 0,
        resolver: tuple[str, int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._routes = Routes(root)
        self._eager = eager
        self._offset_us = offset_us
        self._resolver = resolver
        self._monotonic = monotonic
        self._rates = Rates(root)
        self._addresses: dict[str, tuple[float, Address]] = {}
        self._reachable: dict[str, bool] = {}
        self._restless_until = 0.0
        self._slots: dict[str, int] = {}
        self._testing = Lock()
        self._results: dict[str, LineTest] = {}

    def interval_s(self, config: Config) -> float:
        """Every tick, if there is a line to measure."""
        return config.interval_s if config.uplinks else 0

    def measure(self, config: Config, now_us: int) -> list[tuple[str, NamedTuple]]:
        """One UplinkReport a line; rates are None the first time."""
        reports: list[tuple[str, NamedTuple]] = []
        for line in config.uplinks:
            report = self._measure(line)
            reports.append(("uplink", report))
            if report.reachable is not None:
                if self._reachable.get(line.uplink, report.reachable) != report.reachable:
                    self._restless_until = self._monotonic() + RESTLESS_S
                self._reachable[line.uplink] = report.reachable
            self._start_test(line, config, now_us + self._offset_us())
        return reports

    def wants_measuring(self, config: Config) -> bool:
        """Whether a line is not as it was when it was measured, or has changed of late. One
        connection a line; one that does not answer costs a second a target."""
        if self._monotonic() < self._restless_until:
            return True
        return any(
            line.uplink in self._reachable and self._reachable[line.uplink] != self._answers(line)
            for line in config.uplinks
        )

    def _answers(self, line: UplinkTarget) -> bool:
        addresses = filter(None, map(self._address, line.targets))
        return any(
            connect_times(address, line.interface, count=1, timeout_s=LOOK_TIMEOUT_S).times
            for address in addresses
        )

    def is_busy(self) -> bool:
        """True while a throughput test runs."""
        return self._testing.locked()

    def close(self) -> None:
        """Close the files of the counters and routes."""
        self._rates.close()
        self._routes.close()

    # -- one line --------------------------------------------------------------------------

    def _measure(self, line: UplinkTarget) -> UplinkReport:
        interface = line.interface or self._routes.interface()
        rx_bps, tx_bps = self._rates.read(interface, self._monotonic())
        dns_ms = self._dns(line)
        connect, echo = self._probe(line)
        test = self._results.pop(line.uplink, None)
        answered = [*connect.times, *(echo.times if echo else [])]
        # A target that answers no echo at all forbids it; that is no loss of the line.
        counted = [connect, echo] if echo and echo.times else [connect]
        sent = sum(samples.sent for samples in counted)
        return UplinkReport(
            uplink=line.uplink,
            connect_ms=connect.median_ms,
            rtt_ms=echo.median_ms if echo else None,
            jitter_ms=connect.deviation_ms,
            loss_percent=round(100 * (sent - len(answered)) / sent, 1) if sent else None,
            dns_ms=dns_ms,
            rx_bps=rx_bps,
            tx_bps=tx_bps,
            test_down_bps=test.down_bps if test else None,
            test_up_bps=test.up_bps if test else None,
            reachable=bool(answered) if line.targets else None,
        )

    def _probe(self, line: UplinkTarget) -> tuple[Samples, Samples | None]:
        """Probes of the first target that answers; if none does, of the last one tried."""
        connect, echo = Samples([], 0), None
        for target in line.targets:
            address = self._address(target)
            if address is None:
                connect = connect if connect.sent else Samples([], 1)  # no name: no way out
                continue
            connect = connect_times(address, line.interface)
            echo = echo_times(address, line.interface)
            if connect.times or (echo and echo.times):
                break
        return connect, echo

    def _dns(self, line: UplinkTarget) -> float | None:
        times = []
        for name in line.dns_names:
            answer = self._ask(name, 1)
            if answer is not None:
                times.append(answer[0])
        return median(times)

    def _ask(self, name: str, kind: int) -> tuple[float, list[str]] | None:
        if self._resolver:
            return dns_query(name, self._resolver[0], port=self._resolver[1], kind=kind)
        for server in name_servers()[:2]:
            answer = dns_query(name, server, kind=kind)
            if answer is not None:
                return answer
        return None

    def _address(self, target: str) -> Address | None:
        """The address of `host:port` ([v6]:port); names are asked for every five minutes, and
        the last answer holds while there is none."""
        host, _, port = target.rpartition(":")
        host = host.strip("[]")
        if not host or not port.isdigit():
            return None
        literal = _literal(host, int(port))
        if literal:
            return literal
        known = self._addresses.get(target)
        now = self._monotonic()
        if known and now - known[0] < _ADDRESS_FOR_S:
            return known[1]
        for text in _from_hosts(host) or self._resolve(host):
            address = _literal(text, int(port))
            if address:
                self._addresses[target] = (now, address)
                return address
        return known[1] if known else None

    def _resolve(self, host: str) -> list[str]:
        for kind in (1, 28):
            answer = self._ask(host, kind)
            if answer is None:
                return []  # no resolver: a second question would only wait as long
            if answer[1]:
                return answer[1]
        return []

    # -- throughput test -------------------------------------------------------------------

    def test_now(
        self, line: UplinkTarget, config: Config, now_us: int, *, in_lessons: bool
    ) -> LineTest:
        """Test a line because somebody asks for it; AgentError says why not."""
        if not (line.download_url or line.upload_url):
            raise AgentError("no test is set up; the server's agent.download_url says where from")
        if not in_lessons and not in_window(config, now_us // 1_000_000):
            raise AgentError("there are lessons or exams; ask for a test in lessons to run it now")
        if not self._testing.acquire(timeout=TEST_TAKES_S):
            raise AgentError("another test does not end")
        return self._test(line)

    def _start_test(self, line: UplinkTarget, config: Config, now_us: int) -> None:
        every, now = line.test_every_s, now_us // 1_000_000
        if every <= 0 or not (line.download_url or line.upload_url):
            return
        phase = zlib.crc32(f"{config.agent}/{line.uplink}".encode()) % every
        slot = (now - phase) // every
        last = self._slots.get(line.uplink)
        # The slot in which the agent starts is not used: an agent that restarts again and
        # again must not fill the line.
        if last is None and not self._eager:
            self._slots[line.uplink] = slot
            return
        if slot == last or self.is_busy():
            return
        # One that begins in lessons is left out: not all of a city at once when they end.
        self._slots[line.uplink] = slot
        if in_window(config, now) and self._testing.acquire(blocking=False):
            start(self._test, line)

    def _test(self, line: UplinkTarget) -> LineTest:
        """Test while `_testing` is held, and give that back."""
        from agents.duties.throughput import measure_line

        try:
            result = measure_line(line)
        finally:
            self._testing.release()
        if result.error:
            say(f"throughput test of {line.uplink}: {result.error}")
        self._results[line.uplink] = result
        return result


def in_window(config: Config, now: int) -> bool:
    """Whether a scheduled test may begin at that second of the server's time."""
    return any(begin <= now <= end - TEST_TAKES_S for begin, end in config.test_windows)


def _literal(host: str, port: int) -> Address | None:
    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            _socket.inet_pton(family, host)
        except OSError:
            continue
        return family, (host, port)
    return None


def _from_hosts(name: str, path: str = "/etc/hosts") -> list[str]:
    found = []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.partition("#")[0].split()
                if name in words[1:]:
                    found.append(words[0])
    except OSError:
        pass
    return found
