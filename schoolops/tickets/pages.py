"""Reports by whoever has the code of a room or device, and the pages by which they follow them.

Nobody signs in: who has the code is there. The secret in the address of a reporter's page follows
from the key of the form, which the server made; the database keeps a hash of each, so that neither
is found in a backup, and the same form sent again leads to the same page.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy import text as text_

from inventory.sentences import say
from schoolops.alerts.models import incident
from schoolops.core.errors import Conflict, Invalid, TooMany
from schoolops.core.ids import hash_token, new_token
from schoolops.core.permissions import Actor
from schoolops.db.engine import UnitOfWork
from schoolops.tickets import intake, photos, service
from schoolops.tickets.models import ticket, ticket_entry, ticket_file, ticket_page
from schoolops.tickets.snapshot import NETWORK, Place, fault_of, open_incidents

HOUR_US = 3_600_000_000
PER_HOUR = 20
"""Reports by code of one room or device in an hour, 120 of a school: the rest is a prank."""
PER_HOUR_OF_SCHOOL = 120
PER_HOUR_OF_PAGE = 20
"""Words by one page of a reporter in an hour."""
WANTED = (NETWORK, "device", "other")
"""What can be reported by code: the categories of the three buttons."""
KEY = "sof"
c = ticket.c


class Known(NamedTuple):
    """A fault that is known: since when (UTC microseconds), at how many schools, what was said of
    it last to all who reported it, and when ('' and None: nothing yet)."""

    title: str
    title_de: str
    began_at: int
    schools: int
    said: str
    said_at: int | None


class Reported(NamedTuple):
    """What became of a report: its number, and the secret of its page."""

    number: int
    secret: str


def new_key() -> str:
    """The key of a form."""
    return new_token(KEY)


def place_of(spot: Row[Any]) -> Place:
    """Where a report by this code is (`places.spot_at`): of a device out of use, its room."""
    device_id = None if spot.retired else spot.device_id
    return Place(spot.school_id, spot.room_id, device_id)


# -- what is known -------------------------------------------------------------------------------


def known_faults(connection: Connection, place: Place) -> list[Known]:
    """The open fault by which a place is affected, if there is one."""
    row = fault_of(connection, place, NETWORK, open_incidents(connection, place.school_id))
    return [] if row is None else [_known(connection, row)]


def faults_of_school(connection: Connection, school_id: int) -> list[Known]:
    """All open faults of a school, the oldest first."""
    return [_known(connection, row) for row in open_incidents(connection, school_id)]


def fault_of_ticket(connection: Connection, row: Row[Any]) -> Known | None:
    """The fault that a ticket belongs to, as long as it is open."""
    if row.incident_id is None:
        return None
    found = connection.execute(
        select(incident).where(incident.c.id == row.incident_id, incident.c.closed_at.is_(None))
    ).one_or_none()
    return _known(connection, found) if found is not None else None


def _known(connection: Connection, fault: Row[Any]) -> Known:
    e = ticket_entry.c
    told = connection.execute(
        select(e.text, e.at)
        .join(ticket, c.id == e.ticket_id)
        .where(c.incident_id == fault.id, e.what == "update", e.public.is_(True))
        .order_by(e.id.desc())
        .limit(1)
    ).one_or_none()
    said, said_at = told or ("", None)
    return Known(
        fault.title, fault.title_de, fault.began_at, max(1, fault.schools), said, said_at
    )  # fmt: skip


# -- reporting -----------------------------------------------------------------------------------


def report(
    unit: UnitOfWork,
    spot: Row[Any],
    key: str,
    category: str,
    *,
    title: str,
    text: str = "",
    name: str = "",
    mail: str = "",
    language: str = "de",
    photo: bytes = b"",
) -> Reported:
    """Book a report by the code of a room or device (`places.spot_at`); the same form sent again is
    the same report.

    `title`: what it is called when nobody typed words. Raises `TooMany` for a place of which very
    many reports came.
    """
    if category not in WANTED:
        raise Invalid(say("there is no category {name!r}", name=category))
    place = place_of(spot)
    secret = _secret_of(key, spot.code, category, text, name, mail)
    form_key = hash_token(f"form {secret}")
    if unit.store.is_postgresql:
        # A double tap arrives at two workers at once: the second waits, and finds the first.
        lock = text_("SELECT pg_advisory_xact_lock(730003, hashtext(:key))")
        unit.connection.execute(lock, {"key": form_key})
    known = unit.connection.execute(select(c.id).where(c.form_key == form_key)).one_or_none()
    if known is not None:
        return Reported(known.id, secret)
    _slow_down(unit, place)
    made = intake.open_ticket(
        unit, place, text=text, category=category, via="qr", form_key=form_key,
        title="" if text.strip() else title,
        reporter_name=name.strip(), reporter_mail=mail.strip(), language=language,
    )  # fmt: skip
    row = unit.connection.execute(select(ticket).where(c.id == made["number"])).one()
    if photo:
        photos.keep(unit, row, photo)
    page = {"hash": hash_token(secret), "ticket_id": row.id, "at": unit.now}
    unit.connection.execute(insert(ticket_page), page)
    return Reported(row.id, secret)


def _secret_of(key: str, *said: str) -> str:
    """The secret of a report's page. Of a form without a key of ours it is a new one: what anybody
    could think of would be found by others."""
    if not (key.startswith(f"{KEY}_") and len(key) == len(new_key())):
        return new_token("stp")
    text = "\0".join((key, *said))
    return f"stp_{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:40]}"


def _slow_down(unit: UnitOfWork, place: Place) -> None:
    recent = (c.opened_at > unit.now - HOUR_US, c.via == "qr")
    here = c.device_id == place.device_id if place.room_id is None else c.room_id == place.room_id
    for most, where in ((PER_HOUR, here), (PER_HOUR_OF_SCHOOL, c.school_id == place.school_id)):
        if most == PER_HOUR and place.room_id is None and place.device_id is None:
            continue
        sent = unit.connection.scalar(
            select(func.count()).select_from(ticket).where(*recent, where)
        )
        if (sent or 0) >= most:
            raise TooMany(
                say("very many reports came from here in the last hour; we know, and look at it"),
                code="ticket.often",
                wait_s=600,
            )


# -- following -----------------------------------------------------------------------------------


def ticket_at(connection: Connection, secret: str) -> Row[Any] | None:
    """The ticket of a reporter's page; None for a secret that nobody gave out."""
    p = ticket_page.c
    return connection.execute(
        select(ticket).join(ticket_page, p.ticket_id == c.id).where(p.hash == hash_token(secret))
    ).one_or_none()


