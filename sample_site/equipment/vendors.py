"""The MIB of each model: the standard part and what its vendor adds.

The sysObjectIDs are the products' own where we could verify them in the vendors' product MIBs
(Aruba, Cisco 9800-40), else a near relative's number: 2930F-24G has that of the 48-port model,
C1111-8P that of the ISR 4331, C9200L that of its stack, LANCOM's end in a made-up model number.
A MikroTik with the newer wifi driver (cAP ax) has no table of clients, as in nature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from agents.controllers import snmp as wlc
from agents.snmp import ber
from agents.snmp.ber import Oid
from agents.snmp.profiles import aruba, cisco, hp, lancom, mikrotik, ubiquiti
from sample_site.equipment import mib
from sample_site.equipment.catalogue import BY_NAME, Model
from sample_site.equipment.mib import Mib
from sample_site.equipment.standard import (
    Row,
    entity,
    entity_temperature,
    host_resources,
    interfaces,
    net_snmp,
    system,
)
from sample_site.equipment.world import State

CHANNELS = (6, 44)
Build = Callable[[Model], Iterator[Row]]


def mib_of(state: State, now: float, version: int) -> Mib:
    """The tree of a device. Controllers have one each, made anew when `version` changes."""
    name = (state.device.vendor, state.device.model)
    if name in _CONTROLLERS:
        return _controller(state, version)
    stations = 0
    if name == ("LANCOM", "LW-600"):
        stations = state.clients(0, now) + state.clients(1, now)
    return _shared(name, stations)


@cache
def _shared(name: tuple[str, str], stations: int) -> Mib:
    model = BY_NAME.get(name) or Model(*name, "router")
    rows = list(_MODELS.get(name, _plain)(model))
    if stations:
        rows += _lancom_stations(stations)
    return Mib(rows)


def _plain(model: Model) -> Iterator[Row]:
    yield from system("{model}", "1.3.6.1.4.1.8072.3.2.10")
    yield from interfaces(model)
    yield from host_resources()
    yield from entity(model.vendor)


# -- access points --------------------------------------------------------------------------


def _aruba_instant(model: Model) -> Iterator[Row]:
    yield from system("ArubaOS (MODEL: 505), Version 8.11.2.1", "1.3.6.1.4.1.14823.1.2.111")
    yield from interfaces(model, "eth{}", radios=2)
    # AI-AP-MIB is indexed by the access point's MAC: the rows are made for each device.


def _instant_rows(point: State) -> Iterator[Row]:
    index = tuple(mib.mac_octets(point.device.macs[0]))
    total = 512 * 1024 * 1024
    yield (*wlc.AI_SERIAL, *index), mib.text(point.device.serial)
    yield (*wlc.AI_CPU, *index), mib.integer(lambda s, t: point.cpu(t))
    yield (*wlc.AI_FREE, *index), mib.integer(lambda s, t: total * (100 - point.memory(t)) // 100)
    yield (*wlc.AI_UPTIME, *index), mib.ticks(lambda s, t: point.uptime(t))
    yield (*wlc.AI_TOTAL, *index), mib.number(total)
    yield (*wlc.AI_STATUS, *index), mib.number(1)
    for radio, channel in enumerate(CHANNELS):
        yield (*wlc.AI_RADIO_CHANNEL, *index, radio), mib.text(str(channel) + "E" * (radio == 1))
        yield (*wlc.AI_RADIO_CLIENTS, *index, radio), mib.integer(_clients(point, radio))


def _routeros(model: Model) -> Iterator[Row]:
    yield from system("RouterOS {model}", "1.3.6.1.4.1.14988.1")
    yield from interfaces(model, "ether{}", radios=2 if model.kind == "access-point" else 0)
    yield from host_resources(cpus=4, ram_kb=131_072)
    yield mikrotik.TEMPERATURE, mib.integer(lambda s, t: s.temperature(t) * 10)
    yield mikrotik.SERIAL, mib.octets(lambda s, t: s.device.serial)


def _routeros_classic(model: Model) -> Iterator[Row]:
    yield from _routeros(model)
    for radio, mhz in enumerate((2437, 5220)):
        yield (*mikrotik.CLIENTS, 3 + radio), mib.gauge(_own_clients(radio))
        yield (*mikrotik.FREQUENCY, 3 + radio), mib.number(mhz)


def _lancom_ap(model: Model) -> Iterator[Row]:
    yield from system("LANCOM {model} 6.20.0120 / LCOS LX", "1.3.6.1.4.1.2356.13.8.100")
    yield from interfaces(model, "LAN-{}", radios=2)
    yield from host_resources(ram_kb=524_288)
    yield lancom.LX_SERIAL, mib.octets(lambda s, t: s.device.serial)
    for radio in (1, 2):
        name = tuple(b"WLAN-%d" % radio)
        index = (len(name), *name)
        yield (*lancom.LX_RADIO_BAND, *index), mib.number(radio)
        yield (*lancom.LX_RADIO_TEMPERATURE, *index), mib.gauge(lambda s, t: s.temperature(t))


def _lancom_stations(count: int) -> Iterator[Row]:
    for station in range(count):
        yield (
            (*lancom.LX_STATION_NETWORK, 2, 0, 94, 0, station >> 8, station & 255),
            mib.text("Schule"),
        )


def _unifi_ap(model: Model) -> Iterator[Row]:
    yield from system("UAP-AC-Pro-Gen2 6.6.77", "1.3.6.1.4.1.8072.3.2.10")
    yield from interfaces(model, "eth{}", radios=2)
    yield from net_snmp(ram_kb=126_976)
    for network in (0, 1):  # two SSIDs on each radio
        for radio, word in enumerate(("ng", "na")):
            index = network * 2 + radio
            yield (*ubiquiti.STATIONS, index), mib.gauge(_half_of_clients(radio, network))
            yield (*ubiquiti.RADIO, index), mib.text(word)


def _openwrt(model: Model) -> Iterator[Row]:
    yield from system("Linux OpenWrt 5.15.167 #0 SMP mips", "1.3.6.1.4.1.8072.3.2.10")
    yield from interfaces(model, "eth{}", radios=2 if model.kind == "access-point" else 0)
    yield from net_snmp()
    yield (1, 3, 6, 1, 2, 1, 25, 1, 1, 0), mib.ticks(lambda s, t: s.uptime(t))


# -- switches and routers -------------------------------------------------------------------


def _procurve(model: Model) -> Iterator[Row]:
    yield from system("Aruba {model} Switch, revision WC.16.11.0020",
                      "1.3.6.1.4.1.11.2.3.7.11.181.18")  # fmt: skip
    yield from interfaces(model, "{}")
    yield from entity("Aruba")
    yield from entity_temperature()
    yield hp.CPU, mib.integer(lambda s, t: s.cpu(t))
    total = 340_000_000
    yield (*hp.MEMORY_TOTAL, 1), mib.number(total)
    yield (*hp.MEMORY_FREE, 1), mib.integer(lambda s, t: total * (100 - s.memory(t)) // 100)


def _ios_xe(sys_object_id: str, description: str) -> Build:
    def build(model: Model) -> Iterator[Row]:
        yield from system(description, sys_object_id)
        yield from interfaces(model, "GigabitEthernet1/0/{}")
        yield from entity("Cisco Systems, Inc.")
        yield from entity_temperature()
        total = 1_900_000
        yield (*cisco.CPU_1MIN, 1), mib.gauge(lambda s, t: s.cpu(t))
        yield (*cisco.CPU_MEMORY_USED, 1), mib.gauge(lambda s, t: total * s.memory(t) // 100)
        yield (
            (*cisco.CPU_MEMORY_FREE, 1),
            mib.gauge(lambda s, t: total - total * s.memory(t) // 100),
        )

    return build


def _lcos(model: Model) -> Iterator[Row]:
    yield from system("LANCOM {model} 10.80.0424 / LCOS", "1.3.6.1.4.1.2356.11.8.103")
    yield from interfaces(model, "ETH-{}")
    yield from host_resources(cpus=1, ram_kb=524_288)
    yield lancom.LCOS_TEMPERATURE, mib.integer(lambda s, t: s.temperature(t))
    yield lancom.LCOS_SERIAL, mib.octets(lambda s, t: s.device.serial)


# -- controllers ----------------------------------------------------------------------------

_versions: dict[str, tuple[int, Mib]] = {}


def _controller(state: State, version: int) -> Mib:
    known = _versions.get(state.device.key)
    if known is None or known[0] != version:
        name = (state.device.vendor, state.device.model)
        rows = [*_CONTROLLERS[name](BY_NAME[name])]
        rows += [row for point in state.points for row in _POINTS[name](point)]
        if name == ("Aruba", "AP-505 Instant"):
            rows += _instant_rows(state)
        known = _versions[state.device.key] = (version, Mib(rows))
    return known[1]


def _cisco_point(point: State) -> Iterable[Row]:
    """A row of bsnAPTable and its radios; an access point that has left is not listed."""
    if point.silent:
        return
    base = _base_mac(point)
    yield (*wlc.BSN_STATUS, *base), mib.number(1)
    yield (*wlc.BSN_SERIAL, *base), mib.text(point.device.serial)
    yield (*wlc.BSN_ETHERNET, *base), ber.tlv(ber.OCTETS, mib.mac_octets(point.device.macs[0]))
    yield (*wlc.LWAPP_UPTIME, *base), mib.ticks(lambda s, t: point.uptime(t))
    yield (*wlc.LWAPP_RX, *base, 0), mib.counter64(lambda s, t: point.octets(0, t)[0])
    yield (*wlc.LWAPP_TX, *base, 0), mib.counter64(lambda s, t: point.octets(0, t)[1])
    for radio, channel in enumerate(CHANNELS):
        yield (*wlc.BSN_RADIO_TYPE, *base, radio), mib.number(radio + 1)
        yield (*wlc.BSN_RADIO_CHANNEL, *base, radio), mib.number(channel)
        yield (*wlc.BSN_RADIO_USERS, *base, radio), mib.counter(_clients(point, radio))


def _aruba_point(point: State) -> Iterable[Row]:
    """A row of wlsxWlanAPTable, with status 2 when the access point is lost."""
    index = tuple(mib.mac_octets(point.device.macs[0]))
    yield (*wlc.WLSX_SERIAL, *index), mib.text(point.device.serial)
    yield (*wlc.WLSX_UPTIME, *index), mib.ticks(lambda s, t: 0 if point.silent else point.uptime(t))
    yield (*wlc.WLSX_STATUS, *index), mib.number(2 if point.silent else 1)
    if point.silent:
        return
    for radio, channel in enumerate(CHANNELS):
        yield (*wlc.WLSX_RADIO_TYPE, *index, radio + 1), mib.number(2 - radio)
        yield (*wlc.WLSX_RADIO_CHANNEL, *index, radio + 1), mib.number(channel)
        yield (*wlc.WLSX_RADIO_CLIENTS, *index, radio + 1), mib.integer(_clients(point, radio))


def _aruba_controller(model: Model) -> Iterator[Row]:
    yield from system("ArubaOS (MODEL: Aruba7010), Version 8.10.0.14", "1.3.6.1.4.1.14823.1.1.40")
    yield from interfaces(model, "GE 0/0/{}")
    yield from entity("Aruba Networks")
    yield aruba.CPU, mib.gauge(lambda s, t: s.cpu(t))
    yield aruba.MEMORY, mib.gauge(lambda s, t: s.memory(t))


def _base_mac(point: State) -> Oid:
    """A Cisco access point's base radio address: another one than that of its socket."""
    octets = mib.mac_octets(point.device.macs[0])
    return (*octets[:5], octets[5] ^ 0x10)


