"""Finding this computer's server, or starting it: real processes, real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schoolops.cli import main
from schoolops.cli.serve import _process_at
from schoolops.client import Offline, connect, connect_async, find_endpoint
from schoolops.client._launch import answers, ensure_server
from schoolops.core import paths

COUNT = "from schoolops.client import connect\nwith connect() as c: print(c.count('schools'))"


@pytest.fixture(autouse=True)
def stop(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert main(["serve", "--stop"]) == 0


def test_clients_that_start_at_once_start_one_server(home: Path) -> None:
    programs = [
        subprocess.Popen([sys.executable, "-c", COUNT], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [program.communicate(timeout=60)[0] for program in programs] == ["0\n"] * 4
    log = (home / "logs" / "server.log").read_text()
    assert log.count("Started server process") == 1
    assert "already" not in (home / "logs" / "server-start.log").read_text()


def test_the_server_outlives_who_started_it_in_a_session_of_its_own(home: Path) -> None:
    subprocess.run([sys.executable, "-c", COUNT], check=True, capture_output=True)
    path = paths.socket_path(home)
    process = _process_at(path)
    assert process is not None
    assert answers(path)
    assert os.getsid(process) == process != os.getsid(0)


def test_a_stopped_server_is_woken_only_when_it_is_wanted_again(home: Path) -> None:
    with connect() as client:
        assert main(["serve", "--stop"]) == 0
        with pytest.raises(Offline, match="the server was stopped by") as stopped:
            client.wake()
        assert stopped.value.code == "client.stopped"
        assert not answers(paths.socket_path(home))
        client.wake(again=True)
        assert client.count("schools") == 0
    assert main(["serve", "--stop"]) == 0
    with connect() as client:  # whoever begins anew wants one
        assert client.count("schools") == 0
        client.wake()


def test_the_socket_and_the_log_are_for_their_owner_alone(home: Path) -> None:
    path = ensure_server(home)
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "logs" / "server-start.log").stat().st_mode) == 0o600


def test_the_servers_environment_holds_no_token(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOLOPS_TOKEN", "sot_elsewhere")
    process = _process_at(ensure_server(home))
    assert b"sot_elsewhere" not in Path(f"/proc/{process}/environ").read_bytes()


def test_a_server_that_cannot_start_says_why_in_a_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOLOPS_SERVER__PORT", "many")
    with pytest.raises(Offline, match=r"did not start.*server\.port") as caught:
        ensure_server(home)
    assert "Traceback" not in caught.value.detail
    assert "\n" not in caught.value.detail


def test_a_database_file_that_is_none_is_said(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "schoolops.db").write_bytes(b"not a database at all, only a long text" * 50)
    with pytest.raises(Offline, match="database"):
        ensure_server(home)


def test_a_dead_servers_socket_stands_in_nobodys_way(home: Path) -> None:
    path = paths.socket_path(home)
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    assert path.exists()
    assert not answers(path)
    assert answers(ensure_server(home))


def test_a_server_that_does_not_answer_is_not_taken_for_one(home: Path) -> None:
    path = paths.socket_path(home)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        assert not answers(path, timeout=0.1)

        def answer_badly() -> None:
            connection, _ = silent.accept()  # the one that waited in vain
            connection.close()
            connection, _ = silent.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 500 Oops\r\n\r\n")

        thread = threading.Thread(target=answer_badly)
        thread.start()
        assert not answers(path)
        thread.join()
    path.unlink()


def test_a_lock_held_too_long_is_said(home: Path) -> None:
    import fcntl

    with paths.start_lock_path(home).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Offline, match="too long"):
            ensure_server(home, limit=0.2)


# httpcore leaves a socket that could not connect to the garbage collector, which grumbles.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_idle_server_leaves_and_is_woken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLOPS_SERVER__IDLE_MINUTES", "0.01")
    with connect() as client:
        path = client.endpoint.socket
        assert path is not None
        deadline = time.monotonic() + 30
        while path.exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        with pytest.raises(Offline, match="this computer's server cannot be reached"):
            client.me()
        monkeypatch.delenv("SCHOOLOPS_SERVER__IDLE_MINUTES")
        client.wake()
        assert client.me()["role"] == "authority-admin"


async def test_changes_arrive_while_they_happen(home: Path) -> None:
    async with await connect_async() as client:
        cursor = await client.cursor()
        stream = client.changes(after=cursor)
        made = await client.create("schools", {"number": "164800", "name": "Schule am Rhein"})
        change = await asyncio.wait_for(anext(stream), 10)
        await stream.aclose()  # type: ignore[attr-defined]
    assert (change.kind, change.id, change.school) == ("school", made["id"], "164800")
    assert change.cursor > cursor


def test_the_environment_names_another_computers_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLOPS_SERVER", "https://schoolops.example/v1/")
    monkeypatch.setenv("SCHOOLOPS_TOKEN", "sot_x")
    endpoint = find_endpoint()
    assert (endpoint.url, endpoint.socket, endpoint.token) == (
        "https://schoolops.example", None, "sot_x",
    )  # fmt: skip
    assert find_endpoint("https://other.example", "sot_y").token == "sot_y"
