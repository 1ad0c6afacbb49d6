"""The application over a real store, called as the local administrator, by token or as an agent."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from agents import protocol
from schoolops.core.clock import FixedClock
from schoolops.db.engine import Store
from schoolops.server.app import Door, make_app

SCHOOL = {
    "number": "164800",
    "name": "Große Schule am Rhein",
    "form": "20",
    "authority": "10042",
    "municipality": "111000",
}


class Api:
    """Calls as a person: short, and insisting on the status."""

    def __init__(self, client: TestClient, token: str | None = None) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = self.client.request(method, f"/v1{path}", headers=self.headers, **more)
        assert answer.status_code == status, answer.text
        if status == 204:
            assert answer.content == b"", "an answer without content has none"
        return answer.json() if answer.content else None

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        return self.call("GET", path, status, params=params)

    def call_raw(self, path: str) -> str:
        answer = self.client.get(f"/v1{path}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, body: Any = None, status: int = 200, **params: Any) -> Any:
        return self.call("POST", path, status, json=body, params=params)

    def create(self, plural: str, status: int = 201, **values: Any) -> Any:
        return self.post(f"/{plural}", {"values": values}, status)

    def edit(self, plural: str, record: Any, status: int = 200, **values: Any) -> Any:
        body = {"version": record["version"], "values": values}
        return self.call("PATCH", f"/{plural}/{record['id']}", status, json=body)

    def upload(self, plural: str, name: str, data: bytes, status: int = 200, **params: Any) -> Any:
        return self.call(
            "POST", f"/{plural}/import", status, content=data, params={"filename": name, **params}
        )


@pytest.fixture
def application(store: Store) -> Any:
    return make_app(store, background=False)


@pytest.fixture
def local(application: Any) -> Iterator[TestClient]:
    with TestClient(Door(application, local=True), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def api(local: TestClient) -> Api:
    """The computer's own user."""
    return Api(local)


@pytest.fixture
def remote(application: Any, local: TestClient) -> TestClient:
    """Somebody on the network; the application runs by `local`."""
    return TestClient(Door(application, local=False), raise_server_exceptions=False)


@pytest.fixture
def school(api: Api) -> Any:
    return api.create("schools", **SCHOOL)


@pytest.fixture
def room(api: Api, school: Any) -> Any:
    return api.create("rooms", school="164800", name="2.14", kind="classroom")


@pytest.fixture
def two_schools(api: Api, room: Any) -> None:
    api.create("schools", number="164801", name="Andere Schule", authority="70000")
    api.create("ipads", serial="OURS", school="164800")
    api.create("ipads", serial="THEIRS", school="164801")
    for number in ("164800", "164801"):
        api.create("contacts", school=number, role="head", name=f"Head {number}")


@pytest.fixture
def token(api: Api, remote: TestClient) -> Any:
    def make(name: str, role: str, **scope: Any) -> Api:
        made = api.post("/tokens", {"name": name, "role": role, **scope}, 201)
        return Api(remote, made["token"])

    return make


class Agent:
    """An agent as the wire sees it."""

    def __init__(self, client: TestClient, clock: FixedClock, joined: Any) -> None:
        self.client, self.clock = client, clock
        self.id, self.secret = joined["agent"], joined["secret"]
        self.config = protocol.config_from_json(joined["config"])
        self.seq = 0

    def batch(
        self, reports: list[tuple[str, Any]], boot: str = "b1", lost: int = 0, first: int = 0
    ) -> protocol.Batch:
        """Consecutive rows, numbered on from the last batch."""
        start = first or self.seq + 1
        now = self.clock.now()
        rows = [
            protocol.Row(start + i, now, table, tuple(report))
            for i, (table, report) in enumerate(reports)
        ]
        self.seq = rows[-1].seq
        return protocol.make_batch(self.id, boot, rows, lost, now)

    def send(self, batch: protocol.Batch, status: int = 200, secret: str | None = None) -> Any:
        return self.send_bytes(gzip.compress(protocol.encode_batch(batch)), status, secret)

    def send_bytes(self, body: bytes, status: int = 200, secret: str | None = None) -> Any:
        answer = self.client.post(
            protocol.REPORT_PATH,
            content=body,
            headers={
                "Authorization": f"Bearer {secret or self.secret}",
                "Content-Encoding": "gzip",
            },
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def report(self, *reports: tuple[str, Any], **more: Any) -> Any:
        return self.send(self.batch(list(reports), **more))


@pytest.fixture
def agent(api: Api, remote: TestClient, clock: FixedClock, school: Any) -> Agent:
    """An agent that has joined at the school."""
    invited = api.post("/agents/invite", {"school": "164800"}, 201)
    answer = remote.post(protocol.JOIN_PATH, json={"code": invited["code"], "version": "0.1.0"})
    assert answer.status_code == 200, answer.text
    return Agent(remote, clock, answer.json())
