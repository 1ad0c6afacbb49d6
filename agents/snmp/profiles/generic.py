"""The profile of any device: what the standard MIBs and net-snmp's say.

Vendors extend it: `scalars` are fetched in the same request, `vendor` reads the rest.

Counters are the sums over all Ethernet ports, whether up or down, so that they never fall
because a cable is pulled; on a device without Ethernet ports, over all but the loopback.
Without 64-bit counters the 32-bit ones are used, which wrap.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.snmp import oids
from agents.snmp.ber import Oid
from agents.snmp.client import Value
from agents.snmp.reading import Memory, Reading, Session, integer

_COUNTERS = (
    oids.IF_OPER_STATUS,
    oids.IF_HC_IN_OCTETS,
    oids.IF_HC_OUT_OCTETS,
    oids.IF_IN_ERRORS,
    oids.IF_OUT_ERRORS,
)


class Generic:
    """Reads RFC MIBs and UCD-SNMP. Stateless: what is remembered is in the session's memory."""

    name = "generic"
    scalars: tuple[Oid, ...] = ()
    """Further single variables of the vendor, fetched with the standard ones."""
    serials: tuple[Oid, ...] = ()
    """Where the vendor's own MIB tells the serial number."""
    table_limit = 512

    async def read(self, session: Session, first: Mapping[Oid, Value], reading: Reading) -> None:
        """One poll, into `reading`: what was read before an error is kept.

        `first` holds the variables of `first_question`, fetched already.
        """
        reading.uptime_s = uptime(first)
        memory = session.memory
        values = dict(first)
        if memory.scalars is None:
            more = await session.get([*_UCD, *self.scalars])
            memory.scalars = [name for name, value in more.items() if value is not None]
            values |= more
        _linux(reading, values, memory)
        await self.interfaces(session, reading)
        await self.vendor(session, reading, values)
        await self.fill(session, reading)

    async def vendor(self, session: Session, reading: Reading, values: Mapping[Oid, Value]) -> None:
        """What the vendor's own MIB adds. `values` holds `scalars`."""

    async def interfaces(self, session: Session, reading: Reading) -> None:
        """Ports up, octets and errors from IF-MIB."""
        rows = await session.walk(_COUNTERS, self.table_limit)
        kinds = session.memory.interface_types
        if rows.keys() != kinds.keys():
            types = await session.walk([oids.IF_TYPE], self.table_limit)
            kinds.clear()
            kinds.update({i: integer(types.get(i, {}).get(oids.IF_TYPE)) or 0 for i in rows})
        ports = [i for i, kind in kinds.items() if kind == oids.ETHERNET]
        ports = ports or [i for i, kind in kinds.items() if kind != oids.LOOPBACK]
        if not ports:
            return
        reading.ports_up = sum(rows[i].get(oids.IF_OPER_STATUS) == 1 for i in ports)
        reading.errors = _total(rows, ports, oids.IF_IN_ERRORS, oids.IF_OUT_ERRORS)
        if any(oids.IF_HC_IN_OCTETS in rows[i] for i in ports):
            reading.rx_bytes = _total(rows, ports, oids.IF_HC_IN_OCTETS)
            reading.tx_bytes = _total(rows, ports, oids.IF_HC_OUT_OCTETS)
        else:
            old = await session.walk([oids.IF_IN_OCTETS, oids.IF_OUT_OCTETS], self.table_limit)
            reading.rx_bytes = _total(old, ports, oids.IF_IN_OCTETS)
            reading.tx_bytes = _total(old, ports, oids.IF_OUT_OCTETS)

    async def fill(self, session: Session, reading: Reading) -> None:
        """HOST-RESOURCES and ENTITY-SENSOR for what neither UCD nor the vendor gave."""
        if reading.cpu_percent is None:
            rows = await session.optional("hr-cpu", [oids.HR_PROCESSOR_LOAD], 128)
            loads = [integer(row.get(oids.HR_PROCESSOR_LOAD)) for row in rows.values()]
            known = [load for load in loads if load is not None]
            if known:
                reading.cpu_percent = sum(known) / len(known)
        if reading.memory_used_percent is None:
            columns = (oids.HR_STORAGE_TYPE, oids.HR_STORAGE_SIZE, oids.HR_STORAGE_USED)
            rows = await session.optional("hr-memory", columns, 64)
            for row in rows.values():
                size, used = integer(row.get(columns[1])), integer(row.get(columns[2]))
                if row.get(columns[0]) == oids.HR_STORAGE_RAM and size and used is not None:
                    reading.memory_used_percent = 100 * used / size
                    break
        if reading.temperature_c is None:
            reading.temperature_c = await _temperature(session)


