"""The network of some schools as simulated equipment."""

from __future__ import annotations

from collections.abc import Iterable

from inventory.choices import NETWORK_KINDS
from sample_site.city import City, Part
from sample_site.equipment.model import Estate, SimDevice, SimLine
from sample_site.furnish import CONSOLE_CREDENTIAL, SNMP_CREDENTIAL
from sample_site.office import SECRETS
from sample_site.premises import Row


def simulate(city: City, parts: Iterable[Part]) -> Estate:
    """Every network device and every active line of these schools, ready to be started."""
    devices: list[SimDevice] = []
    lines: list[SimLine] = []
    passwords: dict[str, str] = {}
    for part in parts:
        network = [row for row in part.of("device") if row["kind"] in NETWORK_KINDS]
        controllers = {
            row["vendor"]: str(row["serial"]) for row in network if row["kind"] == "wlan-controller"
        }
        for row in network:
            spoken_for = row["kind"] == "access-point" and row["management"] != "snmp"
            controller = controllers[row["vendor"]] if spoken_for else ""
            devices.append(_device(row, controller))
            if controller and row.get("credential") == CONSOLE_CREDENTIAL:
                passwords[controller] = SECRETS[CONSOLE_CREDENTIAL]
        for place, row in enumerate(part.of("uplink")):
            if row["state"] == "active":
                lines.append(_line(row, city.line_address(part.school, place)))
    return Estate(tuple(devices), tuple(lines), city.seed, passwords)


def stranger(city: City, part: Part) -> SimDevice:
    """An access point that somebody plugged in and nobody entered: for agents to discover."""
    core = next(row for row in part.of("device") if row["kind"] == "switch")
    return SimDevice(
        key="stranger",
        kind="access-point",
        vendor="Aruba",
        model="AP-505 Instant",
        serial="CNL3STRANGE",
        macs=("b6:5d:50:ff:ff:fe",),
        address=city.spare_address(part.school),
        name="AP Flohmarkt",
        school=part.school,
        parent=str(core["serial"]),
    )


def _device(row: Row, controller: str) -> SimDevice:
    macs = row["macs"]
    assert isinstance(macs, tuple)
    return SimDevice(
        key=str(row["serial"]),
        kind=str(row["kind"]),
        vendor=str(row["vendor"]),
        model=str(row["model"]),
        serial=str(row["serial"]),
        macs=macs,
        address=str(row["address"]),
        name=str(row["name"]),
        school=str(row["school"]),
        parent=str(row.get("parent") or ""),
        community=SECRETS[SNMP_CREDENTIAL],
        controller=controller,
    )


def _line(row: Row, address: str) -> SimLine:
    return SimLine(
        key=f"{row['school']}/{row['name']}",
        school=str(row["school"]),
        name=str(row["name"]),
        address=address,
        down_bps=int(str(row["contract_down_bps"])),
        up_bps=int(str(row["contract_up_bps"])),
        router=str(row.get("device") or ""),
    )
