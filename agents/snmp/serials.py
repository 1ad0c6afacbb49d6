"""Whether the device that answers is the one the inventory means, by its serial numbers.

A chassis in ENTITY-MIB has one, and so have its modules and the other members of a stack; some
makes tell theirs in a MIB of their own. The device is the right one if any of them is recorded. One
that tells none, or that is recorded without one, is believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.protocol import Target
from agents.snmp.ber import Oid
from agents.snmp.client import Value
from agents.snmp.errors import SnmpError
from agents.snmp.oids import ENT_SERIAL
from agents.snmp.reading import Memory, Session, text

MAX_ROWS = 512
"""Parts of a device that are looked through; who has more is believed."""
MAX_CHARS = 64


class Stranger(SnmpError):
    """Another device answers at the address."""


def strange(serial: str) -> str:
    """What a report says of another device that answers."""
    return f"another device answers: serial {serial[:MAX_CHARS]}"


def normal(identifier: str) -> str:
    """A MAC address in any notation as aa:bb:cc:dd:ee:ff; anything else in lower case."""
    digits = identifier.lower().translate(_SEPARATORS)
    if len(digits) == 12 and all(c in "0123456789abcdef" for c in digits):
        return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    return identifier.strip().lower()


_SEPARATORS = str.maketrans("", "", ":-. ")


def is_serial(serial: str) -> bool:
    """False for what makers leave in the field: nothing, zeros, 'N/A', 'Not Specified'."""
    return len(serial) >= 4 and any(c in "123456789" for c in serial)


def is_known(serial: str, target: Target) -> bool:
    """Whether the target is recorded with this serial, or with this MAC address."""
    names = (target.serial, *target.identifiers)
    return normal(serial) in {normal(name) for name in names if name}


async def check(session: Session, own: Sequence[Oid], target: Target) -> None:
    """Raise Stranger if the device has serials, and none of them is the target's. `own` are the
    vendor's variables."""
    memory = session.memory
    if not target.serial:
        return
    if memory.serials is None:
        memory.serials = await _read(session, own)
        memory.serial_at = next(iter(memory.serials), ())
    serials = memory.serials
    if not serials or len(serials) >= MAX_ROWS:
        return
    for at, serial in serials.items():
        if is_known(serial, target):
            memory.serial_at = at  # asked for with each poll from now on
            return
    raise Stranger(strange(next(iter(serials.values()))))


def has_changed(memory: Memory, first: Mapping[Oid, Value]) -> bool:
    """Whether the serial in a poll's first answer is not the one that was found out."""
    if not memory.serials or memory.serial_at not in first:
        return False
    return text(first[memory.serial_at]) != memory.serials[memory.serial_at]


async def _read(session: Session, own: Sequence[Oid]) -> dict[Oid, str]:
    """Where the device tells a serial → which."""
    found: dict[Oid, Value] = dict(await session.get(own)) if own else {}
    for index, row in (await session.walk([ENT_SERIAL], MAX_ROWS)).items():
        found[(*ENT_SERIAL, *index)] = row.get(ENT_SERIAL)
    told = {at: text(value) for at, value in sorted(found.items())}
    return {at: serial for at, serial in told.items() if is_serial(serial)}
