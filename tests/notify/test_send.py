"""Mails reach a real mail server: nothing is lost, nothing goes out twice without need."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schoolops.notify import repository, service, tasks
from tests.notify.conftest import Outbox, logged
from tests.peers import smtp
from tests.peers.smtp import USER, MailServer, serve

UNKNOWN = "550 5.1.1 <anna@city.example>: user anna is unknown here"


def test_a_mail_arrives_encrypted_and_signed_in(outbox: Outbox, mail_server: MailServer) -> None:
    outbox.post("anna")
    outbox.send()
    (mail,) = mail_server.mails
    assert mail_server.envelopes == [("schul-it@city.example", ["anna@city.example"])]
    assert mail_server.signed_in == [USER]
    assert mail["From"] == "Schul-IT Köln <schul-it@city.example>"
    assert mail["To"] == "anna@city.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] == "Tue, 24 Nov 2026 09:00:00 +0100"
    assert re.fullmatch(r"<[0-9a-f-]{36}@city\.example>", mail["Message-ID"])
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "äöü ÄÖÜ ß" in plain.get_content()
    assert '<html lang="de"' in html.get_content()
    assert outbox.states == ["sent"]
    outbox.send(3600)
    assert len(mail_server.mails) == 1


def test_each_person_gets_a_mail_of_their_own(outbox: Outbox, mail_server: MailServer) -> None:
    outbox.post("anna", "bert", "Anna", "not an address", "")
    outbox.send()
    assert mail_server.receivers == ["anna@city.example", "bert@city.example"]
    assert [mail["To"] for mail in mail_server.mails] == ["anna@city.example", "bert@city.example"]
    assert len(set(mail_server.ids)) == 2


def test_nothing_goes_out_of_what_is_rolled_back(outbox: Outbox, mail_server: MailServer) -> None:
    def fail_after_posting() -> None:
        with outbox.store.write() as unit:
            assert service.post(unit, "test", ["anna@city.example"], {}) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_posting()
    outbox.send()
    assert mail_server.mails == []


def test_while_mail_is_off_nothing_is_written(outbox: Outbox, mail_server: MailServer) -> None:
    outbox.store.settings.mail.host = ""
    outbox.post("anna")
    outbox.send()
    assert outbox.rows() == []


@pytest.mark.parametrize("tls", ["tls", "none"])
def test_other_ways_to_connect_work_too(
    tls: str, ca_file: Path, outbox_of: Callable[..., Outbox]
) -> None:
    with serve(ca_file.parent, tls=tls) as server:
        outbox = outbox_of(server, tls=tls, username="")
        outbox.post("anna")
        outbox.send()
        assert server.receivers == ["anna@city.example"]


# --- what goes wrong ------------------------------------------------------------------------------


def test_what_is_refused_for_good_is_not_tried_again_and_can_be_seen(
    outbox: Outbox, mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mail_server.at_rcpt = [UNKNOWN]
    outbox.post("anna", "bert")
    outbox.send()
    for _ in range(5):
        outbox.send(3600)
    assert mail_server.receivers == ["bert@city.example"]
    failed, sent = outbox.rows()
    assert (failed.state, failed.attempts, sent.state) == ("failed", 1, "sent")
    assert failed.error == "550 5.1.1 <…>: user … is unknown here"
    assert "was refused for good (550)" in logged(caplog)
    assert "anna" not in logged(caplog)


@pytest.mark.parametrize("where", ["at_rcpt", "at_data"])
def test_what_is_not_taken_now_is_tried_again_with_growing_pauses(
    where: str, outbox: Outbox, mail_server: MailServer
) -> None:
    setattr(mail_server, where, ["451 try later"] * 6)
    outbox.post("anna")
    began, tried = outbox.clock.now(), []
    for _ in range(4 * 60):
        before = len(getattr(mail_server, where))
        outbox.send(60)
        if len(getattr(mail_server, where)) < before or mail_server.mails:
            tried.append((outbox.clock.now() - began) // 60_000_000)
        if mail_server.mails:
            break
    assert tried == [1, 2, 7, 22, 52, 112, 172]
    assert outbox.states == ["sent"]


@pytest.mark.parametrize("bad", [smtp.hang, smtp.trickle, smtp.drop])
@pytest.mark.parametrize("where", ["at_rcpt", "at_data"])
def test_a_server_that_hangs_or_drops_loses_no_mail(
    bad: Any, where: str, outbox_of: Callable[..., Outbox], mail_server: MailServer
) -> None:
    outbox = outbox_of(mail_server, timeout_s=0.4)
    setattr(mail_server, where, [bad])
    outbox.post("anna", "bert")
    began = time.monotonic()
    outbox.send()
    assert time.monotonic() - began < 6, "no wait is without an end"
    assert outbox.states == ["waiting", "waiting"]
    outbox.send(5)
    assert mail_server.receivers == ["bert@city.example"], "one bad mail keeps no other waiting"
    outbox.send(60)
    assert mail_server.receivers == ["anna@city.example", "bert@city.example"]
    assert outbox.states == ["sent", "sent"]


def test_a_mail_whose_answer_is_lost_goes_out_again_with_the_same_id(
    outbox: Outbox, mail_server: MailServer
) -> None:
    mail_server.at_data = [smtp.take_and_drop]
    outbox.post("anna")
    outbox.send()
    assert outbox.states == ["waiting"]
    outbox.send(60)
    assert outbox.states == ["sent"]
    first, second = mail_server.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


def test_a_server_that_is_off_keeps_all_mails_waiting(
    ca_file: Path, outbox_of: Callable[..., Outbox], caplog: pytest.LogCaptureFixture
) -> None:
    with serve(ca_file.parent) as server:
        port = server.port
    outbox = outbox_of(server, tls="none", username="")
    outbox.post("anna", "bert")
    outbox.send()
    assert [(row.state, row.attempts) for row in outbox.rows()] == [("waiting", 1)] * 2
    assert "2 mails wait" in logged(caplog)
    assert "city.example" not in logged(caplog)
    with serve(ca_file.parent, port=port) as server:
        outbox.send(30)
        assert server.mails == [], "the pause is kept"
        outbox.send(30)
        assert server.receivers == ["anna@city.example", "bert@city.example"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"ca_file": ""}, "is not trusted"),
        ({"username": "somebody"}, "535"),
        ({"username": ""}, "530"),
        ({"tls": "tls"}, "SSL"),
        ({"secret_file": "/nowhere/secret"}, "is missing"),
    ],
)
def test_a_wrong_setting_loses_no_mail_and_is_told(
    settings: dict[str, Any], told: str, outbox_of: Callable[..., Outbox], mail_server: MailServer
) -> None:
    outbox = outbox_of(mail_server, **settings)
    outbox.post("anna")
    outbox.send()
    assert outbox.states == ["waiting"]
    assert told in outbox.rows()[0].error
    assert mail_server.mails == []


def test_no_password_goes_to_a_server_without_tls(
    ca_file: Path, outbox_of: Callable[..., Outbox]
) -> None:
    with serve(ca_file.parent) as server:  # offers no STARTTLS, as when somebody took it away
        outbox = outbox_of(server)
        outbox.post("anna")
        outbox.send()
        assert "STARTTLS" in outbox.rows()[0].error
        assert server.signed_in == server.mails == []


def test_tries_have_an_end_and_an_administrator_brings_them_back(
    outbox: Outbox, mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.at_rcpt = ["451 try later"] * 1000
    outbox.post("anna")
    for _ in range(50):
        outbox.send(3600)
    (row,) = outbox.rows()
    assert (row.state, row.error) == ("failed", "451 try later")
    assert "given up" in logged(caplog)
    tries = len(mail_server.at_rcpt)
    outbox.send(3600)
    assert len(mail_server.at_rcpt) == tries
    mail_server.at_rcpt = ["451 try later"]
    with outbox.store.write() as unit:
        assert service.retry(unit, []) == {"again": 1}
    outbox.send()
    assert outbox.states == ["waiting"], "it has as much time again"
    outbox.send(60)
    assert (outbox.states, len(mail_server.mails)) == (["sent"], 1)


def test_a_mail_that_was_never_tried_is_tried_however_late(
    outbox: Outbox, mail_server: MailServer
) -> None:
    outbox.post("anna")
    outbox.send(30 * 24 * 3600)
    assert len(mail_server.mails) == 1


def test_what_nobody_needs_any_more_is_not_sent(outbox: Outbox, mail_server: MailServer) -> None:
    outbox.post("anna", until=outbox.clock.now() + 60_000_000)
    outbox.send(61)
    assert (mail_server.mails, outbox.states) == ([], ["late"])


def test_what_is_over_is_deleted_with_address_and_text(outbox: Outbox) -> None:
    outbox.post("anna")
    outbox.send()
    outbox.post("bert")
    outbox.clock.advance(14 * 24 * 3600 - 1)
    tasks.forget_old(outbox.store)
    assert outbox.states == ["sent", "waiting"]
    outbox.clock.advance(2)
    tasks.forget_old(outbox.store)
    assert outbox.states == ["waiting"]


# --- several workers ------------------------------------------------------------------------------


def test_two_workers_send_each_mail_once(outbox: Outbox, mail_server: MailServer) -> None:
    names = [f"person{number}" for number in range(30)]
    outbox.post(*names)
    threads = [threading.Thread(target=outbox.send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert mail_server.receivers == sorted(f"{name}@city.example" for name in names)
    assert set(outbox.states) == {"sent"}
    assert len(mail_server.signed_in) > 1, "more than one worker took part"


def test_a_worker_that_was_killed_with_a_mail_leaves_it_to_the_next(
    outbox: Outbox, mail_server: MailServer, home: Path
) -> None:
    mail_server.at_data = [smtp.hang]
    outbox.post("anna")
    code = (
        "from schoolops.core.clock import FixedClock\n"
        "from schoolops.core.settings import load_settings\n"
        "from schoolops.db.engine import Store\nfrom schoolops.notify import tasks\n"
        f"tasks.send_due(Store.open(load_settings(), FixedClock({outbox.clock.now()})))\n"
    )
    settings = outbox.store.settings.mail
    environment = {
        f"SCHOOLOPS_MAIL__{name.upper()}": str(getattr(settings, name))
        for name in ("host", "port", "tls", "ca_file", "username", "sender")
    }
    worker = subprocess.Popen([sys.executable, "-c", code], env=os.environ | environment)
    deadline = time.monotonic() + 30
    while mail_server.at_data and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    outbox.send(1)
    assert mail_server.mails == [], "it is the dead worker's for a while"
    outbox.send(tasks.claim_micros(settings) / 1e6 + 240)
    assert (outbox.states, len(mail_server.mails)) == (["sent"], 1)


def test_another_try_does_not_touch_what_a_worker_is_sending(
    outbox: Outbox, mail_server: MailServer
) -> None:
    outbox.post("anna")
    with outbox.store.write() as unit:
        assert repository.claim(unit, 60_000_000) is not None
    with outbox.store.write() as unit:
        assert service.retry(unit, []) == {"again": 0}
    outbox.send()
    assert mail_server.mails == []
