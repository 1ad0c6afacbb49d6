"""What people do with tickets. Nothing is ever merged: tickets join, and can leave again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, insert, select, update

from inventory.choices import TICKET_CATEGORIES
from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.alerts import repository as incidents
from schoolops.alerts.incidents import OVER
from schoolops.alerts.models import incident
from schoolops.core.errors import Conflict, Forbidden, Invalid
from schoolops.core.ids import uuid7
from schoolops.core.permissions import ESTATE_READ, SYSTEM, TICKETS_OPEN, TICKETS_WRITE
from schoolops.db.access import outside, require
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import place_of
from schoolops.estate.repository import Estate
from schoolops.identity.accounts import find_account
from schoolops.tickets import repository, schemas
from schoolops.tickets.models import ticket, ticket_entry, ticket_link
from schoolops.tickets.sla import PROMISES
from schoolops.tickets.snapshot import NETWORK, Place, fault_of, seen_at
from schoolops.tickets.suggesting import learn
from schoolops.tickets.telling import tell_reporter
from schoolops.tickets.thread import ACTIVE, ENTRIES, WAITS_FOR

JOINS_WITHIN_US = 12 * 3600 * 1_000_000
"""A report of the same thing in the same room so soon after another is the same trouble."""
TITLE = 120
c = ticket.c


# -- intake --------------------------------------------------------------------------------------


def report(unit: UnitOfWork, new: schemas.NewTicket) -> dict[str, Any]:
    """A report by somebody who has signed in, for a place where that person may report."""
    require(unit.actor, TICKETS_OPEN)
    place = _place(unit, new)
    if not unit.actor.scope(TICKETS_OPEN).covers(*place_of(unit.connection, place.school_id)):
        raise Forbidden(outside(unit.actor, TICKETS_OPEN))
    working = unit.actor.scope(TICKETS_WRITE).covers(*place_of(unit.connection, place.school_id))
    if new.priority and not working:
        raise Forbidden(outside(unit.actor, TICKETS_WRITE))
    reporter: dict[str, Any] = {} if working and new.name else {"reporter": unit.actor.name}
    return open_ticket(
        unit, place, text=new.text, category=new.category, via=new.via, form_key=new.form_key,
        priority=new.priority, title=new.title, language=new.language,
        reporter_name=new.name, reporter_mail=new.mail, **reporter,
    )  # fmt: skip


def open_ticket(
    unit: UnitOfWork,
    place: Place,
    *,
    text: str,
    category: str,
    via: str,
    title: str = "",
    priority: str = "",
    form_key: str = "",
    acknowledge: bool = True,
    **reporter: str,
) -> dict[str, Any]:
    """Book a report of whoever may report there, with the live state. The same form (`form_key`)
    sent again answers the ticket that it made. `reporter`: columns of the reporter, language.
    `acknowledge`: tell the reporter that it has arrived."""
    if category not in TICKET_CATEGORIES:
        raise Invalid(say("there is no category {name!r}", name=category))
    if form_key and (row := _of_form(unit, form_key)) is not None:
        return told(row)
    words = " ".join(text.split())
    if not words and not title:
        raise Invalid(say("say in some words what does not work"))
    fault = fault_of(unit.connection, place, category)
    values = {
        "uid": uuid7(),
        **place._asdict(),
        "incident_id": fault.id if fault is not None else None,
        "joined_to": _first_of(unit, place, category),
        "title": (title.strip() or words)[:TITLE],
        "category": category,
        "priority": priority or _priority(place, category, fault),
        "state": "new",
        "via": via,
        "opened_at": unit.now,
        "changed_at": unit.now,
        "seen": json.dumps(seen_at(unit.connection, place, unit.now), ensure_ascii=False),
        "form_key": form_key or None,
        **reporter,
    }
    made = unit.connection.execute(insert(ticket), values)
    (number,) = made.inserted_primary_key or (0,)
    row = _row(unit, number)
    write_entry(unit, row, "opened", text=text.strip(), side="reporter", public=True)
    if fault is not None:
        write_entry(unit, row, "incident", data={"incident": fault.uid, "title": fault.title})
    if row.joined_to is not None:
        write_entry(unit, row, "joined", data={"to": row.joined_to})
    unit.audit("open ticket", "ticket", str(number), place.school_id, {"via": via})
    if acknowledge:
        tell_reporter(unit, row, "received")
    return told(row)


def told(row: Row[Any]) -> dict[str, Any]:
    """What is answered to whoever opened a ticket."""
    return {"id": row.uid, "number": row.id, "state": row.state, "priority": row.priority,
            "joined_to": row.joined_to}  # fmt: skip


def _place(unit: UnitOfWork, new: schemas.NewTicket) -> Place:
    estate = Estate(unit.connection, unit.actor, unit.now)
    device = estate.find(KINDS["device"], new.device) if new.device else None
    school_id = device.school_id if device is not None else None
    if new.school:
        school = estate.find(KINDS["school"], new.school)
        if school_id is not None and school.id != school_id:
            raise Invalid(
                say("{field} {key} belongs to another school", field=say("Device"), key=new.device)
            )
        school_id = school.id
    if school_id is None:
        raise Invalid(say("say at which school, or which device"))
    room_id = device.room_id if device is not None else None
    if new.room:
        number, _ = place_of(unit.connection, school_id)
        key = new.room if "/" in new.room else f"{number}/{new.room}"
        room = estate.find(KINDS["room"], key)
        if room.school_id != school_id:
            raise Invalid(
                say("{field} {key} belongs to another school", field=say("Room"), key=room.key)
            )
        room_id = room.id
    return Place(school_id, room_id, device.id if device is not None else None)


def _of_form(unit: UnitOfWork, form_key: str) -> Row[Any] | None:
    return unit.connection.execute(select(ticket).where(c.form_key == form_key)).one_or_none()


def _first_of(unit: UnitOfWork, place: Place, category: str) -> int | None:
    """The ticket about the same thing that is open: same room, same trouble, same device."""
    if place.room_id is None:
        return None
    found: int | None = unit.connection.scalar(
        select(c.id)
        .where(
            c.room_id == place.room_id,
            c.category == category,
            c.device_id.is_(None) if place.device_id is None else c.device_id == place.device_id,
            c.state.in_(ACTIVE),
            c.joined_to.is_(None),
            c.opened_at > unit.now - JOINS_WITHIN_US,
        )
        .order_by(c.id)
        .limit(1)
    )
    return found


def _priority(place: Place, category: str, fault: Row[Any] | None) -> str:
    """What it is until somebody knows better."""
    if category == "wish":
        return "P4"
    if fault is not None and fault.kind in ("uplink", "school", "provider", "city"):
        return "P1"
    if category == NETWORK and place.device_id is None:
        return "P2"
    return "P3"


# -- work ----------------------------------------------------------------------------------------


def reply(unit: UnitOfWork, id: str, text: str, *, internal: bool = False) -> dict[str, Any]:
    """Say something: to the reporter, or as a note among those who work on it."""
    row = repository.find(unit.connection, unit.actor, id)
    staff = _works_on(unit, row)
    if not text.strip():
        raise Invalid(say("an answer wants some words"))
    if internal and not staff:
        raise Forbidden(outside(unit.actor, TICKETS_WRITE))
    if staff and not internal:
        _answered(unit, row)
        for one in (row, *_joined(unit, row)):
            write_entry(unit, one, "message", text.strip(), side="staff", public=True)
            tell_reporter(unit, one, "answered", text.strip())
    elif internal:
        write_entry(unit, row, "note", text.strip())
    else:
        write_entry(unit, row, "message", text.strip(), side="reporter", public=True)
        if row.state in ("solved", "closed") or row.waits_for == "school":
            _set_state(unit, row, "open")
    return told(_row(unit, row.id))


def assign(unit: UnitOfWork, id: str, username: str) -> dict[str, Any]:
    """Give it to somebody who works on tickets there; '' to nobody."""
    row = _workable(unit, id)
    if username:
        # Who uses this computer's own server has no account, and works on tickets all the same.
        own = username == unit.actor.name
        name = username if own else find_account(unit.connection, username).username
        if row.assigned_to == name:
            return told(row)
    else:
        name = ""
    _change(unit, row, assigned_to=name)
    write_entry(unit, row, "assigned", data={"to": name})
    if row.state == "new" and name:
        _answered(unit, row)
        _set_state(unit, _row(unit, row.id), "open")
    _audit(unit, "assign ticket", row)
    return told(_row(unit, row.id))


def prioritise(unit: UnitOfWork, id: str, priority: str) -> dict[str, Any]:
    """Change what is promised for it."""
    row = _workable(unit, id)
    if priority not in PROMISES:
        raise Invalid(say("a priority is one of {known}", known=", ".join(PROMISES)))
    if row.priority != priority:
        _change(unit, row, priority=priority, told_share=0)
        write_entry(unit, row, "priority", data={"from": row.priority, "to": priority})
    return told(_row(unit, row.id))


def wait(unit: UnitOfWork, id: str, whom: str, text: str = "") -> dict[str, Any]:
    """Wait for school or vendor: the clocks stand still until somebody goes on."""
    row = _workable(unit, id)
    if whom not in WAITS_FOR:
        raise Invalid(say("a ticket waits for one of {known}", known=", ".join(WAITS_FOR)))
    if text.strip():
        reply(unit, id, text)
    _set_state(unit, _row(unit, row.id), "waiting", waits_for=whom)
    return told(_row(unit, row.id))


def solve(unit: UnitOfWork, id: str, text: str = "") -> dict[str, Any]:
    """It should work again: the reporters are asked. What joined is solved with it."""
    row = _workable(unit, id)
    for one in (row, *_joined(unit, row)):
        _solve(unit, one, text.strip())
    _audit(unit, "solve ticket", row)
    return told(_row(unit, row.id))


def close(unit: UnitOfWork, id: str, text: str = "") -> dict[str, Any]:
    """Done for good: by who works on it, by its reporter, or by who reads the school's tickets.
    What joined is closed with it by who works on it."""
    row = repository.find(unit.connection, unit.actor, id)
    staff = _works_on(unit, row)
    for one in (row, *_joined(unit, row)) if staff else (row,):
        if one.state == "closed":
            continue
        if text.strip():
            side = "staff" if staff else "reporter"
            write_entry(unit, one, "message", text.strip(), side=side, public=True)
        _set_state(unit, one, "closed")
        if staff:
            tell_reporter(unit, one, "closed", text.strip())
    _audit(unit, "close ticket", row)
    return told(_row(unit, row.id))


def reopen(unit: UnitOfWork, id: str, text: str = "") -> dict[str, Any]:
    """It does not work after all; also by its reporter and by who reads the school's tickets."""
    row = repository.find(unit.connection, unit.actor, id)
    staff = _works_on(unit, row)
    if text.strip():
        side = "staff" if staff else "reporter"
        write_entry(unit, row, "message", text.strip(), side=side, public=True)
    if row.state not in ("new", "open"):
        _set_state(unit, row, "open")
    return told(_row(unit, row.id))


