"""A small invented city with something to see: a line that is down, rooms without WLAN."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from inventory.kinds import KINDS
from schoolops.core.permissions import SYSTEM
from schoolops.db.engine import Store
from schoolops.estate.models import TABLES
from schoolops.estate.service import Inventory

SCHOOLS = (
    ("164800", "Städtisches Gymnasium am Strom", "Gymnasium am Strom"),
    ("164811", "Gesamtschule Wiesengrund", "Gesamtschule Wiesengrund"),
    ("100000", "GGS Kieselweg", "GGS Kieselweg"),
    ("200000", "Grundschule am Teich", "Grundschule am Teich"),
)
OTHERS = {"200000": "20042"}
"""Schools of another authority than the city's own."""
MINUTES = 60_000_000


def fill(store: Store) -> None:
    """Schools, rooms, access points, lines and contacts; their health as if measured."""
    with store.write(SYSTEM) as unit:
        inventory = Inventory(unit)

        def create(what: str, /, **values: Any) -> None:
            inventory.create(KINDS[what], values)

        for number, name, short in SCHOOLS:
            create(
                "school", number=number, name=name, short_name=short,
                authority=OTHERS.get(number, "10042"), municipality="111000", form="20",
            )  # fmt: skip
        for school in ("164800", "164811"):
            create("uplink", school=school, name="line1", medium="fibre", provider="Stromnetz",
                   circuit="FTTH-20817", hotline="0800 2222 800", state="active")  # fmt: skip
            for floor in range(4):
                for number in range(1, 9):
                    create("room", school=school, name=f"{floor}.{number:02}", kind="classroom")
                    create("device", kind="access-point", serial=f"AP{school}{floor}{number:02}",
                           school=school, room=f"{school}/{floor}.{number:02}")  # fmt: skip
        create("device", kind="printer", serial="PRN-1", name="Drucker Sekretariat",
               school="164800", room="164800/0.02")  # fmt: skip
        for role, name, phone, email in (
            ("head", "Ahlers, Kim", "0221 4710 100", "schulleitung@164800.schule.example"),
            ("secretary", "Öztürk, Deniz", "0221 4710 101", "sekretariat@164800.schule.example"),
            ("media-coordinator", "Nowak, Robin", "0221 4710 102", ""),
        ):
            create("contact", school="164800", role=role, name=name, phone=phone,
                   email=email)  # fmt: skip
        _measure(unit.connection, unit.now)


def _measure(connection: Any, now: int) -> None:
    devices, uplinks = TABLES["device"], TABLES["uplink"]
    seen = now - 2 * MINUTES
    connection.execute(update(devices).values(health="ok", health_since=seen))
    connection.execute(update(uplinks).values(health="ok", health_since=seen))
    for serial, health in (
        ("AP164800207", "down"), ("AP164800305", "down"), ("AP164800104", "warning"),
        ("PRN-1", "down"),
    ):  # fmt: skip
        connection.execute(update(devices).where(devices.c.serial == serial).values(health=health))
    connection.execute(update(uplinks).where(uplinks.c.key == "164811/line1").values(health="down"))
    schools = TABLES["school"]
    for number, health in (("164800", "warning"), ("164811", "down")):
        connection.execute(update(schools).where(schools.c.number == number).values(health=health))
