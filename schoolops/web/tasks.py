"""What the pages leave behind, tidied up."""

from __future__ import annotations

from sqlalchemy import delete

from schoolops.db.engine import Store
from schoolops.web.models import web_upload

HOUR = 3_600_000_000
"""How long an uploaded file waits for its confirmation."""


def forget_uploads(store: Store) -> None:
    """Drop files that nobody confirmed in time."""
    with store.write() as unit:
        unit.connection.execute(delete(web_upload).where(web_upload.c.created_at < unit.now - HOUR))
