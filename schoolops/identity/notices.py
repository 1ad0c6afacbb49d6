"""Mails about rights: who is told what.

Emergency access goes to those who oversee and may decide there (administrators of the authority,
data protection officers), an approval to those who may decide it, a right for a time to whoever
has it. Names are user names, as the lists show them. The audit keeps that people were told, and how
many, not who.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from inventory.choices import APPROVAL_ACTIONS
from schoolops.core.permissions import APPROVE, AUDIT_READ
from schoolops.db.engine import UnitOfWork
from schoolops.estate.models import TABLES
from schoolops.identity import receivers
from schoolops.notify import service
from schoolops.notify.texts import register

OVERSEE = (AUDIT_READ, APPROVE)
"""Whoever holds both at a school is told of emergency access there."""

_PLACE = {"school": "164800", "school_name": "Musterschule"}
_TIME = 1_795_507_200_000_000
_EMERGENCY = _PLACE | {
    "who": "t.technik",
    "permissions": ["estate.read", "contacts.read"],
    "reason": "Die ganze Schule ist offline, niemand ist erreichbar.",
    "until": _TIME,
}
_GIVEN = _PLACE | {"class_name": "5a", "permissions": ["passwords.reset"]}

ASKED = register("emergency-asked", _EMERGENCY | {"hours": 2})
CONFIRMED = register("emergency-confirmed", _EMERGENCY | {"by": "m.muster"})
EMERGENCY_ENDED = register(
    "emergency-ended",
    _PLACE | {"who": "t.technik", "reason": _EMERGENCY["reason"], "by": "m.muster", "ended": _TIME},
)
WAITS = register(
    "approval-waits",
    _PLACE
    | {
        "action": APPROVAL_ACTIONS["emergency-access"],
        "who": "t.technik",
        "subject": "t.technik → 164800",
        "reason": "Der Raum wird umgebaut.",
        "until": _TIME,
    },
)
GIVEN = register(
    "delegation-given",
    _GIVEN | {"by": "h.muster", "reason": "Vertretung bis Freitag", "until": _TIME},
)
ENDED = register("delegation-ended", _GIVEN | {"giver": "h.muster", "by": "", "ended": _TIME})


def approval_waits(
    unit: UnitOfWork,
    row: Mapping[str, Any],
    approve: str,
    detail: Mapping[str, Any],
) -> None:
    """Tell those who may decide a new proposal; `row`: its columns, `approve`: the permission."""
    values = {**_place(unit, row["school_id"]), "who": unit.actor.name,
              "reason": _line(row["reason"]), "until": row["until_at"]}  # fmt: skip
    notice = WAITS
    if row["action"] == "emergency-access":
        notice = ASKED
        values |= {"permissions": detail["permissions"], "hours": detail["hours"]}
    else:
        action = APPROVAL_ACTIONS.get(row["action"], row["action"])
        values |= {"action": action, "subject": row["subject"]}
    people = receivers.holders(
        unit.connection, unit.now, [approve], row["school_id"], but=unit.actor.name
    )
    _post(unit, notice, people, values, "approval", row["uid"], row["school_id"], row["until_at"])


def emergency_confirmed(unit: UnitOfWork, row: Mapping[str, Any]) -> None:
    """Tell those who oversee the school, and whoever has the access now; `row`: the grant's."""
    people = _overseers(unit, row["school_id"])
    people += receivers.person(unit.connection, row["receiver"])
    values = {**_place(unit, row["school_id"]), "who": row["receiver"], "by": unit.actor.name,
              "permissions": row["permissions"].split(), "reason": _line(row["reason"]),
              "until": row["until_at"]}  # fmt: skip
    _post(unit, CONFIRMED, people, values, "delegation", row["uid"], row["school_id"])


def delegation_given(unit: UnitOfWork, row: Mapping[str, Any]) -> None:
    """Tell whoever was given rights; `row`: the grant's columns."""
    values = {**_place(unit, row["school_id"]), "by": unit.actor.name,
              "reason": _line(row["reason"]), "class_name": row["class_name"],
              "permissions": row["permissions"].split(), "until": row["until_at"]}  # fmt: skip
    people = receivers.person(unit.connection, row["receiver"])
    _post(unit, GIVEN, people, values, "delegation", row["uid"], row["school_id"], row["until_at"])


def ended(unit: UnitOfWork, row: Row[Any], by: str = "") -> None:
    """Tell that a right for a time has ended; `by`: who ended it early, '' for its time."""
    people: list[str] = []
    values = {**_place(unit, row.school_id), "by": by, "ended": unit.now if by else row.until_at}
    if by.casefold() != row.receiver.casefold():
        people += receivers.person(unit.connection, row.receiver)
    if row.source == "emergency":
        people += _overseers(unit, row.school_id)
        values |= {"who": row.receiver, "reason": _line(row.reason)}
    else:
        values |= {"giver": row.giver, "class_name": row.class_name,
                   "permissions": row.permissions.split()}  # fmt: skip
    notice = EMERGENCY_ENDED if row.source == "emergency" else ENDED
    _post(unit, notice, people, values, "delegation", row.uid, row.school_id)


def _line(reason: str) -> str:
    """A reason as one line, so that nobody writes a mail of their own into ours."""
    return " ".join(reason.split())


def _overseers(unit: UnitOfWork, school_id: int | None) -> list[str]:
    return receivers.holders(unit.connection, unit.now, OVERSEE, school_id)


def _place(unit: UnitOfWork, school_id: int | None) -> dict[str, str]:
    schools = TABLES["school"]
    row = unit.connection.execute(
        select(schools.c.number, schools.c.name).where(schools.c.id == school_id)
    ).one_or_none()
    return {"school": row.number if row else "", "school_name": row.name if row else ""}


def _post(
    unit: UnitOfWork,
    notice: str,
    people: list[str],
    values: Mapping[str, Any],
    kind: str,
    uid: str,
    school_id: int | None,
    until: int | None = None,
) -> None:
    if not service.is_on(unit.store.settings.mail):
        return
    told = service.post(unit, notice, people, values, until)
    unit.audit("tell by mail", kind, uid, school_id, {"notice": notice, "people": told})
