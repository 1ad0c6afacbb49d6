"""To which ticket a mail belongs, who takes part in it, at which school somebody is: queries."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, func, select

from schoolops.core.permissions import TICKETS_WRITE, roles_with
from schoolops.estate.models import TABLES
from schoolops.identity.models import account, account_role
from schoolops.tickets import mailtokens
from schoolops.tickets.mails.reading import Mail
from schoolops.tickets.models import ticket, ticket_mail

SUGGESTS_US = 7 * 86_400 * 1_000_000
"""Same sender and subject within this only suggest that two mails have to do with each other."""
LARGEST = 2**63 - 1
COMMON = frozenset((
    "gmx.de", "gmx.net", "web.de", "gmail.com", "googlemail.com", "t-online.de", "outlook.com",
    "outlook.de", "hotmail.com", "hotmail.de", "icloud.com", "freenet.de", "yahoo.de", "yahoo.com",
    "mail.de", "posteo.de", "mailbox.org",
))  # fmt: skip
"""Domains of everybody, which say nothing about a school."""
m = ticket_mail.c


def by_token(connection: Connection, key: bytes, mail: Mail) -> Row[Any] | None:
    """The ticket whose true token stands in subject or address."""
    for number, made in mailtokens.found(mail.subject, mail.to):
        if number > LARGEST:
            continue
        row = connection.execute(select(ticket).where(ticket.c.id == number)).one_or_none()
        if row is not None and mailtokens.is_true(key, row.uid, made):
            return row
    return None


def by_reference(connection: Connection, ids: tuple[str, ...]) -> Row[Any] | None:
    """The ticket of the nearest known mail among these ids, whoever wrote that."""
    if not ids:
        return None
    known = connection.execute(
        select(m.message_id, m.ticket_id).where(m.message_id.in_(ids), m.ticket_id.is_not(None))
    ).all()
    places = {id: place for place, id in enumerate(ids)}
    for one in sorted(known, key=lambda found: places[found.message_id]):
        row = connection.execute(select(ticket).where(ticket.c.id == one.ticket_id)).one_or_none()
        if row is not None:
            return row
    return None


def suggested(connection: Connection, mail: Mail, now: int) -> Row[Any] | None:
    """The newest ticket of the same sender with the same subject in seven days."""
    if not mail.sender or not mail.topic:
        return None
    found = connection.scalar(
        select(m.ticket_id)
        .where(
            m.address == mail.sender, m.topic == mail.topic, m.at > now - SUGGESTS_US,
            m.sent.is_(False), m.ticket_id.is_not(None), m.state.in_(("opened", "filed")),
        )
        .order_by(m.id.desc())
        .limit(1)
    )  # fmt: skip
    if found is None:
        return None
    return connection.execute(select(ticket).where(ticket.c.id == found)).one_or_none()


def takes_part(connection: Connection, row: Row[Any], sender: str) -> str:
    """'part' for an address that reported a ticket, wrote in it, was taken into it (To, Cc) by who
    did, or was written to; 'staff' for one that works on tickets; '' for all others."""
    if not sender:
        return ""
    if row.reporter_mail.strip().lower() == sender:
        return "part"
    known = connection.execute(
        select(m.address, m.parties).where(
            m.ticket_id == row.id, m.state.in_(("opened", "filed", "sent")), m.notice != "held"
        )
    ).all()
    if any(one.address == sender or sender in json.loads(one.parties) for one in known):
        return "part"
    a = account.c
    own = select(a.id).where(func.lower(a.email) == sender, a.username == row.reporter)
    if row.reporter and connection.execute(own.limit(1)).first() is not None:
        return "part"
    works = (
        select(a.id)
        .join(account_role, account_role.c.account_id == a.id)
        .where(func.lower(a.email) == sender, account_role.c.role.in_(roles_with(TICKETS_WRITE)))
    )
    return "staff" if connection.execute(works.limit(1)).first() is not None else ""


def school_of(connection: Connection, sender: str) -> int | None:
    """The school of an address: a contact's or the school's own, else by a domain that is one
    school's alone; None where the estate does not say."""
    if not sender:
        return None
    schools, contacts = TABLES["school"].c, TABLES["contact"].c
    exact = (
        select(contacts.school_id).where(
            func.lower(contacts.email) == sender, contacts.retired_at.is_(None)
        ),
        select(schools.id).where(func.lower(schools.email) == sender, schools.retired_at.is_(None)),
    )
    for statement in exact:
        found = set(connection.scalars(statement.limit(2)))
        if len(found) == 1:
            return int(found.pop())
        if found:
            return None
    domain = sender.rpartition("@")[2]
    if not domain or domain in COMMON:
        return None
    same = func.lower(schools.email).like(f"%@{domain.replace('_', '')}")
    found = set(
        connection.scalars(select(schools.id).where(same, schools.retired_at.is_(None)).limit(2))
    )
    return int(found.pop()) if len(found) == 1 else None
