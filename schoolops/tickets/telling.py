"""What reporters are told by mail, where they left an address.

Where tickets come by e-mail, a mail carries the ticket's token and its place in the conversation,
and its id is kept, so that the answer finds back. What nobody wrote has no sender on its envelope;
of that, one sender gets one acknowledgement a ticket and day, and none while a machine seems to
write there.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, insert, select

from schoolops.core.ids import uuid7
from schoolops.core.permissions import SYSTEM
from schoolops.db.engine import UnitOfWork
from schoolops.notify import service
from schoolops.notify.composing import Thread
from schoolops.notify.texts import register
from schoolops.tickets import mailtokens
from schoolops.tickets.models import ticket_mail

_SAMPLE = {"number": 4711, "title": "WLAN in 2.14 geht nicht", "text": "Der Switch ist getauscht."}
NOTICES = {
    "received": register("ticket-received", _SAMPLE | {"text": ""}),
    "held": register("ticket-held", _SAMPLE | {"text": ""}),
    "answered": register("ticket-answered", _SAMPLE),
    "solved": register("ticket-solved", _SAMPLE),
    "closed": register("ticket-closed", _SAMPLE),
}
LATE = register("ticket-late", _SAMPLE | {
    "percent": 80, "promise": "fix", "due": 1_795_507_200_000_000, "priority": "P2",
    "assigned_to": "a.klein"})  # fmt: skip
ACKNOWLEDGES = ("received", "held")
"""Notices that only say that something has arrived."""
ONE_A_US = 24 * 3600 * 1_000_000
MUTES_FROM, MUTES_US = 3, 600 * 1_000_000
"""Who sent more mails than this in the last ten minutes gets no acknowledgement."""
MOST_REFERENCES = 10
PURPOSE = "ticket mail"
m = ticket_mail.c


def tell_reporter(unit: UnitOfWork, row: Row[Any], what: str, text: str = "") -> None:
    """Put a mail to the reporter into the outbox; nothing happens where there is no address."""
    if row.reporter_mail:
        tell(unit, row, row.reporter_mail, what, text)


def tell(
    unit: UnitOfWork, row: Row[Any], address: str, what: str, text: str = "", *, answers: str = ""
) -> None:
    """The same to another address about a ticket (a row of `ticket`). `answers`: the Message-ID of
    the mail that made us write."""
    own = unit.store.settings.tickets.mail_address
    values = {"number": row.id, "title": row.title, "text": text}
    if not own:
        service.post(unit, NOTICES[what], [address], values)
        return
    address = address.strip().lower()
    if mailtokens.without(address) == own.lower():
        return  # never to ourselves
    if what in ACKNOWLEDGES and not _may_acknowledge(unit, row.id, address):
        return
    automatic = what in ACKNOWLEDGES or unit.actor is SYSTEM
    message_id = service.post_one(
        unit, NOTICES[what], address, values, _thread(unit, row, address, automatic, answers)
    )
    if message_id is not None:
        _keep(unit, row, address, what, message_id)


def _thread(unit: UnitOfWork, row: Row[Any], address: str, automatic: bool, answers: str) -> Thread:
    own = unit.store.settings.tickets.mail_address
    before = unit.connection.execute(
        select(m.given_id, m.address, m.sent)
        .where(m.ticket_id == row.id, m.state.in_(("opened", "filed", "sent")))
        .order_by(m.id.desc())
        .limit(MOST_REFERENCES)
    ).all()
    known = [one.given_id for one in before if _can_stand(one.given_id)]
    theirs = [one.given_id for one in before if one.address == address and not one.sent]
    nearest = next((one for one in (answers, *theirs, *known) if _can_stand(one)), "")
    made = mailtokens.token(unit.store.secrets.derive(PURPOSE), row.uid)
    back = mailtokens.in_address(own, row.id, made)
    return Thread(
        reply_to=back,
        in_reply_to=f"<{nearest}>" if nearest else "",
        references=tuple(f"<{one}>" for one in dict.fromkeys((*reversed(known), nearest)) if one),
        tag=mailtokens.in_subject(row.id, made),
        automatic=automatic,
        envelope=back,
    )


def _can_stand(id: str) -> bool:
    """Whether somebody's message id can stand in a header of ours."""
    fine = id.isascii() and id.isprintable() and not set(id) & set('<>" ')
    return fine and "@" in id and len(id) <= 200 and not id.endswith(".invalid")


def _may_acknowledge(unit: UnitOfWork, ticket_id: int, address: str) -> bool:
    """At most one a sender, ticket and day; none to who writes faster than people do."""
    told = select(m.id).where(
        m.address == address, m.ticket_id == ticket_id, m.sent.is_(True),
        m.notice.in_(ACKNOWLEDGES), m.at > unit.now - ONE_A_US,
    )  # fmt: skip
    if unit.connection.execute(told.limit(1)).first() is not None:
        return False
    wrote = select(func.count()).where(
        m.address == address, m.sent.is_(False), m.at > unit.now - MUTES_US
    )
    return int(unit.connection.scalar(wrote) or 0) <= MUTES_FROM


def _keep(unit: UnitOfWork, row: Row[Any], address: str, what: str, message_id: str) -> None:
    given = message_id.strip("<>")
    unit.connection.execute(
        insert(ticket_mail).inline(),
        {"uid": uuid7(), "mailbox": "", "message_id": given.lower(), "given_id": given,
         "sent": True, "state": "sent", "ticket_id": row.id, "school_id": row.school_id,
         "at": unit.now, "address": address, "notice": what},
    )  # fmt: skip
