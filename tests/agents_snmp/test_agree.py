"""Both clients say the same of the same device: of net-snmp's, of every simulated make, of values
that no device has thought of, and of answers that are forged or broken."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.duties.network import NetworkDuty
from agents.protocol import Config, DeviceReport, Target
from agents.snmp import ber, oids
from agents.snmp.client import Peer, SnmpClient
from agents.snmp.clients import CLIENTS, Client
from agents.snmp.errors import SnmpError
from agents.snmp.gufo import GufoClient
from sample_site.equipment.process import EquipmentProcess
from tests.agents_snmp.test_read_equipment import target_of
from tests.agents_snmp.test_survive_answers import device, endless, reply
from tests.peers import equipment as peers
from tests.peers.snmpd import AUTH_KEY, COMMUNITY, PRIVACY_KEY, Snmpd

SYSTEM = ber.parse_oid("1.3.6.1.2.1.1")


MOVING = ("response_ms", "cpu_percent")
"""What is another at each poll, up or down."""


def agree(before: object, fast: object, after: object) -> bool:
    """Whether `fast` is what another client read before and after, or between the two."""
    if before == after:
        return fast == before
    numbers = [before, fast, after]
    return all(isinstance(n, int | float) for n in numbers) and fast == sorted(numbers)[1]  # type: ignore[type-var]


@pytest.mark.parametrize(
    "columns",
    [
        [oids.IF_OPER_STATUS, oids.IF_HC_IN_OCTETS, oids.IF_HC_OUT_OCTETS, oids.IF_IN_ERRORS],
        [oids.HR_STORAGE_TYPE, oids.HR_STORAGE_SIZE, oids.HR_STORAGE_USED],
        [ber.parse_oid("1.3.6.1.2.1.4.20.1.1")],  # ipAdEntAddr: addresses
        [ber.parse_oid("1.3.6.1.2.1.1.9.1.2"), ber.parse_oid("1.3.6.1.2.1.1.9.1.3")],  # sysORTable
        [ber.parse_oid("1.3.6.1.4.1.2021.10.1.6")],  # laLoadFloat: opaque
        [oids.ENT_SENSOR_TYPE],  # has no rows
        [ber.parse_oid("1.3.6.1.6.3.16.1.4.1.9")],  # the end of the MIB
        [ber.parse_oid("1.3.6.1.6.3.99")],  # behind its end
    ],
)
@pytest.mark.parametrize("expected", [None, 0, 2, 40])
async def test_snmpd_s_tables_are_the_same(
    snmpd: Snmpd, columns: list[ber.Oid], expected: int | None
) -> None:
    peer = Peer("127.0.0.1", snmpd.port, community=COMMUNITY)
    slow, fast = SnmpClient(2.0), GufoClient(2.0)
    try:
        before, between, again, after = [
            await one.walk(peer, columns, 512, expected) for one in (slow, fast, fast, slow)
        ]
    finally:
        slow.close()
        fast.close()
    assert before.keys() == between.keys() == again.keys() == after.keys()
    for index, row in between.items():
        assert row.keys() == before[index].keys() == again[index].keys()
        for column, value in row.items():
            assert agree(before[index][column], value, after[index][column])


@pytest.mark.parametrize("change", [
    {}, {"community": "guess"}, {"address": "nowhere"}, {"username": "full", "auth": "SHA"},
    {"username": "full", "auth": "SHA", "key": "wrong-key-123"},
    {"username": "nobody", "auth": "SHA"},
    {"username": "long", "auth": "SHA256", "privacy": "AES256"},
])  # fmt: skip
def test_a_whole_poll_of_snmpd_or_the_reason_against_it_is_the_same(
    snmpd: Snmpd, change: dict[str, str]
) -> None:
    target = Target(
        "BOX", "server", change.get("address", "127.0.0.1"), snmpd.port,
        snmp_version="3" if "username" in change else "2c",
        community=change.get("community", COMMUNITY), username=change.get("username", ""),
        auth_protocol=change.get("auth", ""), auth_key=change.get("key", AUTH_KEY),
        privacy_protocol=change.get("privacy", "AES"), privacy_key=PRIVACY_KEY,
    )  # fmt: skip
    same_reports([target], timeout_s=0.2)


def test_the_report_of_every_simulated_make_is_the_same() -> None:
    estate = peers.one_of_each()
    with EquipmentProcess(estate, at="10:00") as equipment:
        same_reports([target_of(device, equipment, estate) for device in estate.devices])


def same_reports(targets: list[Target], timeout_s: float = 2.0) -> None:
    """Both clients in turn, each over the first poll and over one that remembers it."""
    duties = {name: NetworkDuty(timeout_s=timeout_s) for name in CLIENTS}

    def poll(name: str) -> list[DeviceReport]:
        config = Config("1", "agent", peers.SCHOOL, targets=targets, snmp_client=name)
        return [report for _, report in duties[name].measure(config, 0)]  # type: ignore[misc]

    try:
        for _ in range(2):
            polls = poll("pysnmp"), poll("gufo"), poll("pysnmp")
            for before, fast, after in zip(*polls, strict=True):
                for field in DeviceReport._fields:
                    values = [getattr(report, field) for report in (before, fast, after)]
                    if field in MOVING:
                        assert len({type(value) for value in values}) == 1, (field, values)
                    else:
                        assert agree(*values), (before.device, field, values)
    finally:
        for duty in duties.values():
            duty.close()


# Values that no device has thought of -------------------------------------------------------

numbers = st.integers(0, 2**32 - 1)
values = st.one_of(
    st.tuples(st.just(ber.INTEGER), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.sampled_from([ber.COUNTER32, ber.GAUGE32, ber.TIMETICKS]), numbers),
    st.tuples(st.just(ber.COUNTER64), st.integers(0, 2**64 - 1)),
    st.tuples(st.sampled_from([ber.OCTETS, ber.OPAQUE]), st.binary(max_size=200)),
    st.tuples(st.just(ber.IP_ADDRESS), st.ip_addresses(v=4).map(str)),
    st.tuples(
        st.just(ber.OID), st.lists(numbers, min_size=3, max_size=40).map(lambda n: (1, 3, *n))
    ),
)
missing = st.sampled_from([(tag, None) for tag in (ber.NO_SUCH_OBJECT, ber.NO_SUCH_INSTANCE)])


class Made:
    """A device that has what a test says, and both clients to ask it."""

    def __init__(self) -> None:
        self.variables: dict[ber.Oid, tuple[int, ber.Value]] = {}
        self.loop = asyncio.new_event_loop()
        self.clients: list[Client] = []

    def answer(self, message: ber.Message, _: bytes) -> bytes:
        if message.pdu == ber.GET:
            gone = (ber.NO_SUCH_INSTANCE, None)
            return reply(
                message,
                [ber.VarBind(b.oid, *self.variables.get(b.oid, gone)) for b in message.varbinds],
            )
        binds = []
        places = [bind.oid for bind in message.varbinds]
        for _ in range(message.field2):
            for number, place in enumerate(places):
                after = min((oid for oid in self.variables if oid > place), default=None)
                if after is None:
                    binds.append(ber.VarBind(place, ber.END_OF_MIB_VIEW, None))
                else:
                    binds.append(ber.VarBind(after, *self.variables[after]))
                    places[number] = after
        return reply(message, binds)

    async def ask(self, port: int, columns: list[ber.Oid], expected: int | None) -> list[object]:
        """What each client says: values, rows, or the error."""
        said: list[object] = []
        self.clients = self.clients or [SnmpClient(1.0, 1), GufoClient(1.0, 1)]
        single = [oid for oid in self.variables if oid[: len(SYSTEM)] == SYSTEM]
        for client in self.clients:
            client.register([])  # it is another device
            peer = Peer("127.0.0.1", port, community="c")
            try:
                said.append((
                    await client.get(peer, single),
                    await client.walk(peer, columns, 64, expected),
                    await client.walk(peer, columns, 64, expected),
                ))  # fmt: skip
            except SnmpError as error:
                said.append((type(error), str(error)))
        return said


@pytest.fixture(scope="module")
def made() -> Iterator[tuple[Made, int]]:
    one = Made()
    with device(one.answer) as port:
        yield one, port

    async def end() -> None:
        for client in one.clients:
            client.close()
        await asyncio.sleep(0)

    one.loop.run_until_complete(end())
    one.loop.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(values | missing, max_size=12),
    st.lists(st.lists(values, max_size=14), min_size=1, max_size=3),
    st.sampled_from([None, 0, 3, 14]),
    st.booleans(),
)
def test_any_values_in_any_table_are_the_same(
    made: tuple[Made, int],
    singles: list[tuple[int, ber.Value]],
    table: list[list[tuple[int, ber.Value]]],
    expected: int | None,
    has_more: bool,
) -> None:
    one, port = made
    one.variables = {oids.SYS_UPTIME: (ber.TIMETICKS, 7)}
    one.variables |= {(*SYSTEM, 90, n): value for n, value in enumerate(singles)}
    columns = [ber.parse_oid(f"1.3.6.1.4.1.9.1.{n}") for n in range(len(table))]
    for column, cells in zip(columns, table, strict=True):
        one.variables |= {(*column, 300 * n, 1): cell for n, cell in enumerate(cells)}
    if has_more:
        one.variables[ber.parse_oid("1.3.6.1.6.1.0")] = (ber.INTEGER, 1)
    slow, fast = one.loop.run_until_complete(one.ask(port, columns, expected))
    assert fast == slow


# What gufo-snmp does not do rightly ---------------------------------------------------------


@contextmanager
def forger(port: int) -> Iterator[int]:
    """Passes questions on to a device, and changes its name in the answers on their way back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
        back.connect(("127.0.0.1", port))
        back.settimeout(2)
        front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        front.bind(("127.0.0.1", 0))

        def work() -> None:
            while True:
                data, sender = front.recvfrom(65_535)
                if not data:
                    return
                back.send(data)
                front.sendto(back.recv(65_535).replace(b"peer-box", b"EVIL-box"), sender)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield front.getsockname()[1]
        finally:
            front.sendto(b"", front.getsockname())
            thread.join(5)
            front.close()