def heard(
    unit: UnitOfWork, row: Row[Any], text: str = "", *, works: bool | None = None
) -> dict[str, Any]:
    """What its reporter says who has no account: words, and whether it works again (None: nothing
    of that). Words on a ticket that is done, or waits for the school, open it again."""
    if text.strip():
        write_entry(unit, row, "message", text.strip(), side="reporter", public=True)
        _change(unit, row)
    if works and row.state != "closed":
        _set_state(unit, row, "closed", side="reporter")
        _audit(unit, "close ticket", row)
    elif (works is False and row.state not in ("new", "open")) or (
        works is None and (row.state in ("solved", "closed") or row.waits_for == "school")
    ):
        _set_state(unit, row, "open", side="reporter")
    return told(_row(unit, row.id))


def change_state(
    unit: UnitOfWork, id: str, state: str, waits_for: str = "", text: str = ""
) -> dict[str, Any]:
    """Wait, solve, close or open again."""
    if state == "waiting":
        return wait(unit, id, waits_for, text)
    return {"solved": solve, "closed": close, "open": reopen}[state](unit, id, text)


# -- what belongs together -----------------------------------------------------------------------


def join(unit: UnitOfWork, id: str, first: str) -> dict[str, Any]:
    """This ticket is about the same as another: what is answered there is answered here."""
    row, other = _workable(unit, id), _workable(unit, first)
    if other.joined_to is not None:
        other = _row(unit, other.joined_to)
    if other.id == row.id:
        raise Conflict(say("a ticket cannot join itself"))
    for one in (row, *_joined(unit, row)):
        _change(unit, one, joined_to=other.id)
        write_entry(unit, one, "joined", data={"to": other.id})
    write_entry(unit, other, "joined", data={"by": row.id})
    return told(_row(unit, row.id))


