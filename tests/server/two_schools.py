"""Two schools with one record of each kind, and what is not in the inventory but in the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert

from inventory.kinds import KINDS
from schoolops.alerts.models import incident, incident_school, maintenance, on_call
from schoolops.core.ids import uuid7
from schoolops.estate.models import TABLES
from schoolops.estate.service import Inventory
from schoolops.fleet.models import agent, discovered
from schoolops.identity.models import access_grant, account, account_role, approval
from schoolops.tickets.models import ticket

OWN, OTHER = "164800", "164811"
AUTHORITIES = {OWN: "10042", OTHER: "10099"}
EMERGENCY = '{"for": "somebody", "hours": 1, "permissions": ["estate.read"]}'
FOREIGN = "Fremd"
"""In every record of the other school: it is in no answer to somebody from the first."""


@dataclass
class World:
    """The ids of one record of each kind at each school."""

    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    counter: int = 0
    now: int = 0
    agent: str = ""
    link: str = "x"

    def next(self) -> str:
        self.counter += 1
        return f"N{self.counter}"


def furnish(inventory: Inventory, made: World, number: str, mark: str) -> None:
    unit = inventory.unit
    school = {"number": number, "name": f"Schule {mark}", "authority": AUTHORITIES[number]}
    values: dict[str, dict[str, Any]] = {
        "school": school,
        "site": {"school": number, "name": f"Ort {mark}"},
        "building": {"school": number, "name": f"Haus {mark}"},
        "room": {"school": number, "name": f"Raum {mark}"},
        "device": {"school": number, "kind": "ipad", "serial": f"SN-{mark}"},
        "uplink": {"school": number, "name": f"Leitung {mark}"},
        "service": {"school": number, "name": f"Dienst {mark}"},
        "contact": {"school": number, "role": "head", "name": f"Leitung {mark}"},
        "credential": {"school": number, "name": f"Zugang {mark}", "kind": "ssh"},
    }
    for kind, given in values.items():
        made.ids[kind, number] = inventory.create(KINDS[kind], given)["id"]
    connection, now, uid = unit.connection, unit.now, uuid7
    schools = TABLES["school"]
    (school_id,) = connection.execute(
        schools.select().with_only_columns(schools.c.id).where(schools.c.number == number)
    ).one()
    rows: dict[str, tuple[Any, dict[str, Any]]] = {
        "agent": (agent, {"name": f"agent-{mark}", "school_id": school_id, "state": "revoked",
                          "invited_at": now}),
        "discovered": (discovered, {"school_id": school_id, "agent_id": 1, "address": "10.0.0.1",
                                    "name": f"Fund {mark}", "mac": "", "first_seen_at": now,
                                    "last_seen_at": now, "adopted_as": None}),
        "account": (account, {"issuer": "x", "subject": mark, "username": f"konto.{mark}",
                              "shown": "", "email": "", "groups": "[]", "classes": "[]",
                              "first_seen_at": now, "last_seen_at": now}),
        "delegation": (access_grant, {"source": "delegation", "receiver": "r", "giver": "g",
                                      "permissions": "estate.read", "school_id": school_id,
                                      "opens": "[]", "reason": mark, "from_at": now,
                                      "until_at": now + 10**12}),
        "approval": (approval, {"action": "emergency-access", "subject": mark, "detail": EMERGENCY,
                                "detail_hash": "", "school_id": school_id, "reason": mark,
                                "state": "open", "proposed_by": "somebody", "proposed_at": now,
                                "until_at": now + 10**12}),
    }  # fmt: skip
    rows |= {
        "incident": (incident, {"key": mark, "kind": "uplink", "record_id": 1, "rule": "x",
                                "school_id": school_id, "severity": "critical", "state": "open",
                                "title": f"Störung {mark}", "title_de": mark, "began_at": now,
                                "opened_at": now}),
        "ticket": (ticket, {"school_id": school_id, "title": f"Ticket {mark}", "priority": "P3",
                            "category": "other", "state": "new", "via": "web", "opened_at": now,
                            "changed_at": now, "reporter": "p" if number == OWN else mark}),
        "window": (maintenance, {"kind": "maintenance", "school_id": school_id,
                                 "begins_at": now - 1, "ends_at": now + 10**12, "reason": mark,
                                 "by": "x", "at": now}),
        "on-call": (on_call, {"username": "somebody", "begins_at": now - 1,
                              "ends_at": now + 10**12, "authority": AUTHORITIES[number],
                              "by": "x", "at": now}),
    }  # fmt: skip
    for kind, (table, row) in rows.items():
        made.ids[kind, number] = row["uid"] = uid()
        result = connection.execute(insert(table), row)
        if kind == "incident":
            joined = {"incident_id": result.inserted_primary_key[0], "school_id": school_id,
                      "since_at": now}  # fmt: skip
            connection.execute(insert(incident_school), joined)
        if kind == "account":
            place = {"account_id": result.inserted_primary_key[0], "role": "teacher",
                     "place": number}  # fmt: skip
            connection.execute(insert(account_role), place)
    unit.audit("look", "school", f"{number} {mark}", school_id)
    made.ids["event", number] = "1"
