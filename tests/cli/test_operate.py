"""`schoolops serve`, `backup`, `restore`, `db` and `doctor`, each in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schoolops.cli.serve import _process_at
from schoolops.client import ApiError, Offline
from schoolops.client._launch import answers
from schoolops.core import paths
from tests.cli.conftest import Run, Served


@pytest.fixture
def own(run_alone: Run) -> Run:
    """Commands on an own server, which is stopped at the end."""
    return run_alone


@pytest.fixture(autouse=True)
def stop(run_alone: Run, home: Path) -> object:
    yield
    run_alone("serve", "--stop")


def test_the_first_command_starts_a_server_and_stop_ends_it(own: Run) -> None:
    assert own("ls", "schools", "--count").out == "0\n"
    result = own("serve", "--stop")
    assert result.code == 0
    assert "stopped the server" in result.out
    assert own("serve", "--stop").out == "no server runs here\n"


def test_what_was_saved_is_restored_elsewhere(own: Run, tmp_path: Path) -> None:
    own("new", "school", "number=164800", "name=Schule am Rhein")
    file = tmp_path / "city.backup"
    made = own("backup", "--to", str(file), "--json")
    assert made.code == 0, made.err
    assert made.json["verified"] is True
    assert made.json["path"] == str(file)
    checked = own("restore", str(file), "--check")
    assert checked.code == 0
    assert "is good" in checked.out
    other = tmp_path / "other"
    assert own("restore", str(file), "--home", str(other)).code == 0
    assert own("ls", "schools", "--count").out == "1\n"
    assert own("serve", "--stop").code == 0


def test_a_folder_that_is_missing_does_not_become_a_file(own: Run, tmp_path: Path) -> None:
    own("new", "school", "number=164800", "name=Schule am Rhein")
    refused = own("backup", "--to", str(tmp_path / "usb"))
    assert refused.code == 2
    assert "there is no folder" in refused.err
    assert not (tmp_path / "usb").exists()


def test_a_backup_of_the_list_is_restored_by_its_name(own: Run) -> None:
    own("new", "school", "number=164800", "name=Schule am Rhein")
    made = own("backup", "--json").json
    assert own("restore", Path(made["path"]).name, "--check").code == 0


def test_a_restore_under_a_running_server_is_refused_and_says_how(
    own: Run, home: Path, tmp_path: Path
) -> None:
    own("new", "school", "number=164800", "name=Schule am Rhein")
    file = tmp_path / "city.backup"
    own("backup", "--to", str(file))
    own("new", "school", "number=164811", "name=Schule am Wald")
    refused = own("restore", str(file))
    assert refused.code == 1
    assert refused.err.count("schoolops serve --stop") == 1
    own("serve", "--stop")
    restored = own("restore", str(file))
    assert restored.code == 0
    assert "before-restore" in restored.out
    assert own("ls", "schools", "--count").out == "1\n"


def test_backups_of_the_server_are_listed(own: Run) -> None:
    own("new", "school", "number=164800", "name=Schule am Rhein")
    made = own("backup", "--json").json
    assert [one["path"] for one in own("backup", "list", "--json").json] == [made["path"]]
    assert own("backup", "list", "--to", "x").code == 2


def test_what_is_no_backup_is_refused_in_one_line(own: Run, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    for words in (["restore", str(file)], ["restore", str(tmp_path / "none")]):
        result = own(*words)
        assert result.code == 1
        assert result.err.count("\n") == 1


def test_the_database_tells_its_revision(own: Run, home: Path) -> None:
    assert own("db", "current").out == "empty\n"
    assert not (home / "schoolops.db").exists()
    assert "upgraded the database from nothing" in own("db", "upgrade").out
    assert "already" in own("db", "upgrade").out
    assert own("db", "status", "--json").json["up_to_date"] is True


def test_doctor_starts_nothing_and_says_what_to_do(own: Run, home: Path) -> None:
    result = own("doctor", "--json")
    assert result.code == 0
    checks = {check["check"]: check for check in result.json["checks"]}
    assert result.json["ok"] is True
    assert {"Python", "home folder", "database", "server", "backups", "clock"} <= checks.keys()
    assert not home.exists()
    assert "schoolops backup" in checks["backups"]["detail"]


def test_doctor_finds_what_is_broken(own: Run, home: Path) -> None:
    home.mkdir(mode=0o755)
    os.chmod(home, 0o755)
    (home / "keys").mkdir()
    key = home / "keys" / "secrets.key"
    key.write_bytes(b"short")
    os.chmod(key, 0o644)
    (home / "schoolops.db").write_bytes(b"this is no database, but a text that is long enough" * 9)
    result = own("doctor", "--json")
    assert result.code == 1
    states = {check["check"]: check["state"] for check in result.json["checks"]}
    assert states["home folder"] == "warn"
    assert states["key file"] == "fail"
    assert states["database"] == "fail"
    assert "✗ FAIL" in own("doctor").out


def test_doctor_tells_a_wrong_setting(own: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOOLOPS_SERVER__PORT", "many")
    result = own("doctor")
    assert result.code == 1
    assert "server.port" in result.out


def test_doctor_asks_another_computers_server(own: Run, served: Served) -> None:
    result = own("doctor", "--json", "--server", served.url)
    assert result.code == 1
    (server,) = [c for c in result.json["checks"] if c["check"] == "server"]
    assert "token" in server["detail"]


def test_a_port_that_is_none_is_wrong_use(own: Run) -> None:
    assert own("serve", "--port", "99999").code == 2
    assert own("serve", "--port", "-1").code == 2


def test_errors_of_the_client_are_of_one_tree() -> None:
    from schoolops.core.errors import SchoolopsError

    assert issubclass(ApiError, SchoolopsError)
    assert issubclass(Offline, SchoolopsError)
    assert json.dumps(Offline("nobody").problem())


def _serve(home: Path) -> subprocess.Popen[bytes]:
    """`schoolops serve` on a free port, once it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not ((home / "server.address").exists() and answers(paths.socket_path(home))):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def test_while_the_served_one_is_down_commands_say_that_agents_wait_and_it_takes_over(
    own: Run, home: Path
) -> None:
    assert "agents wait" not in own("ls", "schools").err
    own("serve", "--stop")
    crashed = _serve(home)
    address = (home / "server.address").read_text().strip()
    assert "agents wait" not in own("ls", "schools").err
    crashed.kill()
    crashed.wait()

    told = own("ls", "schools", "--count")
    assert (told.code, told.out) == (0, "0\n")
    assert f"the server at {address} is not running" in told.err
    assert not (home / "server.address").exists()
    assert own("doctor").code == 1
    on_demand = _process_at(paths.socket_path(home))

    again = _serve(home)
    try:
        assert _process_at(paths.socket_path(home)) == again.pid != on_demand
        assert own("ls", "schools").err.count("agents wait") == 0
    finally:
        own("serve", "--stop")
        again.wait()


def test_two_servers_on_one_home_the_second_says_so(own: Run, home: Path) -> None:
    first = _serve(home)
    command = [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert "already" in second.stderr
    assert "Traceback" not in second.stderr
    assert _process_at(paths.socket_path(home)) == first.pid
    own("serve", "--stop")
    first.wait()


def test_a_command_waits_for_the_server_that_somebody_is_just_starting(
    own: Run, home: Path
) -> None:
    own("serve", "--stop")
    lock = home / "server.lock"
    first = subprocess.Popen(
        [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (lock.exists() and lock.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    told = own("ls", "schools", "--count")
    assert (told.code, told.out) == (0, "0\n"), told.err
    assert _process_at(paths.socket_path(home)) == first.pid
    own("serve", "--stop")
    first.wait()
