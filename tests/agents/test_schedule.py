"""The runner: who runs when, and what a duty that fails, hangs or is missing does to the rest."""

from __future__ import annotations

import sys
import threading
import time
import types
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import runner as runner_module
from agents.protocol import Config, DeviceReport, Target
from agents.runner import Runner
from agents.ticks import pause_s, until_next
from tests.agents.conftest import Agent
from tests.agents.process import until
from tests.agents.server import BookingServer


@given(
    interval=st.integers(1, 3600),
    now_s=st.floats(0, 4e9),
    agent=st.text(max_size=8),
)
def test_the_next_tick_lies_on_the_agents_own_grid(interval: int, now_s: float, agent: str) -> None:
    now = int(now_s * 1e9)
    wait = until_next(interval, agent, now)
    assert 0 < wait <= interval
    again = until_next(interval, agent, now + round(wait * 1e9) + 1000)
    assert again == pytest.approx(interval, abs=0.001)


def test_agents_are_spread_over_the_interval() -> None:
    waits = sorted(until_next(60, f"agent-{i}", 0) for i in range(600))
    per_second = [sum(1 for w in waits if s <= w < s + 1) for s in range(60)]
    assert max(per_second) < 30
    assert min(per_second) > 0


def test_a_pause_is_never_shorter_than_half_an_interval() -> None:
    assert all(0.5 <= pause_s(1, f"agent-{i}") <= 1.5 for i in range(100))


class Scripted:
    """A duty that does what `script` says, in the place of a real one."""

    script: Any = None

    def __init__(self, **_: object) -> None:
        self.closed = False

    def interval_s(self, config: Config) -> float:
        return 1

    def measure(self, config: Config, now_us: int) -> list[tuple[str, NamedTuple]]:
        return type(self).script(config)  # type: ignore[no-any-return]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a script in the place of a duty: replaced("network", function)."""

    def replace(name: str, script: Any) -> None:
        module = types.ModuleType(f"duty_{name}")
        module.Duty = type("Duty", (Scripted,), {"name": name, "script": staticmethod(script)})  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(runner_module.DUTIES, name, f"{module.__name__}:Duty")

    return replace


def run_for(agent: Agent, condition: Any) -> Runner:
    """Run until something is so, then stop as SIGTERM does."""
    made = Runner(agent.state, agent.spool, agent.config, agent.sender)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        until(lambda: condition(made))
    finally:
        made.request_stop()
        thread.join(10)
    assert not thread.is_alive()
    return made


TARGETS = [Target("S1", "switch", "192.0.2.1")._asdict()]


def test_a_duty_that_raises_is_counted_and_the_others_go_on(
    agent: Agent, server: BookingServer, replaced: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Config) -> Any:
        raise RuntimeError("sensor on fire")

    replaced("uplink", fail)
    server.config |= {"interval_s": 1, "uplinks": [{"uplink": "A"}]}
    done = run_for(agent, lambda made: made.jobs["uplink"].failures >= 2)
    assert len(server.values("host", "uptime_s")) >= 2
    told = done.status()["duties"]["uplink"]
    assert told["error"] == "RuntimeError: sensor on fire"
    assert capfd.readouterr().err.count("sensor on fire") == 1  # once, not at every tick


def test_a_switch_that_does_not_answer_delays_no_tick(
    agent: Agent, server: BookingServer, replaced: Any
) -> None:
    hang = threading.Event()
    replaced("network", lambda _: hang.wait(20) and [])
    server.config |= {"interval_s": 1, "targets": TARGETS}
    try:
        done = run_for(agent, lambda _: len(server.rows) >= 3)
        assert done.status()["duties"]["network"]["running_s"] > 1
    finally:
        hang.set()


def test_slow_duties_report_by_the_same_way(
    agent: Agent, server: BookingServer, replaced: Any
) -> None:
    replaced("network", lambda _: [("device", DeviceReport(device="S1", clients=7))])
    server.config |= {"interval_s": 1, "targets": TARGETS}
    run_for(agent, lambda _: len(server.values("device", "clients")) >= 2)
    assert set(server.values("device", "clients")) == {7}


def test_without_the_secrets_of_a_server_devices_are_not_read(
    agent: Agent, server: BookingServer, replaced: Any
) -> None:
    reads: list[Config] = []

    def read(config: Config) -> list[Any]:
        reads.append(config)
        return []

    replaced("network", read)
    server.config |= {"interval_s": 1, "targets": TARGETS}
    agent.deliver()
    agent.config.source = "disk"  # as after a restart
    agent.client.close()
    server.shutdown()
    server.server_close()
    run_for(agent, lambda _: agent.spool.rows >= 3)
    assert reads == []


def test_without_the_snmp_extra_every_device_says_so(
    agent: Agent, server: BookingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "duty_without_pysnmp":
                raise ModuleNotFoundError("No module named 'pysnmp'", name="pysnmp.hlapi")

    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    monkeypatch.setitem(runner_module.DUTIES, "network", "duty_without_pysnmp:Duty")
    server.config |= {"interval_s": 1, "targets": TARGETS}
    done = run_for(agent, lambda _: server.values("device", "error"))
    assert server.values("device", "error")[0] == "SNMP extra not installed"
    assert "pip install" in done.status()["duties"]["network"]["error"]


def test_what_a_duty_says_about_itself_is_in_the_status(
    agent: Agent, server: BookingServer, replaced: Any
) -> None:
    replaced("network", lambda _: [])
    sys.modules["duty_network"].Duty.trouble = "SNMP extra not installed"
    server.config |= {"interval_s": 1, "targets": TARGETS}
    done = run_for(agent, lambda made: made.jobs["network"].runs)
    assert done.status()["duties"]["network"]["error"] == "SNMP extra not installed"


def test_a_report_that_cannot_be_sent_is_left_out_and_counted(
    agent: Agent, server: BookingServer, replaced: Any
) -> None:
    bad = DeviceReport(device="S1", clients={1})  # type: ignore[arg-type]
    replaced("network", lambda _: [("device", bad), ("device", DeviceReport(device="S2"))])
    server.config |= {"interval_s": 1, "targets": TARGETS}
    done = run_for(agent, lambda _: server.values("device", "device"))
    assert set(server.values("device", "device")) == {"S2"}
    assert done.status()["spool"]["invalid_rows"] >= 1


def test_the_host_says_what_waits_and_what_was_dropped(agent: Agent, server: BookingServer) -> None:
    agent.spool.dropped_rows = 41
    server.config["interval_s"] = 1
    run_for(agent, lambda _: len(server.rows) >= 1)
    assert server.values("host", "dropped_rows")[0] == 41
    assert server.values("host", "spool_rows")[0] == 0


def test_a_full_disk_is_told_in_the_status_and_reports_still_arrive(
    agent: Agent, server: BookingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from agents import chapter

    def full(handle: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(chapter, "write_all", full)
    server.config["interval_s"] = 1
    done = run_for(agent, lambda _: len(server.rows) >= 2)
    assert "No space left on device" in done.status()["spool"]["trouble"]
    assert agent.spool.dropped_rows == 0


def test_stopping_takes_no_longer_than_a_moment(agent: Agent, server: BookingServer) -> None:
    made = Runner(agent.state, agent.spool, agent.config, agent.sender)
    thread = threading.Thread(target=made.run)
    thread.start()
    until(lambda: server.rows)
    begun = time.monotonic()
    made.request_stop()
    thread.join(10)
    assert time.monotonic() - begun < 1
