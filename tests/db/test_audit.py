"""The audit's chain: whole under concurrency, and broken by whatever touches it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from schoolops.core.permissions import Actor
from schoolops.db import audit
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from tests.db.test_write_and_read import in_threads

ADMIN = Actor.of("m.weber", "authority-admin")


def act(store: Store, count: int = 1, name: str = "164800") -> None:
    for number in range(count):
        with store.write(ADMIN) as unit:
            unit.audit("edit", "school", name, None, {"n": number, "name": "Größe ✓"})


def verified(store: Store) -> dict[str, Any]:
    with store.read() as connection:
        return audit.verify(connection)


def test_an_empty_audit_is_whole(store: Store) -> None:
    assert audit.seal(store) == 0
    assert verified(store) == {
        "ok": True, "events": 0, "unsealed": 0, "head": audit.GENESIS, "broken_at": None
    }  # fmt: skip


def test_sealed_events_are_chained_one_after_the_other(store: Store) -> None:
    act(store, 3)
    assert verified(store)["unsealed"] == 3
    assert audit.seal(store) == 3
    act(store, 2)
    assert audit.seal(store) == 2
    assert audit.seal(store) == 0
    found = verified(store)
    assert (found["ok"], found["events"], found["unsealed"]) == (True, 5, 0)
    with store.read() as connection:
        rows = connection.execute(select(audit_event).order_by(audit_event.c.id)).all()
    assert [row.sealed_as for row in rows] == [1, 2, 3, 4, 5]
    assert found["head"] == rows[-1].hash


def test_more_than_one_step_is_sealed_in_steps(store: Store) -> None:
    act(store, 5)
    assert [audit.seal(store, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert verified(store)["ok"]


def test_a_second_event_of_the_same_content_has_another_hash(store: Store) -> None:
    act(store, 1)
    act(store, 1)
    audit.seal(store)
    with store.read() as connection:
        hashes = connection.scalars(select(audit_event.c.hash)).all()
    assert len(set(hashes)) == 2


def test_writers_and_several_sealers_at_once_make_one_chain(store: Store) -> None:
    other = Store.open(store.settings, store.clock)
    done = threading.Event()

    def work(number: int) -> None:
        if number < 4:
            act(store, 10, name=str(number))
            return
        sealing = (store, other)[number % 2]
        while not done.is_set():
            audit.seal(sealing, limit=3)

    def run() -> None:
        in_threads(7, work)

    try:
        whole = threading.Thread(target=run)
        whole.start()
        while verified(store)["events"] + verified(store)["unsealed"] < 40:
            assert whole.is_alive()
        done.set()
        whole.join(60)
        while audit.seal(store):
            pass
    finally:
        done.set()
        other.close()
    found = verified(store)
    assert (found["ok"], found["events"], found["unsealed"]) == (True, 40, 0)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", 1),
        ("actor", "j.meier"),
        ("action", "retire"),
        ("kind", "room"),
        ("record", "164801"),
        ("school_id", 7),
        ("detail", "{}"),
        ("hash", "0" * 64),
        ("sealed_as", 77),
        ("id", 77),
    ],
)
@pytest.mark.parametrize("position", [0, 2, 4])
def test_any_altered_column_of_any_event_is_found(
    store: Store, column: str, value: Any, position: int
) -> None:
    act(store, 5)
    audit.seal(store)
    with store.write() as unit:
        ids = unit.connection.scalars(select(audit_event.c.id).order_by(audit_event.c.id)).all()
        unit.connection.execute(
            update(audit_event).where(audit_event.c.id == ids[position]), {column: value}
        )
    found = verified(store)
    assert not found["ok"]
    assert found["broken_at"] is not None


@pytest.mark.parametrize("position", [0, 2])
def test_an_event_taken_out_is_found(store: Store, position: int) -> None:
    act(store, 5)
    audit.seal(store)
    with store.write() as unit:
        ids = unit.connection.scalars(select(audit_event.c.id).order_by(audit_event.c.id)).all()
        unit.connection.execute(delete(audit_event).where(audit_event.c.id == ids[position]))
    assert not verified(store)["ok"]


def test_the_last_event_taken_out_is_found_at_once_and_later(store: Store) -> None:
    act(store, 5)
    audit.seal(store)
    with store.write() as unit:
        unit.connection.execute(delete(audit_event).where(audit_event.c.sealed_as == 5))
    assert not verified(store)["ok"]
    act(store, 1)
    audit.seal(store)
    assert not verified(store)["ok"]


def test_an_event_that_is_taken_for_a_new_one_is_found(store: Store) -> None:
    act(store, 3)
    audit.seal(store)
    with store.write() as unit:
        unit.connection.execute(
            update(audit_event).where(audit_event.c.sealed_as == 3),
            {"sealed_as": None, "hash": None, "actor": "j.meier"},
        )
    assert not verified(store)["ok"]
    audit.seal(store)
    assert verified(store)["ok"] is False


def test_an_invented_event_is_found(store: Store) -> None:
    act(store, 2)
    audit.seal(store)
    with store.write() as unit:
        invented = {"at": 1, "actor": "x", "action": "y", "sealed_as": 3, "hash": "f" * 64}
        unit.connection.execute(insert(audit_event), invented)
    found = verified(store)
    assert not found["ok"]
    assert found["events"] == 2


def schoolops(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "schoolops.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_command_line_tells_a_whole_chain_from_a_broken_one(home: Path) -> None:
    schoolops("serve", "--stop")
    try:
        made = schoolops("new", "school", "number=164800", "name=Schule")
        assert made.returncode == 0, made.stderr
        assert wait_until_sealed() >= 1
        with closing(sqlite3.connect(home / "schoolops.db")) as file:
            file.execute("UPDATE audit_event SET actor = 'j.meier' WHERE sealed_as = 1")
            file.commit()
        broken = schoolops("audit", "verify")
        assert broken.returncode == 1
        assert "altered" in broken.stderr
        assert "Traceback" not in broken.stderr
    finally:
        assert schoolops("serve", "--stop").returncode == 0


def wait_until_sealed() -> int:
    for _ in range(100):
        whole = schoolops("audit", "verify", "--json")
        assert whole.returncode == 0, whole.stderr
        result = json.loads(whole.stdout)
        if not result["unsealed"]:
            return int(result["events"])
        time.sleep(0.2)
    raise AssertionError("nobody seals the audit")
