"""The history of a ticket: what is written into it, and the columns that follow. Below all that
people do with tickets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, insert, select, update

from schoolops.core.ids import uuid7
from schoolops.core.permissions import SYSTEM, TICKETS_WRITE
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import place_of
from schoolops.tickets import repository
from schoolops.tickets.models import ticket, ticket_entry
from schoolops.tickets.suggesting import learn
from schoolops.tickets.telling import tell_reporter
from schoolops.tickets.thread import ENTRIES

c = ticket.c


def told(row: Row[Any]) -> dict[str, Any]:
    """What is answered to whoever opened a ticket."""
    return {"id": row.uid, "number": row.id, "state": row.state, "priority": row.priority,
            "joined_to": row.joined_to}  # fmt: skip


def row_of(unit: UnitOfWork, number: int) -> Row[Any]:
    """The ticket with this number, whoever asks."""
    return unit.connection.execute(select(ticket).where(c.id == number)).one()


def works_on(unit: UnitOfWork, row: Row[Any]) -> bool:
    """Whether the actor works on tickets where this one is."""
    return unit.actor.scope(TICKETS_WRITE).covers(*place_of(unit.connection, row.school_id))


def workable(unit: UnitOfWork, id: str) -> Row[Any]:
    """A ticket that the actor works on. Raises `NotFound`, `Forbidden`."""
    return repository.find(unit.connection, unit.actor, id, TICKETS_WRITE)


def joined_with(unit: UnitOfWork, row: Row[Any]) -> list[Row[Any]]:
    """The tickets that joined this one and are not done."""
    if row.joined_to is not None:
        return []
    return list(
        unit.connection.execute(
            select(ticket).where(c.joined_to == row.id, c.state != "closed").order_by(c.id)
        ).all()
    )


def write_entry(
    unit: UnitOfWork,
    row: Row[Any],
    what: str,
    text: str = "",
    *,
    side: str = "",
    public: bool = False,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Write into a ticket's history, as the actor of the unit; whoever does not work on tickets
    there is on the reporter's side."""
    if what not in ENTRIES:
        raise LookupError(f"there is no entry {what!r}")
    person = unit.actor is not SYSTEM
    if not side:
        side = ("staff" if works_on(unit, row) else "reporter") if person else "system"
    unit.connection.execute(
        insert(ticket_entry).inline(),
        {"uid": uuid7(), "ticket_id": row.id, "school_id": row.school_id, "at": unit.now,
         "by": unit.actor.name if person else "", "side": side,
         "what": what, "public": public, "text": text, "data": json.dumps(data or {})},
    )  # fmt: skip
    unit.announce("ticket", row.uid, row.school_id)


def change(unit: UnitOfWork, row: Row[Any], **values: Any) -> None:
    """Set columns; its clocks are looked at anew."""
    unit.connection.execute(
        update(ticket).where(c.id == row.id).values(changed_at=unit.now, look_at=0, **values)
    )
    unit.announce("ticket", row.uid, row.school_id)


def set_state(
    unit: UnitOfWork, row: Row[Any], state: str, waits_for: str = "", side: str = ""
) -> None:
    """Move it on. What is done teaches what helps (`suggesting`)."""
    if row.state == state and row.waits_for == waits_for:
        return
    values: dict[str, Any] = {"state": state, "waits_for": waits_for}
    if state == "solved":
        values["solved_at"] = unit.now
    elif state == "closed":
        values |= {"closed_at": unit.now, "solved_at": row.solved_at or unit.now}
    else:
        values |= {"solved_at": None, "closed_at": None}
    change(unit, row, **values)
    if state in ("solved", "closed"):
        learn(unit, row)
    write_entry(
        unit, row, "state", side=side, public=True,
        data={"from": row.state, "to": state} | ({"waits_for": waits_for} if waits_for else {}),
    )  # fmt: skip


def answered(unit: UnitOfWork, row: Row[Any]) -> None:
    """The promise of a first answer is kept from now on."""
    if row.answered_at is None:
        change(unit, row, answered_at=unit.now)


def solve_one(unit: UnitOfWork, row: Row[Any], text: str) -> None:
    """It should work again: its reporter is asked."""
    if row.state in ("solved", "closed"):
        return
    answered(unit, row)
    if text:
        write_entry(unit, row, "message", text, side="staff", public=True)
    set_state(unit, row, "solved")
    tell_reporter(unit, row, "solved", text)


def audit(unit: UnitOfWork, action: str, row: Row[Any]) -> None:
    """Note in the audit what was done with it."""
    unit.audit(action, "ticket", str(row.id), row.school_id)
