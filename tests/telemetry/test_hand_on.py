"""The newest measurements reach a real Prometheus by remote write."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert, select, update

from inventory.kinds import KINDS
from schoolops.core.clock import FixedClock
from schoolops.core.ids import uuid7
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.estate.models import TABLES, observation
from schoolops.estate.service import Inventory
from schoolops.telemetry.remote_write import send_newest
from tests.peers import missing
from tests.peers.postgres import free_port

ADMIN = Actor.of("anna", "authority-admin")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus (Debian's) that takes remote write."""
    program = shutil.which("prometheus")
    if program is None:
        missing("prometheus")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    config = folder / "prometheus.yml"
    config.write_text("global: {}\n")
    process = subprocess.Popen(
        [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
         f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"{url}/-/ready", trust_env=False).is_success:
                    break
            except httpx.HTTPError:
                pass
            assert time.monotonic() < until, "Prometheus does not start"
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def line(store: Store, clock: FixedClock) -> int:
    """A line with fresh facts, now."""
    clock.value = time.time_ns() // 1000 - 60_000_000
    at = {"school": "164800"}
    with store.write(ADMIN) as unit:
        make = Inventory(unit).create
        make(KINDS["school"], {"number": "164800", "name": "Schule"})
        make(
            KINDS["uplink"],
            at | {"name": f"line{uuid7()}", "state": "active", "provider": 'Müller "Netz"'},
        )
        uplinks = TABLES["uplink"]
        record: int = unit.connection.execute(select(uplinks.c.id)).scalar_one()
        unit.connection.execute(
            insert(observation),
            {"kind": "uplink", "record_id": record, "observed_at": unit.now, "source": "t",
             "received_at": unit.now, "fresh_until": unit.now + 10**9,
             "facts": json.dumps({"connect_ms": 12.5, "reachable": True})},
        )  # fmt: skip
    return record


def name_of(store: Store) -> str:
    with store.read() as connection:
        return str(connection.execute(select(TABLES["uplink"].c.name)).scalar_one())


def asked(url: str, query: str) -> list[tuple[dict[str, str], float, str]]:
    answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, trust_env=False).json()
    return [
        (one["metric"], one["value"][0], one["value"][1]) for one in answer["data"]["result"]
    ]  # fmt: skip


def test_values_arrive_under_their_names_once_each(
    prometheus: str, store: Store, clock: FixedClock, line: int, caplog: pytest.LogCaptureFixture
) -> None:
    store.settings.telemetry.remote_write_url = f"{prometheus}/api/v1/write"
    send_newest(store)
    series = f'schoolops_uplink_connect_ms{{uplink="{name_of(store)}"}}'
    ((labels, _, value),) = asked(prometheus, series)
    assert value == "12.5"
    assert labels == {"__name__": "schoolops_uplink_connect_ms", "school": "164800",
                      "uplink": name_of(store), "provider": 'Müller "Netz"'}  # fmt: skip
    assert asked(prometheus, series.replace("connect_ms", "reachable"))[0][2] == "1"
    clock.advance(30)
    with store.write() as unit:
        facts = json.dumps({"connect_ms": 20.0})
        unit.connection.execute(update(observation).values(observed_at=unit.now, facts=facts))
    send_newest(store)
    send_newest(store)
    counted = asked(prometheus, f"count_over_time({series}[5m])")
    assert [value for _, _, value in counted] == ["2"]
    assert caplog.text == ""


def test_a_system_that_is_away_is_told_once_and_tried_again(
    prometheus: str, store: Store, line: int, caplog: pytest.LogCaptureFixture
) -> None:
    store.settings.telemetry.remote_write_url = f"http://127.0.0.1:{free_port()}/api/v1/write"
    send_newest(store)
    send_newest(store)
    assert caplog.text.count("are not handed on") == 1
    store.settings.telemetry.remote_write_url = f"{prometheus}/api/v1/write"
    send_newest(store)
    series = f'schoolops_uplink_connect_ms{{uplink="{name_of(store)}"}}'
    assert len(asked(prometheus, series)) == 1


def test_only_one_server_hands_on(store: Store, line: int, prometheus: str, home: Path) -> None:
    store.settings.telemetry.remote_write_url = f"{prometheus}/api/v1/write"
    send_newest(store)
    second = Store.open(store.settings, store.clock)
    try:
        with store.write() as unit:
            unit.connection.execute(update(observation).values(observed_at=unit.now + 1000))
        second.settings.telemetry.remote_write_url = f"http://127.0.0.1:{free_port()}/x"
        send_newest(second)  # it would fail loudly
    finally:
        second.close()
