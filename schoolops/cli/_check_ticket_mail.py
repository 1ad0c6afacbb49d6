"""The check 'tickets by mail' of `schoolops doctor`: can mails come in, and does one wait."""

from __future__ import annotations

import json
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schoolops.core.settings import Settings

DAY_US = 86_400 * 1_000_000
LONG_US = 2 * DAY_US
"""Nobody shall wait longer to be heard."""


def check_ticket_mail(settings: Settings) -> tuple[str, str]:
    """Signs in at the mailbox, marks nothing, and counts what waits."""
    own = settings.tickets
    if not own.mail_address:
        return "ok", "off: no reports by e-mail; set tickets.mail_address to turn it on"
    if own.mail_listen and find_spec("aiosmtpd") is None:
        return (
            "fail",
            "tickets.mail_listen needs: pip install 'schoolops[mail-in]'",
        )
    if not own.mail_host and not own.mail_listen:
        return "warn", "no mail comes in: set tickets.mail_host or tickets.mail_listen"
    new = ""
    if own.mail_host:
        from schoolops.tickets.mails.imap import NoMailbox, opened, waiting

        try:
            with opened(own) as box:
                new = f"{len(waiting(box))} mails are new; "
        except NoMailbox as error:
            return "fail", str(error)
    left, (number, since) = _kept(settings)
    if left.get("left"):
        return "fail", (
            f"{left['left']} mails in the mailbox could not be booked ({left['why']}); they are "
            "left there, unread: look at them with a mail program"
        )
    told = f"{new}{number} wait for a decision"
    if since is not None and time.time() * 1e6 - since > LONG_US:
        return "warn", f"{told}, the oldest for {(time.time() * 1e6 - since) // DAY_US:.0f} days; "\
            "see: schoolops tickets mail"  # fmt: skip
    return "ok", told


def _kept(settings: Settings) -> tuple[dict[str, Any], tuple[int, int | None]]:
    """How the last round at the mailbox was, and (how many mails wait, since when)."""
    from sqlalchemy import select

    from schoolops.cli.db import status_of
    from schoolops.db.engine import Store
    from schoolops.db.tables import note
    from schoolops.tickets.mails.held import waiting_since
    from schoolops.tickets.mails.imap import NOTE

    if not status_of(settings)["up_to_date"]:
        return {}, (0, None)
    store = Store.open(settings)
    try:
        with store.read() as connection:
            said = connection.scalar(select(note.c.value).where(note.c.name == NOTE))
            return json.loads(said or "{}"), waiting_since(connection)
    finally:
        store.close()
