"""The responder against net-snmp's own commands, and what it must not answer."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.snmp import ber
from sample_site.equipment.clock import SimClock
from sample_site.equipment.model import Estate
from sample_site.equipment.process import EquipmentProcess
from sample_site.equipment.responder import Responder
from sample_site.equipment.vendors import mib_of
from sample_site.equipment.world import World
from tests.peers import equipment as peers
from tests.peers import require

SYS_NAME = (1, 3, 6, 1, 2, 1, 1, 5, 0)


@pytest.fixture(scope="module")
def estate() -> Estate:
    return peers.one_of_each()


@pytest.fixture(scope="module")
def world(estate: Estate) -> World:
    return World(estate, SimClock("10:00"))


@pytest.fixture(scope="module")
def equipment(estate: Estate) -> Iterator[EquipmentProcess]:
    with EquipmentProcess(estate, at="10:00") as process:
        yield process


def net_snmp(command: str, address: str, port: int, *what: str) -> list[str]:
    program = require(command, "snmp")
    done = subprocess.run(
        [program, "-v2c", "-c", peers.COMMUNITY, "-On", "-Ot", "-t1", "-r0", "-m", "",
         f"{address}:{port}", *what],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_net_snmp_walks_the_whole_tree_of_every_make(
    equipment: EquipmentProcess, estate: Estate, world: World
) -> None:
    now = world.clock.now()
    for device in estate.devices:
        if device.controller:
            continue
        mib = mib_of(world.devices[device.key], now, world.version)
        expected = ["." + ".".join(map(str, oid)) for oid in mib.oids]
        for command in ("snmpwalk", "snmpbulkwalk"):
            lines = net_snmp(command, device.address, equipment.ports.snmp, ".1")
            names = [line.split(" = ")[0] for line in lines if " = " in line]
            if "No more variables left" in lines[-1]:
                names.pop()
            if device.model == "LW-600":  # its stations come and go
                names = [n for n in names if ".2356.13.1.3.32." not in n]
                expected = [n for n in expected if ".2356.13.1.3.32." not in n]
            assert names == expected, (device.key, command)


def test_net_snmp_reads_the_types_as_they_are(equipment: EquipmentProcess, estate: Estate) -> None:
    device = next(d for d in estate.devices if d.key == "Aruba 2930F-24G-PoE+")
    lines = net_snmp(
        "snmpget", device.address, equipment.ports.snmp,
        "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.5.0",
        "1.3.6.1.2.1.31.1.1.1.6.1", "1.3.6.1.2.1.2.2.1.10.1", "1.3.6.1.2.1.47.1.1.1.1.11.1",
    )  # fmt: skip
    values = [line.split(" = ")[1] for line in lines]
    assert values[0] == "OID: .1.3.6.1.4.1.11.2.3.7.11.181.18"
    assert values[1].isdigit()  # Timeticks, shown as a number by -Ot
    assert values[2] == f'STRING: "{device.name}"'
    assert values[3].startswith("Counter64: ")
    assert values[4].startswith("Counter32: ")
    assert values[5] == f'STRING: "{device.serial}"'


@pytest.mark.parametrize(
    ("oid", "says"),
    [("1.3.6.1.2.1.2.2.1.2.999", "No Such Instance"), ("1.3.6.1.2.1.1.99.0", "No Such Object")],
)
def test_a_missing_instance_and_a_missing_object_are_two_things(
    equipment: EquipmentProcess, estate: Estate, oid: str, says: str
) -> None:
    device = estate.devices[8]
    (line,) = net_snmp("snmpget", device.address, equipment.ports.snmp, oid)
    assert says in line


def test_a_controller_s_row_has_another_missing_instance(world: World) -> None:
    controller = world.devices["Cisco C9800-40"]
    mib = mib_of(controller, world.clock.now(), 0)
    assert mib.has_object((1, 3, 6, 1, 4, 1, 14179, 2, 2, 1, 1, 6, 9, 9, 9, 9, 9, 9))
    assert not mib.has_object((1, 3, 6, 1, 4, 1, 14179, 2, 2, 1, 1, 5, 9, 9, 9, 9, 9, 9))


# -- without a socket -----------------------------------------------------------------------


def ask(
    world: World, pdu: int, *oids: ber.Oid, f1: int = 0, f2: int = 0,
    community: str = peers.COMMUNITY, key: str = "Cisco C9200L-24P-4X",
) -> ber.Message | None:  # fmt: skip
    binds = [ber.VarBind(oid, ber.NULL, None) for oid in oids]
    data = ber.encode_message(ber.Message(community.encode(), pdu, 77, f1, f2, binds))
    answer = Responder(world).answer(world.devices[key].device.address, data)
    return None if answer is None else ber.decode_message(answer)


def test_after_the_last_variable_the_mib_view_ends(world: World) -> None:
    last = (1, 3, 9)
    for pdu, f2 in ((ber.GETNEXT, 0), (ber.GETBULK, 10)):
        answer = ask(world, pdu, last, f2=f2)
        assert answer is not None
        assert [(b.oid, b.tag) for b in answer.varbinds] == [(last, ber.END_OF_MIB_VIEW)]


def test_getbulk_gives_non_repeaters_once_and_the_rest_row_by_row(world: World) -> None:
    descr, status = (1, 3, 6, 1, 2, 1, 2, 2, 1, 2), (1, 3, 6, 1, 2, 1, 2, 2, 1, 8)
    answer = ask(world, ber.GETBULK, (1, 3, 6, 1, 2, 1, 1, 4, 0), descr, status, f1=1, f2=3)
    assert answer is not None
    rows = [(*column, row) for row in (1, 2, 3) for column in (descr, status)]
    assert [bind.oid for bind in answer.varbinds] == [SYS_NAME, *rows]


def test_a_huge_getbulk_stays_within_a_datagram(world: World) -> None:
    answer = ask(world, ber.GETBULK, *[(1, 3, 6)] * 20, f2=2**31 - 1)
    assert answer is not None
    assert 0 < len(ber.encode_message(answer)) < 9000


@pytest.mark.parametrize("numbers", [(-5, -5), (99, 0), (0, 0)])
def test_odd_numbers_in_getbulk_are_taken_as_the_standard_says(
    world: World, numbers: tuple[int, int]
) -> None:
    answer = ask(world, ber.GETBULK, (1, 3, 6, 1, 2, 1, 1), f1=numbers[0], f2=numbers[1])
    assert answer is not None
    assert len(answer.varbinds) == (1 if numbers[0] > 0 else 0)


def test_a_wrong_community_and_an_unknown_address_get_no_answer(world: World) -> None:
    assert ask(world, ber.GET, SYS_NAME, community="guess") is None
    data = ber.encode_message(ber.Message(peers.COMMUNITY.encode(), ber.GET, 1, 0, 0, []))
    assert Responder(world).answer("127.9.9.9", data) is None


def test_nothing_can_be_set(world: World) -> None:
    answer = ask(world, ber.SET, SYS_NAME)
    assert answer is not None
    assert (answer.field1, answer.field2) == (ber.NO_ACCESS, 1)


@given(st.binary(max_size=200))
def test_garbage_gets_no_answer(world: World, data: bytes) -> None:
    address = world.devices["Cisco C9200L-24P-4X"].device.address
    assert Responder(world).answer(address, data) is None


@given(st.data())
def test_a_damaged_question_never_breaks_it(world: World, data: st.DataObject) -> None:
    binds = [ber.VarBind((1, 3, 6, 1, 2, 1, 2, 2, 1), ber.NULL, None)]
    message = ber.Message(peers.COMMUNITY.encode(), ber.GETBULK, 77, 0, 5, binds)
    octets = bytearray(ber.encode_message(message))
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    address = world.devices["Cisco C9200L-24P-4X"].device.address
    answer = Responder(world).answer(address, bytes(octets))
    if answer is not None:
        assert ber.decode_message(answer).pdu == ber.RESPONSE


def test_the_socket_survives_garbage_and_answers_from_the_asked_address(
    equipment: EquipmentProcess, estate: Estate
) -> None:
    where = (estate.devices[9].address, equipment.ports.snmp)
    binds = [ber.VarBind(SYS_NAME, ber.NULL, None)]
    question = ber.encode_message(ber.Message(peers.COMMUNITY.encode(), ber.GET, 5, 0, 0, binds))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        for rubbish in (b"", b"\0" * 1000, question[:20], b"\x30\x84\xff\xff\xff\xff"):
            sock.sendto(rubbish, where)
        sock.sendto(question, where)
        answer, sender = sock.recvfrom(65_535)
    assert sender == where
    assert ber.decode_message(answer).varbinds[0].value == estate.devices[9].name.encode()


# -- believable values ----------------------------------------------------------------------


def test_the_same_seed_gives_the_same_school(estate: Estate) -> None:
    clock = SimClock("10:00")
    now = clock.now()
    values = []
    for _ in (1, 2):
        state = World(estate, clock).devices["Ubiquiti UAP-AC-Pro"]
        ports = [(round(p.rx_rate), round(p.tx_rate)) for p in state.ports]
        values.append((ports, state.capacity, state.clients(1, now), state.cpu(now)))
    assert values[0] == values[1]


@given(st.floats(0, 3e9), st.floats(0, 1e7))
def test_the_load_s_integral_never_falls_and_never_exceeds_full_load(
    start: float, seconds: float
) -> None:
    clock = SimClock()
    worked = clock.worked(start + seconds) - clock.worked(start)
    assert -1e-3 <= worked <= seconds + 1e-3


def test_lessons_are_busier_than_nights() -> None:
    assert SimClock("10:05").load(SimClock("10:05").now()) > 0.8
    assert SimClock("02:00").load(SimClock("02:00").now()) < 0.1
