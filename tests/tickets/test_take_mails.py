"""The listener takes mails of real clients: after the commit, for its own address, in bounds."""

from __future__ import annotations

import json
import smtplib
import socket
from collections.abc import Iterator

import pytest

from schoolops.core.errors import Unusable
from schoolops.tickets.mails import listening
from schoolops.tickets.mails.listening import Listener
from schoolops.tickets.models import ticket
from tests.peers.exim import delivering_to
from tests.tickets.mailroom import Mailroom
from tests.tickets.shapes import US, mail

OTHERS = (
    "somebody@x.example", "root@city.example", "helpdesk@city.example.evil.example",
    '"helpdesk@city.example"@x.example', "helpdesk%city.example@x.example",
)  # fmt: skip


@pytest.fixture(params=["smtp", "lmtp"])
def listener(request: pytest.FixtureRequest, mailroom: Mailroom) -> Iterator[Listener]:
    mailroom.store.settings.tickets.mail_listen = f"{request.param}://127.0.0.1:0"
    made = Listener(mailroom.store)
    made.start()
    yield made
    made.stop()


def client(listener: Listener) -> smtplib.SMTP:
    kind = smtplib.LMTP if listener._lmtp else smtplib.SMTP
    made = kind("127.0.0.1", listener.port)
    made.ehlo()
    return made


def raw(number: int = 1, body: str = "kein Netz") -> bytes:
    made = mail(sender="mia@x.example", subject="WLAN", id=f"<{number}@x.example>", body=body)
    return made.replace(b"\n", b"\r\n")


def test_a_mail_is_booked_before_it_is_answered(mailroom: Mailroom, listener: Listener) -> None:
    with client(listener) as smtp:
        assert smtp.sendmail("mia@x.example", [US], raw()) == {}
        assert mailroom.count(ticket) == 1
        assert smtp.sendmail("mia@x.example", [US], raw()) == {}
    assert mailroom.count(ticket) == 1


def test_no_mail_for_others_is_taken(mailroom: Mailroom, listener: Listener) -> None:
    with client(listener) as smtp:
        for other in OTHERS:
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                smtp.sendmail("mia@x.example", [other], raw())
            assert next(iter(refused.value.recipients.values()))[0] in (550, 553)
    assert mailroom.count(ticket) == 0


def test_the_envelope_says_what_no_header_does(mailroom: Mailroom, listener: Listener) -> None:
    made = mailroom.take(raw(9))
    plus = json.loads(mailroom.sent()[-1].thread)["reply_to"]
    with client(listener) as smtp:
        smtp.sendmail("mia@x.example", [plus], raw(1))
        smtp.sendmail("", [plus], raw(2))
    states = [(row.state, row.ticket_id) for row in mailroom.mails() if not row.sent][1:]
    assert states == [("filed", made.ticket), ("automatic", made.ticket)]


def test_forty_megabytes_are_too_much(
    mailroom: Mailroom, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client(listener) as smtp:
        code, said = smtp.docmd(f"MAIL FROM:<mia@x.example> SIZE={listening.LARGEST + 1}")
        assert (code, b"552" in said or b"size" in said) == (552, True)
    listener.stop()
    monkeypatch.setattr(listening, "LARGEST", 100_000)
    small = Listener(mailroom.store)
    small.start()
    try:
        with client(small) as smtp:
            smtp.mail("mia@x.example")
            smtp.rcpt(US)
            assert smtp.data(raw(body="x\r\n" * 100_000))[0] == 552
            assert smtp.noop()[0] == 250
    finally:
        small.stop()
        listener.start = lambda: None  # type: ignore[method-assign]
    assert mailroom.count(ticket) == 0


def test_what_cannot_be_kept_stays_with_its_mail_server(
    mailroom: Mailroom, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    with client(listener) as smtp:
        monkeypatch.setattr(listening, "book", fails)
        smtp.mail("mia@x.example")
        smtp.rcpt(US)
        assert smtp.data(raw())[0] == 451
        monkeypatch.undo()
        assert smtp.sendmail("mia@x.example", [US], raw()) == {}
    assert mailroom.count(ticket) == 1


def test_long_lines_and_eight_bits_are_taken(mailroom: Mailroom, listener: Listener) -> None:
    with client(listener) as smtp:
        smtp.sendmail("mia@x.example", [US], raw(body="ä" * 20_000))
    assert mailroom.count(ticket) == 1


def test_many_connections_at_once_are_sent_away(mailroom: Mailroom, listener: Listener) -> None:
    held = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(20)]
    for one in held:
        assert one.recv(3) == b"220"
    with socket.create_connection(("127.0.0.1", listener.port)) as late:
        assert late.recv(3) == b"421"
    for one in held:
        one.close()


def test_a_port_that_is_taken_is_said(mailroom: Mailroom, listener: Listener) -> None:
    mailroom.store.settings.tickets.mail_listen = f"smtp://127.0.0.1:{listener.port}"
    with pytest.raises(Unusable, match=r"nothing can listen at tickets\.mail_listen"):
        Listener(mailroom.store).start()
    assert listening.listening(mailroom.store) is None


def test_a_real_mail_server_delivers_and_tries_again_what_could_not_be_kept(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exim by LMTP: a mail lies either in its queue or here, and the null sender arrives."""

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    mailroom.store.settings.tickets.mail_listen = "lmtp://127.0.0.1:0"
    made = Listener(mailroom.store)
    made.start()
    try:
        with delivering_to(made.port) as exim:
            monkeypatch.setattr(listening, "book", fails)
            said = exim.send("mia@x.example", US, raw(1))
            assert (mailroom.count(ticket), exim.waiting()) == (0, 1), said
            monkeypatch.undo()
            exim.retry()
            assert (mailroom.count(ticket), exim.waiting()) == (1, 0), exim.log()
            plus = json.loads(mailroom.sent()[-1].thread)["reply_to"]
            exim.send("", plus, raw(2))
            assert mailroom.mails()[-1].why == "null sender", exim.log()
            exim.send("mia@x.example", "other@city.example", raw(3))
            assert "no mail for this address is taken here" in exim.log()
            assert mailroom.count(ticket) == 1
    finally:
        made.stop()
