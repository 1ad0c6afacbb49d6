"""Reading takes whatever comes: it raises its own error alone, and ends in bounded time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schoolops.tickets import files
from schoolops.tickets.mails import words
from schoolops.tickets.mails.reading import Mail, Unreadable, file_name, ids_in, read
from tests.tickets.shapes import SHAPES, nested

PIECES = st.sampled_from(
    [b"From: a@b.example\n", b"Subject: =?utf-8?Q?=", b"?=", b"Content-Type: multipart/mixed;",
     b' boundary="b"\n', b"--b\n", b"--b--\n", b"\n", b"\r", b"\x00",
     b"Content-Type: text/html\n\n",
     b"Content-Transfer-Encoding: base64\n", b"<div><!--", b"charset=", b"utf-16", b"; name*0*=''%",
     b"message/rfc822\n\n", b"Message-ID: <", b">", b"In-Reply-To: a@b\n", b"\xff\xfe", b"> ",
     b"On x wrote:\n", b"Von: x\nGesendet: y\nAn: z\n",
     b"Content-Disposition: attachment; filename="]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=30)), max_size=60).map(b"".join))
def test_any_bytes_are_a_mail_or_are_none(raw: bytes) -> None:
    try:
        mail = read(raw)
    except Unreadable:
        return
    assert isinstance(mail, Mail)
    assert mail.message_id
    for text in (mail.text, mail.said, mail.subject, mail.name, mail.topic, mail.message_id):
        assert "\x00" not in text
        text.encode()


@settings(max_examples=150)
@given(st.sampled_from(SHAPES), st.data())
def test_a_mail_cut_or_spoilt_anywhere_is_still_read(shape: object, data: st.DataObject) -> None:
    raw: bytes = shape.raw[:20_000]  # type: ignore[attr-defined]
    at = data.draw(st.integers(0, len(raw)))
    spoilt = raw[:at] + data.draw(st.binary(max_size=5)) + raw[at + data.draw(st.integers(0, 9)) :]
    for one in (raw[:at], spoilt):
        try:
            assert read(one).said is not None
        except Unreadable:
            # Its first line is no header, so that no other one counts as one.
            first = one.replace(b"\r", b"\n").partition(b"\n")[0]
            assert not re.match(rb"[!-9;-~]+:", first)


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_words_take_any_text(text: str) -> None:
    assert len(words.said(text)) <= len(text)
    words.html_to_text(text)
    words.unflow(text)
    words.topic(text)
    words.only_thanks(text)
    ids_in(text)
    name = file_name(text)
    assert name
    assert not set(name) & set('/\\<>:"|?*\x00')


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_files_take_any_bytes(data: bytes) -> None:
    for head in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBP"):
        files.cleaned(head + data)


HOSTILE = {
    "3000 nested": nested(3000),
    "half a million lines with 300 boundaries": nested(300) + b"\n" * 500_000,
    "a million open tags": b"Content-Type: text/html\n\n" + b"<" * 1_000_000,
    "a million open comments": b"Content-Type: text/html\n\n" + b"<!--" * 250_000,
    "scripts that never end": b"Content-Type: text/html\n\n" + b"<script>" * 125_000,
    "100,000 blockquotes": b"Content-Type: text/html\n\n" + b"<blockquote>x" * 30_000,
    "intros without end": b"Subject: x\n\n" + b"On a wrote:\n> x\nown\n" * 20_000,
    "intros on one line": b"Subject: x\n\n" + b"Am " + b"schrieb : " * 20_000,
    "a header of a million words": b"Subject: " + b"=?utf-8?Q?a?= " * 70_000 + b"\n\nx",
    "a million references": b"References: " + b"<a@b> " * 170_000 + b"\n\nx",
    "a million at signs": b"From: " + b"@" * 1_000_000 + b"\n\nx",
    "a million letters and no at": b"To: " + b"a" * 1_000_000 + b"\n\nx",
    "100,000 headers": b"".join(b"X-%d: y\n" % n for n in range(100_000)) + b"\nx",
    "a subject of Re:": b"Subject: " + b"Re: " * 250_000 + b"\n\nx",
    "flowed without end": b"Content-Type: text/plain; format=flowed\n\n" + b"x \n" * 60_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mails_end_soon(name: str) -> None:
    """Seconds of this process' own time, ten times what it takes here."""
    before = time.process_time()
    assert read(HOSTILE[name]).said is not None
    assert time.process_time() - before < 20


def test_what_is_asked_is_taken_as_thanks_only_when_nothing_is_asked() -> None:
    assert words.only_thanks("Danke!")
    assert not words.only_thanks("Danke?")
    assert not words.only_thanks("")


def test_a_mail_without_an_id_gets_the_same_one_each_time_whatever_way_it_came() -> None:
    plain = b"From: a@b.example\nDate: x\nSubject: y\n\ntext\n"
    other = b"Received: from elsewhere\n" + plain.replace(b"\n", b"\r\n")
    assert read(plain).message_id == read(other).message_id
    assert read(plain.replace(b"text", b"Text")).message_id != read(plain).message_id
