"""Files of tickets: pictures and papers, without what says where a picture was taken."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

from sqlalchemy import Row, insert

from schoolops.core.ids import uuid7
from schoolops.core.permissions import SYSTEM
from schoolops.db.engine import UnitOfWork
from schoolops.tickets import pictures
from schoolops.tickets.models import ticket_file

OTHER = "application/octet-stream"
_MAGIC = (
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)


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
    """(type by its first bytes, the bytes) of a file; of a picture without EXIF, GPS, comments.

    A picture that cannot be followed to its end is cut there: none is better than one that tells.
    """
    if (known := pictures.kind_of(data)) is None:
        return next((kind for magic, kind in _MAGIC if data.startswith(magic)), OTHER), data
    kind, pieces = known
    kept = []
    with suppress(*pictures.BREAKS):
        for piece in pieces(data):
            kept.append(piece)
    return kind, b"".join(kept)
