"""A MAC address is one device's, in the whole city. Retired devices have given theirs up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, delete, insert, select
from sqlalchemy.exc import IntegrityError

from inventory.kinds import DEVICE
from inventory.sentences import Sentence, say
from schoolops.core.errors import Conflict
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import readable_by
from schoolops.estate.models import TABLES, device_mac

CHUNK = 1000


class Claim(NamedTuple):
    """A device (0: a new one) and all the addresses it shall have."""

    device_id: int
    macs: Sequence[str]


def conflicts(unit: UnitOfWork, claims: Sequence[Claim]) -> dict[int, Sentence]:
    """Which claims cannot be, by their place in the list, and why.

    An address that another claim gives up is free, as long as that claim itself can be.
    """
    owners = _owners(unit, {mac for claim in claims for mac in claim.macs})
    places = {claim.device_id: place for place, claim in enumerate(claims) if claim.device_id}
    refused = _twice(claims)
    before = -1
    while before != len(refused):
        before = len(refused)
        for place, claim in enumerate(claims):
            if place in refused:
                continue
            for mac in claim.macs:
                owner = owners.get(mac)
                if owner is None or owner.id == claim.device_id:
                    continue
                other = places.get(owner.id)
                if other is None or other in refused or mac in claims[other].macs:
                    refused[place] = _belongs(mac, owner)
                    break
    return refused


def claim(unit: UnitOfWork, devices: Iterable[tuple[int, str | None]]) -> None:
    """Write down whose the addresses are: ids of devices and their column `macs`."""
    rows = [
        {"mac": mac, "device_id": device_id}
        for device_id, macs in devices
        for mac in (macs or "").split()
    ]
    try:
        for part in _parts(rows):
            unit.connection.execute(insert(device_mac), part)
    except IntegrityError as error:
        raise Conflict(
            say("a MAC address was given to another device at the same time; look and try again"),
            code="estate.duplicate",
        ) from error


def release(unit: UnitOfWork, device_ids: Sequence[int]) -> None:
    """The addresses of these devices are free."""
    if device_ids:
        unit.connection.execute(
            delete(device_mac).where(device_mac.c.device_id == bindparam("device")),
            [{"device": device_id} for device_id in device_ids],
        )


def _twice(claims: Sequence[Claim]) -> dict[int, Sentence]:
    """Claims of which another wants the same address."""
    first: dict[str, int] = {}
    found: dict[int, Sentence] = {}
    for place, one in enumerate(claims):
        for mac in one.macs:
            if (other := first.setdefault(mac, place)) != place:
                why = say("MAC address {mac} belongs to one device only", mac=mac)
                found[place] = found[other] = why
    return found


def _owners(unit: UnitOfWork, wanted: Iterable[str]) -> dict[str, Any]:
    devices = TABLES[DEVICE.name]
    seen = case((readable_by(unit.actor, DEVICE), 1), else_=0).label("seen")
    found: dict[str, Any] = {}
    for part in _parts(sorted(wanted)):
        rows = unit.connection.execute(
            select(device_mac.c.mac, devices.c.id, devices.c.key, seen)
            .join(devices, devices.c.id == device_mac.c.device_id)
            .where(device_mac.c.mac.in_(part))
        )
        found.update((row.mac, row) for row in rows)
    return found


def _belongs(mac: str, owner: Any) -> Sentence:
    if not owner.seen:
        return say(
            "MAC address {mac} belongs to a device of another school; look at the label again",
            mac=mac,
        )
    return say(
        "MAC address {mac} belongs to device {key}; take it away there, or give another",
        mac=mac,
        key=owner.key,
    )


def _parts(rows: Sequence[Any]) -> Iterable[list[Any]]:
    left = iter(rows)
    while part := list(islice(left, CHUNK)):
        yield part
