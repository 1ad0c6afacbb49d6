"""A database that is read-only, full or away: 503, never an acknowledgement, and well again by
itself."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, event, func, select

from agents import protocol
from schoolops.client._launch import answers
from schoolops.core import paths
from schoolops.core.settings import load_settings
from schoolops.db.engine import Store
from schoolops.migrations import prepare
from schoolops.server.app import Door, make_app
from schoolops.telemetry.models import SAMPLES
from tests.peers import missing
from tests.peers.postgres import Cluster, binaries, run, start, wait_until_ready
from tests.server.conftest import SCHOOL, Agent, Api

HOST = protocol.HostReport(load_1=0.5)
DATABASE_WAIT = "30"


def refused(answer: httpx.Response, code: str) -> None:
    """503 with a time to come again, in the form that agents and screens understand."""
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == code
    assert answer.headers["retry-after"] == DATABASE_WAIT


def post(agent: Agent, batch: protocol.Batch) -> httpx.Response:
    return agent.client.post(
        protocol.REPORT_PATH,
        content=protocol.encode_batch(batch),
        headers={"Authorization": f"Bearer {agent.secret}"},
    )


def booked(store: Store) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(SAMPLES["host"])) or 0


@contextmanager
def read_only(store: Store, cluster: Cluster | None) -> Iterator[None]:
    """As after a failover to a standby, or on a disk that the kernel has remounted."""
    if cluster is None:

        @event.listens_for(store.writer, "begin", insert=True)
        def forbid(connection: Connection) -> None:
            connection.exec_driver_sql("PRAGMA query_only=ON")

        yield
        event.remove(store.writer, "begin", forbid)
        store.writer.dispose()
        return
    name = store.writer.url.database
    cluster.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store.writer.dispose()
    yield
    cluster.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    store.writer.dispose()


def test_a_file_that_another_program_holds_acknowledges_nothing_and_shows(
    api: Api, agent: Agent, store: Store
) -> None:
    if store.is_postgresql:
        pytest.skip("it has locks of its own, that no program keeps for all")

    @event.listens_for(store.writer, "begin", insert=True)
    def impatient(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")

    api.create("schools", **(SCHOOL | {"number": "164801"}))
    browser = sqlite3.connect(store.file, isolation_level=None)
    browser.execute("BEGIN EXCLUSIVE")
    refused(api.client.post("/v1/schools", json={"values": SCHOOL}, headers=api.headers),
            "database.locked")  # fmt: skip
    batch = agent.batch([("host", HOST)])
    refused(post(agent, batch), "database.locked")
    refused(api.client.get("/v1/health"), "database.locked")
    assert api.get("/schools/count")["count"] == 2
    browser.execute("ROLLBACK")
    browser.close()
    assert api.get("/health")["ok"] is True
    assert post(agent, batch).json()["acked_seq"] == batch.last_seq
    assert booked(store) == 1


def test_a_database_that_is_read_only_acknowledges_nothing_and_shows(
    api: Api, agent: Agent, store: Store, request: pytest.FixtureRequest
) -> None:
    cluster = request.getfixturevalue("postgres_cluster") if store.is_postgresql else None
    batch = agent.batch([("host", HOST)])
    assert api.get("/health") == {"ok": True, "database": store.dialect}
    with read_only(store, cluster):
        refused(post(agent, batch), "database.read_only")
        refused(api.client.get("/v1/health"), "database.read_only")
        refused(
            api.client.post("/v1/rooms", json={"values": {"school": "164800", "name": "9"}}),
            "database.read_only",
        )
        assert api.get("/schools")["rows"], "reading goes on"
    assert api.get("/health")["ok"] is True
    assert post(agent, batch).json()["acked_seq"] == batch.last_seq
    assert booked(store) == 1


@pytest.fixture
def away(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cluster, Any]]:
    """A PostgreSQL of one's own, and its process, for the test to stop."""
    bin_folder = binaries()
    if bin_folder is None:
        missing("PostgreSQL is not installed (Debian package postgresql)")
        raise AssertionError("missing() returned")
    folder = Path(tempfile.mkdtemp(prefix="so-pg-"))
    server, cluster = start(bin_folder, folder)
    running = [server]
    try:
        wait_until_ready(server, cluster, 30)
        monkeypatch.setenv("SCHOOLOPS_DATABASE__URL", cluster.url("postgres"))
        paths.ensure_home(home)
        yield cluster, running
    finally:
        running[-1].send_signal(signal.SIGINT)
        running[-1].wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_postgresql_that_is_stopped_and_started_again_has_lost_nothing(
    away: tuple[Cluster, Any], clock: Any
) -> None:
    cluster, running = away
    settings = load_settings()
    prepare(settings)
    store = Store.open(settings, clock)
    app = make_app(store, background=False)
    with TestClient(Door(app, local=True), raise_server_exceptions=False) as local:
        api = Api(local)
        api.create("schools", **SCHOOL)
        code = api.post("/agents/invite", {"school": "164800"}, 201)["code"]
        joined = local.post(protocol.JOIN_PATH, json={"code": code, "version": "1"}).json()
        agent = Agent(local, clock, joined)
        first = agent.batch([("host", HOST)])
        assert post(agent, first).json()["acked_seq"] == first.last_seq
        running[-1].send_signal(signal.SIGINT)
        running[-1].wait(30)
        second = agent.batch([("host", HOST)], first=first.last_seq + 1)
        refused(post(agent, second), "database.away")
        refused(local.get("/v1/health"), "database.away")
        refused(local.get("/v1/schools"), "database.away")
        running.append(run(cluster))
        wait_until_ready(running[-1], cluster, 30)
        assert post(agent, second).json()["acked_seq"] == second.last_seq
        assert api.get("/health")["ok"] is True
        assert booked(store) == 2
    store.close()


IN_A_SMALL_ROOM = (
    'mount -t tmpfs -o size=6m tmpfs "$1" && exec "$2" -m schoolops.cli serve --port 0'
)


def test_a_disk_that_runs_full_under_sqlite_is_told_and_over_when_there_is_room(
    home: Path,
) -> None:
    """A real file system of six megabytes under a real server."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        missing("no mount namespaces here")
    home.mkdir(mode=0o700)
    server = subprocess.Popen(
        ["unshare", "-rm", "sh", "-c", IN_A_SMALL_ROOM, "-", str(home), sys.executable],
        stderr=subprocess.DEVNULL,
    )
    try:
        with _client(home) as client:
            client.post("/v1/schools", json={"values": SCHOOL}).raise_for_status()
            assert client.get("/v1/health").status_code == 200
            filler = Path(f"/proc/{server.pid}/root{home}/filler")
            try:
                with filler.open("wb") as file:
                    while True:
                        file.write(b"x" * 4096)
                        file.flush()
            except OSError:
                pass  # not a byte is left
            tried = [
                client.post("/v1/rooms", json={"values": {"school": "164800", "name": str(n)}})
                for n in range(40)
            ]
            last = tried[-1]
            refused(last, "database.full")
            refused(client.get("/v1/health"), "database.full")
            assert client.get("/v1/schools").status_code == 200
            filler.unlink()
            assert client.get("/v1/health").status_code == 200
            kept = sum(answer.status_code == 201 for answer in tried)
            assert client.get("/v1/rooms/count").json()["count"] == kept
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def _client(home: Path) -> Iterator[httpx.Client]:
    path = paths.socket_path(home)
    end = time.monotonic() + 30
    while not answers(path):
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.05)
    with httpx.Client(
        transport=httpx.HTTPTransport(uds=str(path)), base_url="http://local", timeout=40
    ) as client:
        yield client
