"""`schoolops agent release` and `agent ask … upgrade`, with a real server and real agents."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents import __version__
from tests.agents.releases import BROKEN, Supervised, release
from tests.cli.conftest import Run, runner, serving


def test_an_agent_is_upgraded_and_stays_with_what_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(SCHOOLOPS_AGENT__INTERVAL_S="1", SCHOOLOPS_AGENT__TARGETS="[]") as served:
        monkeypatch.setenv("SCHOOLOPS_HOME", str(served.home))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(served.runtime))
        run: Run = runner(monkeypatch, capsys)
        assert run("agent", "release").out == "no release is on offer\n"
        for version, main in (("9.0.0", ""), ("9.1.0", BROKEN)):
            file = tmp_path / f"{version}.pyz"
            file.write_bytes(release(version, main=main))
            assert f"{version}  " in run("agent", "release", str(file)).out
        assert run("agent", "release", str(tmp_path / "none.pyz")).code == 2
        assert [one["version"] for one in run("agent", "release", "--json").json] == [
            "9.1.0",
            "9.0.0",
        ]
        code = run("agent", "invite", "164800", "--json").json["code"]
        with Supervised(tmp_path, release(__version__)) as agent:
            done = agent.call("join", served.url, code)
            assert done.returncode == 0, done.stderr
            agent.keep_running()
            ask = ("agent", "ask", "164800-1", "upgrade")
            assert run(*ask, "9.0.0", "--wait", "60").out == "runs 9.0.0 now\n"
            failed = run(*ask, "--wait", "60")
            assert failed.code == 1
            assert "9.1.0 was given up, the former release runs again" in failed.err
            assert '"9.0.0"' in run("agent", "list", "--json").out
            assert "upgrade 9.0.0: runs 9.0.0 now" in run("agent", "asked", "164800-1").out
            assert run(*ask, "8.0.0").code == 1
            assert run("agent", "ask", "164800-1", "poll", "x", "--downgrade").code == 2
            assert agent.starts == 1
