"""Agents join by a one-time code and report; what is wrong is refused, and the server lives on."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from agents import protocol
from agents.protocol import DeviceReport, DiscoveredReport, HostReport, UplinkReport
from schoolops.core.clock import FixedClock
from schoolops.db.engine import Store
from schoolops.telemetry import booking
from schoolops.telemetry.models import SAMPLES
from tests.server.conftest import Agent, Api

HOST = ("host", HostReport(cpu_percent=3.0))


def count(store: Store, table: str = "host") -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(SAMPLES[table])) or 0


@pytest.fixture
def access_point(api: Api, room: Any) -> Any:
    return api.create(
        "access-points",
        serial="AP1",
        name="AP-2.14",
        school="164800",
        room="164800/2.14",
        address="127.0.0.9",
        management="snmp",
        macs="02:00:00:00:00:01",
    )


# --- joining --------------------------------------------------------------------------------


def join(remote: TestClient, code: str) -> Any:
    return remote.post(protocol.JOIN_PATH, json={"code": code, "version": "0.1.0"})


def test_a_code_is_good_once_and_however_it_is_typed(
    api: Api, remote: TestClient, school: Any
) -> None:
    code = api.post("/agents/invite", {"school": "164800"}, 201)["code"]
    typed = code.lower().replace("-", " ")
    assert join(remote, typed).json()["school"] == "164800"
    again = join(remote, code)
    assert again.status_code == 401
    assert again.json()["code"] == "agent.code"


def test_a_wrong_an_expired_and_a_revoked_code_are_refused(
    api: Api, remote: TestClient, school: Any, clock: FixedClock
) -> None:
    assert join(remote, "AAAA-BBBB-CCCC").status_code == 401
    invited = api.post("/agents/invite", {"school": "164800"}, 201)
    api.post(f"/agents/{invited['agent']}/revoke", {"reason": "lost"}, 204)
    assert join(remote, invited["code"]).status_code == 401
    late = api.post("/agents/invite", {"school": "164800"}, 201)
    clock.advance(80 * 3600)
    assert "expired" in join(remote, late["code"]).json()["detail"]


def test_the_config_names_what_is_to_be_read_with_its_login(
    api: Api, agent: Agent, access_point: Any
) -> None:
    api.create("credentials", name="snmp", kind="snmp-v2c")
    api.call("PUT", "/credentials/snmp/secret", 204, json={"secret": "c0mmunity"})
    api.edit("devices", access_point, credential="snmp")
    api.create("uplinks", school="164800", name="line1", state="active")
    headers = {"Authorization": f"Bearer {agent.secret}"}
    answer = agent.client.get(protocol.CONFIG_PATH, headers=headers)
    config = protocol.config_from_json(answer.json())
    assert [(t.device, t.community) for t in config.targets] == [("AP1", "c0mmunity")]
    assert [u.uplink for u in config.uplinks] == ["line1"]
    again = agent.client.get(
        protocol.CONFIG_PATH, headers=headers | {"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


def test_a_revoked_agent_is_refused_at_once(api: Api, agent: Agent) -> None:
    agent.report(HOST)
    api.post(f"/agents/{agent.id}/revoke", {"reason": "stolen"}, 204)
    assert agent.send(agent.batch([HOST]), 401)["code"] == "agent.revoked"


# --- reporting ------------------------------------------------------------------------------


def test_a_report_is_acknowledged_and_known_at_once(
    api: Api, agent: Agent, access_point: Any, store: Store
) -> None:
    ack = agent.report(HOST, ("device", DeviceReport("AP1", True, clients=12, source="snmp")))
    assert ack["acked_seq"] == 2
    latest = api.get("/devices/AP1/latest")
    assert latest["values"]["clients"] == 12
    assert latest["freshness"] == "fresh"
    row = api.get("/access-points", columns="observed,freshness")["rows"][0]
    assert row[5] == "fresh"
    assert api.get("/agents", columns="state,reports")["rows"][0][4:] == ["active", 2]


def test_a_repeated_batch_is_acknowledged_and_not_counted_twice(agent: Agent, store: Store) -> None:
    batch = agent.batch([HOST] * 5)
    agent.send(batch)
    assert agent.send(batch)["acked_seq"] == 5
    assert count(store) == 5


def test_of_an_overlapping_batch_only_the_new_is_booked(agent: Agent, store: Store) -> None:
    agent.send(agent.batch([HOST] * 5))
    assert agent.send(agent.batch([HOST] * 6, first=3))["acked_seq"] == 8
    assert count(store) == 8


def test_a_batch_from_the_future_is_refused_with_the_number_to_go_on(agent: Agent) -> None:
    agent.send(agent.batch([HOST] * 5))
    problem = agent.send(agent.batch([HOST], first=9), 409)
    assert problem["code"] == "report.out_of_order"
    assert problem["acked_seq"] == 5


def test_a_gap_that_the_agent_owns_up_to_is_counted_as_lost(api: Api, agent: Agent) -> None:
    agent.send(agent.batch([HOST] * 5))
    assert agent.send(agent.batch([HOST], first=9, lost=3))["acked_seq"] == 9
    assert api.get("/agents", columns="reports,dropped")["rows"][0][4:] == [6, 3]


def test_each_boot_counts_for_itself(agent: Agent, store: Store) -> None:
    agent.send(agent.batch([HOST] * 3, boot="one"))
    agent.send(agent.batch([HOST] * 3, boot="two", first=1))
    assert count(store) == 6


def test_an_agent_speaks_for_its_own_school_alone(api: Api, agent: Agent, store: Store) -> None:
    api.create("schools", number="164801", name="Andere Schule")
    api.create("access-points", serial="FAR", school="164801", management="snmp")
    agent.report(("device", DeviceReport("FAR", True)), ("device", DeviceReport("NOBODY", True)))
    assert api.get("/devices/FAR/latest")["freshness"] == "never"
    assert count(store, "device") == 0


def test_a_small_clock_error_is_corrected_and_shown(
    api: Api, agent: Agent, clock: FixedClock
) -> None:
    batch = agent.batch([HOST])
    clock.advance(120)
    agent.send(batch)
    assert api.get("/agents", columns="clock_offset_ms")["rows"][0][4] == 120_000
    latest = api.get(f"/agents/{agent.id}/latest")
    assert latest["observed"] == latest["received"]


def test_a_clock_that_is_an_hour_off_is_refused_with_the_right_time(
    agent: Agent, clock: FixedClock, store: Store
) -> None:
    batch = agent.batch([HOST])
    clock.advance(3600)
    problem = agent.send(batch, 409)
    assert problem["code"] == "report.clock"
    assert problem["server_time"] == clock.now()
    assert "3600 s slow" in problem["detail"]
    assert count(store) == 0


def test_late_reports_land_in_their_own_time_and_do_not_replace_newer_facts(
    api: Api, agent: Agent, clock: FixedClock, access_point: Any
) -> None:
    old = clock.now()
    clock.advance(600)
    agent.report(("device", DeviceReport("AP1", True, clients=20)))
    row = protocol.Row(agent.seq + 1, old, "device", tuple(DeviceReport("AP1", True, clients=3)))
    agent.send(protocol.make_batch(agent.id, "b1", [row], 0, clock.now()))
    assert api.get("/devices/AP1/latest")["values"]["clients"] == 20
    series = api.get("/devices/AP1/series", metric="clients", since=3600)
    assert series["values"] == [3, 20]
    assert series["times"][1] - series["times"][0] == 600


def test_counters_become_rates_and_a_reset_is_no_traffic(
    api: Api, agent: Agent, clock: FixedClock, access_point: Any
) -> None:
    for counted in (1_000_000, 8_500_000, 5_000, 755_000):
        clock.advance(60)
        agent.report(("device", DeviceReport("AP1", True, rx_bytes=counted)))
    series = api.get("/devices/AP1/series", metric="rx_bps", since=3600)
    assert series["values"] == [1_000_000.0, 100_000.0]
    assert series["unit"] == "bit/s"


def test_unknown_devices_are_offered_once_and_adopted(api: Api, agent: Agent) -> None:
    found = DiscoveredReport("127.0.0.77", "02:00:00:00:00:77", "sw-77", "Switch", "switch", "S77")
    agent.report(("discovered", found))
    agent.report(("discovered", found))
    rows = api.get("/discovered")["rows"]
    assert len(rows) == 1
    adopted = api.post(f"/discovered/{rows[0][0]}/adopt", {"values": {"model": "X"}}, 201)
    assert adopted["key"] == "S77"
    assert adopted["values"]["address"] == "127.0.0.77"
    assert api.get("/discovered/count")["count"] == 0


# --- garbage --------------------------------------------------------------------------------


def test_garbage_is_refused_and_the_server_lives_on(agent: Agent, store: Store) -> None:
    good = json.loads(protocol.encode_batch(agent.batch([HOST, ("uplink", UplinkReport("l"))])))
    bodies = [
        b"garbage",
        gzip.compress(b"garbage"),
        gzip.compress(b"[]"),
        gzip.compress(b"[" * 100_000),
        gzip.compress(protocol.encode_batch(agent.batch([HOST])))[:-9],
        *(
            gzip.compress(json.dumps(bad).encode())
            for bad in (
                good | {"tables": {}},
                good | {"tables": {"nothing": {"seq": [1], "observed_at": [1]}}},
                good | {"tables": {"host": {"seq": [1, 2], "observed_at": [1]}}},
                good | {"tables": {"host": {"seq": [1], "observed_at": [1], "sql": ["x"]}}},
                good | {"tables": {"host": {"seq": ["1"], "observed_at": [1]}}},
                good
                | {"tables": {"host": {"seq": [1], "observed_at": [1], "cpu_percent": ["hot"]}}},
                good | {"tables": {"host": {"seq": [1], "observed_at": [2**70]}}},
                # PostgreSQL has neither such numbers nor such texts.
                good | {"tables": {"host": {"seq": [1], "observed_at": [1], "rx_bytes": [1e300]}}},
                good | {"tables": {"device": {"seq": [1], "observed_at": [1], "error": ["\0"]}}},
                good | {"boot": "\0"},
                good | {"first_seq": 1, "last_seq": 10**15},
                good | {"version": 99},
                good | {"agent": "01a20f00-0000-7000-8000-000000000000"},
            )
        ),
    ]
    for body in bodies:
        answer = agent.send_bytes(body, 422)
        assert answer["code"].startswith("report."), answer
    assert count(store) == 0
    agent.seq = 0
    assert agent.report(HOST)["acked_seq"] == 1


def test_a_gzip_bomb_is_refused(agent: Agent) -> None:
    bomb = gzip.compress(b"\0" * (protocol.MAX_JSON_BYTES + 1000), 9)
    assert len(bomb) < protocol.MAX_BODY_BYTES
    assert agent.send_bytes(bomb, 413)["code"] == "request.too_large"


def test_a_body_that_is_too_large_is_refused(agent: Agent) -> None:
    agent.send_bytes(b"\0" * (protocol.MAX_BODY_BYTES + 1), 413)


def test_a_wrong_secret_is_refused(agent: Agent) -> None:
    assert agent.send(agent.batch([HOST]), 401, secret="soa_wrong")["code"] == "auth.required"


def test_a_value_that_cannot_be_is_left_out_and_counted_and_the_rest_is_booked(
    api: Api, agent: Agent, access_point: Any, store: Store
) -> None:
    agent.report(
        ("host", HostReport(cpu_percent=300.0, memory_used_percent=40.0)),
        ("device", DeviceReport("AP1", True, rx_bytes=10**300, clients=-3, temperature_c=1e308)),
        ("device", DeviceReport("AP1", True, rx_bytes=2**63 - 1, tx_bytes=2**63)),
    )
    assert api.get(f"/agents/{agent.id}/latest")["values"] == {"memory_used_percent": 40.0}
    assert api.get("/devices/AP1/latest")["values"] == {"reachable": True, "rx_bytes": 2**63 - 1}
    assert api.get("/agents", columns="implausible")["rows"][0][4] == 5


def test_an_agent_learns_of_a_new_config_when_a_record_it_is_made_of_changed(
    api: Api, agent: Agent, access_point: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking, "LOOK_EVERY_S", 0.0)
    before = agent.report(HOST)["config_etag"]
    assert agent.report(HOST)["config_etag"] == before
    api.edit("devices", access_point, address="127.0.0.10")
    after = agent.report(HOST)["config_etag"]
    assert after != before
    api.create("uplinks", school="164800", name="line1", state="active")
    assert agent.report(HOST)["config_etag"] not in (before, after)


def test_a_long_silence_that_ends_is_told_in_graphs_of_every_grain(
    api: Api, agent: Agent, clock: FixedClock, access_point: Any
) -> None:
    agent.report(("device", DeviceReport("AP1", True, clients=3)))
    clock.advance(20 * 24 * 3600)
    agent.report(("device", DeviceReport("AP1", True, clients=5)))
    month = 30 * 24 * 3600
    for step, length in (("1h", 3600), ("1d", 86_400), (None, 3600)):
        params = {"metric": "clients", "since": month} | ({"step": step} if step else {})
        found = api.get("/devices/AP1/series", **params)
        assert (found["values"], found["step_s"]) == ([3, 5], length)
        assert found["least"] == found["most"] == [3, 5]
    assert api.get("/devices/AP1/series", metric="clients", since=month, until=86_400,
                   step="1h")["values"] == [3]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"metric": "magic"}, "there is no metric 'magic'"),
        ({"metric": "clients", "since": 60, "until": 60}, "ends before it begins"),
        ({"metric": "clients", "since": 30 * 86_400, "step": "raw"}, "too fine"),
    ],
)
def test_a_graph_that_cannot_be_drawn_is_refused_in_words(
    api: Api, access_point: Any, params: dict[str, Any], words: str
) -> None:
    assert words in api.get("/devices/AP1/series", 422, **params)["detail"]
