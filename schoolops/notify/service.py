"""What a capability does to notify people, and what administrators do with the outbox."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from inventory.sentences import say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Invalid
from schoolops.core.ids import uuid7
from schoolops.core.permissions import MAIL_WRITE, Actor
from schoolops.core.settings import MailSettings
from schoolops.db.access import require_everywhere
from schoolops.db.engine import Store, UnitOfWork
from schoolops.notify import repository
from schoolops.notify.addresses import domain_of, masked, usable
from schoolops.notify.composing import Thread, compose, sender_address
from schoolops.notify.models import mail
from schoolops.notify.smtp import Conversation, NotSent
from schoolops.notify.texts import NOTICES, TEST, Texts

log = logging.getLogger("schoolops.notify")

HOUR = 3600 * 1_000_000


def is_on(settings: MailSettings) -> bool:
    """Whether mail goes out at all."""
    return bool(settings.host)


def post(
    unit: UnitOfWork,
    notice: str,
    addresses: Iterable[str],
    values: Mapping[str, Any],
    until: int | None = None,
) -> int:
    """Put a notice into the outbox, one mail a person, and answer how many.

    Whether these people may know it is decided by whoever names them. It is sent after the
    commit, or never: nothing goes out for what is rolled back. `values` is JSON; `until` (UTC
    microseconds): nobody needs it later than that. While mail is off nothing is written, so that
    nobody is flooded when it is turned on.
    """
    if notice not in NOTICES:
        raise LookupError(f"there is no notice {notice!r}")
    settings = unit.store.settings.mail
    if not is_on(settings):
        return 0
    to: dict[str, str] = {}
    for address in addresses:
        if found := usable(address):
            to.setdefault(found.casefold(), found)
    if to:
        content = json.dumps(values, ensure_ascii=False, sort_keys=True)
        unit.connection.execute(
            insert(mail).inline(),  # a limited actor may write here, and read nothing back
            [_row(unit, settings, notice, one, content, until) for one in to.values()],
        )
    return len(to)


def post_one(
    unit: UnitOfWork, notice: str, address: str, values: Mapping[str, Any], thread: Thread
) -> str | None:
    """The same, one mail of a conversation; answers its Message-ID, None when none goes out."""
    settings = unit.store.settings.mail
    to = usable(address)
    if notice not in NOTICES:
        raise LookupError(f"there is no notice {notice!r}")
    if not is_on(settings) or to is None:
        return None
    content = json.dumps(values, ensure_ascii=False, sort_keys=True)
    row = _row(unit, settings, notice, to, content, None) | {"thread": thread.as_json()}
    unit.connection.execute(insert(mail).inline(), row)
    return str(row["message_id"])


def _row(
    unit: UnitOfWork,
    settings: MailSettings,
    notice: str,
    to: str,
    content: str,
    until: int | None,
) -> dict[str, Any]:
    uid = uuid7()
    return {
        "uid": uid,
        "message_id": message_id(uid, settings),
        "notice": notice,
        "address": to,
        "language": settings.language,
        "content": content,
        "state": "waiting",
        "created_at": unit.now,
        "due_at": unit.now,
        "give_up_at": unit.now + round(settings.give_up_hours * HOUR),
        "until_at": until,
    }


def message_id(uid: str, settings: MailSettings) -> str:
    """The mail's Message-ID: the same at every try, so that a receiver knows a repetition."""
    return f"<{uid}@{domain_of(sender_address(settings.sender))}>"


def send_test(store: Store, actor: Actor, address: str) -> dict[str, Any]:
    """Send one mail now: `{"sent", "answer"}`, what the mail server said to it."""
    require_everywhere(actor, MAIL_WRITE)
    settings = store.settings
    if not is_on(settings.mail):
        raise Conflict(
            say(
                "mail is off: set mail.host and mail.sender in schoolops.toml, and restart the "
                "server"
            ),
            code="mail.off",
        )
    to = usable(address)
    if to is None:
        raise Invalid(
            say("no mail can go to {address!r}; write it as name@city.example", address=address),
            code="mail.address",
        )
    message = compose(
        Texts(settings).fill(TEST, settings.mail.language, {}),
        sender=settings.mail.sender,
        to=to,
        message_id=message_id(uuid7(), settings.mail),
        at=store.clock.now(),
        zone=ZoneInfo(settings.timezone),
    )
    try:
        with Conversation(settings.mail) as talk:
            answer, sent = talk.send(sender_address(settings.mail.sender), to, message), True
    except NotSent as error:
        answer, sent = str(error), False
    with store.write(actor) as unit:
        unit.audit("send test mail", "mail", detail={"sent": sent})
    return {"sent": sent, "answer": answer}


def retry(unit: UnitOfWork, uids: list[str]) -> dict[str, Any]:
    """Try failed and waiting mails at once, those with these ids or all: `{"again"}`."""
    require_everywhere(unit.actor, MAIL_WRITE)
    give_up_at = unit.now + round(unit.store.settings.mail.give_up_hours * HOUR)
    again = repository.bring_back(unit, uids, give_up_at)
    unit.audit("retry mail", "mail", detail={"mails": again})
    return {"again": again}


def overview(
    connection: Connection, actor: Actor, settings: MailSettings, state: str, limit: int
) -> dict[str, Any]:
    """The outbox: is mail on, how many are in which state, and the latest; addresses masked."""
    require_everywhere(actor, MAIL_WRITE)
    if state and state not in repository.STATES:
        raise Invalid(
            say(
                "there is no state {state!r}; known are {known}",
                state=state,
                known=", ".join(repository.STATES),
            )
        )
    mails = [
        {
            "id": row.uid,
            "notice": row.notice,
            "to": masked(row.address),
            "state": row.state,
            "attempts": row.attempts,
            "created": to_iso(row.created_at),
            "next": to_iso(row.due_at) if row.state == "waiting" else None,
            "ended": to_iso(row.ended_at),
            "error": row.error,
        }
        for row in repository.latest(connection, state, limit)
    ]
    return {"on": is_on(settings), "counts": repository.counts(connection), "mails": mails}
