"""From a filled-in notice to the message that goes over the wire. Pure.

Headers are written by hand, in lines of printable ASCII: Python 3.11 loses blanks when it folds
subjects, can end the headers in the middle of a name, and encodes long message ids.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from zoneinfo import ZoneInfo

from schoolops.notify.addresses import usable
from schoolops.notify.texts import Text, one_line

POLICY = SMTP.clone(cte_type="7bit", refold_source="none")
"""Lines end with CRLF, no server on the way needs to take eight bits, headers stay as they are."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 :,.()'/-]{0,58}[A-Za-z0-9)]")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 -]{0,38}[A-Za-z0-9])?")
_WORD_BYTES = 39
"""Of a text, in one encoded word: with the header's name a line has less than 78 characters."""


@dataclass(frozen=True, slots=True)
class Thread:
    """What makes a mail part of a conversation. Ids with their brackets."""

    reply_to: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    """Older ids first."""
    tag: str = ""
    """Stands before the subject."""
    automatic: bool = True
    """Nobody wrote it: it has no sender on its envelope, so that nothing comes back."""
    envelope: str = ""
    """Where it comes back to when somebody wrote it and it cannot be delivered."""

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Thread | None:
        """The reverse; None for ''."""
        if not text:
            return None
        given = json.loads(text)
        return cls(**{**given, "references": tuple(given["references"])})


def sender_address(sender: str) -> str:
    """The address of the setting `mail.sender`, as it goes over the wire."""
    address = parseaddr(sender)[1]
    return usable(address) or address


def compose(
    text: Text,
    *,
    sender: str,
    to: str,
    message_id: str,
    at: int,
    zone: ZoneInfo,
    thread: Thread | None = None,
) -> EmailMessage:
    """The message. `to`: what `addresses.usable` made; `at`: UTC microseconds."""
    message = EmailMessage(policy=POLICY)
    tagged = f"{thread.tag} {text.subject}" if thread is not None and thread.tag else text.subject
    name, subject = _whole(one_line(parseaddr(sender)[0])), _whole(one_line(tagged))
    named = [name] if _PLAIN_NAME.fullmatch(name) else [*_words(name)]
    _set(message, "From", *named, f"<{sender_address(sender)}>")
    _set(message, "To", to)
    _set(message, "Subject", *([subject] if _PLAIN.fullmatch(subject) else _words(subject)))
    _set(message, "Date", format_datetime(dt.datetime.fromtimestamp(at // 1_000_000, zone)))
    _set(message, "Message-ID", message_id)
    if thread is not None:
        _join(message, thread, sender_address(sender))
    if thread is not None and not thread.automatic:
        _set(message, "Auto-Submitted", "no")
    else:
        _set(message, "Auto-Submitted", "auto-replied" if thread else "auto-generated")
        # Exchange answers 'out of office' to the header above all the same.
        _set(message, "X-Auto-Response-Suppress", "All")
    message.set_content(_whole(text.plain), cte="quoted-printable")
    message.add_alternative(_whole(text.html), subtype="html", cte="quoted-printable")
    # Last: what is about content goes to the first part when a second one comes.
    _set(message, "Content-Language", text.language)
    return message


def _join(message: EmailMessage, thread: Thread, sender: str) -> None:
    """Make a message part of its conversation."""
    if thread.reply_to:
        _set(message, "Reply-To", thread.reply_to)
    if thread.in_reply_to:
        _set(message, "In-Reply-To", thread.in_reply_to)
    if thread.references:
        _set(message, "References", *thread.references)
    if thread.automatic:
        _set(message, "X-Loop", sender)


def _whole(text: str) -> str:
    """The text with a question mark for each half of a character (a lone surrogate)."""
    return text.encode("utf-8", "replace").decode()


def _set(message: EmailMessage, name: str, *lines: str) -> None:
    """A header of these lines. ValueError for what no header can hold."""
    if any(not line.strip() or not line.isascii() or not line.isprintable() for line in lines):
        raise ValueError(f"{name} has a character that no header can hold")
    message.set_raw(name, "\r\n ".join(lines))


def _words(text: str) -> Iterator[str]:
    """A text as encoded words (RFC 2047); readers leave out the line ends between them."""
    part = b""
    for character in text:
        more = character.encode()
        if len(part) + len(more) > _WORD_BYTES:
            yield _word(part)
            part = b""
        part += more
    if part:
        yield _word(part)


def _word(part: bytes) -> str:
    return f"=?utf-8?B?{base64.b64encode(part).decode()}?="
