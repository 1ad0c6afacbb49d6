"""Photos that people send on a page: JPEG and PNG, without what says where and with what they were
taken. One that cannot be read is refused; of a mail what can be kept is kept (`files`)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from inventory.sentences import say
from schoolops.core.errors import Invalid, NotFound
from schoolops.db.engine import UnitOfWork
from schoolops.tickets import files, pictures
from schoolops.tickets.models import ticket_file

MOST_BYTES = 25_000_000
TAKEN = ("image/jpeg", "image/png")
MOST_PHOTOS = 10
"""Of one ticket, of people without an account."""
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def problem_of(data: bytes, *, too_large: bool = False) -> str:
    """Why a photo is not kept: 'large', 'heic', 'kind' (none that is taken); '' if it can be."""
    if too_large or len(data) > MOST_BYTES:
        return "large"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        return "heic"
    try:
        cleaned(data)
    except Invalid:
        return "kind"
    return ""


def keep(unit: UnitOfWork, row: Row[Any], data: bytes) -> str:
    """Keep a photo with a ticket (a row of `ticket`); answers its id. It goes some time after the
    ticket is closed (`tasks.AFTER_CLOSING_US`). Raises `Invalid` for what is no JPEG or PNG."""
    media_type, data = cleaned(data)
    name = f"photo.{media_type.partition('/')[2]}"
    return files.book(unit, row, name, media_type, data, public=True)["id"]


def of_ticket(connection: Connection, ticket_id: int) -> list[Row[Any]]:
    """The files of a ticket without their bytes, oldest first."""
    f = ticket_file.c
    columns: list[ColumnElement[Any]] = [
        f.uid, f.at, f.by, f.public, f.name, f.type, f.size, f.sha256,
    ]  # fmt: skip
    statement = select(*columns).where(f.ticket_id == ticket_id).order_by(f.id)
    return list(connection.execute(statement).all())


def read(connection: Connection, ticket_id: int, uid: str) -> Row[Any]:
    """A file of a ticket with its bytes. Raises `NotFound`."""
    f = ticket_file.c
    where = (f.ticket_id == ticket_id, f.uid == uid)
    row = connection.execute(select(ticket_file).where(*where)).one_or_none()
    if row is None:
        raise NotFound(say("the ticket has no file {id!r}", id=uid), code="ticket.no_file")
    return row


def cleaned(data: bytes) -> tuple[str, bytes]:
    """(media type by the first bytes, the photo alone). Its pixels are untouched.

    Raises `Invalid` for what is no JPEG or PNG, or cannot be followed to its end.
    """
    known = pictures.kind_of(data)
    if known is not None and known[0] in TAKEN:
        with suppress(*pictures.BREAKS):
            return known[0], b"".join(known[1](data))
    raise Invalid(say("this is no photo in JPEG or PNG that can be read"), code="ticket.photo")
