"""Incidents, rules and maintenance by the command line, against a real server."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents import protocol
from tests.cli.conftest import Run, Served, serving
from tests.cli.test_agents_and_discovered import Box

RULE = """
- id: names-never
  about: uplink
  outage: true
  when: dns_ms >= 1900
  text: "no name resolves at {name}"
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A server of its own: what is measured here changes the health of its schools."""
    with serving() as made:
        yield made


@pytest.fixture
def line(run: Run, served: Served) -> Iterator[Box]:
    """A box at the school in Neuss that reports a line on which no name resolves."""
    folder = served.home / "alerts"
    folder.mkdir(exist_ok=True)
    (folder / "test.yaml").write_text(RULE)
    run("new", "uplink", "school=100000", "name=line9", "state=active", "circuit=MN-9",
        "provider=Musternetz", "contract_down_bps=500M")  # fmt: skip
    invited = run("agent", "invite", "100000", "--name", "neuss-box")
    code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", invited.out)
    assert code, invited.out
    box = Box(served.url, code[0])
    yield box
    box.http.close()


def test_an_incident_is_found_taken_and_reported(line: Box, run: Run) -> None:
    until = time.monotonic() + 30
    while True:
        line.report("host", protocol.HostReport(cpu_percent=1.0))
        line.report("uplink", protocol.UplinkReport("line9", dns_ms=1950.0, reachable=True))
        listed = run("incidents", "list", "--json")
        assert listed.code == 0, listed.err
        found = [one for one in listed.json if one["circuit"] == "MN-9"]
        if found or time.monotonic() > until:
            break
        time.sleep(0.5)
    assert [one["title"] for one in found] == ["no name resolves at line9"]
    assert "no name resolves at line9" in run("incidents", "list").out
    assert run("incidents", "acknowledge", "MN-9").out == "acknowledged\n"
    assert re.search(r"  seen: \S+  ", run("incidents", "list").out)
    assert run("incidents", "claim", "MN-9").out == "claimed\n"
    assert re.search(r"  taken: \S+  ", run("incidents", "list").out)
    assert run("incidents", "note", "MN-9", "the provider digs").code == 0
    shown = run("incidents", "show", "MN-9").out
    assert "taken by" in shown
    assert "the provider digs" in shown
    report = run("incidents", "report", "MN-9", "--language", "en").out
    assert "Circuit number: MN-9" in report
    line.report("uplink", protocol.UplinkReport("line9", dns_ms=20.0, reachable=True))
    until = time.monotonic() + 30
    while run("incidents", "list", "--json").json and time.monotonic() < until:
        time.sleep(0.5)
    over = run("incidents", "show", "MN-9", "--json").json
    assert (over["state"], over["provider"]) == ("closed", "Musternetz")
    refused = run("incidents", "claim", "MN-9")
    assert (refused.code, "there is no incident" in refused.err) == (1, True)
    assert refused.err.rstrip().endswith("see schoolops incidents list")


def test_rules_are_listed_and_wrong_ones_refused(run: Run, tmp_path: Path) -> None:
    assert "school-silent" in run("alerts", "rules").out
    own = tmp_path / "own.yaml"
    own.write_text("- {id: own-rule, about: uplink, when: loss > 5, text: x}")
    refused = run("alerts", "try", "164800", "--rules", str(own))
    assert refused.code == 1
    assert "there is no 'loss' to ask for" in refused.err
    assert run("alerts", "try", "164800", "--rules", str(tmp_path / "none.yaml")).code == 1
    assert run("alerts", "try", "164800").out.startswith("0 alerts at 164800")


def test_maintenance_is_planned_listed_and_ended(run: Run) -> None:
    planned = run("maintenance", "add", "164811", "--every", "daily", "--reason", "news")
    assert planned.code == 0, planned.err
    id = planned.out.split()[-1]
    (one,) = [one for one in run("maintenance", "list", "--json").json if one["id"] == id]
    assert (one["school"], one["every"], one["state"]) == ("164811", "daily", "active")
    (row,) = [row for row in run("maintenance", "list").out.splitlines() if id in row]
    assert "no end" in row
    assert run("maintenance", "end", id).code == 0
    assert id not in run("maintenance", "list").out
    assert run("maintenance", "add", "164811", "--reason", "x").code == 2


def test_nobody_is_on_call_who_has_never_signed_in(run: Run) -> None:
    refused = run("oncall", "add", "nobody", "--every", "daily")
    assert (refused.code, "has signed in" in refused.err) == (1, True)
    assert "nobody is on call" in run("oncall", "list").out


def test_a_mail_address_is_on_call_without_an_account(run: Run) -> None:
    made = run("oncall", "add", "desk@city.example", "--every", "daily")
    assert made.code == 0, made.err
    assert "desk@city.example" in run("oncall", "list").out
    assert run("oncall", "end", made.out.split()[-1]).code == 0
