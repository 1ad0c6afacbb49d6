"""HP and Aruba switches with ArubaOS-Switch (enterprise 11).

STATISTICS-MIB `hpSwitchCpuStat` (percent) and NETSWITCH-MIB `hpLocalMem` (octets, by slot).
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.snmp.ber import Oid
from agents.snmp.ber import parse_oid as oid
from agents.snmp.client import Value
from agents.snmp.profiles.generic import Generic
from agents.snmp.reading import Reading, Session, integer

CPU = oid("1.3.6.1.4.1.11.2.14.11.5.1.9.6.1.0")  # hpSwitchCpuStat
MEMORY_TOTAL = oid("1.3.6.1.4.1.11.2.14.11.5.1.1.2.1.1.1.5")  # hpLocalMemTotalBytes
MEMORY_FREE = oid("1.3.6.1.4.1.11.2.14.11.5.1.1.2.1.1.1.6")  # hpLocalMemFreeBytes


class HewlettPackard(Generic):
    """ProCurve, ArubaOS-Switch."""

    name = "hp"
    scalars = (CPU,)

    async def vendor(self, session: Session, reading: Reading, values: Mapping[Oid, Value]) -> None:
        cpu = integer(values.get(CPU))
        if cpu is not None:
            reading.cpu_percent = float(cpu)
        total = free = 0
        for row in (await session.optional("memory", [MEMORY_TOTAL, MEMORY_FREE], 16)).values():
            total += integer(row.get(MEMORY_TOTAL)) or 0
            free += integer(row.get(MEMORY_FREE)) or 0
        if total:
            reading.memory_used_percent = 100 * (total - free) / total
