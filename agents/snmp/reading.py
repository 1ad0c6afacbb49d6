"""What a poll of one device gathers, and what is remembered between two polls of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.protocol import DeviceReport
from agents.snmp.ber import Oid
from agents.snmp.client import Peer, Value
from agents.snmp.clients import Client

GET_SIZE = 24


@dataclass(slots=True)
class Reading:
    """The values of one poll; units as in `DeviceReport`. Counters are raw."""

    uptime_s: float | None = None
    cpu_percent: float | None = None
    memory_used_percent: float | None = None
    temperature_c: float | None = None
    clients_24: int | None = None
    clients_5: int | None = None
    clients_6: int | None = None
    clients_other: int | None = None  # counted, but the band is not known
    ports_up: int | None = None
    rx_bytes: int | None = None
    tx_bytes: int | None = None
    errors: int | None = None

    @property
    def clients(self) -> int | None:
        """All radios; None if no radio could be read."""
        known = [n for n in (self.clients_24, self.clients_5, self.clients_6, self.clients_other)
                 if n is not None]  # fmt: skip
        return sum(known) if known else None

    def add_clients(self, band: str, count: int) -> None:
        """Count a radio's clients; `band` is '24', '5', '6', or anything else for unknown."""
        name = f"clients_{band}" if band in ("24", "5", "6") else "clients_other"
        setattr(self, name, (getattr(self, name) or 0) + count)

    def report(self, device: str, response_ms: float | None, source: str) -> DeviceReport:
        """The row that goes to the server."""
        return DeviceReport(
            device=device,
            reachable=True,
            response_ms=None if response_ms is None else round(response_ms, 2),
            uptime_s=self.uptime_s,
            cpu_percent=_percent(self.cpu_percent),
            memory_used_percent=_percent(self.memory_used_percent),
            temperature_c=self.temperature_c,
            clients=self.clients,
            clients_24=self.clients_24,
            clients_5=self.clients_5,
            clients_6=self.clients_6,
            ports_up=self.ports_up,
            rx_bytes=self.rx_bytes,
            tx_bytes=self.tx_bytes,
            errors=self.errors,
            source=source,
        )


def _percent(value: float | None) -> float | None:
    return None if value is None else round(min(100.0, max(0.0, value)), 1)


@dataclass(slots=True)
class Memory:
    """What does not change from poll to poll: found out once, and again after a restart."""

    sys_object_id: Oid = ()
    uptime_s: float = 0.0
    interface_types: dict[Oid, int] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)  # parts of the MIB the device does not have
    response_ms: float | None = None
    cpu_ticks: list[int] = field(default_factory=list)  # user, nice, system, idle
    scalars: list[Oid] | None = None  # single variables the device has; None: not known
    rows: dict[Oid, int] = field(default_factory=dict)  # first column of a table → its rows
    serials: dict[Oid, str] | None = None  # variable → serial number; None: not asked yet
    serial_at: Oid = ()  # the one of them that each poll asks for

    def forget(self) -> None:
        self.sys_object_id = ()
        self.interface_types.clear()
        self.absent.clear()
        self.cpu_ticks.clear()
        self.scalars = None
        self.rows.clear()
        self.serials, self.serial_at = None, ()


@dataclass(slots=True)
class Session:
    """One device during one poll."""

    client: Client
    peer: Peer
    memory: Memory

    async def get(self, oids: Sequence[Oid]) -> dict[Oid, Value]:
        """Single variables, at most `GET_SIZE` a request; None for what is not there."""
        values: dict[Oid, Value] = {}
        for start in range(0, len(oids), GET_SIZE):
            values |= await self.client.get(self.peer, oids[start : start + GET_SIZE])
        return values

    async def walk(
        self, columns: Sequence[Oid], max_rows: int = 512
    ) -> dict[Oid, dict[Oid, Value]]:
        """Rows of a table: index → column → value."""
        known = self.memory.rows
        rows = await self.client.walk(self.peer, columns, max_rows, known.get(columns[0]))
        known[columns[0]] = len(rows)
        return rows

    async def optional(
        self, part: str, columns: Sequence[Oid], max_rows: int = 512
    ) -> dict[Oid, dict[Oid, Value]]:
        """A walk that is not repeated on a device that has no such table."""
        if part in self.memory.absent:
            return {}
        rows = await self.walk(columns, max_rows)
        if not rows:
            self.memory.absent.add(part)
        return rows


def integer(value: Value) -> int | None:
    """A number, also where a device sends it as text ('36 C', '11E')."""
    if isinstance(value, int):
        return value
    if isinstance(value, bytes):
        digits = value.split(b".")[0].strip()
        end = 0
        while end < len(digits) and (digits[end : end + 1].isdigit() or (
            end == 0 and digits[:1] == b"-"
        )):  # fmt: skip
            end += 1
        try:
            return int(digits[:end])
        except ValueError:
            return None
    return None


def text(value: Value) -> str:
    """A display string: control characters and bytes that are no UTF-8 are replaced."""
    if not isinstance(value, bytes):
        return ""
    shown = value.rstrip(b"\0").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in shown).strip()


def band_of_channel(channel: int | None) -> str:
    """The band of a 2.4 or 5 GHz channel number. 6 GHz numbers overlap: not for those."""
    if not channel or channel < 1:
        return ""
    return "24" if channel <= 14 else "5"
