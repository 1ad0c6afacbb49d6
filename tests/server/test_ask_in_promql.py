"""What Prometheus scrapes and Grafana asks gets right answers, and no foreign school's.

What is only asked is asked in subtests: the measurements cost more than all questions.
"""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from fastapi.testclient import TestClient

from agents.protocol import DeviceReport, HostReport, UplinkReport
from schoolops.core.clock import FixedClock
from tests.peers import require
from tests.server.conftest import Agent, Api

MINUTE = 60
DEVICES = {"AP1": (10, 1000.0), "AP2": (20, 3000.0)}
"""Clients, and bytes a second received."""


@pytest.fixture
def school_day(api: Api, agent: Agent, clock: FixedClock) -> int:
    """An hour of minutes of two access points and a line; answers when it ended (Unix seconds)."""
    for key in DEVICES:
        api.create("access-points", serial=key, school="164800", management="snmp")
    api.create("uplinks", school="164800", name='line "1"', state="active", provider="Netz")
    clock.advance(3600 - clock.now() // 1_000_000 % 3600)
    for minute in range(60):
        clock.advance(MINUTE)
        agent.report(
            ("host", HostReport(cpu_percent=12.5)),
            ("uplink", UplinkReport('line "1"', loss_percent=0.5, reachable=True)),
            *(("device", DeviceReport(key, True, clients=clients + minute % 2,
                                      rx_bytes=int(rate * MINUTE * minute), source="snmp"))
              for key, (clients, rate) in DEVICES.items()),
        )  # fmt: skip
    return clock.now() // 1_000_000


def asked(api: Api, path: str, **params: Any) -> Any:
    answer = api.get(f"/prometheus/api/v1/{path}", **params)
    assert answer["status"] == "success"
    return answer["data"]


def values(found: Any) -> dict[str, list[float]]:
    return {
        one["metric"].get("device", ""): [float(v) for _, v in one["values"]]
        for one in found["result"]
    }


def test_an_instant_is_the_last_report(api: Api, school_day: int) -> None:
    found = asked(api, "query", query="schoolops_device_clients", time=school_day)
    assert found["resultType"] == "vector"
    assert {(one["metric"]["device"], one["value"][1]) for one in found["result"]} == {
        ("AP1", "11"), ("AP2", "21"),
    }  # fmt: skip
    assert found["result"][0]["metric"] == {
        "__name__": "schoolops_device_clients", "school": "164800", "device": "AP1",
        "kind": "access-point",
    }  # fmt: skip


def test_what_is_older_than_five_minutes_is_no_instant(api: Api, school_day: int) -> None:
    for later, wanted in ((299, 2), (301, 0)):
        found = asked(api, "query", query="schoolops_device_clients", time=school_day + later)
        assert len(found["result"]) == wanted


RANGES = [
    ('schoolops_device_clients{device="AP1"}', {"AP1": [10.4, 10.6]}),
    ('schoolops_device_clients{device=~"AP[2-9]"} * 2', {"AP2": [40.8, 41.2]}),
    ('schoolops_device_clients{device!="AP1"} > 20.5', {"AP2": [20.6]}),
    ("sum(schoolops_device_clients)", {"": [30.8, 31.2]}),
    ("max by (school) (schoolops_device_clients)", {"": [20.4, 20.6]}),
    ("count without (device) (schoolops_device_clients)", {"": [2, 2]}),
    ("rate(schoolops_device_rx_bytes_total[5m])", {"AP1": [1000] * 2, "AP2": [3000] * 2}),
    ("increase(schoolops_device_rx_bytes_total{device='AP1'}[10m])", {"AP1": [600_000] * 2}),
    ('schoolops_device_rx_bps{device="AP1"}', {"AP1": [8000] * 2}),
    ("min_over_time(schoolops_device_clients{device='AP1'}[30m])", {"AP1": [10, 10]}),
    ("max_over_time(schoolops_device_clients{device='AP1'}[30m])", {"AP1": [11, 11]}),
    ("avg_over_time(schoolops_device_clients{device='AP1'}[30m])", {"AP1": [10.5, 10.5]}),
    ("count_over_time(schoolops_device_clients{device='AP1'}[30m])", {"AP1": [30, 30]}),
    ("schoolops_device_clients / on (device) schoolops_device_clients",
     {"AP1": [1, 1], "AP2": [1, 1]}),
    ("1 + 1", {"": [2, 2]}),
    ("-round(schoolops_device_clients{device='AP1'})", {"AP1": [-10, -11]}),
]  # fmt: skip


def test_a_range_has_the_means_of_its_steps(
    api: Api, school_day: int, subtests: pytest.Subtests
) -> None:
    for query, wanted in RANGES:
        with subtests.test(query):
            found = asked(api, "query_range", query=query, start=school_day - 1200,
                          end=school_day - 900, step="5m")  # fmt: skip
            assert found["resultType"] == "matrix"
            got = values(found)
            assert got.keys() == wanted.keys()
            for key, numbers in wanted.items():
                assert got[key] == pytest.approx(numbers)


def test_grafana_s_requests_are_answered(api: Api, local: TestClient, school_day: int) -> None:
    """As its Prometheus data source sends them: the test of the connection, the query builder
    looking for names and labels, a panel."""
    base = "/v1/prometheus/api/v1"
    connection = local.post(f"{base}/query", data={"query": "1+1", "time": "1795507200.123"})
    assert connection.json()["data"]["result"] == [1795507200, "2"]
    params = {"start": school_day - 3600, "end": school_day}
    assert "school" in local.get(f"{base}/labels", params=params).json()["data"]
    names = local.get(f"{base}/label/__name__/values", params=params).json()["data"]
    assert {"schoolops_uplink_loss_percent", "schoolops_device_rx_bytes_total"} <= set(names)
    assert local.get(f"{base}/label/school/values").json()["data"] == ["164800"]
    series = local.get(f"{base}/series", params={"match[]": "schoolops_uplink_loss_percent"})
    assert series.json()["data"][0]["uplink"] == 'line "1"'
    assert local.get(f"{base}/metadata").json()["data"]["schoolops_device_clients"][0]["type"]
    panel = local.post(f"{base}/query_range", data={
        "query": 'schoolops_uplink_loss_percent{school="164800"}',
        "start": "2026-11-24T00:00:00Z", "end": str(school_day), "step": "15",
    })  # fmt: skip
    assert panel.status_code == 200
    assert panel.json()["data"]["result"][0]["metric"]["provider"] == "Netz"


REFUSED = [
    ("sum(", "no PromQL"),
    ("schoolops_nothing", "there is no series"),
    ("schoolops_device_rx_bytes_total", "ask for rate("),
    ("rate(schoolops_device_clients[5m])", "no counter"),
    ("histogram_quantile(0.9, schoolops_device_clients)", "not known here"),
    ("topk(3, schoolops_device_clients)", "not known here"),
    ('schoolops_device_clients{device=~"("}', "regex"),
    ("schoolops_device_clients @ 5", "not known here"),
    ("schoolops_device_clients + ignoring(device) schoolops_device_clients", "several series"),
]


def test_what_is_not_answered_is_refused_in_prometheus_form(
    api: Api, school_day: int, subtests: pytest.Subtests
) -> None:
    for query, words in REFUSED:
        with subtests.test(query):
            answer = api.get("/prometheus/api/v1/query", 400, query=query)
            assert answer["status"] == "error"
            assert words in answer["error"]


@pytest.mark.parametrize(
    "query",
    [
        "(" * 4000 + "1" + ")" * 4000,
        "1" + "+1" * 4500,
        "1" + "^1" * 4500,
        "sum(" * 1900 + "a" + ")" * 1900,
    ],
    ids=["brackets", "sum", "powers", "sums"],
)
def test_an_expression_of_thousands_of_parts_ends_no_server(api: Api, query: str) -> None:
    """The parser's stack is not endless, and whoever may look shall not be able to stop it."""
    refused = api.get("/prometheus/api/v1/query", 400, query=query)
    assert "ask in parts" in refused["error"]


def test_the_longest_expressions_that_are_taken_are_answered(api: Api) -> None:
    assert asked(api, "query", query="1" + "+1" * 490)["result"][1] == "491"
    assert asked(api, "query", query="(" * 490 + "1" + ")" * 490)["result"][1] == "1"


def test_what_stands_in_quotation_marks_may_be_long(api: Api, school_day: int) -> None:
    many = "|".join(str(number) for number in range(164800, 165400))
    found = asked(api, "query", query=f'schoolops_device_clients{{school=~"{many}"}}',
                  time=school_day)  # fmt: skip
    assert len(found["result"]) == 2


NO_NUMBERS = [
    ("round(schoolops_device_clients / 0)", "+Inf"),
    ("floor(schoolops_device_clients * (0 / 0))", "NaN"),
    ("schoolops_device_clients / 0 % 2", "NaN"),
    ("schoolops_device_clients ^ 400 * -1", "-Inf"),
]


def test_what_is_no_number_is_answered_in_prometheus_words(
    api: Api, school_day: int, subtests: pytest.Subtests
) -> None:
    for query, wanted in NO_NUMBERS:
        with subtests.test(query):
            found = asked(api, "query", query=query, time=school_day)["result"]
            assert [one["value"][1] for one in found] == [wanted] * 2


NO_TIMES = [{"start": "noon"}, {"end": "0"}, {"step": "0"}, {"step": "-5m"}, {"start": "1e300"},
 {"start": "0", "step": "1"}, {"start": "nan"}]  # fmt: skip


def test_a_time_that_is_none_is_refused(
    api: Api, school_day: int, subtests: pytest.Subtests
) -> None:
    params = {"query": "1", "start": str(school_day - 60), "end": str(school_day), "step": "15"}
    for wrong in NO_TIMES:
        with subtests.test(wrong=wrong):
            assert api.get("/prometheus/api/v1/query_range", 400, **params | wrong)["error"]


def test_promtool_accepts_what_is_scraped(api: Api, school_day: int) -> None:
    promtool = require("promtool", "prometheus")
    text = api.call_raw("/metrics")
    assert 'schoolops_uplink_loss_percent{school="164800",uplink="line \\"1\\""' in text
    assert 'schoolops_device_clients{school="164800",device="AP2",kind="access-point"} 21' in text
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_what_is_stale_is_not_scraped(api: Api, school_day: int, clock: FixedClock) -> None:
    clock.advance(3600)
    assert "schoolops_device_clients{" not in api.call_raw("/metrics")


def test_a_person_of_another_school_is_shown_nothing(
    api: Api, remote: TestClient, school_day: int
) -> None:
    api.create("schools", number="164801", name="Andere Schule")
    token = api.post("/tokens", {"name": "o", "role": "school-admin", "schools": ["164801"]}, 201)
    other = Api(remote, token["token"])
    assert asked(other, "query", query="schoolops_device_clients", time=school_day) == {
        "resultType": "vector", "result": [],
    }  # fmt: skip
    assert asked(other, "label/school/values") == []
    assert "164800" not in other.call_raw("/metrics")
