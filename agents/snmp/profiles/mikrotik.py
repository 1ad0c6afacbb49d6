"""MikroTik RouterOS, by MIKROTIK-MIB (enterprise 14988).

`mtxrWlApTable` has the clients of each wireless interface of the classic driver. The newer
`wifi` driver (RouterOS 7.13 and later on 802.11ax devices) leaves that table empty: then the
number of clients stays unknown. CPU and memory come from HOST-RESOURCES-MIB.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.snmp.ber import Oid
from agents.snmp.ber import parse_oid as oid
from agents.snmp.client import Value
from agents.snmp.profiles.generic import Generic
from agents.snmp.reading import Reading, Session, integer

CLIENTS = oid("1.3.6.1.4.1.14988.1.1.1.3.1.6")  # mtxrWlApClientCount
FREQUENCY = oid("1.3.6.1.4.1.14988.1.1.1.3.1.7")  # mtxrWlApFreq, MHz
TEMPERATURE = oid("1.3.6.1.4.1.14988.1.1.3.10.0")  # mtxrHlTemperature, tenths of a degree
CPU_TEMPERATURE = oid("1.3.6.1.4.1.14988.1.1.3.11.0")  # mtxrHlProcessorTemperature
SERIAL = oid("1.3.6.1.4.1.14988.1.1.7.3.0")  # mtxrSerialNumber


class MikroTik(Generic):
    """RouterOS routers, switches and access points."""

    name = "mikrotik"
    scalars = (TEMPERATURE, CPU_TEMPERATURE)
    serials = (SERIAL,)

    async def vendor(self, session: Session, reading: Reading, values: Mapping[Oid, Value]) -> None:
        tenths = [integer(values.get(o)) for o in (TEMPERATURE, CPU_TEMPERATURE)]
        known = [value / 10 for value in tenths if value]
        if known:
            reading.temperature_c = max(known)
        for row in (await session.optional("wlan", [CLIENTS, FREQUENCY], 64)).values():
            count, mhz = integer(row.get(CLIENTS)), integer(row.get(FREQUENCY)) or 0
            if count is not None:
                reading.add_clients(_band(mhz), count)


def _band(mhz: int) -> str:
    if 2400 <= mhz < 2500:
        return "24"
    if 4900 <= mhz < 5925:
        return "5"
    return "6" if 5925 <= mhz < 7200 else ""
