"""From the bytes of a mail to what the rules of matching need. Pure; takes whatever comes.

Only the structure is left to the standard library. Headers are read as they stand: what a header
may hold by the standards is the least of what real ones hold.
"""

from __future__ import annotations

import codecs
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import default
from typing import Any

from schoolops.notify.addresses import LONGEST as LONGEST_ADDRESS
from schoolops.tickets.mails import automatic, words

MOST_PARTS = 200
DEEPEST = 40
"""Parts beyond these are left to the original, which is kept."""
MOST_WORK = 6_000_000
"""Lines of a mail times its boundaries: what the parser compares; about two seconds."""
LONGEST_TEXT = 200_000
LONGEST_HEADER = 10_000
MOST_FILES_BYTES = 10_000_000
"""Of all attachments of a mail; what goes beyond is dropped, with a note, and never the mail."""
MOST_FILES = 50
MOST_IDS = 200

_ID = re.compile(r"<\s*([^<>\s,;]{1,500}(?:\s[^<>\s,;]{1,400})?)\s*>")
_BARE_ID = re.compile(r"(?<![\w@.])([\w.+$!#%&'*/=?^`{|}~-]{3,200}@[\w.\[\]:-]{1,200})")
_ADDRESS = re.compile(r"[^\s<>\"'(),;:@\\]{1,64}@[\w.-]{1,190}", re.ASCII)
_IN_BRACKETS = re.compile(r"<\s*([^\s<>\"'(),;:@\\]{1,64}@[\w.-]{1,190})\s*>", re.ASCII)
_BREAKS = re.compile(r"[\r\n]+[ \t]*")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Unreadable(ValueError):
    """No mail: not even a header."""


@dataclass(frozen=True, slots=True)
class File:
    """An attachment: its name without folders, its declared type, its bytes."""

    name: str
    type: str
    data: bytes = field(repr=False)


@dataclass(slots=True)
class Mail:
    """What is known of a mail. Addresses and ids are in small letters, ids without brackets."""

    message_id: str
    given_id: str
    """The same as it stands in the mail, for the headers of an answer."""
    sender: str
    """Address of who wrote, '' when there is none."""
    name: str
    subject: str
    to: tuple[str, ...]
    """To whom it went, by all headers that say so; Reply-To too, where a token may stand."""
    parties: tuple[str, ...]
    """To and Cc: whom the writer took into the conversation."""
    answers: tuple[str, ...]
    """Ids of mails that it answers, the nearest first."""
    reports: tuple[str, ...]
    """Ids of mails that a report about delivery is about."""
    automatic: str
    """Why it counts as sent by a machine (`automatic`), '' for a person's."""
    text: str
    """All its text."""
    files: list[File]
    notes: list[str]
    """What was left out, for whoever reads the ticket."""

    @property
    def said(self) -> str:
        """Its text without what it quotes and its signature."""
        return words.said(self.text)

    @property
    def topic(self) -> str:
        """The subject without 'Re:' and tokens, to compare."""
        return words.topic(self.subject)


def read(raw: bytes, *, null_sender: bool = False) -> Mail:
    """A mail of these bytes. `null_sender`: its envelope has no sender.

    Raises `Unreadable` for what has no header at all, and nothing else.
    """
    if not raw.strip():
        raise Unreadable("it is empty")
    notes: list[str] = []
    message = _parse(raw, notes)
    headers = _headers(message)
    if not headers:
        raise Unreadable("it has no header")
    sender, name = _sender(headers)
    body = _Body(notes)
    body.take(message)
    parties = _addresses(headers, "to", "cc")
    others = _addresses(
        headers, "delivered-to", "x-original-to", "envelope-to", "reply-to", "x-envelope-to"
    )
    kind = message_type(message)
    given_id = _own_id(headers, raw)
    return Mail(
        message_id=given_id.lower(),
        given_id=given_id,
        sender=sender,
        name=name,
        subject=_one_line(_first(headers, "subject")),
        to=tuple(dict.fromkeys((*parties, *others))),
        parties=parties,
        answers=_answers(headers),
        reports=tuple(dict.fromkeys(one.lower() for one in body.reports))[:MOST_IDS],
        automatic=automatic.why(headers, kind, null_sender=null_sender),
        text=body.text(),
        files=body.files,
        notes=notes,
    )


# -- headers -------------------------------------------------------------------------------------

Headers = dict[str, list[str]]


