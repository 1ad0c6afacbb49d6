"""The mailbox that is asked: what is new in it is booked, and marked when that is committed.

A mail that cannot be booked stays as it is, keeps none other waiting, and `schoolops doctor` says
so. Several servers may ask one mailbox: a mail is booked once.
"""

from __future__ import annotations

import contextlib
import imaplib
import json
import logging
import re
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select

from schoolops.core import paths
from schoolops.core.errors import DatabaseDown, Unusable
from schoolops.core.secretfiles import read_secret
from schoolops.core.ticket_settings import TicketSettings
from schoolops.db.engine import Store
from schoolops.db.tables import note
from schoolops.db.upsert import upsert
from schoolops.notify.addresses import without_addresses
from schoolops.tickets.mails.booking import book

log = logging.getLogger("schoolops.tickets")

TIMEOUT_S = 20.0
ROUND_S = 60.0
"""A round ends after so many seconds, and goes on at its next time."""
LARGEST = 40_000_000
"""Bytes of a mail; a larger one is left in the mailbox."""
NOTE = "tickets by mail"
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class NoMailbox(Exception):
    """Why the mailbox cannot be read, for people."""


def secret_path(settings: TicketSettings) -> Path:
    given = settings.mail_secret_file
    return Path(given) if given else paths.home() / "keys" / "tickets-mail.secret"


def poll(store: Store) -> None:
    """Book what is new in the mailbox."""
    settings = store.settings.tickets
    if not settings.mail_host:
        return
    try:
        with opened(settings) as box:
            left, why = _take_all(store, box, settings)
    except NoMailbox as error:
        _note(store, error=without_addresses(str(error), settings.mail_address))
        return
    _note(store, left=left, why=why)


@contextlib.contextmanager
def opened(settings: TicketSettings) -> Iterator[imaplib.IMAP4]:
    """The folder, signed in and selected. Raises `NoMailbox`."""
    where = f"{settings.mail_host}:{settings.mail_port}"
    try:
        secret = read_secret(
            secret_path(settings), "put the password of tickets.mail_username there", "setup.mail"
        )
        box = _connected(settings)
    except Unusable as error:
        raise NoMailbox(error.detail) from None
    except (OSError, imaplib.IMAP4.error) as error:
        raise NoMailbox(f"{where}: {_told(error)}") from None
    try:
        box.login(settings.mail_username or settings.mail_address, secret)
        said, answer = box.select(_quoted(settings.mail_folder))
        if said != "OK":
            raise NoMailbox(f"{where} has no folder {settings.mail_folder}: {_told(answer)}")
        yield box
    except (OSError, imaplib.IMAP4.error, UnicodeError) as error:
        raise NoMailbox(f"{where}: {_told(error)}") from None
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            box.logout()


def _connected(settings: TicketSettings) -> imaplib.IMAP4:
    context = ssl.create_default_context(cafile=settings.mail_ca_file or None)
    host, port = settings.mail_host, settings.mail_port
    if settings.mail_tls == "tls":
        return imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=TIMEOUT_S)
    box = imaplib.IMAP4(host, port, timeout=TIMEOUT_S)
    if settings.mail_tls == "starttls":
        box.starttls(context)
    return box


def waiting(box: imaplib.IMAP4) -> list[bytes]:
    """UIDs of what is not read yet, the oldest first."""
    said, found = box.uid("SEARCH", "UNSEEN", "UNDELETED")
    if said != "OK":
        raise NoMailbox(f"the mailbox does not say what is new: {_told(found)}")
    return list(found[0].split()) if found and found[0] else []


def _take_all(store: Store, box: imaplib.IMAP4, settings: TicketSettings) -> tuple[int, str]:
    """Book one after the other; answers how many could not be, and why the last one."""
    left, why = 0, ""
    end = time.monotonic() + ROUND_S
    for uid in waiting(box):
        if time.monotonic() > end:
            break
        try:
            problem = _take(store, box, settings, uid)
        except DatabaseDown:
            raise
        except (OSError, imaplib.IMAP4.error):
            raise
        except Exception as error:
            # One mail keeps no other from coming in. What it holds is personal.
            problem = type(error).__name__
            log.error("a mail could not be booked, it is left in the mailbox: %s", problem)
        if problem:
            left, why = left + 1, problem
    return left, why


def _take(store: Store, box: imaplib.IMAP4, settings: TicketSettings, uid: bytes) -> str:
    """Book one and mark it; answers why it was left."""
    number = uid.decode("ascii")
    size = _number(box.uid("FETCH", number, "(RFC822.SIZE)"))
    if size > LARGEST:
        return f"it has {size // 1_000_000} MB, more than 40"
    _, parts = box.uid("FETCH", number, "(BODY.PEEK[])")
    raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
    if raw is None:
        return ""  # another server has moved it
    with store.write() as unit:
        book(unit, raw, settings.mail_address.lower())
    if settings.mail_done_folder:
        _move(box, number, _quoted(settings.mail_done_folder))
    else:
        box.uid("STORE", number, "+FLAGS.SILENT", "(\\Seen)")
    return ""


def _move(box: imaplib.IMAP4, number: str, folder: str) -> None:
    """MOVE is no part of every server: a copy, and the original deleted, does the same.

    It is marked as read first: it is booked, and read it shall not be again, wherever it lies.
    """
    box.uid("STORE", number, "+FLAGS.SILENT", "(\\Seen)")
    said, answer = box.uid("COPY", number, folder)
    if said != "OK" and b"TRYCREATE" in b" ".join(x for x in answer if isinstance(x, bytes)):
        box.create(folder)
        said, answer = box.uid("COPY", number, folder)
    if said == "OK":
        box.uid("STORE", number, "+FLAGS.SILENT", "(\\Deleted)")
        # Asked anew: more is offered after the sign-in. Without it all that is marked would go.
        if b"UIDPLUS" in b" ".join(x for x in box.capability()[1] if isinstance(x, bytes)):
            box.uid("EXPUNGE", number)


def _number(answer: Any) -> int:
    for part in answer[1]:
        line = part[0] if isinstance(part, tuple) else part
        if isinstance(line, bytes) and (found := _SIZE.search(line)):
            return int(found[1])
    return 0


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _told(error: Any) -> str:
    if isinstance(error, list):
        return b" ".join(part for part in error if isinstance(part, bytes)).decode(
            "utf-8", "replace"
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); see tickets.mail_ca_file"
    return str(error) or type(error).__name__


def _note(store: Store, *, left: int = 0, why: str = "", error: str = "") -> None:
    """Keep how the last round was, for `schoolops doctor`; and log it when it is worth it."""
    if error:
        log.warning("the tickets' mailbox cannot be read: %s", error)
    value = json.dumps({"left": left, "why": why, "error": error})
    with store.read() as connection:
        if connection.scalar(select(note.c.value).where(note.c.name == NOTE)) == value:
            return
    with store.write() as unit:
        upsert(unit.connection, note, [{"name": NOTE, "value": value}])
