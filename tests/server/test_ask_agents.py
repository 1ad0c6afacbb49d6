"""An agent is asked for something: signed, sent with each reply until it is answered, once."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, update

from agents import protocol
from agents.protocol import HostReport, ResultReport
from schoolops.core.clock import FixedClock
from schoolops.db.engine import Store
from schoolops.fleet import commands
from schoolops.fleet.models import agent as agents
from schoolops.telemetry import booking
from tests.server.conftest import Agent, Api

HOST = ("host", HostReport(cpu_percent=3.0))


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds would pass in between."""
    monkeypatch.setattr(booking, "LOOK_EVERY_S", 0.0)


def ask(api: Api, agent: Agent, kind: str = "diagnostics", status: int = 201, **given: Any) -> Any:
    return api.post(f"/agents/{agent.id}/commands", {"kind": kind, "arguments": given}, status)


def read(api: Api, agent: Agent) -> Any:
    """The command that was asked for last."""
    return api.get(f"/agents/{agent.id}/commands")["commands"][0]


def result(id: str, state: str = "done", text: str = "well", data: str = '{"a":1}') -> Any:
    return ("result", ResultReport(id, state, text, data))


def test_a_command_rides_on_each_reply_until_its_answer_is_booked(
    api: Api, agent: Agent, remote: TestClient
) -> None:
    assert agent.report(HOST)["commands"] == []
    made = ask(api, agent)
    assert made["state"] == "waiting"
    (sent,) = agent.report(HOST)["commands"]
    assert (sent["id"], sent["kind"], sent["arguments"]) == (made["id"], "diagnostics", "{}")
    assert agent.report(HOST)["commands"] == [sent]
    path = f"/agents/{agent.id}/commands"
    assert api.get(path)["commands"][0]["state"] == "sent"
    assert agent.report(result(made["id"]))["commands"] == []
    agent.report(result(made["id"], "failed", "again", ""))  # the first answer counts
    told = read(api, agent)
    assert (told["state"], told["text"], told["result"]) == ("done", "well", {"a": 1})
    assert told["answered"]


def test_its_signature_is_of_the_key_that_the_agent_got_when_it_joined(
    api: Api, remote: TestClient, school: Any, clock: FixedClock
) -> None:
    invited = api.post("/agents/invite", {"school": "164800"}, 201)
    joined = remote.post(protocol.JOIN_PATH, json={"code": invited["code"]}).json()
    agent = Agent(remote, clock, joined)
    ask(api, agent)
    command = protocol.Command(**agent.report(HOST)["commands"][0])
    assert command.mac == protocol.command_mac(joined["command_key"], agent.id, command)
    assert command.mac != protocol.command_mac(joined["secret"], agent.id, command)


def test_what_is_not_answered_in_time_expires(api: Api, agent: Agent, clock: FixedClock) -> None:
    ask(api, agent)
    assert agent.report(HOST)["commands"]
    clock.advance(3601)
    assert agent.report(HOST)["commands"] == []
    assert read(api, agent)["state"] == "expired"


def test_an_agent_answers_for_itself_alone(
    api: Api, agent: Agent, remote: TestClient, clock: FixedClock
) -> None:
    made = ask(api, agent)
    invited = api.post("/agents/invite", {"school": "164800"}, 201)
    joined = remote.post(protocol.JOIN_PATH, json={"code": invited["code"]}).json()
    other = Agent(remote, clock, joined)
    assert other.report(HOST)["commands"] == []
    other.report(result(made["id"]))
    other.report(result("no such command", "nonsense", "x", "{broken"))
    assert read(api, agent)["state"] == "waiting"


def test_what_cannot_be_asked_is_refused_with_what_to_do(
    api: Api, agent: Agent, store: Store
) -> None:
    assert "cannot be asked for" in ask(api, agent, "make-coffee", 422)["detail"]
    assert "takes no" in ask(api, agent, "diagnostics", 422, device="x")["detail"]
    assert "no device" in ask(api, agent, "poll", 404, device="x")["detail"]
    assert "no uplink" in ask(api, agent, "line-test", 404, uplink="x")["detail"]
    for _ in range(commands.MOST_OPEN):
        ask(api, agent)
    assert "unanswered" in ask(api, agent, status=409)["detail"]
    with store.write() as unit:
        unit.connection.execute(update(agents).values(command_key=None))
    assert "--replace" in ask(api, agent, status=409)["detail"]
    api.post(f"/agents/{agent.id}/revoke", {"reason": "x"}, 204)
    assert "revoked" in ask(api, agent, status=409)["detail"]


def test_a_device_is_named_by_its_serial_or_name(api: Api, agent: Agent) -> None:
    values = {"school": "164800", "address": "10.0.0.2", "management": "snmp"}
    api.create("switches", serial="SW1", name="cellar", **values)
    api.create("switches", serial="SW2", school="164800")
    assert ask(api, agent, "poll", device="cellar")["arguments"] == {"device": "SW1"}
    assert "read by no agent" in ask(api, agent, "poll", 422, device="SW2")["detail"]


def test_who_may_not_write_agents_there_may_not_ask_them(
    api: Api, agent: Agent, token: Any
) -> None:
    viewer = token("viewer", "viewer")
    assert ask(viewer, agent, status=403)
    assert viewer.get(f"/agents/{agent.id}/commands")["commands"] == []
    api.create("schools", number="164801", name="Andere Schule", authority="70000")
    elsewhere = token("elsewhere", "authority-admin", schools=["164801"])
    ask(elsewhere, agent, status=404)
    here = token("here", "authority-admin", schools=["164800"])
    assert ask(here, agent)["by"]


def test_a_reply_without_commands_asks_the_database_nothing_more(
    api: Api, agent: Agent, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking, "LOOK_EVERY_S", 60.0)
    agent.report(HOST)
    said: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(store.writer, "before_cursor_execute", note)
    try:
        agent.report(HOST)
    finally:
        event.remove(store.writer, "before_cursor_execute", note)
    assert said
    assert not [statement for statement in said if "agent_command" in statement]
