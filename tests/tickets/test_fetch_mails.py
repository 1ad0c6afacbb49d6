"""Mails come out of a real IMAP mailbox: booked, then marked; what cannot be booked stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from schoolops.cli._check_ticket_mail import check_ticket_mail
from schoolops.core.secretfiles import write_secret
from schoolops.core.ticket_settings import TicketSettings
from schoolops.db.tables import note
from schoolops.tickets.mails import imap
from schoolops.tickets.models import ticket
from tests.peers.dovecot import PASSWORD, USER, Dovecot, mailbox
from tests.peers.smtp import ca_file
from tests.tickets.mailroom import Mailroom
from tests.tickets.shapes import US, mail

__all__ = ["ca_file"]


@pytest.fixture(scope="module")
def dovecot(ca_file: Path) -> Iterator[Dovecot]:
    with mailbox(ca_file.parent) as peer:
        yield peer


@pytest.fixture
def box(mailroom: Mailroom, dovecot: Dovecot, ca_file: Path, home: Path) -> Dovecot:
    write_secret(home / "keys" / "tickets-mail.secret", PASSWORD)
    mailroom.store.settings.tickets = TicketSettings(
        mail_address=US, mail_host="127.0.0.1", mail_port=dovecot.port, mail_username=USER,
        mail_ca_file=str(ca_file),
    )  # fmt: skip
    for file in [*dovecot.mailbox.rglob("cur/*"), *dovecot.mailbox.rglob("new/*")]:
        file.unlink()
    return dovecot


def left(room: Mailroom) -> dict[str, object]:
    with room.store.read() as connection:
        return dict(
            json.loads(connection.scalar(select(note.c.value).where(note.c.name == imap.NOTE)))
        )


def raw(number: int, subject: str = "WLAN") -> bytes:
    return mail(
        sender=f"mia{number}@x.example", subject=f"{subject} {number}", id=f"<{number}@x.example>"
    )


def test_what_is_new_becomes_tickets_and_is_marked_as_read(
    mailroom: Mailroom, box: Dovecot
) -> None:
    for number in range(3):
        box.deliver(raw(number))
    imap.poll(mailroom.store)
    assert mailroom.count(ticket) == 3
    assert box.seen() == (3, 0)
    imap.poll(mailroom.store)
    assert mailroom.count(ticket) == 3


def test_what_was_booked_and_not_marked_is_booked_once(mailroom: Mailroom, box: Dovecot) -> None:
    mailroom.take(raw(1))
    box.deliver(raw(1))
    imap.poll(mailroom.store)
    assert mailroom.count(ticket) == 1
    assert box.seen() == (1, 0)


def test_booked_mails_move_to_a_folder_that_is_made(mailroom: Mailroom, box: Dovecot) -> None:
    mailroom.store.settings.tickets.mail_done_folder = "Booked here"
    box.deliver(raw(1))
    imap.poll(mailroom.store)
    assert mailroom.count(ticket) == 1
    assert box.seen() == (0, 0)
    assert box.seen(".Booked here") == (1, 0)


def test_what_cannot_be_booked_stays_and_keeps_none_waiting_and_doctor_says_so(
    mailroom: Mailroom, box: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = imap.book

    def fails_for_one(unit: object, content: bytes, *args: object) -> object:
        if b"<2@x.example>" in content:
            raise RuntimeError("mia2@x.example")
        return real(unit, content, *args)

    monkeypatch.setattr(imap, "book", fails_for_one)
    for number in range(4):
        box.deliver(raw(number))
    imap.poll(mailroom.store)
    assert mailroom.count(ticket) == 3
    assert box.seen() == (3, 1)
    assert left(mailroom) == {"left": 1, "why": "RuntimeError", "error": ""}
    state, told = check_ticket_mail(mailroom.store.settings)
    assert state == "fail"
    assert "1 mails in the mailbox could not be booked" in told
    monkeypatch.undo()
    monkeypatch.setenv("SCHOOLOPS_HOME", str(mailroom.store.settings.home))
    imap.poll(mailroom.store)
    assert (mailroom.count(ticket), box.seen()) == (4, (4, 0))
    assert left(mailroom)["left"] == 0


def test_a_mail_of_more_than_forty_megabytes_is_left(
    mailroom: Mailroom, box: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "LARGEST", 5000)
    box.deliver(raw(1) + b"x\n" * 5000)
    imap.poll(mailroom.store)
    assert mailroom.count(ticket) == 0
    assert box.seen() == (0, 1)
    assert "more than 40" in str(left(mailroom)["why"])


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("mail_ca_file", "", "its certificate is not trusted"),
        ("mail_port", 1, "Connection refused"),
        ("mail_folder", "Nowhere", "has no folder Nowhere"),
        ("mail_secret_file", "/nowhere/secret", "is missing; put the password"),
    ],
)
def test_a_mailbox_that_cannot_be_read_says_why(
    mailroom: Mailroom, box: Dovecot, setting: str, value: object, said: str
) -> None:
    setattr(mailroom.store.settings.tickets, setting, value)
    imap.poll(mailroom.store)
    assert said in str(left(mailroom)["error"])
    state, told = check_ticket_mail(mailroom.store.settings)
    assert (state, said in told) == ("fail", True)


def test_a_wrong_password_is_told_without_it(mailroom: Mailroom, box: Dovecot, home: Path) -> None:
    write_secret(home / "keys" / "tickets-mail.secret", "wrong-horse")
    imap.poll(mailroom.store)
    assert "uthentication failed" in str(left(mailroom)["error"])
    assert "wrong-horse" not in str(left(mailroom)["error"])
