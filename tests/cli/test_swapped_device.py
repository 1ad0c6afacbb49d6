"""A switch was swapped: a real snmpd, a real agent, a real server, and what `show` says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.agents.process import agent
from tests.cli.conftest import runner, serving
from tests.peers import snmpd as peers


def test_another_device_at_a_recorded_address_is_down_until_its_serial_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with peers.running() as snmpd, serving(SCHOOLOPS_AGENT__SNMP_PORT=str(snmpd.port)) as served:
        monkeypatch.setenv("SCHOOLOPS_HOME", str(served.home))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(served.runtime))
        run = runner(monkeypatch, capsys)
        run("new", "credential", "name=read", "kind=snmp-v2c")
        assert run("credential", "set", "read", stdin=peers.COMMUNITY.encode()).code == 0
        made = run(
            "new", "switch", "serial=FOX-0001", "school=164800", "address=127.0.0.1",
            "management=snmp", "credential=read", "name=sw-cellar",
        )  # fmt: skip
        assert made.code == 0, made.err
        state = tmp_path / "state"
        invited = run("agent", "invite", "164800", "--json").json
        assert agent("join", served.url, invited["code"], "--state", state).returncode == 0

        def seen(key: str, serial: str, health: str) -> dict[str, object]:
            snmpd.serial = serial
            snmpd.restart()
            once = agent("run", "--once", "--state", state)
            assert once.returncode == 0, once.stderr
            end = time.monotonic() + 20  # health is assessed after the reports are booked
            while (found := run("show", "switch", key, "--json").json)["health"] != health:
                assert time.monotonic() < end, found
                time.sleep(0.1)
            return {"why": found["reason"], **found["latest"]["values"]}

        own = seen("FOX-0001", "FOX-0001", "ok")
        assert own["reachable"] is True
        assert own["uptime_s"]
        other = seen("FOX-0001", "FOX-0002", "down")
        assert other["why"] == "another device answers: serial FOX-0002"
        assert other.get("uptime_s") is None
        assert other.get("rx_bytes") is None
        assert run("edit", "switch", "FOX-0001", "serial=FOX-0002").code == 0
        edited = seen("FOX-0002", "FOX-0002", "ok")
        assert edited["reachable"] is True