def leave(unit: UnitOfWork, id: str) -> dict[str, Any]:
    """Take a ticket out of the one that it joined; both keep all that was said."""
    row = _workable(unit, id)
    if row.joined_to is not None:
        _change(unit, row, joined_to=None)
        write_entry(unit, row, "joined", data={"left": row.joined_to})
    return told(_row(unit, row.id))


def link(unit: UnitOfWork, id: str, other_id: str) -> dict[str, Any]:
    """Two tickets have to do with each other."""
    row, other = _workable(unit, id), _workable(unit, other_id)
    if row.id == other.id:
        raise Conflict(say("a ticket cannot be linked with itself"))
    _link(unit, row, other)
    return told(_row(unit, row.id))


def _link(unit: UnitOfWork, row: Row[Any], other: Row[Any]) -> None:
    first, second = sorted((row, other), key=lambda one: int(one.id))
    k = ticket_link.c
    known = select(k.ticket_id).where(k.ticket_id == first.id, k.other_id == second.id)
    if unit.connection.execute(known).first() is None:
        unit.connection.execute(
            insert(ticket_link),
            {"ticket_id": first.id, "other_id": second.id, "school_id": row.school_id,
             "at": unit.now, "by": unit.actor.name},
        )  # fmt: skip
        for one, to in ((row, other), (other, row)):
            write_entry(unit, one, "linked", data={"to": to.id})


