"""`schoolops agent`, `discovered`, and what `show` tells after real reports have arrived."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agents import protocol
from tests.agents.process import agent
from tests.cli.conftest import Run, Served


class Box:
    """The agent's side of the wire, by hand."""

    def __init__(self, url: str, code: str) -> None:
        body = {"code": code, "hostname": "box", "version": "0.1.0"}
        self.http = httpx.Client(base_url=url, trust_env=False)
        joined = self.http.post(protocol.JOIN_PATH, json=body)
        assert joined.status_code == 200, joined.text
        self.joined = joined.json()
        self.seq = 0

    def report(self, table: str, report: tuple[object, ...]) -> None:
        self.seq += 1
        now = time.time_ns() // 1000
        row = protocol.Row(self.seq, now, table, report)
        batch = protocol.make_batch(self.joined["agent"], "boot-1", [row], 0, now)
        answer = self.http.post(
            protocol.REPORT_PATH,
            content=protocol.encode_batch(batch),
            headers={
                "Authorization": f"Bearer {self.joined['secret']}",
                "Content-Type": protocol.CONTENT_TYPE,
            },
        )
        assert answer.status_code == 200, answer.text

    def close(self) -> None:
        self.http.close()


@pytest.fixture
def box(run: Run, served: Served) -> Iterator[Box]:
    """A box at school 164800 that has joined."""
    invited = run("agent", "invite", "164800", "--json")
    assert invited.code == 0
    joined = Box(served.url, invited.json["code"])
    yield joined
    joined.close()


def test_an_invitation_tells_what_to_type_at_the_school(run: Run) -> None:
    told = run("agent", "invite", "164800", "--name", "cellar").out
    assert "cellar" in told
    assert re.search(r"schoolops-agent join \S+ [A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\n", told)
    assert "'python3 schoolops-agent.pyz' stands for" in told
    assert "--pin" not in told
    assert run("agent", "invite", "999999").code == 1
    listed = run("agent", "list", "name:cellar", "--json").json
    assert [agent["state"] for agent in listed] == ["invited"]


def test_the_command_of_an_invitation_works_as_it_is_printed(
    run: Run, served: Served, tmp_path: Path
) -> None:
    told = run("agent", "invite", "164800", "--name", "printed")
    (line,) = [line for line in told.out.splitlines() if " join " in line]
    assert served.url in line
    assert "this computer alone" in told.err
    assert "server.public_url" in told.err
    done = agent(*line.split()[1:], "--state", tmp_path / "state")
    assert done.returncode == 0, done.stderr
    assert run("ls", "agents", "name:printed state:active", "--count").out == "1\n"
    told_json = run("agent", "invite", "164800", "--json").json
    assert told_json["server"] == served.url
    assert told_json["join"].split()[2:] == [served.url, told_json["code"]]


def test_without_a_port_nobody_is_invited_but_told_how_to_get_one(run_alone: Run) -> None:
    run_alone("new", "school", "number=164800", "name=Schule am Rhein")
    try:
        told = run_alone("agent", "invite", "164800")
        assert told.code == 1
        assert told.out == ""
        assert "schoolops serve --host ADDRESS --port 8443" in told.err
        assert "server.public_url" in told.err
        assert run_alone("ls", "agents", "--count").out == "0\n"
    finally:
        run_alone("serve", "--stop")


def test_an_address_outside_is_taken_as_it_is_set_and_doubted_when_nothing_answers(
    run_alone: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOLOPS_SERVER__PUBLIC_URL", "https://127.0.0.1:9")
    run_alone("new", "school", "number=164800", "name=Schule am Rhein")
    try:
        told = run_alone("agent", "invite", "164800")
        assert "schoolops-agent join https://127.0.0.1:9 " in told.out
        assert "nothing answers at https://127.0.0.1:9" in told.err
    finally:
        run_alone("serve", "--stop")


def test_an_agent_is_revoked_by_its_name_and_then_shut_out(run: Run, box: Box) -> None:
    name = box.joined["name"]
    result = run("agent", "revoke", name, "--reason", "stolen")
    assert (result.code, result.out) == (0, f"revoked agent {name}\n")
    with pytest.raises(AssertionError, match="revoked"):
        box.report("host", protocol.HostReport(cpu_percent=1.0))
    assert run("agent", "revoke", "nobody", "--reason", "x").code == 1
    assert run("agent", "revoke", name).code == 2


def test_a_device_shows_its_last_measurement(run: Run, box: Box) -> None:
    run("new", "switch", "serial=AG-SW", "school=164800", "address=127.0.9.1", "management=snmp")
    report = protocol.DeviceReport(device="AG-SW", reachable=True, cpu_percent=12.5, source="snmp")
    box.report("device", report)
    shown = run("show", "switch", "AG-SW")
    assert "Last measurement" in shown.out
    assert re.search(r"cpu_percent\s+12\.5", shown.out)
    record = run("show", "switch", "AG-SW", "--json").json
    assert record["freshness"] == "fresh"
    assert record["latest"]["values"]["cpu_percent"] == 12.5


def test_what_was_found_is_adopted_or_ignored_by_its_address(run: Run, box: Box) -> None:
    for n in (21, 22):
        box.report(
            "discovered",
            protocol.DiscoveredReport(
                address=f"127.0.9.{n}", mac=f"52:54:00:00:00:{n}", name=f"sw-{n}", kind="switch",
                serial=f"FOUND-{n}", description="a switch",
            ),
        )  # fmt: skip
    found = run("discovered", "list", "school:164800", "--json").json
    assert {"127.0.9.21", "127.0.9.22"} <= {device["address"] for device in found}
    adopted = run("discovered", "adopt", "127.0.9.21", "name=sw-cellar")
    assert (adopted.code, adopted.out) == (0, "created device FOUND-21\n")
    record = run("show", "device", "FOUND-21", "--json").json
    assert record["values"]["name"] == "sw-cellar"
    assert record["values"]["address"] == "127.0.9.21"
    assert run("discovered", "ignore", "sw-22").code == 0
    left = {d["address"] for d in run("discovered", "list", "--json").json}
    assert not left & {"127.0.9.21", "127.0.9.22"}
    assert run("discovered", "adopt", "127.0.9.99").code == 1


def test_an_agent_is_asked_and_its_answer_is_told(run: Run, served: Served, tmp_path: Path) -> None:
    invited = run("agent", "invite", "164800", "--name", "asked", "--json").json
    state = tmp_path / "state"
    assert agent("join", served.url, invited["code"], "--state", state).returncode == 0
    assert "gets to know" in run("agent", "ask", "asked", "diagnostics").out
    assert agent("run", "--once", "--state", state).returncode == 0  # and answers before it ends
    listed = run("agent", "asked", "asked").out
    assert re.search(r"done\s+diagnostics: all duties are well", listed)
    assert run("agent", "asked", "asked", "--json").json[0]["result"]["duties"]
    late = run("agent", "ask", "asked", "diagnostics", "--wait", "1")
    assert (late.code, "no answer within 1 s" in late.err) == (1, True)
    assert run("agent", "ask", "asked", "poll").code == 2
    assert run("agent", "ask", "asked", "diagnostics", "x").code == 2
    assert run("agent", "ask", "asked", "poll", "nothing").code == 1
