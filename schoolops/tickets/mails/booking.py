"""What becomes of a mail. The order of the rules is the whole point: see docs/tickets.md.

1. What is known (Message-ID and mailbox) is not booked again.
2. What a machine sent is filed where it belongs; it opens, wakes and answers nothing.
3. A true token, then a known mail that it answers, name the ticket; same sender and subject within
   seven days only make a link.
4. Who takes no part in that ticket is heard, but not let in: the mail waits for somebody who works
   on tickets.
"""

from __future__ import annotations

import json
import zlib
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select, update

from schoolops.core.ids import uuid7
from schoolops.db.engine import UnitOfWork
from schoolops.db.upsert import add_missing
from schoolops.tickets import belonging, files, history, intake, service
from schoolops.tickets.mails import matching, words
from schoolops.tickets.mails.reading import Mail, Unreadable, read
from schoolops.tickets.models import ticket, ticket_mail
from schoolops.tickets.snapshot import Place
from schoolops.tickets.telling import PURPOSE, tell

FLOOD, FLOOD_US = 20, 3600 * 1_000_000
"""More tickets than this of one sender in an hour open no further ones: the mails wait."""
LONGEST = 20_000
m = ticket_mail.c


class Booked(NamedTuple):
    """What became of a mail: a word of `thread.MAIL_STATES`, or 'known'; `why` in a word."""

    state: str
    why: str = ""
    ticket: int | None = None


def book(
    unit: UnitOfWork,
    raw: bytes,
    mailbox: str,
    *,
    null_sender: bool = False,
    to: tuple[str, ...] = (),
) -> Booked:
    """Book a mail that came to a mailbox, once. `to`: receivers of its envelope.

    Raises nothing for what stands in a mail; what is no mail at all is kept for people to see.
    """
    try:
        mail = read(raw, null_sender=null_sender)
    except Unreadable as error:
        mail = _nothing(raw, str(error))
    mail.to = tuple(dict.fromkeys((*mail.to, *(one.lower() for one in to))))
    mail_id = _take(unit, mail, raw, mailbox)
    if mail_id is None:
        return Booked("known")
    booked = _decide(unit, mail, mail_id)
    values: dict[str, Any] = {"state": booked.state, "why": booked.why, "ticket_id": booked.ticket}
    if booked.ticket is not None:
        values["school_id"] = unit.connection.scalar(
            select(ticket.c.school_id).where(ticket.c.id == booked.ticket)
        )
    unit.connection.execute(update(ticket_mail).where(m.id == mail_id).values(**values))
    return booked


def _nothing(raw: bytes, why: str) -> Mail:
    """Bytes that are no mail, as one that says nothing."""
    id = f"{zlib.crc32(raw):08x}-{len(raw)}@no-mail.invalid"
    return Mail(
        message_id=id, given_id=id, sender="", name="", subject="", to=(), parties=(), answers=(),
        reports=(), automatic="unreadable", text="", files=[], notes=[why],
    )  # fmt: skip


def _take(unit: UnitOfWork, mail: Mail, raw: bytes, mailbox: str) -> int | None:
    """Keep the mail; None when this mailbox had it before, also when another server has just
    taken it."""
    uid = uuid7()
    row = {
        "uid": uid, "mailbox": mailbox, "message_id": mail.message_id, "given_id": mail.given_id,
        "sent": False, "state": "quarantine", "why": "", "at": unit.now, "address": mail.sender,
        "name": mail.name, "topic": mail.topic, "subject": mail.subject,
        "parties": json.dumps(mail.parties), "text": mail.text, "notice": "", "size": len(raw),
        "raw": zlib.compress(raw, 6), "decided_by": "",
    }  # fmt: skip
    add_missing(unit.connection, ticket_mail, [row])
    found: int | None = unit.connection.scalar(select(m.id).where(m.uid == uid))
    return found


def _decide(unit: UnitOfWork, mail: Mail, mail_id: int) -> Booked:
    connection = unit.connection
    ours = connection.execute(
        select(m.ticket_id).where(m.message_id == mail.message_id, m.sent.is_(True)).limit(1)
    ).first()
    if ours is not None:
        return Booked("automatic", "ours", ours.ticket_id)
    if mail.sender and mail.sender == unit.store.settings.tickets.mail_address.lower():
        mail.automatic = mail.automatic or "ours"
    row = matching.by_token(connection, unit.store.secrets.derive(PURPOSE), mail)
    why = "token" if row is not None else ""
    if row is None:
        row = matching.by_reference(connection, mail.answers)
        why = "reference" if row is not None else ""
    if mail.automatic:
        row = row if row is not None else matching.by_reference(connection, mail.reports)
        if row is not None:
            note(unit, row, mail, mail_id)
        return Booked("automatic", mail.automatic, row.id if row is not None else None)
    if row is not None:
        part = matching.takes_part(connection, row, mail.sender)
        if not part:
            tell_sender(unit, row, mail)
            return Booked("quarantine", "takes no part", row.id)
        if part == "staff":
            note(unit, row, mail, mail_id)
        else:
            add(unit, row, mail, mail_id)
        return Booked("filed", why, row.id)
    if _floods(unit, mail):
        return Booked("quarantine", "flood")
    return open_from(unit, mail, mail_id)


