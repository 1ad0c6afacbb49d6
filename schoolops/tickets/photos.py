"""Photos that people send on a page: JPEG and PNG, without what says where and with what they were
taken. One that cannot be read is refused; of a mail what can be kept is kept (`files`)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from inventory.sentences import say
from schoolops.core.errors import Invalid, NotFound
from schoolops.db.engine import UnitOfWork
from schoolops.tickets import files
from schoolops.tickets.models import ticket_file

MOST_BYTES = 25_000_000
MOST_PHOTOS = 10
"""Of one ticket, of people without an account."""
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = (
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs",
)  # fmt: skip
_JFIF, _ADOBE, _EXIF, _COMMENT, _SCAN, _END = 0xE0, 0xEE, 0xE1, 0xFE, 0xDA, 0xD9
_ALONE = (0x01, *range(0xD0, 0xD8))
"""Markers of a JPEG without a length."""


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
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return "image/jpeg", b"".join(_jpeg(data))
        if data.startswith(_PNG):
            return "image/png", b"".join(_png(data))
    except (IndexError, struct.error):
        pass
    raise Invalid(say("this is no photo in JPEG or PNG that can be read"), code="ticket.photo")


def _jpeg(data: bytes) -> Iterator[bytes]:
    """Its segments without EXIF, XMP, IPTC, comments and whatever else programs add, and without
    what follows its end: phones append a film, or a second picture with its own EXIF. What is kept
    of EXIF is how the picture has to be turned."""
    yield data[:2]
    turned, first, at = 1, True, 2
    while True:
        start = at
        if data[at] != 0xFF:
            raise IndexError
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == _END:
            yield b"\xff\xd9"
            return
        if marker in _ALONE:
            yield data[start:at]
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2 or at + length > len(data):
            raise IndexError
        body, at = data[at + 2 : at + length], at + length
        if marker == _EXIF and body.startswith(b"Exif\0\0"):
            turned = _turned(body[6:])
        if marker == _COMMENT or (0xE0 <= marker <= 0xEF and marker not in (_JFIF, _ADOBE)):
            continue
        if marker == _JFIF and not body.startswith(b"JFIF\0"):
            continue  # a thumbnail of its own
        if first and marker != _JFIF and turned != 1:
            yield _turning(turned)
        first = first and marker == _JFIF
        # A thumbnail may hang behind the twelve bytes of JFIF.
        kept = body[:12] + b"\0\0" if marker == _JFIF else body
        yield b"\xff" + bytes((marker,)) + struct.pack(">H", len(kept) + 2) + kept
        if marker == _SCAN:
            end = _end_of_scan(data, at)
            yield data[at:end]
            at = end


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker begins: within a scan 0xFF is followed by 0 or a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise IndexError
        follows = data[at + 1]
        if follows not in (0, 0xFF) and not 0xD0 <= follows <= 0xD7:
            return at
        at += 1 if follows == 0xFF else 2


def _turned(tiff: bytes) -> int:
    """How EXIF says that the picture has to be turned: 1 (not at all) to 8."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            return 1
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for entry in range(min(count, 200)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * entry)
            if tag == 0x0112:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _turning(turned: int) -> bytes:
    """EXIF that says how to turn the picture, and nothing else."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, turned, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff


def _png(data: bytes) -> Iterator[bytes]:
    yield _PNG
    at = len(_PNG)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise IndexError
        if kind in _PNG_KEPT:
            yield data[at:end]
        if kind == b"IEND":
            return
        at = end
