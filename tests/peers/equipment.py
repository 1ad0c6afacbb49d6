"""A simulated estate for tests: one device of each model, on loopback addresses of its own."""

from __future__ import annotations

from itertools import count

from sample_site.equipment.catalogue import MODELS
from sample_site.equipment.model import (
    Estate,
    SimDevice,
    SimLine,
    loopback_address,
    loopback_network,
)

COMMUNITY = "classroom"
CONSOLE_PASSWORD = "console-password"
SCHOOL = "164800"
CONTROLLERS = {
    "Cisco": "Cisco C9800-40",
    "Aruba": "Aruba A7010",
    "Ubiquiti": "Ubiquiti UniFi Console",
}
_schools = count(7000)  # far from the schools of the sample city


def one_of_each(place: int | None = None) -> Estate:
    """Every model of the catalogue; keys are 'VENDOR MODEL'. One line, behind the router."""
    place = next(_schools) if place is None else place
    devices = []
    for number, model in enumerate(MODELS):
        key = f"{model.vendor} {model.model}"
        devices.append(
            SimDevice(
                key=key,
                kind=model.kind,
                vendor=model.vendor,
                model=model.model,
                serial=f"SN{number:04d}",
                macs=(f"02:00:00:00:{number:02x}:00",),
                address=loopback_address(place, 10 + number),
                name=f"device-{number}",
                school=SCHOOL,
                parent="" if model.management == "snmp" else "Cisco C9200L-24P-4X",
                community=COMMUNITY,
                controller="" if model.management == "snmp" else CONTROLLERS[model.vendor],
            )
        )
    line = SimLine(
        f"{SCHOOL}/main", SCHOOL, "main", loopback_address(place, 1), 20_000_000, 10_000_000,
        router="Cisco C1111-8P",
    )  # fmt: skip
    passwords = {CONTROLLERS["Ubiquiti"]: CONSOLE_PASSWORD}
    return Estate(tuple(devices), (line,), 1, passwords)


def a_school(switches: int, points: int, place: int | None = None) -> Estate:
    """A router, switches on it and access points on those, keys r, s0…, ap0…"""
    place = next(_schools) if place is None else place

    def make(key: str, host: int, kind: str, vendor: str, model: str, parent: str) -> SimDevice:
        mac = f"02:00:00:01:{host >> 8:02x}:{host & 255:02x}"
        return SimDevice(key, kind, vendor, model, f"SN-{key}", (mac,),
                         loopback_address(place, host), key, SCHOOL, parent,
                         COMMUNITY)  # fmt: skip

    devices = [make("r", 1, "router", "MikroTik", "RB5009", "")]
    devices += [
        make(f"s{n}", 2 + n, "switch", "MikroTik", "CRS326-24G-2S+", "r") for n in range(switches)
    ]
    devices += [
        make(f"ap{n}", 2 + switches + n, "access-point", "MikroTik", "cAP ac", f"s{n % switches}")
        for n in range(points)
    ]
    return Estate(tuple(devices), (), 1)


def network_of(estate: Estate) -> str:
    """The /23 in which the estate's devices are."""
    parts = estate.devices[0].address.split(".")
    number = (int(parts[1]) << 16 | int(parts[2]) << 8 | int(parts[3])) - (16 << 16)
    return loopback_network(number // 512)
