"""While changes are frozen, or exams are written, no agent is upgraded."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from agents.protocol import HostReport
from schoolops.alerts.freezes import why_frozen
from schoolops.core.clock import FixedClock
from schoolops.db.engine import Store
from schoolops.estate.models import TABLES
from schoolops.fleet import releases
from schoolops.telemetry import booking
from tests.server.conftest import Agent, Api
from tests.server.test_offer_releases import archive, ask

HOST = ("host", HostReport(cpu_percent=3.0))


@pytest.fixture(autouse=True)
def on_offer(store: Store, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booking, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(booking, "KNOWN_FOR_S", 0.0)
    releases.offer(store.settings.home, archive("9.0"), None, 1)
    agent.report(HOST)


def freeze(api: Api, clock: FixedClock, **given: Any) -> Any:
    end = dt.datetime.fromtimestamp(clock.now() / 1e6 + 86_400, dt.UTC)
    body = {"kind": "freeze", "reason": "Abitur", "ends": end.isoformat()}
    return api.post("/windows", body | {"school": "164800"} | given, 201)


def end(api: Api, made: Any) -> None:
    assert api.client.delete(f"/v1/windows/{made['id']}", headers=api.headers).status_code == 204


def sent(agent: Agent) -> list[str]:
    return [command["kind"] for command in agent.report(HOST)["commands"]]


def test_an_upgrade_is_refused_and_what_changes_nothing_is_not(
    api: Api, agent: Agent, clock: FixedClock
) -> None:
    made = freeze(api, clock)
    refused = ask(api, agent, 409)
    assert refused["code"] == "changes.frozen"
    assert "frozen here: Abitur" in refused["detail"]
    api.post(f"/agents/{agent.id}/commands", {"kind": "diagnostics", "arguments": {}}, 201)
    assert sent(agent) == ["diagnostics"]
    end(api, made)
    ask(api, agent)
    assert sorted(sent(agent)) == ["diagnostics", "upgrade"]


def test_an_upgrade_that_waits_goes_out_when_the_freeze_is_over(
    api: Api, agent: Agent, clock: FixedClock
) -> None:
    ask(api, agent)
    made = freeze(api, clock, school=None)
    assert sent(agent) == []
    end(api, made)
    assert sent(agent) == ["upgrade"]


def test_a_room_that_is_frozen_holds_itself_and_what_concerns_the_whole_school(
    api: Api, agent: Agent, store: Store, clock: FixedClock
) -> None:
    rooms = [api.create("rooms", school="164800", name=name)["id"] for name in ("1.01", "1.02")]
    freeze(api, clock, room="1.01")
    ask(api, agent, 409)
    with store.read() as connection:
        table = TABLES["room"].c
        first, second = (
            connection.execute(select(table.id).where(table.uid == uid)).scalar_one()
            for uid in rooms
        )
        school = connection.execute(select(table.school_id).where(table.id == first)).scalar_one()
        assert why_frozen(connection, school, clock.now(), first)
        assert not why_frozen(connection, school, clock.now(), second)


def test_a_day_of_exams_holds_it_as_well(api: Api, agent: Agent, clock: FixedClock) -> None:
    today = dt.datetime.fromtimestamp(clock.now() / 1e6, dt.UTC).date().isoformat()
    body = {"kind": "exam", "first": today, "last": today, "note": "ZP10 Deutsch"}
    api.post("/schools/164800/calendar/days", body, 201)
    assert "there are exams today: ZP10 Deutsch" in ask(api, agent, 409)["detail"]
    clock.advance(86_400)
    ask(api, agent)