async def test_a_forged_v3_answer_is_not_believed(snmpd: Snmpd, client: Client) -> None:
    with forger(snmpd.port) as port:
        peer = Peer("127.0.0.1", port, "3", "", "signed", "SHA512", AUTH_KEY)
        with pytest.raises(SnmpError):
            await client.get(peer, [oids.SYS_NAME])


async def test_after_an_answer_that_gufo_cannot_read_pysnmp_asks(
    capfd: pytest.CaptureFixture[str],
) -> None:
    asked = 0

    def breaks_once(message: ber.Message, _: bytes) -> bytes:
        nonlocal asked
        asked += 1
        if asked == 1:
            return b"\x30\x84"
        return reply(message, [ber.VarBind(b.oid, ber.INTEGER, 7) for b in message.varbinds])

    client = GufoClient(0.5, 1)
    with device(breaks_once) as port:
        peer = Peer("127.0.0.1", port, community="c")
        assert await client.get(peer, [oids.SYS_NAME]) == {oids.SYS_NAME: 7}
        assert await client.get(peer, [oids.SYS_NAME]) == {oids.SYS_NAME: 7}
    assert asked == 3  # the second time it was not even tried
    client.close()
    capfd.readouterr()  # Rust tells its panic on standard error


async def test_two_who_ask_one_device_at_once_get_their_own_answers(client: Client) -> None:
    with device(endless) as port:
        peer = Peer("127.0.0.1", port, community="c")
        columns = [[oids.IF_TYPE], [oids.IF_OPER_STATUS], [oids.IF_IN_ERRORS]]
        found = await asyncio.gather(*(client.walk(peer, one, 30) for one in columns))
    assert [{column for row in rows.values() for column in row} for rows in found] == [
        set(one) for one in columns
    ]


async def test_sockets_of_devices_stay_within_their_number(
    monkeypatch: pytest.MonkeyPatch, snmpd: Snmpd
) -> None:
    monkeypatch.setattr("agents.snmp.gufo.MOST_OPEN", 4)
    client = GufoClient(1.0)
    with device(lambda message, _: reply(message, [
        ber.VarBind(b.oid, ber.INTEGER, 7) for b in message.varbinds
    ])) as port:  # fmt: skip
        everywhere = [Peer("127.0.0.1", port, community=f"c{n}") for n in range(12)]
        for peer in everywhere * 2:
            assert await client.get(peer, [oids.SYS_NAME]) == {oids.SYS_NAME: 7}
            assert len(client._lines) <= 4
        client.register(everywhere[-1:])
        assert set(client._lines) == {everywhere[-1]}
    client.close()