_UCD = (
    oids.UCD_CPU_IDLE,
    *oids.UCD_CPU_RAW_BUSY,
    oids.UCD_CPU_RAW_IDLE,
    oids.UCD_MEM_TOTAL,
    oids.UCD_MEM_AVAILABLE,
    oids.UCD_MEM_BUFFER,
    oids.UCD_MEM_CACHED,
)


def first_question(memory: Memory) -> list[Oid]:
    """The variables a poll begins with: the clocks, the serial number and what the device has
    shown to have; sysObjectID while it is not known."""
    base = [oids.SYS_UPTIME, oids.HR_SYSTEM_UPTIME, oids.SNMP_ENGINE_TIME]
    if not memory.sys_object_id:
        return [*base, oids.SYS_OBJECT_ID]
    serial = [memory.serial_at] if memory.serial_at else []
    return [*base, *serial, *(memory.scalars or [])]


def uptime(values: Mapping[Oid, Value]) -> float | None:
    """Seconds since the start: the largest of the three clocks.

    sysUpTime is the SNMP agent's, hrSystemUptime the host's; both wrap after 497 days, which
    snmpEngineTime does not.
    """
    ticks = [integer(values.get(o)) for o in (oids.SYS_UPTIME, oids.HR_SYSTEM_UPTIME)]
    clocks = [tick / 100 for tick in ticks if tick is not None]
    engine = integer(values.get(oids.SNMP_ENGINE_TIME))
    if engine is not None:
        clocks.append(float(engine))
    return max(clocks, default=None)


def _linux(reading: Reading, values: Mapping[Oid, Value], memory: Memory) -> None:
    """CPU since the last poll by tick counters, else net-snmp's own average of a minute."""
    idle = integer(values.get(oids.UCD_CPU_IDLE))
    if idle is not None:
        reading.cpu_percent = 100.0 - idle
    ticks = [integer(values.get(o)) for o in (*oids.UCD_CPU_RAW_BUSY, oids.UCD_CPU_RAW_IDLE)]
    if None not in ticks:
        known = [tick or 0 for tick in ticks]
        passed = [now - before for now, before in zip(known, memory.cpu_ticks, strict=False)]
        memory.cpu_ticks = known
        if passed and min(passed) >= 0 and sum(passed) > 0:
            reading.cpu_percent = 100.0 * sum(passed[:3]) / sum(passed)
    total = integer(values.get(oids.UCD_MEM_TOTAL))
    free = integer(values.get(oids.UCD_MEM_AVAILABLE))
    if total and free is not None:
        for part in (oids.UCD_MEM_BUFFER, oids.UCD_MEM_CACHED):
            free += integer(values.get(part)) or 0
        reading.memory_used_percent = 100 * (total - min(free, total)) / total


def _total(rows: Mapping[Oid, Mapping[Oid, Value]], ports: list[Oid], *columns: Oid) -> int | None:
    found = [integer(rows.get(port, {}).get(column)) for port in ports for column in columns]
    known = [number for number in found if number is not None]
    return sum(known) if known else None


async def _temperature(session: Session) -> float | None:
    """The warmest sensor of ENTITY-SENSOR-MIB, else of LM-SENSORS-MIB, in °C."""
    columns = (oids.ENT_SENSOR_TYPE, oids.ENT_SENSOR_SCALE, oids.ENT_SENSOR_PRECISION,
               oids.ENT_SENSOR_VALUE, oids.ENT_SENSOR_STATUS)  # fmt: skip
    warmest: float | None = None
    for row in (await session.optional("sensors", columns, 256)).values():
        kind, scale, precision, value, status = (integer(row.get(column)) for column in columns)
        if kind != oids.CELSIUS or value is None or status not in (None, 1):
            continue
        # EntitySensorDataScale: units is 9, one step is a factor of 1,000.
        degrees = value * 1000.0 ** ((scale or 9) - 9) / 10.0 ** (precision or 0)
        if -40 < degrees < 150 and (warmest is None or degrees > warmest):
            warmest = degrees
    if warmest is None:
        for row in (await session.optional("lm-sensors", [oids.LM_TEMPERATURE], 64)).values():
            value = integer(row.get(oids.LM_TEMPERATURE))
            if value and 0 < value < 150_000 and (warmest is None or value / 1000 > warmest):
                warmest = value / 1000
    return None if warmest is None else round(warmest, 1)