def _parse(raw: bytes, notes: list[str]) -> Message:
    boundaries = 1 + raw.lower().count(b"boundary")
    if boundaries * (raw.count(b"\n") + raw.count(b"\r")) <= MOST_WORK:
        try:
            return BytesParser(policy=default).parsebytes(raw)
        except (RecursionError, MessageError, ValueError, LookupError, TypeError, AttributeError):
            pass
    notes.append("its parts lie too deep in each other to be read; see the original mail")
    # A plain header parser: it looks at no body.
    head = re.split(rb"\r?\n\r?\n", raw[:1_000_000], maxsplit=1)[0]
    return BytesHeaderParser(policy=default).parsebytes(head + b"\r\n\r\n")


def _headers(message: Message) -> Headers:
    """Small name → values as they stand, one line each."""
    found: Headers = {}
    for name, value in message.raw_items():
        values = found.setdefault(name.lower().strip(), [])
        if len(values) < 20:
            values.append(_BREAKS.sub(" ", _clean(str(value)[:LONGEST_HEADER])).strip())
    return found


def _first(headers: Headers, name: str) -> str:
    return _decoded(next(iter(headers.get(name, ())), ""))


def _clean(value: str) -> str:
    """Raw bytes (kept as surrogates) as what they most likely are; no control characters."""
    if not value.isascii():
        value = _text_of(value.encode("utf-8", "surrogateescape"), "")
    return _UNSEEN.sub("", value)


def _decoded(value: str) -> str:
    """Encoded words as letters; a broken one stays as it is."""
    if "=?" not in value:
        return value
    try:
        parts = decode_header(value)
    except (MessageError, ValueError, LookupError):
        return value
    return _UNSEEN.sub(
        "", "".join(_text_of(p, c or "") if isinstance(p, bytes) else p for p, c in parts)
    )


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def _sender(headers: Headers) -> tuple[str, str]:
    """Address and name of who wrote."""
    for header in ("from", "sender", "return-path", "reply-to"):
        for value in headers.get(header, ()):
            found = _IN_BRACKETS.findall(value) or _ADDRESS.findall(value)
            if found:
                address = str(found[-1] if "<" in value else found[0])
                name = _one_line(_decoded(value.partition("<")[0])).strip(" \"'")
                return address.lower()[:LONGEST_ADDRESS], "" if "@" in name else name[:200]
    return "", ""


def _addresses(headers: Headers, *names: str) -> tuple[str, ...]:
    found = (
        a.lower() for n in names for value in headers.get(n, ()) for a in _ADDRESS.findall(value)
    )
    return tuple(dict.fromkeys(found))[:100]


def ids_in(value: str) -> list[str]:
    """The message ids of a header, however broken: brackets written as entities, lost, run
    together, folded in the middle."""
    if "&lt;" in value:
        value = html.unescape(value)
    found = [_whole(one) for one in _ID.findall(value)]
    return found or [_whole(one) for one in _BARE_ID.findall(value)]


def _whole(id: str) -> str:
    return "".join(id.split()).strip("<>")


def _answers(headers: Headers) -> tuple[str, ...]:
    nearest = [one for value in headers.get("in-reply-to", ()) for one in ids_in(value)]
    older = [one for value in headers.get("references", ()) for one in ids_in(value)]
    return tuple(dict.fromkeys(one.lower() for one in (*nearest, *reversed(older))))[:MOST_IDS]


def _own_id(headers: Headers, raw: bytes) -> str:
    """Its Message-ID, or one made from what stays the same when it comes twice."""
    for value in headers.get("message-id", ()):
        for one in ids_in(value) or [_whole(value)]:
            if one:
                return one[:500]
    digest = hashlib.sha256()
    for name in ("from", "date", "subject", "to"):
        digest.update("\n".join(headers.get(name, ())).encode("utf-8", "replace") + b"\0")
    digest.update(re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1].strip().replace(b"\r\n", b"\n"))
    return f"{digest.hexdigest()}@no-message-id.invalid"


# -- parts ---------------------------------------------------------------------------------------


def message_type(part: Message) -> str:
    """'text/plain', whatever the header says."""
    try:
        return str(part.get_content_type())
    except Exception:  # the parser of 3.11 raises a dozen different errors for broken headers
        return "application/octet-stream"


def _parameter(part: Message, name: str, header: str = "content-type") -> str:
    try:
        found = part.get_param(name, "", header)
    except Exception:
        return ""
    return str(found[2] if isinstance(found, tuple) else found or "")


def _charset_of(part: Message) -> str:
    return _parameter(part, "charset").strip("\"' ")


def _bytes_of(part: Message) -> bytes:
    try:
        found = part.get_payload(decode=True)
    except Exception:
        found = None
    return found if isinstance(found, bytes) else b""


def _text_of(data: bytes, charset: str) -> str:
    """Letters of these bytes: by their charset if it fits, else as UTF-8, else as Windows does."""
    for name in (charset, "utf-8"):
        try:
            if not name or not codecs.lookup(name)._is_text_encoding:
                continue
            text = data.decode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
        return text.removeprefix("\ufeff")
    return data.decode("cp1252", "replace")


