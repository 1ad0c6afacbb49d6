"""A town of schools whose equipment says what a test wants, minute by minute."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select, update

from inventory.kinds import KINDS
from schoolops.alerts import tasks
from schoolops.alerts import watching as _watching  # noqa: F401  (registers itself)
from schoolops.alerts.models import incident
from schoolops.core.clock import FixedClock
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.db.upsert import upsert
from schoolops.estate.models import TABLES, observation
from schoolops.estate.service import Inventory
from schoolops.fleet import service as fleet
from schoolops.fleet.models import agent
from schoolops.telemetry.health import assess_school

ADMIN = Actor.of("anna", "authority-admin")
LESSON = 1_795_597_200_000_000
"""A Wednesday, 10:00 in Berlin, in term."""
NIGHT = LESSON - 8 * 3600 * 1_000_000


class Town:
    """Schools with a router, a switch, three access points in two rooms, a line and an agent.

    `minutes()` lets every agent that is not cut off report what `say` said, and looks.
    """

    def __init__(self, store: Store, clock: FixedClock, schools: int = 1, *providers: str) -> None:
        self.store, self.clock = store, clock
        self.look_s = 10 if schools < 10 else 30
        clock.value = LESSON
        self.numbers = [str(164800 + n) for n in range(schools)]
        self.cut: set[str] = set()
        self.facts: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.ids: dict[tuple[str, str, str], int] = {}
        for position, number in enumerate(self.numbers):
            self._build(number, (providers or ("Telekom",))[position % max(1, len(providers))])
        tasks.watch(store)
        self.minutes(4)  # a server that has just started believes in no silence

    def _build(self, number: str, provider: str) -> None:
        at = {"school": number}
        with self.store.write(ADMIN) as unit:
            make = Inventory(unit).create
            make(
                KINDS["school"],
                {"number": number, "name": f"Schule {number}", "form": "20", "authority": "10042"},
            )
            for name in ("1.01", "1.02"):
                make(KINDS["room"], at | {"name": name})
            for key, kind, parent, room in (
                ("R", "router", None, None),
                ("SW", "switch", "R", None),
                ("AP1", "access-point", "SW", "1.01"),
                ("AP2", "access-point", "SW", "1.01"),
                ("AP3", "access-point", "SW", "1.02"),
            ):
                make(
                    KINDS["device"],
                    at
                    | {
                        "serial": f"{number}-{key}",
                        "name": key,
                        "kind": kind,
                        "management": "snmp",
                        "parent": f"{number}-{parent}" if parent else None,
                        "room": f"{number}/{room}" if room else None,
                    },
                )
                self.facts[number, "device", key] = {"reachable": True, "cpu_percent": 10.0}
            line = at | {
                "name": "line1", "state": "active", "contract_down_bps": "1G",
                "provider": provider, "circuit": f"C-{number}", "hotline": "0800 1234567",
                "device": f"{number}-R",
            }  # fmt: skip
            make(KINDS["uplink"], line)
            invited = fleet.invite(unit, number, f"agent-{number}")
        self.facts[number, "uplink", "line1"] = {"reachable": True, "loss_percent": 0.0}
        self.facts[number, "agent", ""] = {"disk_used_percent": 20.0}
        joined = fleet.join(self.store, invited["code"], "box", "0.1.0")
        self.ids[number, "agent", ""] = joined["id"]
        with self.store.read() as connection:
            devices, uplinks, schools = (TABLES[k] for k in ("device", "uplink", "school"))
            self.ids[number, "school", ""] = connection.execute(
                select(schools.c.id).where(schools.c.number == number)
            ).scalar_one()
            for row in connection.execute(select(devices).where(devices.c.key.like(f"{number}-%"))):
                self.ids[number, "device", row.name] = row.id
            self.ids[number, "uplink", "line1"] = connection.execute(
                select(uplinks.c.id).where(uplinks.c.key == f"{number}/line1")
            ).scalar_one()

    def say(self, kind: str, name: str, number: str = "164800", **facts: Any) -> None:
        """From now on the equipment says this."""
        self.facts[number, kind, name] = facts

    def down(self, *names: str, number: str = "164800") -> None:
        for name in names:
            self.say("device", name, number, reachable=False)

    def up(self, *names: str, number: str = "164800") -> None:
        for name in names:
            self.say("device", name, number, reachable=True)

    def minutes(self, count: int) -> None:
        """Reports each minute, a look each ten seconds (thirty where there are many schools)."""
        for _ in range(count):
            self.report()
            for _ in range(60 // self.look_s):
                self.clock.advance(self.look_s)
                tasks.watch(self.store)

    def seconds(self, count: int) -> None:
        """A look each five seconds, without a report."""
        for _ in range(count // 5):
            self.clock.advance(5)
            tasks.watch(self.store)

    def report(self) -> None:
        now = self.clock.now()
        with self.store.write() as unit:
            talking = [key for key in self.facts if key[0] not in self.cut]
            rows = [
                {"kind": key[1], "record_id": self.ids[key], "observed_at": now,
                 "received_at": now, "fresh_until": now + 180_000_000, "source": "t",
                 "facts": json.dumps(self.facts[key])}
                for key in talking
            ]  # fmt: skip
            upsert(unit.connection, observation, rows)
            agents = [self.ids[key] for key in talking if key[1] == "agent"]
            unit.connection.execute(
                update(agent).where(agent.c.id.in_(agents)).values(last_seen_at=now, state="active")
            )
            for number in self.numbers:
                if number not in self.cut:
                    assess_school(unit, self.ids[number, "school", ""])

    def incidents(self, everything: bool = False) -> list[Any]:
        """Those that are open, or all that are not part of another."""
        with self.store.read() as connection:
            statement = select(incident).order_by(incident.c.id)
            if not everything:
                statement = statement.where(incident.c.closed_at.is_(None))
            return list(connection.execute(statement.where(incident.c.merged_into.is_(None))))

    def titles(self) -> list[str]:
        return [row.title for row in self.incidents()]
