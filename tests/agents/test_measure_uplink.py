"""A line's figures against real listeners, a real resolver and a real web server."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.duties.probes import dns_query, name_servers
from agents.duties.throughput import Limits, measure_line
from agents.duties.uplink import UplinkDuty
from agents.errors import AgentError
from agents.protocol import Config, UplinkReport, UplinkTarget
from tests.agents.process import ROOT


@pytest.fixture
def listener() -> Iterator[int]:
    """A port on which connections are taken."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as sock:
        yield sock.getsockname()[1]


@contextmanager
def full_listener() -> Iterator[int]:
    """A port whose queue is full, so that the kernel drops every further SYN."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as sock:
        fill = [socket.socket() for _ in range(3)]
        for one in fill:
            one.setblocking(False)
            one.connect_ex(sock.getsockname())
        time.sleep(0.05)
        yield sock.getsockname()[1]
        for one in fill:
            one.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@contextmanager
def resolver(records: dict[str, list[str]], code: int = 0, delay_s: float = 0.0) -> Iterator[Any]:
    """A name server on UDP; yields (address, port) and counts its questions."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    asked: list[str] = []

    def serve() -> None:
        while True:
            try:
                query, client = sock.recvfrom(4096)
            except OSError:
                return
            if not query:
                return
            position, labels = 12, []
            while length := query[position]:
                labels.append(query[position + 1 : position + 1 + length].decode())
                position += 1 + length
            name = ".".join(labels)
            (kind,) = struct.unpack_from("!H", query, position + 1)
            asked.append(name)
            found = [a for a in records.get(name, []) if (":" in a) == (kind == 28)]
            answers = b""
            if found:  # a CNAME first, as the real world has it
                alias = b"\x03cdn\xc0\x0c"
                answers += b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, 60, len(alias)) + alias
            for address in found:
                data = socket.inet_pton(socket.AF_INET6 if kind == 28 else socket.AF_INET, address)
                answers += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
            count = len(found) + 1 if found else 0
            time.sleep(delay_s)
            head = query[:2] + struct.pack("!BBHHHH", 0x81, 0x80 | code, 1, count, 0, 0)
            sock.sendto(b"\0\0" + head[2:] + query[12:], client)  # a forger's guess of the number
            sock.sendto(head + query[12:] + answers, client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    address = sock.getsockname()
    yield address, asked
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stopper:
        stopper.sendto(b"", address)
    thread.join(5)
    sock.close()


ALWAYS = [[0, 2**40]]


def measure(duty: UplinkDuty, **line: Any) -> UplinkReport:
    config = Config(
        "", "agent", "164800", uplinks=[UplinkTarget("Line A", **line)], test_windows=ALWAYS
    )
    ((table, report),) = duty.measure(config, 1_000_000_000_000_000)
    assert table == "uplink"
    assert isinstance(report, UplinkReport)
    return report


def test_a_line_that_works_has_a_connect_time_and_no_loss(listener: int) -> None:
    duty = UplinkDuty()
    report = measure(duty, interface="lo", targets=[f"127.0.0.1:{listener}"])
    assert report.uplink == "Line A"
    assert report.reachable is True
    assert report.loss_percent == 0.0
    assert report.connect_ms is not None
    assert 0 < report.connect_ms < 200
    assert report.jitter_ms is not None
    assert report.rx_bps is None  # the first tick has no rates
    report = measure(duty, interface="lo", targets=[f"127.0.0.1:{listener}"])
    assert report.rx_bps is not None
    assert report.rx_bps > 0


def test_a_dead_first_target_does_not_mean_a_dead_line(listener: int) -> None:
    targets = [f"127.0.0.1:{closed_port()}", f"127.0.0.1:{listener}"]
    report = measure(UplinkDuty(), targets=targets)
    assert (report.reachable, report.loss_percent) == (True, 0.0)


def test_a_dead_line_is_told_within_about_a_second() -> None:
    with full_listener() as port:
        begun = time.monotonic()
        report = measure(UplinkDuty(), targets=[f"127.0.0.1:{port}"])
        assert time.monotonic() - begun < 2.5
    if report.rtt_ms is None:  # where ping is allowed, 127.0.0.1 does answer that
        assert report.reachable is False
        assert report.loss_percent == 100.0
    assert report.connect_ms is None


def test_without_targets_nothing_is_claimed() -> None:
    report = measure(UplinkDuty())
    assert (report.reachable, report.loss_percent, report.connect_ms) == (None, None, None)


@pytest.mark.parametrize("target", ["nonsense", "x:y", ":443", "1.2.3.4"])
def test_a_target_that_cannot_be_read_is_unreachable_and_no_error(target: str) -> None:
    with resolver({}) as (address, _):
        report = measure(UplinkDuty(resolver=address), targets=[target])
    assert report.reachable is False


def test_a_name_is_asked_for_once_in_five_minutes_and_kept_when_dns_dies(listener: int) -> None:
    now = [1000.0]
    with resolver({"probe.example": ["127.0.0.1"]}) as (address, asked):
        duty = UplinkDuty(resolver=address, monotonic=lambda: now[0])
        for _ in range(3):
            report = measure(duty, targets=[f"probe.example:{listener}"])
            assert report.reachable is True
        assert asked == ["probe.example"]
        now[0] += 301
        measure(duty, targets=[f"probe.example:{listener}"])
        assert len(asked) == 2
    now[0] += 301
    assert measure(duty, targets=[f"probe.example:{listener}"]).reachable is True


def test_dns_time_is_the_resolvers_time() -> None:
    with resolver({"a.example": ["192.0.2.1"]}, delay_s=0.05) as (address, _):
        report = measure(UplinkDuty(resolver=address), dns_names=["a.example", "b.example"])
    assert report.dns_ms is not None
    assert 50 <= report.dns_ms < 250  # a name that does not exist is an answer too


def test_a_resolver_that_fails_or_is_silent_has_no_time() -> None:
    with resolver({}, code=2) as (address, _):
        assert measure(UplinkDuty(resolver=address), dns_names=["a.example"]).dns_ms is None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        host, port = silent.getsockname()
        assert dns_query("a.example", host, port=port, timeout_s=0.1) is None


def test_addresses_of_both_families_are_read_past_an_alias() -> None:
    records = {"a.example": ["192.0.2.1", "192.0.2.2", "2001:db8::1"]}
    with resolver(records) as ((host, port), _):
        answer = dns_query("a.example", host, port=port)
        assert answer
        assert answer[1] == ["192.0.2.1", "192.0.2.2"]
        answer = dns_query("a.example", host, port=port, kind=28)
        assert answer
        assert answer[1] == ["2001:db8::1"]


@given(st.binary(max_size=200))
def test_no_answer_of_a_resolver_whatever_is_an_error(noise: bytes) -> None:
    from agents.duties.probes import _addresses

    assert isinstance(_addresses(b"\0" * 6 + noise, 12, 1), list)


def test_the_resolvers_of_the_machine_are_found(tmp_path: Any) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("# x\nsearch a b\nnameserver 192.0.2.1\nnameserver 2001:db8::1\nnameserver\n")
    assert name_servers(str(path)) == ["192.0.2.1", "2001:db8::1"]
    assert name_servers(str(tmp_path / "none")) == ["127.0.0.1"]


FAR_END = """
import socket, subprocess, sys
sys.stdin.readline()  # until our end of the line is here
for words in ("link set lo up", "addr add 192.0.2.2/24 dev far0", "link set far0 up"):
    subprocess.run(["ip", *words.split()], check=True)
listener = socket.create_server(("192.0.2.2", 4433), backlog=50)
print("ready", flush=True)
sys.stdin.readline()
"""
SCHOOL = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
from agents.duties.uplink import UplinkDuty
from agents.errors import AgentError
from agents.protocol import Config, UplinkTarget

with open("/proc/sys/net/ipv4/ping_group_range", "w") as file:
    file.write("0 0")
far = subprocess.Popen(
    ["unshare", "-n", sys.executable, "-c", sys.argv[2]],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
)
def ip(words):
    subprocess.run(["ip", *words.split()], check=True)
while True:  # until it has its own namespace
    import os
    if os.readlink(f"/proc/{far.pid}/ns/net") != os.readlink("/proc/self/ns/net"):
        break
ip("link set lo up")
ip(f"link add near0 type veth peer name far0 netns {far.pid}")
ip("addr add 192.0.2.1/24 dev near0")
ip("link set near0 up")
ip("route add default via 192.0.2.2")
far.stdin.write("\\n"); far.stdin.flush(); far.stdout.readline()
target = UplinkTarget("L", targets=["192.0.2.2:4433"])
config = Config("", "a", "s", uplinks=[target])
duty = UplinkDuty()
duty.measure(config, 1)
print(duty.measure(config, 1)[0][1]._asdict())
ip("link set near0 down")
print(duty.measure(config, 1)[0][1]._asdict())
far.terminate(); far.wait()
"""


def test_on_a_line_of_its_own_ping_is_allowed_and_a_pulled_cable_is_seen() -> None:
    """Two network namespaces and a cable between them; in our own, `ping_group_range` is ours
    to set."""
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode:
        pytest.skip("no network namespaces here")
    command = ["unshare", "-rn", sys.executable, "-c", SCHOOL, str(ROOT), FAR_END]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    up, down = (eval(line) for line in done.stdout.splitlines())
    assert up["reachable"] is True
    assert up["loss_percent"] == 0.0
    assert 0 < up["rtt_ms"] < 100
    assert 0 < up["connect_ms"] < 100
    assert up["rx_bps"] > 0  # the interface of the default route was found
    assert down["reachable"] is False
    assert down["loss_percent"] == 100.0
    assert down["connect_ms"] is down["rtt_ms"] is None


class _Web(BaseHTTPRequestHandler):
    """Sends 40 MB paced to about 80 Mbit/s in all, takes uploads at the same pace."""

    protocol_version = "HTTP/1.1"
    pace = 80e6 / 8
    lock = threading.Lock()
    free_at = 0.0

    def log_message(self, *_: object) -> None:
        pass

    @classmethod
    def wait(cls, count: int) -> None:
        with cls.lock:
            cls.free_at = max(cls.free_at, time.monotonic()) + count / cls.pace
            until = cls.free_at
        time.sleep(max(0.0, until - time.monotonic()))

    def do_GET(self) -> None:
        size = {"/large": 40_000_000, "/small": 12_000}.get(self.path, 0)
        self.send_response(200 if self.path in ("/large", "/empty", "/small") else 404)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        block = os.urandom(min(size, 20_000) or 1)
        try:
            for _ in range(size // len(block)):
                self.wait(len(block))
                self.wfile.write(block)
        except OSError:
            self.close_connection = True

    def do_POST(self) -> None:
        if self.path == "/forbidden":
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.close_connection = True
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        left = int(self.headers["Content-Length"])
        try:
            while left > 0:
                data = self.rfile.read1(min(left, 20_000))
                if not data:
                    break
                left -= len(data)
                self.wait(len(data))
        except OSError:
            pass
        self.close_connection = True


@pytest.fixture
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_throughput_test_reads_the_pace_of_the_line(web: str) -> None:
    line = UplinkTarget("L", download_url=web + "/large", upload_url=web + "/take")
    result = measure_line(line, Limits(seconds=1.5))
    assert result.error == ""
    assert result.down_bps == pytest.approx(80e6, rel=0.25)
    # What has left the sender and waits in the receiver's buffers counts as arrived.
    assert result.up_bps == pytest.approx(80e6, rel=0.45)


def test_a_throughput_test_keeps_to_its_bytes(web: str) -> None:
    line = UplinkTarget("L", download_url=web + "/large")
    begun = time.monotonic()
    result = measure_line(line, Limits(seconds=5, bytes=4_000_000))
    assert time.monotonic() - begun < 2.5  # 4 MB at 10 MB/s
    assert result.down_bps


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/none", "answers HTTP 404"),
        ("/empty", "ends after 0 kB"),
        ("/small", "ends after 12 kB; offer one of 10 MB"),
    ],
)
def test_a_test_that_cannot_be_made_says_why(web: str, path: str, said: str) -> None:
    result = measure_line(UplinkTarget("L", download_url=web + path), Limits(seconds=10))
    assert result.down_bps is None
    assert said in result.error


def test_an_upload_that_is_refused_is_no_measurement(web: str) -> None:
    result = measure_line(UplinkTarget("L", upload_url=web + "/forbidden"), Limits(seconds=10))
    assert result.up_bps is None


def test_the_result_of_a_test_goes_out_with_the_next_report_and_once(web: str) -> None:
    duty = UplinkDuty(eager=True)
    line = {"download_url": web + "/large", "test_every_s": 3600}
    assert measure(duty, **line).test_down_bps is None
    deadline = time.monotonic() + 20
    while duty.is_busy():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    report = measure(duty, **line)
    assert report.test_down_bps is not None
    assert not duty.is_busy()  # the same slot: no second test
    assert measure(duty, **line).test_down_bps is None


def due(duty: UplinkDuty, listener: int, at_s: int, windows: list[list[int]]) -> bool:
    """Whether a test, which then waits for its first byte, is begun at a second of our clock."""
    line = UplinkTarget("L", download_url=f"http://127.0.0.1:{listener}/", test_every_s=3600)
    config = Config("e", "a", "s", uplinks=[line], test_windows=windows)
    duty.measure(config, at_s * 1_000_000)
    return duty.is_busy()


@pytest.mark.parametrize(
    ("windows", "begins"),
    [
        ([[9_000, 9_900], [10_000, 20_000]], True),
        ([[9_000, 9_900], [10_001, 20_000]], False),  # lessons
        ([[9_000, 10_059]], False),  # they begin before a test would have ended
        ([[1_000, 9_000]], False),  # the list has run out: nobody has told us for weeks
        ([], False),
    ],
)
def test_a_scheduled_test_runs_in_its_window_alone(
    listener: int, windows: list[list[int]], begins: bool
) -> None:
    assert due(UplinkDuty(eager=True), listener, 10_000, windows) is begins


def test_the_servers_clock_tells_whether_there_are_lessons(listener: int) -> None:
    slow = UplinkDuty(eager=True, offset_us=lambda: 7200 * 1_000_000)
    assert not due(slow, listener, 10_000, [[9_000, 12_000]])
    assert due(UplinkDuty(eager=True, offset_us=lambda: -1), listener, 10_000, [[9_000, 12_000]])


def test_a_slot_that_began_in_lessons_is_left_out_when_they_end(listener: int) -> None:
    """Else all agents of a city would test in the minute after the last lesson."""
    duty = UplinkDuty(eager=True)
    phase = zlib.crc32(b"a/L") % 3600
    begin = 36_000 + phase
    windows = [[begin + 600, begin + 9_000]]
    assert not due(duty, listener, begin + 10, windows)
    assert not due(duty, listener, begin + 700, windows)
    assert due(duty, listener, begin + 3_610, windows)


def test_somebody_may_ask_for_a_test_in_lessons_and_must_say_so(web: str) -> None:
    duty = UplinkDuty()
    line = UplinkTarget("L", download_url=web + "/empty")
    config = Config("e", "a", "s", uplinks=[line])
    with pytest.raises(AgentError, match="there are lessons or exams"):
        duty.test_now(line, config, 0, in_lessons=False)
    assert "ends after 0 kB" in duty.test_now(line, config, 0, in_lessons=True).error
    with pytest.raises(AgentError, match="no test is set up"):
        duty.test_now(UplinkTarget("L"), config, 0, in_lessons=True)


def test_an_agent_that_restarts_again_and_again_does_not_fill_the_line(web: str) -> None:
    for _ in range(3):
        duty = UplinkDuty()
        measure(duty, download_url=web + "/large", test_every_s=3600)
        assert not duty.is_busy()
