"""What every simulated device says: system, interfaces, host resources, entity.

Object identifiers as in `agents.snmp.oids`, plus the descriptive columns a walk expects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agents.snmp import ber, oids
from agents.snmp.ber import Oid, parse_oid
from sample_site.equipment import mib
from sample_site.equipment.catalogue import Model
from sample_site.equipment.mib import Cell
from sample_site.equipment.world import State

IF = parse_oid("1.3.6.1.2.1.2.2.1")
IFX = parse_oid("1.3.6.1.2.1.31.1.1.1")
ENTITY = parse_oid("1.3.6.1.2.1.47.1.1.1.1")
SENSOR = parse_oid("1.3.6.1.2.1.99.1.1.1")
HOST = parse_oid("1.3.6.1.2.1.25")
UCD = parse_oid("1.3.6.1.4.1.2021")
Row = tuple[Oid, Cell]


def system(description: str, sys_object_id: str) -> Iterator[Row]:
    """SNMPv2-MIB system group and snmpEngineTime."""
    base = parse_oid("1.3.6.1.2.1.1")
    yield (*base, 1, 0), mib.octets(lambda s, t: description.format(model=s.device.model))
    yield (*base, 2, 0), ber.encode_oid(parse_oid(sys_object_id))
    yield (*base, 3, 0), mib.ticks(lambda s, t: s.uptime(t))
    yield (*base, 4, 0), mib.text("IT der Schulen")
    yield (*base, 5, 0), mib.octets(lambda s, t: s.device.name)
    yield (*base, 6, 0), mib.octets(lambda s, t: f"Schule {s.device.school}")
    yield (*base, 7, 0), mib.number(78)
    yield oids.SNMP_ENGINE_TIME, mib.integer(lambda s, t: int(s.uptime(t)))


def interfaces(model: Model, name: str = "Port {}", radios: int = 0) -> Iterator[Row]:
    """IF-MIB: the Ethernet ports, then the radios as ieee80211 (71)."""
    total = model.ports + radios
    yield parse_oid("1.3.6.1.2.1.2.1.0"), mib.number(total)
    for index in range(1, total + 1):
        place = min(index, model.ports) - 1
        wired = index <= model.ports
        shown = name.format(index) if wired else f"wlan{index - model.ports - 1}"
        yield (*IF, 1, index), mib.number(index)
        yield (*IF, 2, index), mib.text(shown)
        yield (*IF, 3, index), mib.number(oids.ETHERNET if wired else 71)
        yield (*IF, 4, index), mib.number(1500)
        yield (*IF, 5, index), ber.encode_int(1_000_000_000, ber.GAUGE32)
        yield (*IF, 6, index), _mac(index)
        yield (*IF, 7, index), mib.number(1)
        yield (*IF, 8, index), _status(place, wired)
        yield (*IF, 10, index), mib.counter(_in(place))
        yield (*IF, 14, index), mib.counter(_errors(place))
        yield (*IF, 16, index), mib.counter(_out(place))
        yield (*IF, 20, index), mib.counter(lambda s, t: 0)
        yield (*IFX, 1, index), mib.text(shown)
        yield (*IFX, 6, index), mib.counter64(_in(place))
        yield (*IFX, 10, index), mib.counter64(_out(place))
        yield (*IFX, 15, index), ber.encode_int(1000, ber.GAUGE32)


def _in(place: int) -> Callable[[State, float], int]:
    return lambda s, t: s.octets(place, t)[0]


def _out(place: int) -> Callable[[State, float], int]:
    return lambda s, t: s.octets(place, t)[1]


def _errors(place: int) -> Callable[[State, float], int]:
    return lambda s, t: s.errors(place, t)


def _status(place: int, wired: bool) -> Cell:
    return mib.integer(lambda s, t: port_status(s, place) if wired else 1)


def port_status(state: State, place: int) -> int:
    """1 up, 2 down. A port with nothing in it is down on two of three devices' sockets."""
    port = state.ports[place]
    if port.down_since is not None:
        return 2
    used = port.child or place == len(state.ports) - 1 or (state.number + place * 7) % 3 == 0
    return 1 if used else 2


def _mac(index: int) -> Cell:
    def make(state: State, now: float) -> bytes:
        macs = state.device.macs
        if not macs:
            return mib.text("")
        first = int.from_bytes(mib.mac_octets(macs[0]), "big") + index - 1
        return ber.tlv(ber.OCTETS, first.to_bytes(6, "big"))

    return make


def host_resources(cpus: int = 2, ram_kb: int = 1_048_576) -> Iterator[Row]:
    """HOST-RESOURCES-MIB: uptime, processors, memory."""
    yield (*HOST, 1, 1, 0), mib.ticks(lambda s, t: s.uptime(t))
    yield (*HOST, 2, 3, 1, 1, 1), mib.number(1)
    yield (*HOST, 2, 3, 1, 2, 1), ber.encode_oid(oids.HR_STORAGE_RAM)
    yield (*HOST, 2, 3, 1, 3, 1), mib.text("main memory")
    yield (*HOST, 2, 3, 1, 4, 1), mib.number(1024)
    yield (*HOST, 2, 3, 1, 5, 1), mib.number(ram_kb)
    yield (*HOST, 2, 3, 1, 6, 1), mib.integer(lambda s, t: ram_kb * s.memory(t) // 100)
    for cpu in range(1, cpus + 1):
        yield (*HOST, 3, 3, 1, 2, cpu), mib.integer(lambda s, t: s.cpu(t))


def net_snmp(ram_kb: int = 262_144) -> Iterator[Row]:
    """UCD-SNMP-MIB as a small Linux system's net-snmp answers it."""
    yield (*UCD, 4, 5, 0), mib.number(ram_kb)
    yield (*UCD, 4, 6, 0), mib.integer(lambda s, t: ram_kb * (100 - s.memory(t)) // 100)
    yield (*UCD, 4, 14, 0), mib.number(0)
    yield (*UCD, 4, 15, 0), mib.number(0)
    yield (*UCD, 11, 11, 0), mib.integer(lambda s, t: 100 - s.cpu(t))


def entity(maker: str) -> Iterator[Row]:
    """ENTITY-MIB: one chassis with its serial number."""
    yield (*ENTITY, 2, 1), mib.octets(lambda s, t: f"{maker} {s.device.model}")
    yield (*ENTITY, 5, 1), mib.number(3)
    yield (*ENTITY, 11, 1), mib.octets(lambda s, t: s.device.serial)
    yield (*ENTITY, 12, 1), mib.text(maker)
    yield (*ENTITY, 13, 1), mib.octets(lambda s, t: s.device.model)


def entity_temperature(index: int = 1001) -> Iterator[Row]:
    """ENTITY-SENSOR-MIB: one sensor in °C."""
    yield (*SENSOR, 1, index), mib.number(oids.CELSIUS)
    yield (*SENSOR, 2, index), mib.number(9)
    yield (*SENSOR, 3, index), mib.number(0)
    yield (*SENSOR, 4, index), mib.integer(lambda s, t: s.temperature(t))
    yield (*SENSOR, 5, index), mib.number(1)
