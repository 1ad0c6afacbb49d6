"""The change stream: nothing lost, nothing early, nothing of other people's schools."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from schoolops.core import paths
from schoolops.core.permissions import SYSTEM
from schoolops.core.settings import Settings
from schoolops.db import changes
from schoolops.db.engine import MANY, Store, UnitOfWork
from schoolops.db.tables import change
from tests.db.test_write_and_read import in_threads, wait_for

DAY = 24 * 3600


def announce(store: Store, *records: str) -> None:
    with store.write() as unit:
        for record in records:
            unit.announce("device", record, None)


def after(store: Store, cursor: int, limit: int = 500) -> list[str] | None:
    with store.read() as connection:
        found = changes.read_after(connection, cursor, limit)
    return None if found is None else [one.record for one in found]


def cursor_of(store: Store) -> int:
    with store.read() as connection:
        return changes.cursor(connection)


def test_a_reader_gets_what_came_after_its_cursor_in_order(store: Store) -> None:
    assert cursor_of(store) == 0
    announce(store, "a", "b")
    assert after(store, 0) == ["a", "b"]
    here = cursor_of(store)
    assert after(store, here) == []
    announce(store, "c")
    announce(store, "d")
    assert after(store, here) == ["c", "d"]
    assert after(store, here, limit=1) == ["c"]


def test_very_many_changes_are_announced_as_one(store: Store) -> None:
    announce(store, *(str(n) for n in range(MANY + 1)))
    assert after(store, 0) == [""]


def test_a_change_that_was_taken_back_is_not_announced(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as unit:  # noqa: PT012
        unit.announce("device", "a", None)
        raise ZeroDivisionError
    with store.write() as unit:
        unit.announce("device", "b", None)
        unit.forget_changes()
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(change)) == 0


@contextmanager
def open_unit(store: Store, *records: str) -> Iterator[UnitOfWork]:
    """A transaction of PostgreSQL that has taken its number and is not committed yet."""
    with store.writer.begin() as connection:
        unit = UnitOfWork(connection, SYSTEM, store.clock.now(), store)
        connection.execute(text("SELECT pg_current_xact_id()"))  # it has begun
        for record in records:
            unit.announce("device", record, None)
        unit.flush_changes()
        yield unit


@pytest.mark.parametrize("settings_of_store", ["postgresql"], indirect=True)
class TestPostgresqlCommitsInAnyOrder:
    def test_the_smaller_number_may_commit_later(self, store: Store) -> None:
        announce(store, "0")
        here = cursor_of(store)
        with open_unit(store, "slow"):
            announce(store, "quick")
            assert after(store, here) == []
            assert cursor_of(store) == here
        assert after(store, here) == ["slow", "quick"]

    def test_an_old_transaction_may_take_a_late_number(self, store: Store) -> None:
        announce(store, "0")
        here = cursor_of(store)
        with ExitStack() as young:
            with open_unit(store) as old:  # the first transaction takes the last number
                young.enter_context(open_unit(store, "young"))
                old.announce("device", "old", None)
                old.flush_changes()
            assert after(store, here) == ["old"]
            here = cursor_of(store)
        assert after(store, here) == ["young"]


def test_readers_beside_writers_lose_nothing_and_get_nothing_twice(store: Store) -> None:
    announce(store, "0")
    here, done = cursor_of(store), threading.Event()
    seen: list[str] = []

    def read() -> None:
        nonlocal here
        while True:
            last_round = done.is_set()
            with store.read() as connection:
                found = changes.read_after(connection, here, 7)
            assert found is not None
            if found:
                here = found[-1].seq
                seen.extend(one.record for one in found)
            elif last_round:
                return

    reader = threading.Thread(target=read)
    reader.start()

    def write(number: int) -> None:
        for n in range(25):
            announce(store, f"{number}.{n}")

    in_threads(6, write)
    done.set()
    reader.join(60)
    assert sorted(seen) == sorted(f"{number}.{n}" for number in range(6) for n in range(25))


def test_old_changes_are_forgotten_and_old_cursors_refused(store: Store, clock: Any) -> None:
    announce(store, "a")
    old = cursor_of(store)
    announce(store, "b")
    clock.advance(DAY - 60)
    announce(store, "c")
    clock.advance(120)
    announce(store, "d")
    with store.write() as unit:
        assert changes.prune(unit) == 2
    assert after(store, old) is None
    assert after(store, 0) is None
    with store.read() as connection:
        kept = connection.execute(select(change.c.seq).order_by(change.c.seq)).all()
    assert after(store, kept[0].seq) == ["d"]


def test_the_last_change_stays_so_that_cursors_at_the_end_hold(store: Store, clock: Any) -> None:
    announce(store, "a", "b")
    here = cursor_of(store)
    clock.advance(3 * DAY)
    with store.write() as unit:
        assert changes.prune(unit) == 1
        assert changes.prune(unit) == 0
    assert after(store, here) == []
    announce(store, "c")
    assert after(store, here) == ["c"]


def test_a_cursor_of_another_database_is_refused(store: Store) -> None:
    """An older backup was restored: the screens know numbers that were never given here."""
    assert after(store, 7) is None
    announce(store, "a")
    assert after(store, 7) is None
    assert after(store, 10**30) is None


def test_pruning_nothing_is_no_error(store: Store) -> None:
    with store.write() as unit:
        assert changes.prune(unit) == 0


# --- over HTTP ------------------------------------------------------------------------------


class Served:
    """A server of its own process over the store of the test."""

    def __init__(self, home: Path) -> None:
        self.url = (home / "server.address").read_text().strip()
        transport = httpx.HTTPTransport(uds=str(paths.socket_path(home)))
        self.local = httpx.Client(transport=transport, base_url="http://local", timeout=30)

    def post(self, path: str, body: Any) -> Any:
        answer = self.local.post(f"/v1{path}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def token(self, name: str, schools: list[str] | None) -> str:
        body = {"name": name, "role": "viewer", "schools": schools, "days": 1}
        return str(self.post("/tokens", body)["token"])

    @contextmanager
    def stream(self, token: str, query: str = "", **headers: str) -> Iterator[Iterator[str]]:
        headers["Authorization"] = f"Bearer {token}"
        path = f"{self.url}/v1/changes{query}"
        with httpx.stream("GET", path, headers=headers, timeout=20) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield answer.iter_lines()


def next_event(lines: Iterator[str]) -> tuple[str, int, Any]:
    """The next event: its name, the cursor, its data."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            return fields["event"], int(fields["id"]), json.loads(fields["data"])
        else:
            fields = {}
    raise AssertionError("the stream ended")


