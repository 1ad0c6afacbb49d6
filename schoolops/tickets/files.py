"""Files of tickets: pictures and papers, without what says where a picture was taken."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Row, insert

from schoolops.core.ids import uuid7
from schoolops.core.permissions import SYSTEM
from schoolops.db.engine import UnitOfWork
from schoolops.tickets.models import ticket_file

OTHER = "application/octet-stream"
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)
_PNG_TELLS = (b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME")


def keep(
    unit: UnitOfWork, row: Row[Any], name: str, data: bytes, *, public: bool = True
) -> dict[str, str]:
    """Keep a file with a ticket (a row of `ticket`); answers id and name. `name`: no folders."""
    kind, data = cleaned(data)
    return book(unit, row, name, kind, data, public=public)


def book(
    unit: UnitOfWork, row: Row[Any], name: str, kind: str, data: bytes, *, public: bool
) -> dict[str, str]:
    """Keep a file of this media type as it is."""
    uid = uuid7()
    by = "" if unit.actor is SYSTEM else unit.actor.name
    unit.connection.execute(
        insert(ticket_file).inline(),
        {"uid": uid, "ticket_id": row.id, "school_id": row.school_id, "at": unit.now, "by": by,
         "public": public, "name": name, "type": kind, "size": len(data),
         "sha256": hashlib.sha256(data).hexdigest(), "data": data},
    )  # fmt: skip
    return {"id": uid, "name": name}


def cleaned(data: bytes) -> tuple[str, bytes]:
    """(type by its first bytes, the bytes without EXIF, GPS, comments) of a file."""
    kind = next((kind for magic, kind in _MAGIC if data.startswith(magic)), OTHER)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    if kind == "image/jpeg":
        return kind, without_exif(data)
    if kind == "image/png":
        return kind, _plain_png(data)
    return (kind, _plain_webp(data)) if kind == "image/webp" else (kind, data)


def without_exif(jpeg: bytes) -> bytes:
    """A JPEG without APP1 (EXIF, XMP), APP13 (IPTC) and comments; its pixels are untouched.

    What cannot be followed to the pixels is cut there: no picture is better than one that tells.
    """
    found, at = [jpeg[:2]], 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xFF:  # a byte that only fills
            at += 1
            continue
        if marker == 0xDA:
            found.append(jpeg[at : _end_of_picture(jpeg, at)])
            break
        size = 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        # JFIF, the colour profile and Adobe's colour transform are the picture's own.
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker in (0xE0, 0xE2, 0xEE):
            found.append(jpeg[at : at + size])
        at += size
    return b"".join(found)


def _end_of_picture(jpeg: bytes, start: int) -> int:
    """After the first end of image: phones append a film or another picture with its own EXIF."""
    end = jpeg.find(b"\xff\xd9", start)
    return len(jpeg) if end < 0 else end + 2


def _plain_png(png: bytes) -> bytes:
    found, at = [png[:8]], 8
    while at + 12 <= len(png):
        size = 12 + int.from_bytes(png[at : at + 4], "big")
        kind = png[at + 4 : at + 8]
        if kind not in _PNG_TELLS:
            found.append(png[at : at + size])
        at += size
        if kind == b"IEND":
            break
    return b"".join(found)


def _plain_webp(webp: bytes) -> bytes:
    found, at = [], 12
    while at + 8 <= len(webp):
        size = 8 + int.from_bytes(webp[at + 4 : at + 8], "little")
        size += size % 2
        if webp[at : at + 4] not in (b"EXIF", b"XMP "):
            found.append(webp[at : at + size])
        at += size
    body = b"WEBP" + b"".join(found)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
