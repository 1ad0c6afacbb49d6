"""A line whose rate, delay, loss and jitter are known, in network namespaces.

    school ──s0 ⇄ b0── bridge ──b1 ⇄ f0── far end
      (TBF)                              (TBF)

The ends are namespaces with a token bucket each (`tc … tbf`); between them a small process passes
frames on over two packet sockets, later or not at all (the kernels of our machines lack netem).
The far end takes connections, answers echoes, and serves and takes bytes over HTTP.

`measure` runs the agent's own measuring code at the school's end, in a process of its own:

    measure(rtt_ms=20, rate_bps=50e6, ticks=10)      reports, as the agent would send them
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.peers import SEARCH
from tests.peers.bridge import DEFAULTS

ROOT = Path(__file__).resolve().parents[2]
SCHOOL, FAR = "192.0.2.1", "192.0.2.2"
PORT = 8080
HEADER_BYTES = 14 + 20 + 20 + 12
"""Of a full frame of 1,514 bytes, as TBF counts it: Ethernet, IP, TCP, its time stamps."""


def goodput_bps(rate_bps: float) -> float:
    """What TCP can carry over a line of this rate."""
    return rate_bps * (1514 - HEADER_BYTES) / 1514


def can_be_made() -> str:
    """'' if a line can be made here, else why not."""
    tried = subprocess.run(
        ["unshare", "-rn", "sh", "-c",
         "ip link add x0 type veth peer name x1 && tc qdisc add dev x0 root tbf rate 1mbit "
         "burst 5kb latency 50ms"],
        capture_output=True, text=True, env=_environment(), check=False,
    )  # fmt: skip
    return "" if tried.returncode == 0 else f"no network namespaces here: {tried.stderr.strip()}"


def measure(*, ticks: int = 1, at_once: int = 1, throughput_s: float = 0.0, **line: float) -> Any:
    """Make the line and measure it: a list of reports (see `UplinkReport`) of `at_once` agents'
    measuring code, each `ticks` times; with `throughput_s` instead one of {down_bps, up_bps} a
    tick. `line` as in `tests.peers.bridge`; with `timed` each report has `line_ms`, what the line
    took there and back (median)."""
    spec = {"ticks": ticks, "at_once": at_once, "throughput_s": throughput_s, "line": line}
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "tests.peers.line", "school", json.dumps(spec)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT, env=_environment(), check=True, timeout=900,
    )  # fmt: skip
    return json.loads(done.stdout)


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": SEARCH}


# -- the school's end --------------------------------------------------------------------------


def _run(words: str) -> None:
    subprocess.run(words.split(), check=True)


def _part(*words: str) -> subprocess.Popen[str]:
    """A process in a namespace of its own, which waits for its line on standard input."""
    part = subprocess.Popen(
        ["unshare", "-n", sys.executable, "-m", *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert part.stdout is not None
    assert part.stdout.readline() == "here\n"
    return part


def _tell(part: subprocess.Popen[str]) -> None:
    assert part.stdin is not None
    assert part.stdout is not None
    part.stdin.write("\n")
    part.stdin.flush()
    assert part.stdout.readline() == "ready\n"


def _prepare(device: str, address: str, rate_bps: float) -> None:
    """An end: its address, frames as they go over a wire, and its rate."""
    from tests.peers.bridge import turn_off_offloads

    turn_off_offloads(device)
    _run("ip link set lo up")
    _run(f"ip addr add {address}/24 dev {device}")
    _run(f"ip link set {device} up")
    if rate_bps:
        rate = f"rate {rate_bps:.0f}bit burst 5kb latency 50ms"
        _run(f"tc qdisc add dev {device} root tbf {rate}")


@contextmanager
def _line(line: dict[str, float]) -> Iterator[dict[str, float]]:
    with open("/proc/sys/net/ipv4/ping_group_range", "w") as file:
        file.write("0 0")
    bridge = _part("tests.peers.bridge", json.dumps(line))
    far = _part("tests.peers.line", "far", json.dumps(line))
    try:
        _run(f"ip link add s0 type veth peer name b0 netns {bridge.pid}")
        _run("ip link add f0 type veth peer name b1")
        _run(f"ip link set f0 netns {far.pid}")
        _run(f"ip link set b1 netns {bridge.pid}")
        _tell(bridge)
        _tell(far)
        _prepare("s0", SCHOOL, {**DEFAULTS, **line}["rate_bps"])
        _run(f"ip route add default via {FAR}")
        yield (found := {})
        if line.get("timed"):
            assert bridge.stdout is not None
            bridge.terminate()
            found["line_ms"] = json.loads(bridge.stdout.readline())
    finally:
        for part in (bridge, far):
            part.terminate()
            part.wait()


def _reports(ticks: int) -> list[dict[str, Any]]:
    from agents.duties.uplink import UplinkDuty
    from agents.protocol import Config, UplinkTarget

    duty = UplinkDuty()
    line = UplinkTarget("line", interface="s0", targets=[f"{FAR}:{PORT}"])
    config = Config("", "agent", "school", uplinks=[line])
    return [duty.measure(config, 0)[0][1]._asdict() for _ in range(ticks)]


def _tests(ticks: int, seconds: float) -> list[dict[str, Any]]:
    from agents.duties.throughput import DEFAULT_LIMITS, measure_line
    from agents.protocol import UplinkTarget

    url = f"http://{FAR}:{PORT}/bytes"
    target = UplinkTarget("line", interface="s0", download_url=url, upload_url=url)
    limits = DEFAULT_LIMITS._replace(seconds=seconds)
    return [measure_line(target, limits)._asdict() for _ in range(ticks)]


def _school(spec: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with _line(spec["line"]) as truth:
        _reports(1)  # who is where is asked once, and no measurement
        if spec["throughput_s"]:
            return _tests(spec["ticks"], spec["throughput_s"])
        threads = [
            threading.Thread(target=lambda: found.extend(_reports(spec["ticks"])))
            for _ in range(spec["at_once"])
        ]
        for thread in threads:
            thread.start()
            time.sleep(0.013)
        for thread in threads:
            thread.join()
    return [report | truth for report in found]


# -- the far end -------------------------------------------------------------------------------


class _Web(BaseHTTPRequestHandler):
    """Sends without end, and takes whatever comes."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        block = random.randbytes(64 * 1024)
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.connection.sendall(block)
        except OSError:
            return

    def do_POST(self) -> None:
        self.close_connection = True
        try:
            while self.connection.recv(1 << 20):
                pass
        except OSError:
            return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, *_: object) -> None:
        """A probe that closes at once is none."""


def _far(line: dict[str, float]) -> None:
    print("here", flush=True)
    sys.stdin.readline()
    _prepare("f0", FAR, {**DEFAULTS, **line}["rate_bps"])
    with _Server((FAR, PORT), _Web) as server:
        # Closing at once must not leave a TIME-WAIT a probe.
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("end", choices=["school", "far"])
    parser.add_argument("spec", type=json.loads)
    given = parser.parse_args()
    if given.end == "far":
        _far(given.spec)
    else:
        print(json.dumps(_school(given.spec)))
