"""What an administrator does with outgoing mail: try it, see what waits, send it again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from schoolops.cli._checks import check_mail
from schoolops.core.errors import Unusable
from schoolops.core.settings import load_settings
from schoolops.identity import notices  # noqa: F401  (registers its texts)
from schoolops.notify.texts import LANGUAGES, NOTICES, Texts
from schoolops.server.app import Door, make_app
from tests.cli.conftest import Run, run_alone
from tests.notify.conftest import Outbox
from tests.peers.smtp import PASSWORD, MailServer
from tests.server.conftest import Api

__all__ = ["run_alone"]


@pytest.fixture
def api(outbox: Outbox) -> Iterator[Api]:
    application = make_app(outbox.store, background=False)
    with TestClient(Door(application, local=True)) as client:
        yield Api(client)


def test_a_test_mail_is_sent_at_once_and_the_answer_told(api: Api, mail_server: MailServer) -> None:
    done = api.call("POST", "/mail/test", json={"address": "anna@city.example"})
    assert done == {"sent": True, "answer": "250 OK: queued"}
    assert mail_server.receivers == ["anna@city.example"]
    mail_server.at_rcpt = ["550 no such user"]
    done = api.call("POST", "/mail/test", json={"address": "anna@city.example"})
    assert done == {"sent": False, "answer": "550 no such user"}
    assert api.call("POST", "/mail/test", 422, json={"address": "anna"})["code"] == "mail.address"


def test_while_mail_is_off_everything_says_so(api: Api, outbox: Outbox) -> None:
    outbox.store.settings.mail.host = ""
    refused = api.call("POST", "/mail/test", 409, json={"address": "anna@city.example"})
    assert "mail.host" in refused["detail"]
    assert api.get("/mail")["on"] is False
    state, said = check_mail(outbox.store.settings)
    assert (state, "off" in said) == ("ok", True)


def test_the_outbox_is_listed_with_addresses_masked(
    api: Api, outbox: Outbox, mail_server: MailServer
) -> None:
    mail_server.at_rcpt = ["550 anna@city.example: unknown", "451 anna? later"]
    outbox.post("anna", "bert", "carl")
    outbox.send()
    found = api.get("/mail")
    assert found["counts"] == {"waiting": 1, "sent": 1, "failed": 1, "late": 0}
    assert [one["to"] for one in found["mails"]] == [f"{x}…@city.example" for x in "cba"]
    assert "anna@" not in str(found)
    (failed,) = api.get("/mail", state="failed")["mails"]
    assert failed["error"] == "550 …: unknown"
    assert api.call("POST", "/mail/retry", json={"ids": [failed["id"]]}) == {"again": 1}
    outbox.send()
    assert outbox.states == ["sent", "waiting", "sent"]


# --- the doctor -----------------------------------------------------------------------------------


def test_the_doctor_signs_in_and_counts(outbox: Outbox, mail_server: MailServer) -> None:
    outbox.post("anna")
    state, said = check_mail(outbox.store.settings)
    assert (state, said) == ("ok", "127.0.0.1 takes mails; 1 mails wait, 0 failed")
    assert mail_server.mails == []
    mail_server.at_rcpt = ["550 unknown"]
    outbox.send()
    assert check_mail(outbox.store.settings)[0] == "warn"
    outbox.store.settings.mail.username = "somebody"
    state, said = check_mail(outbox.store.settings)
    assert (state, "535" in said) == ("fail", True)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"HOST": "mail.city.example"}, "mail.sender is needed"),
        ({"HOST": "x", "SENDER": "Amt"}, "mail.sender is needed"),
        ({"HOST": "x", "SENDER": "Amt\r\nBcc: <evil@x> <amt@x>"}, "mail.sender is needed"),
        ({"HOST": "x", "SENDER": "a@x", "TLS": "none", "USERNAME": "u"}, "over TLS only"),
        ({"TLS": "ssl"}, "starttls"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    settings: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"SCHOOLOPS_MAIL__{name}", value)
    with pytest.raises(Unusable, match=why):
        load_settings()


# --- texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", NOTICES)
def test_every_notice_has_a_text_in_every_language(notice: str, language: str, home: Path) -> None:
    texts = Texts(load_settings())
    text = texts.fill(notice, language, NOTICES[notice])
    assert text.language == language
    assert 10 < len(text.subject) < 80
    assert "<h1" in text.html
    assert "&amp;" not in text.plain
    assert texts.problems() == {}


def own(home: Path, folder: str, name: str, text: str) -> None:
    (home / folder / "mail").mkdir(parents=True, exist_ok=True)
    (home / folder / "mail" / name).write_text(text, "utf-8")


OWN = (
    '{% extends "mail/letterhead.txt" %}{% block subject %}Eigener Betreff{% endblock %}'
    "{% block content %}A & B{% endblock %}"
)


def test_a_citys_own_text_goes_out_and_a_broken_one_does_not(
    outbox: Outbox, mail_server: MailServer, home: Path
) -> None:
    outbox.store.settings.portal.operator = "Amt & Söhne\nRathausplatz 1"
    own(home, "templates", "test.de.txt", OWN)
    outbox.post("anna")
    outbox.send()
    mail = mail_server.mails[-1]
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert mail["Subject"] == "Eigener Betreff"
    assert "A & B" in plain.get_content()
    assert "Amt & Söhne\r\nRathausplatz 1" in plain.get_content()
    assert "<p>A &amp; B</p>" in html.get_content()
    own(home, "templates", "test.de.txt", OWN.replace("A & B", "{{ nobody }}"))
    outbox.post("anna")
    outbox.send()
    assert "kommen an" in mail_server.mails[-1]["Subject"]


def test_a_broken_text_never_writes_what_a_mail_holds_to_the_log(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own(home, "templates", "test.de.txt", "{{ reason | batch(reason) | list }} {{ 'x' * reason }}")
    Texts(load_settings()).fill("test", "de", {"reason": "Kim Muster ist krank"})
    assert "is broken" in caplog.text
    assert "Kim" not in caplog.text


def test_the_command_shows_a_text_and_says_what_is_wrong_with_a_draft(
    run_alone: Run, home: Path
) -> None:
    assert "emergency-asked" in run_alone("notify", "preview").out.split()
    shown = run_alone("notify", "preview", "emergency-asked", "--language", "en")
    assert shown.code == 0
    assert shown.out.startswith("Emergency access asked for: school 164800\n")
    own(home, "templates-draft", "test.de.txt", "{% if %}")
    broken = run_alone("notify", "preview", "test")
    assert broken.code == 1
    assert "line 1" in broken.err
    assert "kommen an" in broken.out
    assert "line 1" in run_alone("portal", "preview").err
    assert run_alone("notify", "preview", "nothing").code == 2


def test_administrators_see_mails_on_the_page(api: Api, home: Path) -> None:
    from schoolops.core.permissions import Actor

    portal: Any = api.client.app.app.state.portal  # type: ignore[attr-defined]
    own(home, "templates-draft", "test.de.txt", OWN)
    accept = {"accept": "text/html"}
    code = portal.sessions.make_link(Actor.of("alex", "authority-admin"))
    api.client.base_url = "http://127.0.0.1"  # type: ignore[assignment]
    assert api.client.post(f"/open/{code}", headers=accept).status_code == 200
    assert "/preview/mail/test" in api.client.get("/preview", headers=accept).text
    assert "Eigener Betreff" in api.client.get("/preview/mail/test?lang=de", headers=accept).text
    assert api.client.get("/preview/mail/nothing", headers=accept).status_code == 404


# --- the whole way --------------------------------------------------------------------------------


def test_a_server_sends_what_its_command_line_asked_for(
    run_alone: Run, home: Path, mail_server: MailServer, ca_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from schoolops.core.secretfiles import write_secret

    write_secret(home / "keys" / "mail.secret", PASSWORD)
    for name, value in {
        "host": mail_server.host, "port": mail_server.port, "ca_file": ca_file,
        "username": "schoolops", "sender": "Amt für Schule <amt@city.example>",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SCHOOLOPS_MAIL__{name.upper()}", str(value))
    try:
        done = run_alone("notify", "test", "anna@city.example")
        assert (done.code, done.out) == (0, "the mail server took it: 250 OK: queued\n")
        mail_server.at_rcpt = ["554 go away"]
        refused = run_alone("notify", "test", "anna@city.example")
        assert refused.code == 1
        assert "554 go away" in refused.err
        assert run_alone("notify", "list", "--json").json["on"] is True
        assert run_alone("notify", "retry").out == "0 mails are tried again now\n"
        checks = {c["check"]: c for c in run_alone("doctor", "--json").json["checks"]}
        assert checks["mail"]["state"] == "ok"
        for log in (home / "logs").iterdir():
            assert "anna" not in log.read_text()
    finally:
        run_alone("serve", "--stop")


def test_a_run_of_the_command_without_mail_says_that_it_is_off(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "schoolops.cli", "notify", "list"],
        env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    subprocess.run([sys.executable, "-m", "schoolops.cli", "serve", "--stop"], check=False)
    assert done.returncode == 0, done.stderr
    assert "mail is off" in done.stderr
