"""What agents say of services that lessons need: booked, shown, bounded."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from agents.protocol import HostReport, ServiceReport
from schoolops.core.clock import FixedClock
from schoolops.db.engine import Store
from schoolops.telemetry import booking, packing
from schoolops.telemetry.models import SAMPLES, rolled_hour, school_service
from tests.server.conftest import Agent, Api

PUSH = ServiceReport("apple-push", True, 21.5, None, None, "")


def rows(store: Store) -> list[Any]:
    sample = SAMPLES["service"].c
    with store.read() as connection:
        return list(
            connection.execute(
                select(school_service.c.name, sample.reachable, sample.connect_us, sample.error)
                .join(SAMPLES["service"], sample.record_id == school_service.c.id)
                .order_by(sample.observed_at, sample.seq)
            )
        )


def test_a_service_of_the_settings_is_made_with_its_first_report_and_kept(
    agent: Agent, store: Store
) -> None:
    agent.send(agent.batch([("service", PUSH), ("host", HostReport())]))
    agent.send(agent.batch([("service", PUSH._replace(reachable=False, error="no answer"))]))
    assert rows(store) == [
        ("apple-push", True, 21_500, ""),
        ("apple-push", False, 21_500, "no answer"),
    ]


def test_a_name_that_the_settings_do_not_know_makes_no_record_and_the_rest_is_booked(
    agent: Agent, store: Store
) -> None:
    acked = agent.send(agent.batch([("service", PUSH._replace(service="mine")), ("service", PUSH)]))
    assert acked["acked_seq"] == 2
    assert [row.name for row in rows(store)] == ["apple-push"]


def test_a_record_of_a_transaction_that_was_taken_back_is_not_remembered(
    agent: Agent, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.send(agent.batch([("host", HostReport())]))
    batch = agent.batch([("service", PUSH)])

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(booking.raw, "insert", fail)
        agent.send(batch, status=500)
    agent.send(batch)
    assert [row.name for row in rows(store)] == ["apple-push"]


def test_the_config_names_the_services_of_the_settings(agent: Agent) -> None:
    assert [tuple(one) for one in agent.config.services] == [
        ("apple-push", "courier.push.apple.com:5223")
    ]
    assert agent.config.services_every_s == 300


def test_prometheus_scrapes_it_until_three_rounds_are_missed(
    api: Api, agent: Agent, clock: FixedClock
) -> None:
    agent.send(agent.batch([("service", PUSH._replace(status=200))]))
    clock.advance(14 * 60)
    labels = '{school="164800",service="apple-push"}'
    text = api.call_raw("/metrics")
    assert f"schoolops_service_reachable{labels} 1\n" in text
    assert f"schoolops_service_connect_ms{labels} 21.5\n" in text
    assert f"schoolops_service_status{labels} 200\n" in text.replace("200.0", "200")
    clock.advance(2 * 60)
    assert "schoolops_service_" not in api.call_raw("/metrics")


def test_grafana_draws_it_and_hours_are_rolled_up(
    api: Api, agent: Agent, store: Store, clock: FixedClock
) -> None:
    for _ in range(6):
        agent.send(agent.batch([("service", PUSH)]))
        clock.advance(300)
    now = clock.now() // 1_000_000
    found = api.get(
        "/prometheus/api/v1/query_range", query="schoolops_service_connect_ms",
        start=str(now - 1500), end=str(now), step="300",
    )["data"]["result"]  # fmt: skip
    assert found[0]["metric"]["service"] == "apple-push"
    assert {value for _, value in found[0]["values"]} == {"21.5"}
    clock.advance(2 * 3600)
    for _ in range(20):
        packing.roll_up(store)
    with store.read() as connection:
        assert "service" in set(connection.scalars(select(rolled_hour.c.kind)))


def test_who_sees_another_school_alone_sees_no_service(
    api: Api, agent: Agent, two_schools: Any, token: Any
) -> None:
    agent.send(agent.batch([("service", PUSH)]))
    other = token("t", "viewer", schools=["164801"])
    assert "schoolops_service_" not in other.call_raw("/metrics")
