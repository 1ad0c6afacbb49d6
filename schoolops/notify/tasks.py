"""What the worker does with the outbox: send what is due, forget what is over.

At least once: a mail counts as sent when the mail server has taken it. Should the server's answer
be lost, or this process die before it is noted, the mail goes out again with the same Message-ID.
Several workers may do this at once; each mail is claimed by one of them.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from schoolops.core.settings import MailSettings
from schoolops.db.engine import Store
from schoolops.notify import repository
from schoolops.notify.addresses import without_addresses
from schoolops.notify.composing import Thread, compose, sender_address
from schoolops.notify.service import is_on
from schoolops.notify.smtp import WHOLE, Conversation, Delayed, NotSent, Refused, ServerDown
from schoolops.notify.texts import Texts

log = logging.getLogger("schoolops.notify")

ROUND_S = 20.0
"""A round ends after so many seconds, so that a server that stops need not wait for all mails."""


def send_due(store: Store) -> None:
    """Send what is due, one mail after the other, over one connection."""
    if not is_on(store.settings.mail):
        return
    with store.read() as connection:
        if not repository.is_due(connection, store.clock.now()):
            return
    with store.write() as unit:
        failed = repository.give_up(unit)
        due = repository.is_due(unit.connection, unit.now)
    if failed:
        log.warning("%s mails were given up; see: schoolops notify list --state failed", failed)
    if not due:
        return
    try:
        with Conversation(store.settings.mail) as talk:
            _send_all(store, talk)
    except ServerDown as error:
        said = without_addresses(str(error), "")
        with store.write() as unit:
            waiting = repository.put_off(unit, said)
        log.warning("%s mails wait, the mail server cannot be used: %s", waiting, said)


def _send_all(store: Store, talk: Conversation) -> None:
    end = time.monotonic() + ROUND_S
    while talk.is_open and time.monotonic() < end:
        with store.write() as unit:
            row = repository.claim(unit, claim_micros(store.settings.mail))
        if row is None:
            return
        _send(store, talk, row)


def claim_micros(settings: MailSettings) -> int:
    """How long a worker has a mail to itself: longer than it can take to send it."""
    return round((settings.timeout_s * (2 * WHOLE) + 60) * 1_000_000)


def _send(store: Store, talk: Conversation, row: Row[Any]) -> None:
    settings = store.settings
    try:
        thread = Thread.of_json(row.thread)
        message = compose(
            _texts_of(store).fill(row.notice, row.language, json.loads(row.content)),
            sender=settings.mail.sender,
            to=row.address,
            message_id=row.message_id,
            at=row.created_at,
            zone=ZoneInfo(settings.timezone),
            thread=thread,
        )
        talk.send(_envelope(settings.mail, thread), row.address, message)
    except NotSent as error:
        _note(store, row, error)
        return
    except Exception as error:
        # A mistake of ours in one mail keeps no other from going out. What it holds is personal.
        log.error("mail %s cannot be made: %s", row.uid, type(error).__name__)
        _note(store, row, Delayed(f"it cannot be made ({type(error).__name__})"))
        return
    with store.write() as unit:
        repository.note_sent(unit, row)


def _envelope(settings: MailSettings, thread: Thread | None) -> str:
    """Where it comes back to: nowhere when a machine answers somebody ('' is the null sender)."""
    if thread is None:
        return sender_address(settings.sender)
    return "" if thread.automatic else thread.envelope or sender_address(settings.sender)


def _note(store: Store, row: Row[Any], error: NotSent) -> None:
    said = without_addresses(str(error), row.address)
    with store.write() as unit:
        if isinstance(error, Refused):
            repository.note_failed(unit, row, said)
        else:
            repository.note_delayed(unit, row, said)
    if isinstance(error, Refused):
        log.warning("mail %s was refused for good (%s)", row.uid, said[:3])


def forget_old(store: Store) -> None:
    """Delete what is over, with addresses and texts."""
    with store.write() as unit:
        repository.forget(unit, store.settings.mail.keep_days)


_texts: WeakKeyDictionary[Store, Texts] = WeakKeyDictionary()
_texts_lock = threading.Lock()


def _texts_of(store: Store) -> Texts:
    """The texts of a store, read once."""
    with _texts_lock:
        if store not in _texts:
            _texts[store] = Texts(store.settings)
        return _texts[store]
