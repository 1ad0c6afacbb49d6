"""Transactions: nothing lost between writers, nothing kept of what failed, clear refusals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from inventory.kinds import KINDS
from schoolops.core.errors import DatabaseDown
from schoolops.core.permissions import Actor
from schoolops.db.engine import FairLock, Store
from schoolops.db.tables import audit_event, change, note
from schoolops.estate.loading import Loader
from schoolops.estate.models import TABLES

ADMIN = Actor.of("m.weber", "authority-admin")


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run `work(number)` in threads at once; the first error is raised."""
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


def put(store: Store, name: str, value: str) -> None:
    with store.write() as unit:
        unit.connection.execute(insert(note), {"name": name, "value": value})


def got(store: Store, name: str) -> str | None:
    with store.read() as connection:
        return connection.scalar(select(note.c.value).where(note.c.name == name))


def test_the_lock_serves_in_the_order_of_coming() -> None:
    lock, served = FairLock(), []
    threads = []

    def wait(number: int) -> None:
        with lock:
            served.append(number)

    with lock:
        for number in range(8):
            threads.append(threading.Thread(target=wait, args=(number,)))
            threads[-1].start()
            while len(lock._waiting) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join(10)
    assert served == list(range(8))


def test_whoever_gives_up_waiting_holds_nobody_up() -> None:
    lock = FairLock()
    with lock:
        ask_and_give_up(lock)
        assert not lock._waiting
    with lock:
        pass


def ask_and_give_up(lock: FairLock) -> None:
    """Ctrl+C while waiting: only the main thread gets it."""
    main = threading.get_ident()

    def interrupt() -> None:
        while not lock._waiting:
            time.sleep(0.001)
        time.sleep(0.05)
        signal.pthread_kill(main, signal.SIGINT)

    # Tests that a shell runs in its background would not hear it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt), lock:
            pass
        thread.join(10)
    finally:
        signal.signal(signal.SIGINT, before)


def test_counting_in_many_threads_loses_nothing(store: Store) -> None:
    put(store, "counter", "0")

    def count(_: int) -> None:
        for _ in range(10):
            with store.write() as unit:
                value = unit.connection.scalar(
                    select(note.c.value).where(note.c.name == "counter").with_for_update()
                )
                assert value is not None
                unit.connection.execute(
                    update(note).where(note.c.name == "counter").values(value=str(int(value) + 1))
                )

    in_threads(8, count)
    assert got(store, "counter") == "80"


def test_two_stores_on_one_file_wait_for_each_other(store: Store) -> None:
    """As a `backup --to` beside a server: the process lock is not shared, the file's lock is."""
    put(store, "counter", "0")
    other = Store.open(store.settings, store.clock)

    def count(number: int) -> None:
        for _ in range(10):
            with (store, other)[number % 2].write() as unit:
                value = unit.connection.scalar(
                    select(note.c.value).where(note.c.name == "counter").with_for_update()
                )
                assert value is not None
                unit.connection.execute(
                    update(note).where(note.c.name == "counter").values(value=str(int(value) + 1))
                )

    try:
        in_threads(4, count)
    finally:
        other.close()
    assert got(store, "counter") == "40"


def test_an_error_takes_everything_back(store: Store) -> None:
    called: list[str] = []
    store.on_change(lambda: called.append("listener"))
    with pytest.raises(ZeroDivisionError), store.write(ADMIN) as unit:  # noqa: PT012
        unit.connection.execute(insert(note), {"name": "a", "value": "b"})
        unit.audit("edit", "school", "164800")
        unit.announce("school", "x", None)
        raise ZeroDivisionError
    with store.read() as connection:
        for table in (note, audit_event, change):
            assert connection.execute(select(table)).all() == []
    assert called == []
    put(store, "a", "c")  # and the next one goes
    assert got(store, "a") == "c"


