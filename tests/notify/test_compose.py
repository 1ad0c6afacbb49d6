"""A message holds what it should, and nothing that somebody smuggles in."""

from __future__ import annotations

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schoolops.core.settings import MailSettings
from schoolops.notify.addresses import masked, usable, without_addresses
from schoolops.notify.composing import compose, sender_address
from schoolops.notify.texts import Text, one_line, to_html

HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    "Content-Language", "MIME-Version", "Content-Type",
}  # fmt: skip
NASTY = st.text(
    st.one_of(st.characters(), st.sampled_from('\r\n\0\x0b\x0c\x85\u2028\u2029:;,<>@"=?äß€😀')),
    max_size=300,
)


def message_of(subject: str, plain: str, sender: str = "Amt <amt@city.example>") -> EmailMessage:
    text = Text(subject, plain, f"<p>{subject}</p>\n", "de")
    return compose(
        text, sender=sender, to="anna@city.example", message_id="<1@city.example>",
        at=1_795_507_200_000_000, zone=ZoneInfo("Europe/Berlin"),
    )  # fmt: skip


def parsed(message: EmailMessage) -> EmailMessage:
    found = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_half_a_character_spoils_no_mail() -> None:
    message = parsed(message_of("Raum \ud800 dunkel", "\udfff\n"))
    assert message["Subject"] == "Raum dunkel"


@given(NASTY, NASTY)
def test_no_text_makes_a_header_or_leaves_its_own(subject: str, name: str) -> None:
    try:
        sender = MailSettings(host="x", sender=f"{name} <amt@city.example>").sender
    except ValidationError:  # refused when the server starts
        sender = "amt@city.example"
    raw = message_of(subject, "x\n", sender).as_bytes()
    assert all(byte < 128 for byte in raw)
    assert not set(raw.replace(b"\r\n", b"")) & set(b"\r\n\0")
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert sorted(re.findall(r"^([\w-]+): ", head.decode(), re.M)) == sorted(HEADERS)
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert sorted(found.keys()) == sorted(HEADERS)
    assert found["To"] == "anna@city.example"
    assert parseaddr(head_of(raw, "From"))[1] == sender_address(sender)


def head_of(raw: bytes, name: str) -> str:
    """A header by the older of Python's two readers, which is the stricter about words."""
    value = email.message_from_bytes(raw, policy=email.policy.compat32)[name]
    return str(make_header(decode_header(value)))


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=150))
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    wanted = one_line(subject)
    assert head_of(message_of(subject, "x\n").as_bytes(), "Subject") == wanted


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=2000))
def test_a_text_arrives_as_it_was_written(text: str) -> None:
    body = parsed(message_of("x", text + "\n.\n..\nFrom here\n")).get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text + "\n.\n..\nFrom here\n"


@given(NASTY)
def test_an_address_that_is_used_has_one_place_to_go_to(text: str) -> None:
    for given_ in (text, f"{text}@city.example", f"anna@{text}"):
        address = usable(given_)
        if address is not None:
            assert address.isascii()
            assert address.isprintable()
            assert address.count("@") == 1
            assert not set(address) & set(' \t\r\n<>,;:"\\()[]')


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("anna@city.example", "anna@city.example"),
        (" Anna.B+x@City.Example ", "Anna.B+x@city.example"),
        ("anna@köln.example", "anna@xn--kln-sna.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("änna@city.example", None),
        ("anna", None),
        ("@city.example", None),
        ("anna@", None),
        ("anna@city.example, bert@city.example", None),
        ("anna@city.example\r\nRCPT TO:<bert@city.example>", None),
        ("a..b@city.example", None),
        ("anna@[127.0.0.1]", None),
        (f"{'a' * 65}@city.example", None),
    ],
)
def test_addresses_that_mail_can_go_to(given_: str, wanted: str | None) -> None:
    assert usable(given_) == wanted


def test_what_a_server_said_is_shown_without_the_receiver() -> None:
    said = "550 <anna.b@city.example>: no mailbox\r\n ANNA.B here, ask post@city.example"
    assert without_addresses(said, "anna.b@city.example") == ("550 <…>: no mailbox … here, ask …")
    assert masked("anna.b@city.example") == "a…@city.example"


def test_a_text_becomes_paragraphs_lists_and_one_link_and_nothing_of_it_is_markup() -> None:
    text = "Guten Tag,\n\nhttps://own.example\n<b>https://evil.example</b>\n\n- eins\n- zwei\n"
    assert to_html(text, "https://own.example") == (
        "<p>Guten Tag,</p>\n"
        '<p><a href="https://own.example">https://own.example</a><br>\n'
        "&lt;b&gt;https://evil.example&lt;/b&gt;</p>\n"
        "<ul><li>eins</li><li>zwei</li></ul>"
    )
