"""Mails of tickets by the command line, against a real server that takes them itself."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Run, Served, runner, serving
from tests.peers.postgres import free_port
from tests.tickets.shapes import US, mail


@pytest.fixture(scope="module")
def desk() -> Iterator[tuple[Served, int]]:
    port = free_port()
    with serving(
        SCHOOLOPS_TICKETS__MAIL_ADDRESS=US,
        SCHOOLOPS_TICKETS__MAIL_LISTEN=f"smtp://127.0.0.1:{port}",
    ) as made:
        yield made, port


@pytest.fixture
def run(
    desk: tuple[Served, int], home: object, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:  # fmt: skip
    for name, value in desk[0].environment.items():
        if name.startswith(("SCHOOLOPS_", "XDG_RUNTIME_DIR")):
            monkeypatch.setenv(name, value)
    return runner(monkeypatch, capsys)


def send(port: int, number: int, *lines: str, sender: str = "mia@x.example", **given: str) -> None:
    raw = mail(*lines, sender=sender, id=f"<{number}@x.example>", **given)
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        assert smtp.sendmail("mia@x.example", [US], raw.replace(b"\n", b"\r\n")) == {}


def test_a_mail_is_a_ticket_and_what_waits_is_decided(run: Run, desk: tuple[Served, int]) -> None:
    port = desk[1]
    send(port, 1, subject="Kein WLAN in 2.14")
    (found,) = run("tickets", "list", "--json").json
    assert found["title"] == "Kein WLAN in 2.14"
    answer = "In-Reply-To: <1@x.example>"
    send(port, 2, answer, sender="fremd@y.example", body="bei mir auch")
    send(port, 3, answer, sender="werbung@y.example", body="Sonderangebot")
    waiting = run("tickets", "mail")
    assert "takes no part" in waiting.out
    assert "2 quarantine" in waiting.err
    second, first = run("tickets", "mail", "--json").json["mails"]
    assert "bei mir auch" in run("tickets", "mail", "show", first["id"]).out
    number = found["number"]
    assert f"filed: ticket {number}" in run("tickets", "mail", "accept", first["id"]).out
    assert "it is put away" in run("tickets", "mail", "drop", second["id"]).out
    assert "bei mir auch" in run("tickets", "show", str(number)).out
    again = run("tickets", "mail", "accept", first["id"])
    assert (again.code, f"part of ticket {number} already" in again.err) == (1, True)
    assert run("tickets", "mail", "--which", "dropped", "--json").json["counts"]["dropped"] == 1


def test_what_is_wrong_is_said(run: Run) -> None:
    told = run("tickets", "mail", "try")
    assert (told.code, "set tickets.mail_host" in told.err) == (1, True)
    assert run("tickets", "mail", "accept").code == 2
    assert "there is no mail 'nothing'" in run("tickets", "mail", "drop", "nothing").err


def test_doctor_says_how_mails_come_in(run: Run) -> None:
    checks = {one["check"]: one for one in run("doctor", "--json").json["checks"]}
    found = checks["tickets by mail"]
    assert (found["state"], "wait for a decision" in found["detail"]) == ("ok", True)
