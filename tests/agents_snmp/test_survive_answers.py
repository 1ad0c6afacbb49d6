"""Devices that answer wrongly: the poll ends with a reason, and the others are not disturbed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from agents.duties.network import NetworkDuty
from agents.protocol import Config, DeviceReport, Target
from agents.snmp import ber, oids
from agents.snmp.client import Peer
from agents.snmp.clients import Client
from agents.snmp.errors import SnmpBadAnswer, SnmpDenied, SnmpTimeout

Answer = Callable[[ber.Message, bytes], bytes]


@contextmanager
def device(answer: Answer) -> Iterator[int]:
    """A device on a loopback port that answers what the function says."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def work() -> None:
        while True:
            data, sender = sock.recvfrom(65_535)
            if not data:
                return
            reply = answer(ber.decode_message(data), data)
            if reply:
                sock.sendto(reply, sender)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        sock.sendto(b"", sock.getsockname())
        thread.join(5)
        sock.close()


def reply(message: ber.Message, binds: list[ber.VarBind], status: int = 0) -> bytes:
    return ber.encode_message(
        message._replace(pdu=ber.RESPONSE, field1=status, field2=1 if status else 0, varbinds=binds)
    )


def loops(message: ber.Message, _: bytes) -> bytes:
    """Answers a walk with the same row again and again."""
    return reply(message, [ber.VarBind((*b.oid[:10], 1), ber.INTEGER, 1) for b in message.varbinds])


def endless(message: ber.Message, _: bytes) -> bytes:
    """A table without an end."""
    return reply(message, [
        ber.VarBind((*bind.oid[:10], (bind.oid[10] if len(bind.oid) > 10 else 0) + step + 1),
                    ber.INTEGER, 1)
        for step in range(8) for bind in message.varbinds
    ])  # fmt: skip


def cut(_: ber.Message, data: bytes) -> bytes:
    return data[: len(data) // 2]


def garbage(_: ber.Message, data: bytes) -> bytes:
    return b"\x30\x82\xff\xff" + data


def another_id(message: ber.Message, _: bytes) -> bytes:
    return reply(message._replace(request_id=message.request_id ^ 1), message.varbinds)


def fewer(message: ber.Message, _: bytes) -> bytes:
    return reply(message, [ber.VarBind(oids.SYS_NAME, ber.OCTETS, b"x")])


def nothing(message: ber.Message, _: bytes) -> bytes:
    return reply(message, [])


def refusing(message: ber.Message, _: bytes) -> bytes:
    return reply(message, message.varbinds, ber.GEN_ERR)


WALK = [oids.IF_TYPE, oids.IF_OPER_STATUS]


@pytest.mark.parametrize(
    ("answer", "error"),
    [(loops, SnmpBadAnswer), (nothing, SnmpBadAnswer), (cut, SnmpTimeout), (garbage, SnmpTimeout),
     (another_id, SnmpTimeout), (refusing, SnmpDenied)],
)  # fmt: skip
async def test_a_walk_over_a_sick_device_ends_with_a_reason(
    client: Client, answer: Answer, error: type[Exception]
) -> None:
    with device(answer) as port, pytest.raises(error):
        await client.walk(Peer("127.0.0.1", port, community="c"), WALK)


async def test_a_table_without_end_ends_at_the_bound(client: Client) -> None:
    with device(endless) as port:
        rows = await client.walk(Peer("127.0.0.1", port, community="c"), WALK, max_rows=100)
    assert len(rows) == 100


async def test_an_answer_with_fewer_variables_is_refused(client: Client) -> None:
    with device(fewer) as port, pytest.raises(SnmpBadAnswer):
        await client.get(Peer("127.0.0.1", port, community="c"), [oids.SYS_NAME, oids.SYS_DESCR])


async def test_stray_datagrams_do_not_disturb_an_open_question(client: Client) -> None:
    count = 0

    def late(message: ber.Message, data: bytes) -> bytes:
        nonlocal count
        count += 1
        if count == 1:
            return garbage(message, data)
        return reply(message, [ber.VarBind(oids.SYS_NAME, ber.OCTETS, b"late")])

    with device(late) as port:
        answer = await client.get(Peer("127.0.0.1", port, community="c"), [oids.SYS_NAME])
    assert answer == {oids.SYS_NAME: b"late"}


@pytest.mark.parametrize("answer", [loops, cut, garbage, fewer, nothing, refusing, endless])
def test_the_duty_reports_every_sick_device_with_a_reason_or_values(answer: Answer) -> None:
    duty = NetworkDuty(timeout_s=0.3)
    try:
        with device(answer) as port:
            target = Target("SICK", "switch", "127.0.0.1", port, community="c")
            (report,) = duty.measure(Config("1", "a", "s", targets=[target]), 0)
    finally:
        duty.close()
    assert isinstance(report[1], DeviceReport)
    assert report[1].error or report[1].reachable
    assert len(report[1].error) < 200
