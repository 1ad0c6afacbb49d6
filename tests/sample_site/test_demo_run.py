"""The demo for real: server, agents and equipment as processes, faults named, nothing left over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

DEMO = [sys.executable, "-m", "schoolops.cli", "demo", "--headless", "--json"]


def environment(tmp_path: Path) -> dict[str, str]:
    """Temporary files where the test finds them again."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return os.environ | {"TMPDIR": str(folder)}


def left_over(folder: Path) -> list[str]:
    """Processes that still use the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        home = f"SCHOOLOPS_HOME={folder}".encode()
        if home in words or f"--state\0{folder}".encode() in words:
            found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def test_without_a_terminal_every_fault_is_named_on_the_right_record(tmp_path: Path) -> None:
    command = [*DEMO, "--schools", "2", "--scale", "0.1"]
    done = subprocess.run(
        command, env=environment(tmp_path), capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr + done.stdout
    summary = json.loads(done.stdout)
    assert summary["agents"] == 2
    assert summary["schools"] == 177
    assert summary["reports"] > 100
    assert summary["devices_seen_by_snmp"] > 10
    assert summary["uplinks_measured"] >= 2
    assert summary["devices_discovered"] == 1
    assert summary["faults_detected"] == len(summary["faults_injected"]) == 4
    assert all(fault["named_after_s"] <= 90 for fault in summary["faults"])
    assert summary["wrongly_blamed"] == []
    assert left_over(tmp_path / "tmp") == []
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    command = [*DEMO[:-1], "--schools", "1", "--scale", "0.02"]
    with subprocess.Popen(
        command, env=environment(tmp_path), stderr=subprocess.PIPE, text=True,
        # Whatever a shell starts in its background does not hear Ctrl+C, nor do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "agents join" in line:
                break
        time.sleep(0.5)
        process.send_signal(number)
        assert process.wait(90) != 0
    deadline = time.monotonic() + 60  # an agent that was just joining ends its step first
    while left_over(tmp_path / "tmp") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_over(tmp_path / "tmp") == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_demo_that_is_killed_takes_its_processes_along(tmp_path: Path) -> None:
    command = [*DEMO[:-1], "--schools", "1", "--scale", "0.02"]
    with subprocess.Popen(
        command, env=environment(tmp_path), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "first measurements" in line:
                break
        assert left_over(tmp_path / "tmp")
        process.kill()
        process.wait(60)
    deadline = time.monotonic() + 60
    while left_over(tmp_path / "tmp") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left_over(tmp_path / "tmp") == []


def test_a_home_that_is_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    done = subprocess.run(
        [*DEMO, "--home", str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert (tmp_path / "mine").read_text() == "precious"


def test_with_a_terminal_the_screen_opens_and_quitting_it_ends_everything(tmp_path: Path) -> None:
    import pty
    import select

    variables = environment(tmp_path) | {"TERM": "xterm-256color"}
    pid, terminal = pty.fork()
    if pid == 0:  # the demo, which now has a terminal
        os.execve(sys.executable, [*DEMO[:-2], "--schools", "1", "--scale", "0.02"], variables)
    seen = b""
    deadline = time.monotonic() + 120
    asked = False
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 1.0)
        if ready:
            try:
                part = os.read(terminal, 65_536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            seen += part
        if not asked and b"Access points" in seen and b"live" in seen:
            os.write(terminal, b"q")
            asked = True
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert asked, seen[-2000:].decode(errors="replace")
    assert os.waitstatus_to_exitcode(status) == 0
    assert left_over(tmp_path / "tmp") == []
    assert list((tmp_path / "tmp").iterdir()) == []