class _Body:
    """Collects text and files of a mail, within bounds."""

    def __init__(self, notes: list[str]) -> None:
        self.notes = notes
        self.files: list[File] = []
        self.reports: list[str] = []
        self._plain: list[str] = []
        self._html: list[str] = []
        self._parts = self._bytes = self._letters = 0

    def text(self) -> str:
        """Plain text if there is any, else what the HTML says."""
        plain = "\n\n".join(one.strip("\n") for one in self._plain if one.strip())
        found = plain or "\n\n".join(words.html_to_text(one) for one in self._html)
        return _UNSEEN.sub("", found.replace("\r\n", "\n").replace("\r", "\n"))[:LONGEST_TEXT]

    def take(self, message: Message) -> None:
        todo: list[tuple[Message, int]] = [(message, 0)]
        while todo:
            part, depth = todo.pop()
            self._parts += 1
            if self._parts > MOST_PARTS or depth > DEEPEST:
                self.notes.append("it has more parts than are read; see the original mail")
                return
            content = part.get_payload()
            kind = message_type(part)
            if kind in ("message/rfc822", "text/rfc822-headers", "message/delivery-status"):
                self._report(part, kind, content)
                if kind == "message/rfc822" and _is_attached(part):
                    self._file(part, "message/rfc822", _as_bytes(content))
                continue
            if isinstance(content, list):
                todo += [(one, depth + 1) for one in reversed(content) if isinstance(one, Message)]
            else:
                self._leaf(part, kind)

    def _leaf(self, part: Message, kind: str) -> None:
        data = _bytes_of(part)
        if kind not in ("text/plain", "text/html") or _is_attached(part):
            if data:
                self._file(part, kind, data)
            return
        if self._letters > LONGEST_TEXT:
            return
        text = _text_of(data[: 4 * LONGEST_TEXT], _charset_of(part))
        self._letters += len(text)
        if kind == "text/html":
            self._html.append(text)
            return
        if _parameter(part, "format").lower() == "flowed":
            text = words.unflow(text, delsp=_parameter(part, "delsp").lower() == "yes")
        self._plain.append(text)

    def _file(self, part: Message, kind: str, data: bytes) -> None:
        name = file_name(_named(part) or "attachment")
        if self._bytes + len(data) > MOST_FILES_BYTES or len(self.files) >= MOST_FILES:
            size = max(1, round(len(data) / 1e6))
            self.notes.append(
                f"the attachment {name} ({size} MB) was left out: a mail may bring 10 MB"
            )
            return
        self._bytes += len(data)
        self.files.append(File(name, kind, data))

    def _report(self, part: Message, kind: str, content: Any) -> None:
        """Ids of the mail that was not delivered, or was forwarded."""
        if kind == "message/rfc822" and isinstance(content, list):
            for inner in content[:1]:
                self.reports += _ids_of(inner)
        else:
            text = _as_bytes(content).decode("latin-1")[:100_000]
            for line in re.findall(r"(?im)^(?:original-)?message-id:(.*(?:\n[ \t].*)?)", text):
                self.reports += ids_in(line)[:5]


def _ids_of(message: Message) -> Iterator[str]:
    headers = _headers(message)
    for name in ("message-id", "in-reply-to", "references"):
        for value in headers.get(name, ()):
            yield from ids_in(value)[:20]


def _as_bytes(content: Any) -> bytes:
    if isinstance(content, list):
        return b"\n".join(_safely(one) for one in content[:20])
    return str(content or "").encode("utf-8", "surrogateescape")


def _safely(message: Any) -> bytes:
    try:
        return bytes(message.as_bytes())
    except Exception:
        return str(message.get_payload()).encode("utf-8", "replace")


def _named(part: Message) -> str:
    found = _parameter(part, "filename", "content-disposition") or _parameter(part, "name")
    return _decoded(_clean(found))


def _is_attached(part: Message) -> bool:
    given = str(next((v for n, v in part.raw_items() if n.lower() == "content-disposition"), ""))
    return given.strip().lower().startswith("attachment") or bool(
        "filename" in given.lower() and message_type(part) != "text/plain"
    )


def file_name(name: str) -> str:
    """A name without folders, control characters and what shells take for more."""
    last = re.split(r"[/\\]", _one_line(name))[-1].strip(" .")
    kept = "".join("_" if c in '<>:"|?*\x00' else c for c in last)
    if len(kept) > 120:
        stem, dot, ending = kept.rpartition(".")
        kept = f"{stem[:100]}{dot}{ending[:15]}" if dot else kept[:120]
    return kept or "attachment"
