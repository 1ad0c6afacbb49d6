"""What goes out: in its thread, from nobody when a machine writes, and never too often."""

from __future__ import annotations

import email
import email.policy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from schoolops.core.clock import FixedClock
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from schoolops.notify import tasks
from schoolops.notify.composing import POLICY, Thread, compose, sender_address
from schoolops.notify.texts import Texts
from schoolops.tickets import service
from schoolops.tickets.models import ticket
from tests.notify.conftest import Outbox, outbox_of
from tests.peers.smtp import MailServer, ca_file, mail_server
from tests.tickets.mailroom import Case, Mailroom
from tests.tickets.shapes import NEW, TOKEN, US, mail

__all__ = ["ca_file", "mail_server", "outbox_of"]


def composed(room: Mailroom, row: object) -> bytes:
    """A mail of the outbox as it goes over the wire."""
    settings = room.store.settings
    message = compose(
        Texts(settings).fill(row.notice, "de", json.loads(row.content)),
        sender=settings.mail.sender, to=row.address, message_id=row.message_id, at=row.created_at,
        zone=ZoneInfo("Europe/Berlin"), thread=Thread.of_json(row.thread),
    )  # fmt: skip
    return message.as_bytes(policy=POLICY)


def read(raw: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_an_acknowledgement_is_a_machines_and_part_of_its_thread(mailroom: Mailroom) -> None:
    mailroom.take(mail(sender="mia@x.example", subject="WLAN", id="<First@x.example>"))
    (row,) = mailroom.sent()
    thread = Thread.of_json(row.thread)
    assert thread is not None
    assert thread.automatic
    message = read(composed(mailroom, row))
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Loop"] == US
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["In-Reply-To"] == "<First@x.example>"
    assert message["References"] == "<First@x.example>"
    assert message["Subject"].startswith("[#1.")
    assert message["Reply-To"].startswith("helpdesk+1.")


def test_what_somebody_wrote_is_a_persons_and_comes_back_to_the_ticket(mailroom: Mailroom) -> None:
    case = Case(mailroom, "open")
    row = next(one for one in mailroom.sent() if one.notice == "ticket-answered")
    message = read(composed(mailroom, row))
    assert message["Auto-Submitted"] == "no"
    assert message["X-Loop"] is None
    assert message["X-Auto-Response-Suppress"] is None
    assert Thread.of_json(row.thread).envelope == case.thread["reply_to"]


def test_a_thread_names_the_mails_before_it_the_oldest_first(mailroom: Mailroom) -> None:
    case = Case(mailroom, "open")
    mailroom.take(case.fill(mail("In-Reply-To: <«answer»>", id="<two@x.example>")))
    mailroom.do(service.reply, mailroom.row(case.number).uid, "noch eine Antwort")
    references = json.loads(mailroom.sent()[-1].thread)["references"]
    assert references[0] == f"<first{case.n}@client.example>"
    assert references[-1] == "<two@x.example>"
    assert json.loads(mailroom.sent()[-1].thread)["in_reply_to"] == "<two@x.example>"


def test_odd_ids_of_others_break_no_header_of_ours(mailroom: Mailroom) -> None:
    for number, id in enumerate(("<a b@x.example>", "x", "<ü@x>", "<" + "y" * 900 + "@x>", "<>")):
        mailroom.take(mail(sender=f"mia{number}@x.example", subject=f"W {number}", id=id))
    for row in mailroom.sent():
        message = read(composed(mailroom, row))
        assert message["Subject"]
        assert message.defects == []


def test_a_real_server_gets_the_null_sender_and_the_way_back(
    mailroom: Mailroom, outbox_of: Callable[..., Outbox], mail_server: MailServer
) -> None:
    own = mailroom.store.settings.tickets
    outbox = outbox_of(mail_server)
    mailroom.store.settings.tickets = own
    made = mailroom.take(mail(sender="mia@x.example", subject="WLAN"))
    mailroom.do(service.reply, mailroom.row(made.ticket).uid, "wir kommen")
    outbox.send()
    (first, _), (second, _) = mail_server.envelopes
    assert first in ("", "<>", None)
    assert second.startswith("helpdesk+1.")
    answer = mail_server.mails[1]
    back = mail(
        f"In-Reply-To: {answer['Message-ID']}", sender="mia@x.example", subject="x", to="x@y.z"
    )
    assert mailroom.take(back).ticket == made.ticket
    by_token = mail(sender="mia@x.example", subject=f"Re: {answer['Subject']}")
    assert mailroom.take(by_token).ticket == made.ticket


def test_an_outsider_is_acknowledged_once_a_ticket_and_day(
    mailroom: Mailroom, clock: FixedClock
) -> None:
    case = Case(mailroom, "open")
    before = len(mailroom.sent())
    for _ in range(3):
        booked = mailroom.take(case.fill(mail(sender="fremd@x.example", subject=TOKEN)))
        assert booked.state == "quarantine"
        clock.advance(3600)
    assert len(mailroom.sent()) == before + 1
    clock.advance(86_400)
    mailroom.take(case.fill(mail(sender="fremd@x.example", subject=TOKEN)))
    assert len(mailroom.sent()) == before + 2


def test_more_than_three_mails_in_ten_minutes_mute_the_acknowledgements(
    mailroom: Mailroom, clock: FixedClock
) -> None:
    def write(number: int) -> int:
        raw = mail(sender="mia@x.example", subject=f"W{number}", id=f"<{number}@x.example>")
        assert mailroom.take(raw).state == "opened"
        return len(mailroom.sent())

    assert [write(number) for number in range(6)] == [1, 2, 3, 3, 3, 3]
    clock.advance(601)
    assert write(7) == 4


def test_a_mail_bomb_opens_twenty_tickets_and_loses_nothing(mailroom: Mailroom) -> None:
    states = [
        mailroom.take(mail(sender="bombe@x.example", subject=f"B{n}", id=f"<{n}@x.example>")).state
        for n in range(60)
    ]
    assert states == ["opened"] * 20 + ["quarantine"] * 40
    assert mailroom.count(ticket) == 20
    assert len([one for one in mailroom.mails() if not one.sent]) == 60
    assert len(mailroom.sent()) == 3
    assert mailroom.take(mail(sender="mia@x.example", subject="WLAN")).state == "opened"


@pytest.mark.parametrize("polite", [True, False])
def test_two_help_desks_that_answer_each_other_stop_after_one_round(
    mailroom: Mailroom, tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch,
    clock: FixedClock, polite: bool,
) -> None:  # fmt: skip
    """A person's answer at one opens a ticket at the other, whose acknowledgement ends it; also
    when a gateway takes away all that says that a machine wrote (not `polite`)."""
    shutil.copy(migrated_sqlite, tmp_path / "other.db")
    settings = load_settings(database={"url": f"sqlite:///{tmp_path / 'other.db'}"})
    monkeypatch.setenv("SCHOOLOPS_HOME", str(tmp_path / "other"))
    other_store = Store.open(settings, clock)
    other = Mailroom(other_store, clock, "desk@vendor.example")
    try:
        made = mailroom.take(mail(sender=other.address, subject="Ersatzteil", to=US))
        mailroom.do(service.reply, mailroom.row(made.ticket).uid, "was fehlt?")
        seen = {US: 0, other.address: 0}
        rounds = [0, 0]
        for _ in range(30):
            moved = 0
            for here, there in ((mailroom, other), (other, mailroom)):
                fresh = here.sent()[seen[here.address] :]
                seen[here.address] += len(fresh)
                for row in fresh:
                    raw = composed(here, row)
                    if not polite:
                        for name in (b"Auto-Submitted", b"X-Loop", b"X-Auto-Response-Suppress"):
                            raw = b"\r\n".join(
                                x for x in raw.split(b"\r\n") if not x.startswith(name)
                            )
                    thread = Thread.of_json(row.thread)
                    there.take(raw, null_sender=polite and bool(thread and thread.automatic))
                    moved += 1
            rounds.append(moved)
            clock.advance(60)
        assert rounds[-1] == 0
        assert sum(rounds) <= 6
        assert mailroom.count(ticket) == 1
        assert other.count(ticket) <= 2
    finally:
        other_store.close()


def test_without_an_address_for_tickets_mails_go_out_as_before(
    mailroom: Mailroom,
) -> None:
    own = mailroom.store.settings
    own.tickets.mail_address = ""
    mailroom.take(mail(sender="mia@x.example", subject=NEW))
    (row,) = mailroom.sent()
    assert row.thread == ""
    assert sender_address(own.mail.sender) == US
    assert tasks._envelope(own.mail, None) == US
