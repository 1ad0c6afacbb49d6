"""Aruba (enterprise 14823): mobility controllers and Instant access points.

WLSX-SYSTEMEXT-MIB gives a controller's CPU and memory in percent. AI-AP-MIB is what an Instant
cluster's virtual controller answers: a row for each access point and radio. One target is one
access point: `agents.controllers.aruba_instant` finds it by its MAC address or serial; read
directly, the master answers with its own first row only if the cluster is that one device.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.snmp.ber import Oid
from agents.snmp.ber import parse_oid as oid
from agents.snmp.client import Value
from agents.snmp.profiles.generic import Generic
from agents.snmp.reading import Reading, Session, band_of_channel, integer

CPU = oid("1.3.6.1.4.1.14823.2.2.1.2.1.30.0")  # wlsxSysExtCpuUsedPercent
MEMORY = oid("1.3.6.1.4.1.14823.2.2.1.2.1.31.0")  # wlsxSysExtMemoryUsedPercent
AP_CPU = oid("1.3.6.1.4.1.14823.2.3.3.1.2.1.1.7")  # aiAPCPUUtilization
AP_MEMORY_FREE = oid("1.3.6.1.4.1.14823.2.3.3.1.2.1.1.8")  # aiAPMemoryFree
AP_MEMORY_TOTAL = oid("1.3.6.1.4.1.14823.2.3.3.1.2.1.1.10")  # aiAPTotalMemory
RADIO_CHANNEL = oid("1.3.6.1.4.1.14823.2.3.3.1.2.2.1.4")  # aiRadioChannel, text such as '36E'
RADIO_CLIENTS = oid("1.3.6.1.4.1.14823.2.3.3.1.2.2.1.21")  # aiRadioClientNum


class Aruba(Generic):
    """Mobility controllers, and single Instant access points."""

    name = "aruba"
    scalars = (CPU, MEMORY)

    async def vendor(self, session: Session, reading: Reading, values: Mapping[Oid, Value]) -> None:
        cpu, memory = integer(values.get(CPU)), integer(values.get(MEMORY))
        reading.cpu_percent = reading.cpu_percent if cpu is None else float(cpu)
        reading.memory_used_percent = (
            reading.memory_used_percent if memory is None else float(memory)
        )
        points = await session.optional("ai-ap", [AP_CPU, AP_MEMORY_FREE, AP_MEMORY_TOTAL])
        if len(points) != 1:
            return
        row = next(iter(points.values()))
        own_cpu, total = integer(row.get(AP_CPU)), integer(row.get(AP_MEMORY_TOTAL))
        reading.cpu_percent = reading.cpu_percent if own_cpu is None else float(own_cpu)
        if total:
            free = integer(row.get(AP_MEMORY_FREE)) or 0
            reading.memory_used_percent = 100 * (total - free) / total
        for radio in (await session.optional("ai-radio", [RADIO_CHANNEL, RADIO_CLIENTS])).values():
            count = integer(radio.get(RADIO_CLIENTS))
            if count is not None:
                reading.add_clients(band_of_channel(integer(radio.get(RADIO_CHANNEL))), count)
