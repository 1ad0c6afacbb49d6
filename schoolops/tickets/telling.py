"""What reporters are told by mail, where they left an address."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from schoolops.db.engine import UnitOfWork
from schoolops.notify import service
from schoolops.notify.texts import register

_SAMPLE = {"number": 4711, "title": "WLAN in 2.14 geht nicht", "text": "Der Switch ist getauscht."}
NOTICES = {
    "received": register("ticket-received", _SAMPLE | {"text": ""}),
    "answered": register("ticket-answered", _SAMPLE),
    "solved": register("ticket-solved", _SAMPLE),
    "closed": register("ticket-closed", _SAMPLE),
}
LATE = register("ticket-late", _SAMPLE | {
    "percent": 80, "promise": "fix", "due": 1_795_507_200_000_000, "priority": "P2",
    "assigned_to": "a.klein"})  # fmt: skip


def tell_reporter(unit: UnitOfWork, row: Row[Any], what: str, text: str = "") -> None:
    """Put a mail to the reporter into the outbox; nothing happens where there is no address."""
    if row.reporter_mail:
        values = {"number": row.id, "title": row.title, "text": text}
        service.post(unit, NOTICES[what], [row.reporter_mail], values)