def test_what_is_written_comes_with_its_audit_and_its_change(store: Store) -> None:
    called: list[str] = []
    store.on_change(lambda: called.append("listener"))
    with store.write(ADMIN) as unit:
        unit.audit("edit", "school", "164800", None, {"name": "Größe"})
        unit.announce("school", "x", None)
        unit.announce("school", "x", None)
        assert called == []
    assert called == ["listener"]
    with store.read() as connection:
        (event,) = connection.execute(select(audit_event)).all()
        (one,) = connection.execute(select(change)).all()
    assert (event.actor, event.at) == ("m.weber", store.clock.now())
    assert event.detail == '{"name": "Größe"}'
    assert (one.kind, one.record) == ("school", "x")


def test_a_commit_that_fails_is_an_error(store: Store) -> None:
    """References are checked at the commit: it fails there, and not before."""
    called: list[str] = []
    store.on_change(lambda: called.append("listener"))
    reached = False
    with pytest.raises(IntegrityError), store.write(ADMIN) as unit:  # noqa: PT012
        row = {"uid": "u", "key": "k", "created_at": 0, "updated_at": 0, "updated_by": "m"}
        unit.connection.execute(insert(TABLES["room"]), row | {"name": "n", "school_id": 99})
        unit.announce("room", "u", None)
        reached = True
    assert reached
    assert called == []
    with store.read() as connection:
        assert connection.execute(select(TABLES["room"].c.id)).all() == []


def test_a_reader_sees_one_moment(store: Store) -> None:
    put(store, "a", "before")
    query = select(note.c.value).where(note.c.name == "a")
    with store.read() as connection:
        assert connection.scalar(query) == "before"
        with store.write() as unit:
            unit.connection.execute(update(note).values(value="after"))
        assert connection.scalar(query) == "before"
    assert got(store, "a") == "after"


def test_a_reader_cannot_write(store: Store) -> None:
    with store.read() as connection, pytest.raises(Exception, match=r"(?i)read.?only"):
        connection.execute(insert(note), {"name": "a", "value": "b"})
    assert got(store, "a") is None


def test_a_full_disk_says_so_and_keeps_nothing(store: Store) -> None:
    schools = ({"number": str(n), "name": "x" * 500} for n in range(100_000, 104_000))
    full = pytest.raises(DatabaseDown, match="disk of the database is full")
    with full as caught, store.write(ADMIN) as unit:
        put_limit_on_disk(store, unit.connection)
        Loader(unit).load(KINDS["school"], schools)
    assert caught.value.code == "database.full"
    with store.read() as connection:
        assert connection.execute(select(TABLES["school"].c.id).limit(1)).all() == []
        assert connection.execute(select(audit_event.c.id)).all() == []


def put_limit_on_disk(store: Store, connection: object) -> None:
    """SQLite refuses to grow; PostgreSQL's own error is raised when the rows come."""
    execute = connection.execute  # type: ignore[attr-defined]
    if store.is_postgresql:
        execute(text(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'could not extend file: No space left on device' "
            "USING ERRCODE = 'disk_full'; END $$"
        ))  # fmt: skip
        execute(text(
            "CREATE TRIGGER full_disk AFTER INSERT ON schools EXECUTE FUNCTION full_disk()"
        ))  # fmt: skip
    else:
        pages = execute(text("PRAGMA page_count")).scalar()
        execute(text(f"PRAGMA max_page_count={pages + 20}"))


def serve(*more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0", *more],
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def test_a_second_server_on_one_file_says_so(home: Path) -> None:
    first = serve()
    try:
        wait_for(lambda: (home / "server.address").exists(), first)
        second = serve()
        _, complaint = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "Traceback" not in complaint
        assert f"schoolops serve (process {first.pid})" in complaint
        assert "stop it first" in complaint
        assert first.poll() is None
    finally:
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=30)
    assert first.returncode == 0


def test_a_server_that_was_killed_blocks_nobody(home: Path) -> None:
    first = serve()
    try:
        wait_for(lambda: (home / "server.address").exists(), first)
    finally:
        first.kill()
        first.communicate(timeout=30)
    (home / "server.address").unlink()
    second = serve()
    try:
        wait_for(lambda: (home / "server.address").exists(), second)
    finally:
        second.send_signal(signal.SIGTERM)
        second.communicate(timeout=30)
    assert second.returncode == 0


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.05)