def _clients(point: State, radio: int) -> Callable[[State, float], int]:
    return lambda state, now: point.clients(radio, now)


def _own_clients(radio: int) -> Callable[[State, float], int]:
    return lambda state, now: state.clients(radio, now)


def _half_of_clients(radio: int, network: int) -> Callable[[State, float], int]:
    return lambda state, now: (state.clients(radio, now) + network) // 2


_MODELS: dict[tuple[str, str], Build] = {
    ("MikroTik", "cAP ac"): _routeros_classic,
    ("MikroTik", "cAP ax"): _routeros,
    ("MikroTik", "CRS326-24G-2S+"): _routeros,
    ("MikroTik", "RB5009"): _routeros,
    ("LANCOM", "LW-600"): _lancom_ap,
    ("LANCOM", "1900EF"): _lcos,
    ("Ubiquiti", "UAP-AC-Pro"): _unifi_ap,
    ("Ubiquiti", "UniFi Console"): _openwrt,
    ("OpenWrt", "NWA50AX"): _openwrt,
    ("OpenWrt", "x86 router"): _openwrt,
    ("Aruba", "2930F-24G-PoE+"): _procurve,
    ("Cisco", "C9200L-24P-4X"): _ios_xe(
        "1.3.6.1.4.1.9.1.2694", "Cisco IOS Software, Catalyst L3 Switch Software, {model}"
    ),
    ("Cisco", "C1111-8P"): _ios_xe(
        "1.3.6.1.4.1.9.1.2068", "Cisco IOS Software, ISR Software, {model}"
    ),
}
_CONTROLLERS: dict[tuple[str, str], Build] = {
    ("Cisco", "C9800-40"): _ios_xe(
        "1.3.6.1.4.1.9.1.2530", "Cisco IOS Software, C9800 Software, {model}, Version 17.12.4"
    ),
    ("Aruba", "A7010"): _aruba_controller,
    ("Aruba", "AP-505 Instant"): _aruba_instant,
}
_POINTS: dict[tuple[str, str], Callable[[State], Iterable[Row]]] = {
    ("Cisco", "C9800-40"): _cisco_point,
    ("Aruba", "A7010"): _aruba_point,
    ("Aruba", "AP-505 Instant"): _instant_rows,
}
