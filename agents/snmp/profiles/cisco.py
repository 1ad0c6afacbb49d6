"""Cisco IOS and IOS-XE: switches, routers, and the 9800's own load (enterprise 9).

CISCO-PROCESS-MIB: `cpmCPUTotal1minRev`, and on IOS-XE `cpmCPUMemoryUsed` and `…Free` (kB).
CISCO-MEMORY-POOL-MIB: pool 1 is the processor's, in octets. CISCO-ENVMON-MIB: temperatures in
°C; newer devices have ENTITY-SENSOR-MIB instead, which the generic profile reads.
The clients of a controller's access points: see `agents.controllers.cisco`.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.snmp.ber import Oid
from agents.snmp.ber import parse_oid as oid
from agents.snmp.client import Value
from agents.snmp.profiles.generic import Generic
from agents.snmp.reading import Reading, Session, integer

CPU_1MIN = oid("1.3.6.1.4.1.9.9.109.1.1.1.1.7")  # cpmCPUTotal1minRev
CPU_MEMORY_USED = oid("1.3.6.1.4.1.9.9.109.1.1.1.1.12")  # cpmCPUMemoryUsed
CPU_MEMORY_FREE = oid("1.3.6.1.4.1.9.9.109.1.1.1.1.13")  # cpmCPUMemoryFree
POOL_USED = oid("1.3.6.1.4.1.9.9.48.1.1.1.5.1")  # ciscoMemoryPoolUsed, processor
POOL_FREE = oid("1.3.6.1.4.1.9.9.48.1.1.1.6.1")  # ciscoMemoryPoolFree, processor
TEMPERATURE = oid("1.3.6.1.4.1.9.9.13.1.3.1.3")  # ciscoEnvMonTemperatureStatusValue


class Cisco(Generic):
    """IOS, IOS-XE and AireOS."""

    name = "cisco"
    scalars = (POOL_USED, POOL_FREE)

    async def vendor(self, session: Session, reading: Reading, values: Mapping[Oid, Value]) -> None:
        used, free = integer(values.get(POOL_USED)), integer(values.get(POOL_FREE))
        columns = [CPU_1MIN, CPU_MEMORY_USED, CPU_MEMORY_FREE]
        rows = list((await session.optional("process", columns, 32)).values())
        loads = [load for row in rows if (load := integer(row.get(CPU_1MIN))) is not None]
        if loads:
            reading.cpu_percent = sum(loads) / len(loads)
        if rows and integer(rows[0].get(CPU_MEMORY_USED)):
            used = integer(rows[0].get(CPU_MEMORY_USED))
            free = integer(rows[0].get(CPU_MEMORY_FREE))
        if used is not None and free is not None and used + free:
            reading.memory_used_percent = 100 * used / (used + free)
        degrees = [
            value
            for row in (await session.optional("envmon", [TEMPERATURE], 32)).values()
            if (value := integer(row.get(TEMPERATURE))) and 0 < value < 150
        ]
        if degrees:
            reading.temperature_c = float(max(degrees))