def link_incident(unit: UnitOfWork, id: str, uid: str) -> dict[str, Any]:
    """This ticket is part of a fault; '' takes it out, and it does not come back by itself."""
    row = _workable(unit, id)
    if not uid:
        if row.incident_id is not None:
            _change(unit, row, incident_id=None, unlinked_from=row.incident_id)
            write_entry(unit, row, "incident", data={"left": row.incident_id})
        return told(_row(unit, row.id))
    found = incidents.find(unit.connection, unit.actor, uid, ESTATE_READ)
    if row.incident_id != found.id:
        _change(unit, row, incident_id=found.id)
        write_entry(unit, row, "incident", data={"incident": found.uid, "title": found.title})
    return told(_row(unit, row.id))


def tell_all(unit: UnitOfWork, uid: str, text: str) -> dict[str, int]:
    """One update on a fault answers all who reported it: how many tickets it went to."""
    found = incidents.find(unit.connection, unit.actor, uid, ESTATE_READ)
    require(unit.actor, TICKETS_WRITE)
    if not text.strip():
        raise Invalid(say("an answer wants some words"))
    rows = [row for row in _of_incident(unit, found.id) if _works_on(unit, row)]
    for row in rows:
        _answered(unit, row)
        write_entry(unit, row, "update", text.strip(), side="staff", public=True)
        tell_reporter(unit, row, "answered", text.strip())
    unit.audit("answer reporters", "incident", found.uid, found.school_id, {"tickets": len(rows)})
    return {"tickets": len(rows)}


def incident_is_over(unit: UnitOfWork, incident_id: int) -> None:
    """Ask all who reported a fault that is over whether it works again."""
    row = unit.connection.execute(select(incident).where(incident.c.id == incident_id)).one()
    over = row.merged_into is None
    for one in _of_incident(unit, incident_id):
        if over:
            _solve(unit, one, "")
        else:
            _change(unit, one, incident_id=row.merged_into)


OVER.append(incident_is_over)


# -- by e-mail -----------------------------------------------------------------------------------


def hear(
    unit: UnitOfWork, row: Row[Any], text: str, data: Mapping[str, Any], *, wakes: bool
) -> None:
    """What the reporter's side wrote; with `wakes` it opens what is done or waits for them."""
    write_entry(unit, row, "message", text, side="reporter", public=True, data=data)
    if wakes and (row.state in ("solved", "closed") or row.waits_for == "school"):
        _set_state(unit, row, "open")


