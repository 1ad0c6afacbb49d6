"""What people do with a ticket: answer, give, wait, solve, close, open again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from inventory.sentences import say
from schoolops.core.errors import Forbidden, Invalid
from schoolops.core.permissions import TICKETS_WRITE
from schoolops.db.access import outside
from schoolops.db.engine import UnitOfWork
from schoolops.identity.accounts import find_account
from schoolops.tickets import repository
from schoolops.tickets.history import (
    answered,
    audit,
    change,
    joined_with,
    row_of,
    set_state,
    solve_one,
    told,
    workable,
    works_on,
    write_entry,
)
from schoolops.tickets.sla import PROMISES
from schoolops.tickets.telling import tell_reporter
from schoolops.tickets.thread import WAITS_FOR


def reply(unit: UnitOfWork, id: str, text: str, *, internal: bool = False) -> dict[str, Any]:
    """Say something: to the reporter, or as a note among those who work on it."""
    row = repository.find(unit.connection, unit.actor, id)
    staff = works_on(unit, row)
    if not text.strip():
        raise Invalid(say("an answer wants some words"))
    if internal and not staff:
        raise Forbidden(outside(unit.actor, TICKETS_WRITE))
    if staff and not internal:
        answered(unit, row)
        for one in (row, *joined_with(unit, row)):
            write_entry(unit, one, "message", text.strip(), side="staff", public=True)
            tell_reporter(unit, one, "answered", text.strip())
    elif internal:
        write_entry(unit, row, "note", text.strip())
    else:
        hear(unit, row, text.strip())
    return told(row_of(unit, row.id))


def assign(unit: UnitOfWork, id: str, username: str) -> dict[str, Any]:
    """Give it to somebody who works on tickets there; '' to nobody."""
    row = workable(unit, id)
    if username:
        # Who uses this computer's own server has no account, and works on tickets all the same.
        own = username == unit.actor.name
        name = username if own else find_account(unit.connection, username).username
        if row.assigned_to == name:
            return told(row)
    else:
        name = ""
    change(unit, row, assigned_to=name)
    write_entry(unit, row, "assigned", data={"to": name})
    if row.state == "new" and name:
        answered(unit, row)
        set_state(unit, row_of(unit, row.id), "open")
    audit(unit, "assign ticket", row)
    return told(row_of(unit, row.id))


def prioritise(unit: UnitOfWork, id: str, priority: str) -> dict[str, Any]:
    """Change what is promised for it."""
    row = workable(unit, id)
    if priority not in PROMISES:
        raise Invalid(say("a priority is one of {known}", known=", ".join(PROMISES)))
    if row.priority != priority:
        change(unit, row, priority=priority, told_share=0)
        write_entry(unit, row, "priority", data={"from": row.priority, "to": priority})
    return told(row_of(unit, row.id))


def wait(unit: UnitOfWork, id: str, whom: str, text: str = "") -> dict[str, Any]:
    """Wait for school or vendor: the clocks stand still until somebody goes on."""
    row = workable(unit, id)
    if whom not in WAITS_FOR:
        raise Invalid(say("a ticket waits for one of {known}", known=", ".join(WAITS_FOR)))
    if text.strip():
        reply(unit, id, text)
    set_state(unit, row_of(unit, row.id), "waiting", waits_for=whom)
    return told(row_of(unit, row.id))


def solve(unit: UnitOfWork, id: str, text: str = "") -> dict[str, Any]:
    """It should work again: the reporters are asked. What joined is solved with it."""
    row = workable(unit, id)
    for one in (row, *joined_with(unit, row)):
        solve_one(unit, one, text.strip())
    audit(unit, "solve ticket", row)
    return told(row_of(unit, row.id))


def close(unit: UnitOfWork, id: str, text: str = "") -> dict[str, Any]:
    """Done for good: by who works on it, by its reporter, or by who reads the school's tickets.
    What joined is closed with it by who works on it."""
    row = repository.find(unit.connection, unit.actor, id)
    staff = works_on(unit, row)
    for one in (row, *joined_with(unit, row)) if staff else (row,):
        if one.state == "closed":
            continue
        if text.strip():
            side = "staff" if staff else "reporter"
            write_entry(unit, one, "message", text.strip(), side=side, public=True)
        set_state(unit, one, "closed")
        if staff:
            tell_reporter(unit, one, "closed", text.strip())
    audit(unit, "close ticket", row)
    return told(row_of(unit, row.id))


def reopen(unit: UnitOfWork, id: str, text: str = "") -> dict[str, Any]:
    """It does not work after all; also by its reporter and by who reads the school's tickets."""
    row = repository.find(unit.connection, unit.actor, id)
    staff = works_on(unit, row)
    if text.strip():
        side = "staff" if staff else "reporter"
        write_entry(unit, row, "message", text.strip(), side=side, public=True)
    if row.state not in ("new", "open"):
        set_state(unit, row, "open")
    return told(row_of(unit, row.id))


def change_state(
    unit: UnitOfWork, id: str, state: str, waits_for: str = "", text: str = ""
) -> dict[str, Any]:
    """Wait, solve, close or open again."""
    if state == "waiting":
        return wait(unit, id, waits_for, text)
    return {"solved": solve, "closed": close, "open": reopen}[state](unit, id, text)


def hear(
    unit: UnitOfWork,
    row: Row[Any],
    text: str = "",
    data: Mapping[str, Any] | None = None,
    *,
    works: bool | None = None,
    wakes: bool = True,
) -> None:
    """What the reporter's side says, signed in or not, on a page or by mail: words, and whether it
    works again (None: nothing of that). Words open what is done or waits for the school again,
    unless `wakes` is false: a mere 'thank you'."""
    if text.strip() or data:
        write_entry(unit, row, "message", text.strip(), side="reporter", public=True, data=data)
        change(unit, row)
    if works and row.state != "closed":
        set_state(unit, row, "closed", side="reporter")
        audit(unit, "close ticket", row)
    elif (works is False and row.state not in ("new", "open")) or (
        works is None and wakes and (row.state in ("solved", "closed") or row.waits_for == "school")
    ):
        set_state(unit, row, "open", side="reporter")
