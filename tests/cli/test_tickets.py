"""Tickets by the command line, against a real server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Run


def new(run: Run, *more: str) -> Any:
    made = run("tickets", "new", "--school", "164811", "--text", "kein WLAN", *more, "--json")
    assert made.code == 0, made.err
    return made.json


def test_a_ticket_is_reported_answered_and_closed(run: Run) -> None:
    made = new(run, "--category", "network", "--via", "phone", "--name", "Frau Beispiel")
    number = str(made["number"])
    assert made["id"]
    assert f"ticket {number}" in run("tickets", "reply", number, "wir kommen um zehn").out
    assert run("tickets", "reply", number, "Ersatzteil", "--internal").code == 0
    assert run("tickets", "priority", number, "P1", "--json").json["priority"] == "P1"
    assert run("tickets", "wait", number, "vendor", "beim Hersteller").code == 0
    shown = run("tickets", "show", number)
    for words in ("kein WLAN", "waits for vendor", "Frau Beispiel", "wir kommen um zehn",
                  "note (internal)", "acknowledge  met"):  # fmt: skip
        assert words in " ".join(shown.out.split()) or words in shown.out, shown.out
    listed = run("tickets", "list", "school:164811", "--json").json
    assert made["id"] in [one["id"] for one in listed]
    assert run("tickets", "close", number, "neuer Switch", "--json").json["state"] == "closed"
    found = run("tickets", "show", made["id"], "--json").json
    assert (found["state"], found["number"]) == ("closed", made["number"])
    assert made["id"] not in [one["id"] for one in run("tickets", "list", "--json").json]
    assert made["id"] in [one["id"] for one in run("tickets", "list", "--all", "--json").json]
    assert run("tickets", "reopen", number, "--json").json["state"] == "open"


def test_tickets_are_linked_joined_and_taken_apart(run: Run) -> None:
    a, b, c = (str(new(run)["number"]) for _ in range(3))
    assert run("tickets", "link", b, a, "--same", "--json").json["joined_to"] == int(a)
    assert f"about the same as {a}" in run("tickets", "link", b, c).out
    found = run("tickets", "show", a, "--json").json
    assert found["joined"] == [int(b)]
    assert run("tickets", "show", c, "--json").json["links"] == [int(b)]
    assert run("tickets", "unlink", b, "--json").json["joined_to"] is None
    assert run("tickets", "link", a, a).code == 1
    assert run("tickets", "link", a).code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "999999999"), "there is no ticket '999999999'"),
        (("reply", "1e3", "x"), "there is no ticket '1e3'"),
        (("new", "--text", "x"), "at which school"),
        (("new", "--school", "164811", "--text", "  "), "in some words"),
        (("new", "--school", "164811", "--room", "9.99", "--text", "x"), "no room"),
        (("update", "164811", "x"), "there is no incident"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(run: Run, words: tuple[str, ...], said: str) -> None:
    told = run("tickets", *words)
    assert told.code == 1
    assert said in told.err
    assert "Traceback" not in told.err


def test_who_does_not_exist_gets_no_ticket(run: Run) -> None:
    number = str(new(run)["number"])
    told = run("tickets", "assign", number, "nobody.here")
    assert told.code == 1
    assert "nobody.here" in told.err