def answer(
    unit: UnitOfWork, row: Row[Any], text: str, *, works: bool | None, photo: bytes = b""
) -> None:
    """What the reporter says on the own page of a ticket (a row of `ticket`): words, a photo, that
    it works again or still not."""
    e = ticket_entry.c
    said = unit.connection.scalar(
        select(func.count())
        .select_from(ticket_entry)
        .where(e.ticket_id == row.id, e.side == "reporter", e.at > unit.now - HOUR_US)
    )
    if (said or 0) >= PER_HOUR_OF_PAGE:
        raise TooMany(say("these are very many words in an hour; wait a moment"), wait_s=600)
    if photo:
        held = unit.connection.scalar(
            select(func.count()).select_from(ticket_file).where(ticket_file.c.ticket_id == row.id)
        )
        if (held or 0) >= photos.MOST_PHOTOS:
            raise Conflict(say("the ticket has {most} photos already", most=photos.MOST_PHOTOS))
        photos.keep(unit, row, photo)
    if text.strip() or works is not None:
        service.hear(unit, row, text, works=works)


# -- the board -----------------------------------------------------------------------------------


def reported_in(connection: Connection, school_id: int) -> list[Row[Any]]:
    """What is reported at a school and not done, one row a trouble: `room_id`, `device_id`,
    `category`, `opened_at`, `state`, `assigned`, `reports` (how many say so). No words of anybody.

    What belongs to an open fault of the school is told with the fault.
    """
    joined = ticket.alias("joined")
    also = (
        select(func.count()).select_from(joined).where(joined.c.joined_to == c.id)
        .correlate(ticket).scalar_subquery()
    )  # fmt: skip
    open_ids = [row.id for row in open_incidents(connection, school_id)]
    return list(
        connection.execute(
            select(c.room_id, c.device_id, c.category, c.opened_at, c.state, c.waits_for,
                   (c.assigned_to != "").label("assigned"), (also + 1).label("reports"))
            .where(
                c.school_id == school_id,
                c.state.in_(("new", "open", "waiting")),
                c.joined_to.is_(None),
                c.category != "wish",
                c.incident_id.is_(None) | c.incident_id.not_in(open_ids),
            )
            .order_by(c.opened_at)
            .limit(200)
        ).all()
    )  # fmt: skip


def own_tickets(connection: Connection, actor: Actor, limit: int = 50) -> list[Row[Any]]:
    """The tickets that somebody reported who is signed in, the newest first."""
    return list(
        connection.execute(
            select(ticket).where(c.reporter == actor.name).order_by(c.id.desc()).limit(limit)
        ).all()
    )
