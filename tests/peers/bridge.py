"""Passes frames between `b0` and `b1`, each later than it came, or not at all.

`rtt_ms` is the delay there and back, `jitter_ms` the standard deviation of that round trip,
`loss` the share of round trips that lose a frame. ARP passes untouched: it is not what is
measured. Started by `tests.peers.line` in a namespace of its own.

Waking takes time, so a frame is held longer than it should. With `timed` the bridge says at its end
(SIGTERM) how long that was, there and back, in the median: from the kernel's time stamp of its
arrival until the kernel had it again.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterable
from statistics import median

DEFAULTS = {"rtt_ms": 0.0, "jitter_ms": 0.0, "loss": 0.0, "rate_bps": 0.0, "seed": 1.0,
            "timed": 0.0}  # fmt: skip

_ALL, _ARP = 3, b"\x08\x06"
_SOL_PACKET, _IGNORE_OUTGOING = 263, 23
_TIMESTAMPNS = 35
_SIOCETHTOOL = 0x8946
_OFFLOADS = (0x17, 0x19, 0x1F, 0x24, 0x2C)
"""Checksum, scatter-gather, TSO, GSO, GRO: with them frames of 64 KB come, without checksum."""
_PR_SET_TIMERSLACK = 29
_SPIN_S = 0.0002
"""So long before a frame is due the bridge does not sleep any more: waking takes as long."""


def turn_off_offloads(device: str) -> None:
    """Let the kernel hand over frames as they go over a wire."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for command in _OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            wish = struct.pack("16sP", device.encode(), ctypes.addressof(value))
            try:
                fcntl.ioctl(sock, _SIOCETHTOOL, wish)
            except OSError:
                continue  # this kernel has no such switch


def _open(device: str) -> socket.socket:
    subprocess.run(["ip", "link", "set", device, "up"], check=True)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
    sock.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    sock.bind((device, _ALL))
    sock.setblocking(False)
    return sock


def pass_on(near: socket.socket, far: socket.socket, line: dict[str, float]) -> None:
    """For ever."""
    dice = random.Random(line["seed"])
    delay_s = line["rtt_ms"] / 2000
    spread_s = line["jitter_ms"] / 1000 / 2**0.5
    lost = 1 - (1 - line["loss"]) ** 0.5
    due: list[tuple[float, int, socket.socket, bytes]] = []
    other = {near: far, far: near}
    count = 0
    clock = time.monotonic
    timed = bool(line["timed"])
    arrived: dict[int, int] = {}
    held: dict[socket.socket, list[int]] = {near: [], far: []}
    if timed:
        for sock in (near, far):
            sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        signal.signal(signal.SIGTERM, lambda *_: _tell(held.values()))
    while True:
        wait = due[0][0] - clock() - _SPIN_S if due else None
        if wait is None or wait > 0:
            ready = select.select([near, far], [], [], wait)[0]
        else:
            ready = [near, far]
        for sock in ready:
            for _ in range(16):
                try:
                    frame, said, _, _ = sock.recvmsg(65_536, 64)
                except BlockingIOError:
                    break
                at = clock()
                if frame[12:14] != _ARP:
                    if lost and dice.random() < lost:
                        continue
                    at += delay_s
                    if spread_s:
                        at += max(-delay_s, dice.gauss(0, spread_s))
                count += 1
                if timed and frame[12:14] != _ARP:
                    seconds, nanos = struct.unpack("qq", said[0][2])
                    arrived[count] = seconds * 10**9 + nanos
                heapq.heappush(due, (at, count, other[sock], frame))
        now = clock()
        while due and due[0][0] <= now:
            _, number, sock, frame = heapq.heappop(due)
            try:
                sock.send(frame)
            except OSError:
                continue  # a full queue drops, as a line does
            if number in arrived:
                held[sock].append(time.time_ns() - arrived.pop(number))


def _tell(ways: Iterable[list[int]]) -> None:
    print(json.dumps(sum(median(way) for way in ways if way) / 1e6), flush=True)
    os._exit(0)


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1)
    print("here", flush=True)
    sys.stdin.readline()
    ends = _open("b0"), _open("b1")
    print("ready", flush=True)
    pass_on(*ends, DEFAULTS | json.loads(sys.argv[1]))