def _floods(unit: UnitOfWork, mail: Mail) -> bool:
    """Whether one sender, or whoever hides it, opened too many tickets in the last hour."""
    opened = select(func.count()).where(
        m.address == mail.sender, m.state == "opened", m.at > unit.now - FLOOD_US
    )
    return int(unit.connection.scalar(opened) or 0) >= FLOOD


# -- what is done; also after somebody decided (`held`) -------------------------------------------


def open_from(unit: UnitOfWork, mail: Mail, mail_id: int, school_id: int | None = None) -> Booked:
    """Open a ticket; at the school that is named, or the sender's where that is known."""
    before = matching.suggested(unit.connection, mail, unit.now)
    title = words.subject_of(mail.subject)
    text = text_of(mail, mail.text)
    made = intake.open_ticket(
        unit,
        Place(school_id or matching.school_of(unit.connection, mail.sender)),
        text=text if text or title else "E-Mail",
        title=title,
        category="other",
        via="mail",
        reporter_name=mail.name or mail.sender,
        reporter_mail=mail.sender,
        acknowledge=False,
    )
    number = made["number"]
    row = history.row_of(unit, number)
    _keep_files(unit, row, mail, mail_id)
    if before is not None:
        belonging.link_rows(unit, row, before)
    if mail.sender:
        tell(unit, row, mail.sender, "received", answers=mail.given_id)
    return Booked("opened", "", number)


def add(unit: UnitOfWork, row: Row[Any], mail: Mail, mail_id: int) -> None:
    """Put it into the ticket as what its side says. It wakes a ticket that is solved, closed or
    waits for the school; a mere 'thank you' to what is solved or closed does not."""
    said = mail.said
    kept = _files(unit, row, mail, public=True)
    data: dict[str, Any] = {"mail": _uid(unit, mail_id)} | ({"files": kept} if kept else {})
    done = row.state in ("solved", "closed")
    thanks = done and not kept and words.only_thanks(said)
    service.hear(unit, row, text_of(mail, said), data, wakes=not thanks)


def note(unit: UnitOfWork, row: Row[Any], mail: Mail, mail_id: int) -> None:
    """Put it beside the ticket, for who works on it."""
    kept = _files(unit, row, mail, public=False)
    data: dict[str, Any] = {"mail": _uid(unit, mail_id)}
    data |= {"automatic": mail.automatic} if mail.automatic else {}
    text = text_of(mail, mail.said)
    subject = mail.subject
    data |= {"files": kept} if kept else {}
    history.write_entry(
        unit, row, "note", f"{subject}\n\n{text}".strip()[:LONGEST], side="system", data=data
    )


def tell_sender(unit: UnitOfWork, row: Row[Any], mail: Mail) -> None:
    """Say that it has arrived and is looked at."""
    if mail.sender:
        tell(unit, row, mail.sender, "held", answers=mail.given_id)


def text_of(mail: Mail, text: str) -> str:
    """What a ticket shows: the text, as long as an entry may be, with what was left out."""
    shown = text.strip()
    if len(shown) > LONGEST:
        shown = shown[: LONGEST - 100] + " …"
    notes = "\n".join(f"[{one}]" for one in dict.fromkeys(mail.notes))[:2000]
    return "\n\n".join(part for part in (shown, notes) if part)


def _files(unit: UnitOfWork, row: Row[Any], mail: Mail, *, public: bool) -> list[dict[str, str]]:
    return [files.keep(unit, row, one.name, one.data, public=public) for one in mail.files]


def _keep_files(unit: UnitOfWork, row: Row[Any], mail: Mail, mail_id: int) -> None:
    if kept := _files(unit, row, mail, public=True):
        data = {"mail": _uid(unit, mail_id), "files": kept}
        service.hear(unit, row, "", data, wakes=False)


def _uid(unit: UnitOfWork, mail_id: int) -> str:
    return str(unit.connection.scalar(select(m.uid).where(m.id == mail_id)))
