"""Emergency access ('break glass'): a reason, a second person, a short time, and a notice.

Whoever asks gets nothing by asking. When a second person approves, the asker holds the
permissions at that school for some hours; everybody who may read the audit there sees it, the
screens of the school's people are told, and those who oversee it get a mail (`notices.py`).
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, insert, select

from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Invalid, NotFound
from schoolops.core.ids import uuid7
from schoolops.core.permissions import (
    BREAK_GLASS,
    EMERGENCY_HOURS,
    IN_EMERGENCIES,
    PERMISSIONS,
)
from schoolops.db.access import require
from schoolops.db.engine import UnitOfWork
from schoolops.estate.models import TABLES
from schoolops.identity import notices
from schoolops.identity.accounts import (
    actor_of_account,
    announce,
    require_account,
    require_borrower,
)
from schoolops.identity.approvals import Action, propose, register
from schoolops.identity.models import access_grant


def ask(
    unit: UnitOfWork, school: str, permissions: list[str], hours: int, reason: str
) -> dict[str, Any]:
    """Ask for emergency access at a school, one's own or a foreign one."""
    require(unit.actor, BREAK_GLASS)
    require_account(unit.actor)
    wrong = [name for name in permissions if name not in IN_EMERGENCIES]
    if wrong or not permissions:
        raise Invalid(
            say(
                "{what} is not given in an emergency; what is: {known}",
                what=wrong[0] if wrong else "nothing",
                known=", ".join(IN_EMERGENCIES),
            )
        )
    require_borrower(unit.actor, permissions)
    if not 1 <= hours <= EMERGENCY_HOURS:
        raise Invalid(say("emergency access is for 1 to {hours} hours", hours=EMERGENCY_HOURS))
    if len(reason.strip()) < 10:
        raise Invalid(
            say("say what has happened, in a sentence"), errors={"reason": "a sentence is wanted"}
        )
    schools = TABLES["school"]
    # Not by what the asker may see: the emergency may be at a school that is not the asker's.
    row = unit.connection.execute(
        select(schools.c.id, schools.c.number).where(schools.c.number == school)
    ).one_or_none()
    if row is None:
        raise NotFound(say("there is no school {number!r}", number=school))
    detail = {"permissions": sorted(set(permissions)), "hours": hours, "for": unit.actor.name}
    return propose(unit, EMERGENCY, f"{unit.actor.name} → {row.number}", detail, reason, row.id)


def _grant(unit: UnitOfWork, row: Row[Any], detail: dict[str, Any]) -> None:
    """The approval's effect: the asker holds the permissions from now on."""
    # Roles may have changed since it was asked for.
    asker = actor_of_account(unit.connection, detail["for"], unit.now)
    require_borrower(asker, detail["permissions"])
    until = unit.now + detail["hours"] * 3600 * 1_000_000
    opens = sorted({(PERMISSIONS[p].purpose, c) for p in detail["permissions"]
                    for c in ("core", "contact")})  # fmt: skip
    uid = uuid7()
    made = {
        "uid": uid,
        "source": "emergency",
        "receiver": detail["for"],
        "giver": unit.actor.name,
        "permissions": " ".join(detail["permissions"]),
        "school_id": row.school_id,
        "class_name": "",
        "opens": json.dumps(opens),
        "reason": row.reason,
        "from_at": unit.now,
        "until_at": until,
    }
    unit.connection.execute(insert(access_grant), made)
    told = {"to": detail["for"], "permissions": detail["permissions"], "until": to_iso(until)}
    unit.audit("emergency access", "delegation", uid, row.school_id, told)
    announce(unit, "delegation", uid)
    notices.emergency_confirmed(unit, made)


EMERGENCY = register(
    Action(
        "emergency-access", "Emergency access", BREAK_GLASS, anywhere=True, hours=24, effect=_grant
    )
)
