"""Mails that wait for somebody who works on tickets: looked at, taken in, put away."""

from __future__ import annotations

import zlib
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select, update

from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, NotFound
from schoolops.core.permissions import CONTACTS_READ, TICKETS_WRITE, Actor
from schoolops.db.access import require
from schoolops.db.engine import UnitOfWork
from schoolops.estate.access import inside
from schoolops.notify.addresses import masked
from schoolops.tickets import history, repository
from schoolops.tickets.mails import booking
from schoolops.tickets.mails.reading import Mail, read
from schoolops.tickets.models import ticket_mail
from schoolops.tickets.schemas import KEPT_MAILS

m = ticket_mail.c
WAITS = m.state == "quarantine"
UNSORTED = and_(m.state == "automatic", m.ticket_id.is_(None))
"""A machine's, about no ticket that is known."""


def listed(connection: Connection, actor: Actor, which: str, limit: int) -> dict[str, Any]:
    """Mails of a kind (`KEPT_MAILS`), the newest first, and how many there are of each."""
    require(actor, TICKETS_WRITE)
    here = inside(actor.scope(TICKETS_WRITE), m.school_id)
    kinds = {
        "quarantine": WAITS,
        "unsorted": UNSORTED,
        "dropped": m.state == "dropped",
        "all": m.sent.is_(False),
    }
    assert tuple(kinds) == KEPT_MAILS
    counts = {
        name: connection.scalar(select(func.count()).where(here, kind))
        for name, kind in kinds.items()
    }
    rows = connection.execute(
        select(ticket_mail).where(here, kinds[which]).order_by(m.id.desc()).limit(limit)
    ).all()
    return {"counts": counts, "mails": [_told(connection, actor, row) for row in rows]}


def _told(connection: Connection, actor: Actor, row: Row[Any]) -> dict[str, Any]:
    known = _knows(connection, actor, row)
    return {
        "id": row.uid,
        "at": to_iso(row.at),
        "state": row.state,
        "why": row.why,
        "ticket": row.ticket_id,
        "sender": row.address if known else masked(row.address) if row.address else "",
        "name": row.name if known else "",
        "subject": row.subject,
        "size": row.size,
    }


def _knows(connection: Connection, actor: Actor, row: Row[Any]) -> bool:
    """Whether the actor may know who wrote."""
    where = inside(actor.scope(CONTACTS_READ), m.school_id)
    return connection.scalar(select(m.id).where(m.id == row.id, where)) is not None


def find(connection: Connection, actor: Actor, uid: str) -> Row[Any]:
    """A mail that the actor works on. Raises `NotFound`."""
    require(actor, TICKETS_WRITE)
    row = connection.execute(
        select(ticket_mail).where(
            m.uid == uid, m.sent.is_(False), inside(actor.scope(TICKETS_WRITE), m.school_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFound(say("there is no mail {id!r} that you may see", id=uid), code="mail.none")
    return row


def shown(connection: Connection, actor: Actor, uid: str) -> dict[str, Any]:
    """A mail with all its text."""
    row = find(connection, actor, uid)
    return _told(connection, actor, row) | {"text": row.text}


def accept(unit: UnitOfWork, uid: str, ticket: str = "") -> dict[str, Any]:
    """Take it in: into the ticket that it names, another one, or (without any) a new one. Whoever
    wrote it takes part from now on."""
    row = _undecided(unit, uid)
    mail = _read_again(row)
    if ticket:
        to = repository.find(unit.connection, unit.actor, ticket, TICKETS_WRITE)
    elif row.ticket_id is not None:
        to = repository.find(unit.connection, unit.actor, str(row.ticket_id), TICKETS_WRITE)
    else:
        number = booking.open_from(unit, mail, row.id, row.school_id).ticket
        assert number is not None
        to = history.row_of(unit, number)
        return _decide(unit, row, "opened", to)
    booking.add(unit, to, mail, row.id)
    return _decide(unit, row, "filed", to)


def drop(unit: UnitOfWork, uid: str) -> dict[str, Any]:
    """Put it away: it is kept until its time is over, and can still be taken in."""
    row = _undecided(unit, uid)
    return _decide(unit, row, "dropped", None)


def _undecided(unit: UnitOfWork, uid: str) -> Row[Any]:
    row = find(unit.connection, unit.actor, uid)
    again = row.state == "automatic" and row.ticket_id is None
    if not again and row.state not in ("quarantine", "dropped"):
        raise Conflict(
            say("this mail is part of ticket {number} already", number=row.ticket_id),
            code="mail.decided",
        )
    return row


def _read_again(row: Row[Any]) -> Mail:
    if row.raw is None:
        raise Conflict(
            say("the original of this mail was kept for its time, and is deleted"), code="mail.gone"
        )
    return read(zlib.decompress(row.raw))


def _decide(unit: UnitOfWork, row: Row[Any], state: str, to: Row[Any] | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "state": state, "decided_at": unit.now, "decided_by": unit.actor.name
    }  # fmt: skip
    if to is not None:
        values |= {"ticket_id": to.id, "school_id": to.school_id}
    unit.connection.execute(update(ticket_mail).where(m.id == row.id).values(**values))
    action = "drop mail" if state == "dropped" else "accept mail"
    unit.audit(action, "ticket", str(values.get("ticket_id", "")), row.school_id, {"mail": row.uid})
    return {"id": row.uid, "state": state, "ticket": values.get("ticket_id")}


def waiting_since(connection: Connection) -> tuple[int, int | None]:
    """(how many wait, since when the oldest does)."""
    found = connection.execute(select(func.count(), func.min(m.at)).where(WAITS)).one()
    return int(found[0]), found[1]