def remark(unit: UnitOfWork, row: Row[Any], text: str, data: Mapping[str, Any]) -> None:
    """What is read by who works on it alone."""
    write_entry(unit, row, "note", text, side="system", data=data)


def suggest(unit: UnitOfWork, row: Row[Any], other: Row[Any]) -> None:
    """Two tickets seem to have to do with each other: a link, which joins nothing."""
    _link(unit, row, other)


def row_of(unit: UnitOfWork, number: int) -> Row[Any]:
    """The ticket with this number, whoever asks."""
    return _row(unit, number)


# -- beneath -------------------------------------------------------------------------------------


def close_solved(unit: UnitOfWork, row: Row[Any]) -> None:
    """Close a ticket that was solved and is not missed."""
    _set_state(unit, row, "closed")


def _of_incident(unit: UnitOfWork, incident_id: int) -> list[Row[Any]]:
    rows = unit.connection.execute(
        select(ticket).where(c.incident_id == incident_id, c.state.in_(ACTIVE)).order_by(c.id)
    ).all()
    found = {row.id: row for row in rows}
    for row in rows:
        found |= {one.id: one for one in _joined(unit, row)}
    return list(found.values())


def _joined(unit: UnitOfWork, row: Row[Any]) -> list[Row[Any]]:
    """The tickets that joined this one and are not done."""
    if row.joined_to is not None:
        return []
    return list(
        unit.connection.execute(
            select(ticket).where(c.joined_to == row.id, c.state != "closed").order_by(c.id)
        ).all()
    )


def _solve(unit: UnitOfWork, row: Row[Any], text: str) -> None:
    if row.state in ("solved", "closed"):
        return
    _answered(unit, row)
    if text:
        write_entry(unit, row, "message", text, side="staff", public=True)
    _set_state(unit, row, "solved")
    tell_reporter(unit, row, "solved", text)


def _answered(unit: UnitOfWork, row: Row[Any]) -> None:
    if row.answered_at is None:
        _change(unit, row, answered_at=unit.now)


def _set_state(
    unit: UnitOfWork, row: Row[Any], state: str, waits_for: str = "", side: str = ""
) -> None:
    if row.state == state and row.waits_for == waits_for:
        return
    values: dict[str, Any] = {"state": state, "waits_for": waits_for}
    if state == "solved":
        values["solved_at"] = unit.now
    elif state == "closed":
        values |= {"closed_at": unit.now, "solved_at": row.solved_at or unit.now}
    else:
        values |= {"solved_at": None, "closed_at": None}
    _change(unit, row, **values)
    if state in ("solved", "closed"):
        learn(unit, row)
    write_entry(
        unit, row, "state", side=side, public=True,
        data={"from": row.state, "to": state} | ({"waits_for": waits_for} if waits_for else {}),
    )  # fmt: skip


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
        side = ("staff" if _works_on(unit, row) else "reporter") if person else "system"
    unit.connection.execute(
        insert(ticket_entry).inline(),
        {"uid": uuid7(), "ticket_id": row.id, "school_id": row.school_id, "at": unit.now,
         "by": unit.actor.name if person else "", "side": side,
         "what": what, "public": public, "text": text, "data": json.dumps(data or {})},
    )  # fmt: skip
    unit.announce("ticket", row.uid, row.school_id)


def _change(unit: UnitOfWork, row: Row[Any], **values: Any) -> None:
    unit.connection.execute(
        update(ticket).where(c.id == row.id).values(changed_at=unit.now, look_at=0, **values)
    )
    unit.announce("ticket", row.uid, row.school_id)


def _row(unit: UnitOfWork, number: int) -> Row[Any]:
    return unit.connection.execute(select(ticket).where(c.id == number)).one()


def _works_on(unit: UnitOfWork, row: Row[Any]) -> bool:
    return unit.actor.scope(TICKETS_WRITE).covers(*place_of(unit.connection, row.school_id))


def _workable(unit: UnitOfWork, id: str) -> Row[Any]:
    return repository.find(unit.connection, unit.actor, id, TICKETS_WRITE)


def _audit(unit: UnitOfWork, action: str, row: Row[Any]) -> None:
    unit.audit(action, "ticket", str(row.id), row.school_id)
