"""The SNMP agent of all simulated devices: one UDP socket for the whole of 127.0.0.0/8.

The destination address of a datagram (IP_PKTINFO) says which device is meant; the answer leaves
with that address. A question asked before of a device of the same model is not worked out
again: only its values are. Unknown addresses, silent devices, wrong communities and malformed
datagrams get no answer, like on the real ones. Version 2c alone: version 3 is tested against
net-snmp's snmpd.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Sequence

from agents.snmp import ber
from sample_site.equipment.mib import Cell, Mib
from sample_site.equipment.vendors import mib_of
from sample_site.equipment.world import State, World

IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
MAX_REPETITIONS = 128
MAX_ANSWER = 8_000
_AT_ONCE = 64
_END = bytes((ber.END_OF_MIB_VIEW, 0))
_NO_INSTANCE = bytes((ber.NO_SUCH_INSTANCE, 0))
_NO_OBJECT = bytes((ber.NO_SUCH_OBJECT, 0))
Step = tuple[bytes, Cell]


class Responder:
    """Answers for a `World`. `start` opens the socket in the running loop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plans: dict[tuple[int, int, int, int, bytes], list[Step]] = {}
        self._mibs: list[Mib] = []  # keeps the trees alive whose ids are keys of plans
        self._socket: socket.socket | None = None
        self.requests = 0

    def start(self, port: int = 0) -> int:
        """Open the socket; returns its port. Raises OSError if the port is taken."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            sock.setblocking(False)
            sock.bind(("0.0.0.0", port))  # noqa: S104 - only 127.0.0.0/8 is answered
        except OSError:
            sock.close()
            raise
        self._socket = sock
        asyncio.get_running_loop().add_reader(sock.fileno(), self._readable)
        return int(sock.getsockname()[1])

    def stop(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _readable(self) -> None:
        sock = self._socket
        assert sock is not None
        for _ in range(_AT_ONCE):
            try:
                data, extra, _, sender = sock.recvmsg(65_535, 64)
            except OSError:
                return
            for level, kind, info in extra:
                if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
                    answer = self.answer(socket.inet_ntoa(info[8:12]), data)
                    if answer is not None:
                        origin = struct.pack("=I4s4s", 0, info[8:12], info[8:12])
                        with contextlib.suppress(OSError):
                            sock.sendmsg([answer], [(level, kind, origin)], 0, sender)

    def answer(self, address: str, data: bytes) -> bytes | None:
        """What the device at an address answers to a datagram; None for silence."""
        state = self._world.by_address.get(address)
        if state is None or state.silent:
            return None
        try:
            envelope = ber.open_message(data)
            if envelope.community.decode("latin-1") != state.device.community:
                return None
            asked = data[envelope.start : envelope.end]
            if envelope.pdu == ber.SET:
                ber.read_varbinds(data, envelope.start, envelope.end)
                return ber.wrap(envelope.community, ber.RESPONSE, envelope.request_id,
                                ber.NO_ACCESS, 1, asked)  # fmt: skip
            now = self._world.clock.now()
            mib = mib_of(state, now, self._world.version)
            steps = self._plan(mib, envelope, asked)
        except ber.BerError:
            return None
        if steps is None:
            return None
        self.requests += 1
        return ber.wrap(envelope.community, ber.RESPONSE, envelope.request_id, 0, 0,
                        _values(steps, state, now))  # fmt: skip

    def _plan(self, mib: Mib, envelope: ber.Envelope, asked: bytes) -> list[Step] | None:
        bulk = envelope.pdu == ber.GETBULK
        fields = (envelope.field1, envelope.field2) if bulk else (0, 0)
        key = (id(mib), envelope.pdu, *fields, asked)
        steps = self._plans.get(key)
        if steps is None:
            names = [bind.oid for bind in ber.read_varbinds(asked, 0, len(asked))]
            if envelope.pdu == ber.GET:
                steps = [_exact(mib, oid) for oid in names]
            elif envelope.pdu == ber.GETNEXT:
                steps = [_next(mib, oid)[1] for oid in names]
            elif bulk:
                steps = _bulk(mib, names, *fields)
            else:
                return None
            if len(self._plans) > 20_000:
                self._plans.clear()
                self._mibs.clear()
            self._plans[key] = steps
            self._mibs.append(mib)
        return steps


def _exact(mib: Mib, oid: ber.Oid) -> Step:
    place = mib.exact(oid)
    if place is not None:
        return mib.heads[place], mib.cells[place]
    return ber.encode_oid(oid), _NO_INSTANCE if mib.has_object(oid) else _NO_OBJECT


def _next(mib: Mib, oid: ber.Oid) -> tuple[ber.Oid | None, Step]:
    place = mib.after(oid)
    if place is None:
        return None, (ber.encode_oid(oid), _END)
    return mib.oids[place], (mib.heads[place], mib.cells[place])


def _bulk(mib: Mib, names: Sequence[ber.Oid], non_repeaters: int, repetitions: int) -> list[Step]:
    """RFC 3416, 4.2.3: the first names once, the others again and again, row by row."""
    once = max(0, min(non_repeaters, len(names)))
    steps = [_next(mib, oid)[1] for oid in names[:once]]
    current = list(names[once:])
    for _ in range(max(0, min(repetitions, MAX_REPETITIONS)) if current else 0):
        more = False
        for column, oid in enumerate(current):
            found, step = _next(mib, oid)
            steps.append(step)
            if found is not None:
                current[column] = found
                more = True
        if not more:
            break
    return steps


def _values(steps: list[Step], state: State, now: float) -> bytes:
    """The variables; cut off where the answer would become too large for a datagram."""
    parts: list[bytes] = []
    size = 0
    for head, cell in steps:
        value = cell if isinstance(cell, bytes) else cell(state, now)
        part = ber.tlv(ber.SEQUENCE, head + value)
        size += len(part)
        if size > MAX_ANSWER and parts:
            break
        parts.append(part)
    return b"".join(parts)
