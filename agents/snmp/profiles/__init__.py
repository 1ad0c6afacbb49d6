"""Which profile reads a device: by the enterprise number in its sysObjectID.

A vendor is a module here with a class that extends `Generic`, and one line in `PROFILES`; it is
imported when the first device of that vendor is met. Enterprise numbers are IANA's.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from agents.snmp.ber import Oid
from agents.snmp.oids import ENTERPRISES

if TYPE_CHECKING:
    from agents.snmp.profiles.generic import Generic

PROFILES = MappingProxyType({
    9: "agents.snmp.profiles.cisco:Cisco",
    11: "agents.snmp.profiles.hp:HewlettPackard",
    2356: "agents.snmp.profiles.lancom:Lancom",
    14179: "agents.snmp.profiles.cisco:Cisco",  # Airespace
    14823: "agents.snmp.profiles.aruba:Aruba",
    14988: "agents.snmp.profiles.mikrotik:MikroTik",
    41112: "agents.snmp.profiles.ubiquiti:Ubiquiti",
})  # fmt: skip
GENERIC = "agents.snmp.profiles.generic:Generic"
LINUX = "agents.snmp.profiles.ubiquiti:LinuxAccessPoint"
NET_SNMP = 8072  # what OpenWrt, older UniFi access points and any Linux box answer
UCD_SNMP = 2021


def enterprise(sys_object_id: Oid) -> int | None:
    """The vendor's number in a sysObjectID, or None."""
    if len(sys_object_id) > 6 and sys_object_id[:6] == ENTERPRISES:
        return sys_object_id[6]
    return None


def profile_for(sys_object_id: Oid) -> Generic:
    """The profile that reads devices with this sysObjectID."""
    number = enterprise(sys_object_id)
    if number in (NET_SNMP, UCD_SNMP):
        return _load(LINUX)
    return _load(PROFILES.get(number or 0, GENERIC))


@cache
def _load(path: str) -> Generic:
    module, _, name = path.partition(":")
    return cast("Generic", getattr(import_module(module), name)())