@pytest.fixture
def served(settings_of_store: Settings, home: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        address = home / "server.address"
        wait_for(lambda: address.exists() and address.read_text().endswith("\n"), process)
        server = Served(home)
        with server.local:
            yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def test_the_stream_brings_what_concerns_you_and_resumes_at_its_cursor(served: Served) -> None:
    for number in ("164800", "164811"):
        served.post("/schools", {"values": {"number": number, "name": "Schule"}})
    everything, mine = served.token("anna", None), served.token("bert", ["164811"])
    start = served.local.get("/v1/changes/cursor").json()["cursor"]
    with served.stream(mine) as lines, served.stream(everything, f"?after={start}") as all_lines:
        rooms = [
            served.post("/rooms", {"values": {"school": number, "name": "1", "kind": "other"}})
            for number in ("164800", "164811")
        ]
        event, cursor, data = next_event(lines)
        assert (event, data["kind"], data["id"]) == ("change", "room", rooms[1]["id"])
        assert (data["school"], data["seq"]) == ("164811", cursor)
        seen = [next_event(all_lines) for _ in range(2)]
        assert [data["id"] for _, _, data in seen] == [room["id"] for room in rooms]
    with served.stream(everything, f"?after={seen[0][1]}") as lines:
        assert next_event(lines)[2]["id"] == rooms[1]["id"]
    headers = {"Last-Event-ID": str(seen[0][1])}
    with served.stream(everything, **headers) as lines:
        assert next_event(lines)[2]["id"] == rooms[1]["id"]


def test_a_cursor_that_is_unknown_gets_a_reset_with_a_good_one(served: Served) -> None:
    served.post("/schools", {"values": {"number": "164800", "name": "Schule"}})
    token = served.token("anna", None)
    for unknown in ("7777", str(2**53 - 1)):
        with served.stream(token, f"?after={unknown}") as lines:
            event, cursor, _ = next_event(lines)
            assert event == "reset"
            assert cursor == served.local.get("/v1/changes/cursor").json()["cursor"]
            made = served.post(
                "/rooms", {"values": {"school": "164800", "name": unknown, "kind": "other"}}
            )
            assert next_event(lines)[2]["id"] == made["id"]


def test_a_cursor_that_is_no_number_of_ours_is_refused(served: Served) -> None:
    token = served.token("anna", None)
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{served.url}/v1/changes?after={10**30}", headers=headers)
    assert answer.status_code == 422


def test_without_a_token_there_is_no_stream(served: Served) -> None:
    assert httpx.get(f"{served.url}/v1/changes").status_code == 401
