"""`schoolops-agent run` as a process: measuring, delivering, being killed, being stopped."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from tests.agents.process import agent, environment, running, start, status, until
from tests.agents.server import CODE, BookingServer


@pytest.fixture
def state(server: BookingServer, tmp_path: Path) -> Path:
    """The folder of an agent that has joined."""
    folder = tmp_path / "agent"
    assert agent("join", server.url, CODE, "--state", folder).returncode == 0
    return folder


def with_line(server: BookingServer, target: str) -> None:
    server.config["uplinks"] = [{"uplink": "Line A", "interface": "lo", "targets": [target]}]


def test_once_measures_with_rates_delivers_and_ends_with_0(
    server: BookingServer, state: Path
) -> None:
    with_line(server, f"127.0.0.1:{server.server_port}")
    done = agent("run", "--once", "--state", state)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 reports acknowledged by 127.0.0.1" in done.stdout
    (host,) = [values for _, _, table, _, values in server.rows if table == "host"]
    (line,) = [values for _, _, table, _, values in server.rows if table == "uplink"]
    assert host["cpu_percent"] >= 0
    assert host["uptime_s"] > 0
    assert line["uplink"] == "Line A"
    assert line["reachable"] is True
    assert 0 < line["connect_ms"] < 500
    assert line["rx_bps"] >= 0


def test_once_without_a_server_keeps_the_reports_and_ends_with_1(
    server: BookingServer, state: Path
) -> None:
    import json

    identity = json.loads((state / "agent.json").read_text())
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (state / "agent.json").write_text(json.dumps({**identity, "url": f"http://127.0.0.1:{port}"}))
    done = agent("run", "--once", "--state", state)
    assert done.returncode == 1
    assert "not acknowledged: cannot reach 127.0.0.1" in done.stderr
    assert "1 reports wait" in done.stderr
    (state / "agent.json").write_text(json.dumps(identity))
    assert agent("run", "--once", "--state", state).returncode == 0
    assert len(server.rows) == 2  # what was measured without a server has arrived as well


def test_without_joining_it_says_what_to_do(tmp_path: Path) -> None:
    for command in ("run", "status"):
        done = agent(command, "--state", tmp_path)
        assert done.returncode == 1
        assert "run: schoolops-agent join URL CODE" in done.stderr


def test_it_reports_every_interval_and_ends_cleanly_on_sigterm(
    server: BookingServer, state: Path
) -> None:
    server.config["interval_s"] = 1
    process = start("run", "--state", state)
    until(lambda: len(server.rows) >= 4)
    now = status(state)
    assert now["running"] is True
    assert now["pid"] == process.pid
    assert now["delivery"]["state"] == "delivering"
    assert now["config"] == {"source": "server", "interval_s": 1}
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    times = [at for _, _, _, at, _ in server.rows]
    gaps = [(b - a) / 1e6 for a, b in pairwise(times[1:])]  # the first aligns
    assert all(0.5 < gap < 1.9 for gap in gaps), gaps
    assert status(state)["running"] is False


def test_a_new_interval_is_taken_up_without_a_restart(server: BookingServer, state: Path) -> None:
    server.config["interval_s"] = 2
    with running("run", "--state", state):
        until(lambda: server.rows)
        server.config |= {"interval_s": 1, "etag": "e2"}
        until(lambda: len(server.rows) >= 6)
    assert server.config_requests == 2
    times = [at for _, _, _, at, _ in server.rows]
    assert (times[5] - times[4]) / 1e6 < 1.5


def test_a_second_process_on_the_same_folder_is_refused(server: BookingServer, state: Path) -> None:
    with running("run", "--state", state) as first:
        until(lambda: server.rows)
        second = agent("run", "--once", "--state", state)
    assert second.returncode == 1
    assert f"another agent (process {first.pid}) uses" in second.stderr


def test_a_refused_agent_goes_on_measuring_and_says_why(server: BookingServer, state: Path) -> None:
    path = state / "agent.json"
    path.write_text(path.read_text().replace("secret-of", "revoked-of"))
    server.config["interval_s"] = 1
    process = start("run", "--state", state)
    until(lambda: (status(state).get("spool") or {}).get("rows", 0) >= 1)
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (0, "cannot deliver: this secret is not known\n")
    said = agent("status", "--state", state).stdout
    assert "delivery  refused: this secret is not known; last acknowledged never" in said


def test_killed_at_random_moments_nothing_is_lost_and_nothing_counted_twice(
    server: BookingServer, state: Path
) -> None:
    """More than 2,000 reports, a dozen kill -9, and a server that drops and repeats answers."""
    chance = random.Random(20261124)
    server.config["interval_s"] = 1
    server.config["uplinks"] = [
        {"uplink": f"L{i}", "interface": "lo", "targets": []} for i in range(250)
    ]
    kills = 0
    while len(server.rows) < 2_500 or kills < 12:
        for _ in range(2):
            fault = chance.choice(["drop-late", "drop-early", "twice", "busy", None, None])
            server.faults.append(fault if fault != "busy" else None)
        process = start("run", "--state", state)
        before = len(server.batches)
        until(lambda since=before: len(server.batches) > since)  # type: ignore[misc]
        time.sleep(chance.random() * 0.5)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        kills += 1
        assert kills < 60
    server.faults.clear()
    server.config["uplinks"] = []
    server.config["etag"] = "e2"
    done = agent("run", "--once", "--state", state)
    assert done.returncode == 0, done.stderr

    numbers = Counter((boot, seq) for boot, seq, *_ in server.rows)
    assert max(numbers.values()) == 1
    for boot, highest in server.booked.items():
        assert sorted(seq for b, seq in numbers if b == boot) == list(range(1, highest + 1))
    measured = Counter(
        (values["uplink"], at) for _, _, table, at, values in server.rows if table == "uplink"
    )
    assert max(measured.values()) == 1
    assert status(state)["spool"]["dropped_rows"] == 0
    assert status(state)["spool"]["rows"] == 0


def test_what_was_measured_while_the_server_was_away_arrives_in_order(
    server: BookingServer, state: Path
) -> None:
    server.config["interval_s"] = 1
    server.faults += ["drop-early"] * 4
    with running("run", "--state", state):
        until(lambda: len(server.rows) >= 6)
    times = [at for _, _, _, at, _ in server.rows]
    assert times == sorted(times)
    assert [seq for _, seq, *_ in server.rows] == list(range(1, len(times) + 1))


def test_status_without_a_run_says_so(server: BookingServer, state: Path) -> None:
    said = agent("status", "--state", state).stdout
    assert "not running" in said
    assert "it has not run yet" in said
    assert "secret-of-the-agent" not in said + agent("status", "--json", "--state", state).stdout


def test_a_folder_that_cannot_be_written_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = agent("join", "http://127.0.0.1:9", CODE, "--state", tmp_path / "file")
    assert done.returncode == 1
    assert "choose a folder with --state" in done.stderr


def test_a_reader_that_closes_the_pipe_ends_nothing_in_a_traceback(
    server: BookingServer, state: Path
) -> None:
    process = start("status", "--json", "--state", state)
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(60) in (0, 1)
    assert isinstance(process, subprocess.Popen)


def test_a_cut_line_and_one_that_works_again_are_reported_long_before_the_next_tick(
    server: BookingServer, state: Path
) -> None:
    """The reports have another way than the line that is cut."""
    target = socket.create_server(("127.0.0.1", 0), backlog=200)
    where = target.getsockname()
    with_line(server, f"127.0.0.1:{where[1]}")
    server.config |= {"interval_s": 3600, "look_every_s": 1}
    with running("run", "--state", state):
        until(lambda: server.values("uplink", "reachable") == [True])
        begun = time.monotonic()
        target.close()
        until(lambda: server.values("uplink", "reachable")[-1] is False)
        # For some minutes it is measured at each look.
        until(lambda: server.values("uplink", "reachable").count(False) >= 3)
        with socket.create_server(where, backlog=200):
            until(lambda: server.values("uplink", "reachable")[-1] is True)
        assert time.monotonic() - begun < 120


def test_a_line_that_stays_as_it_is_waits_for_its_tick(server: BookingServer, state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=200) as target:
        with_line(server, f"127.0.0.1:{target.getsockname()[1]}")
        server.config |= {"interval_s": 3600, "look_every_s": 1}
        with running("run", "--state", state):
            until(lambda: server.values("uplink", "reachable"))
            time.sleep(3.5)
    assert server.values("uplink", "reachable") == [True]


def test_systemd_hears_that_it_is_alive_until_its_main_thread_hangs(
    server: BookingServer, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.config["interval_s"] = 3600
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0schoolops-test-" + state.parent.name + str(server.server_port))
        systemd.settimeout(10)
        name = systemd.getsockname().decode().replace("\0", "@")
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        monkeypatch.setenv("WATCHDOG_USEC", "600000")
        with running("run", "--state", state) as process:
            heard = [systemd.recv(100) for _ in range(4)]
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.3)
            with suppress(BlockingIOError):
                systemd.setblocking(False)
                while systemd.recv(100):
                    pass  # what was said before
            systemd.settimeout(1.0)
            with pytest.raises(TimeoutError):
                systemd.recv(100)
            process.send_signal(signal.SIGCONT)
    assert set(heard) == {b"WATCHDOG=1"}


HANGING = """
import sys, time, agents.runner as runner
runner.STUCK_S = 1.0

class Hangs:
    name = "network"
    def interval_s(self, config): return config.interval_s
    def measure(self, config, now_us): time.sleep(3600)
    def close(self): pass

made = runner._load
runner._load = lambda path, more: Hangs() if "network" in path else made(path, more)
from agents.cli import main
sys.exit(main(["run", "--state", sys.argv[1]]))
"""


def test_an_agent_whose_duty_hangs_for_ever_starts_anew_and_goes_on_reporting(
    server: BookingServer, state: Path
) -> None:
    server.config |= {
        "interval_s": 1, "targets": [{"device": "S1", "kind": "switch", "address": "127.0.0.1"}],
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING, str(state)],
        stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    try:
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(2)]
        assert all("duty network has hung" in line for line in said), said
        assert status(state)["pid"] == process.pid
        have = len(server.rows)
        until(lambda: len(server.rows) > have)
    finally:
        process.kill()
        process.communicate()
