"""`schoolops-agent join`, as a person types it."""

from __future__ import annotations

import json
import socket
import ssl
import stat
from pathlib import Path

import pytest

from agents.transport import fingerprint
from tests.agents.process import agent
from tests.agents.server import AGENT, CODE, SECRET, BookingServer


def test_joining_keeps_the_secret_for_the_owner_alone(
    server: BookingServer, tmp_path: Path
) -> None:
    server.config["targets"] = [
        {"device": "S1", "kind": "switch", "address": "127.0.0.1", "community": "c0mmunity"}
    ]
    done = agent("join", server.url, CODE.lower(), "--state", tmp_path / "st")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"joined: agent {AGENT} of school 164800" in done.stdout
    assert SECRET not in done.stdout
    path = tmp_path / "st/agent.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert json.loads(path.read_text())["secret"] == SECRET
    config = (tmp_path / "st/config.json").read_text()
    assert '"S1"' in config
    assert "c0mmunity" not in config
    assert server.joins[0]["hostname"] == socket.gethostname()


@pytest.mark.parametrize(
    ("code", "said"), [("XXXX-XXXX-XXXX", "this code is wrong"), (CODE, "this code has been used")]
)
def test_a_wrong_or_used_code_is_refused_with_the_servers_reason(
    server: BookingServer, tmp_path: Path, code: str, said: str
) -> None:
    server.joins.append({})
    done = agent("join", server.url, code, "--state", tmp_path / "st")
    assert done.returncode == 1
    assert done.stderr == f"schoolops-agent: the server refuses: {said}\n"
    assert not (tmp_path / "st/agent.json").exists()


def test_a_server_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    done = agent("join", f"http://127.0.0.1:{port}", CODE, "--state", tmp_path / "st")
    assert done.returncode == 1
    assert done.stderr == (f"schoolops-agent: cannot reach 127.0.0.1:{port}: Connection refused\n")


def test_a_url_that_leads_elsewhere_is_said_to(server: BookingServer, tmp_path: Path) -> None:
    done = agent("join", server.url + "/wrong", CODE, "--state", tmp_path / "st")
    assert (done.returncode, "nothing here" in done.stderr) == (1, True)


def test_with_the_ca_or_the_pin_it_joins_and_without_it_does_not(
    tls_server: BookingServer, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    done = agent("join", tls_server.url, CODE, "--state", tmp_path / "a")
    assert done.returncode == 1
    assert "not trusted" in done.stderr
    assert tls_server.joins == []
    pin = fingerprint(ssl.PEM_cert_to_DER_cert(certificate[0].read_text()))
    wrong = agent("join", tls_server.url, CODE, f"--pin=sha256:{'0' * 64}", "--state", tmp_path)
    assert (wrong.returncode, pin in wrong.stderr) == (1, True)
    assert tls_server.joins == []
    done = agent("join", tls_server.url, CODE, "--pin", f"sha256:{pin}", "--state", tmp_path / "b")
    assert done.returncode == 0
    tls_server.joins.clear()
    done = agent("join", tls_server.url, CODE, "--ca", certificate[0], "--state", tmp_path / "c")
    assert done.returncode == 0
    assert (tmp_path / "c/ca.pem").read_bytes() == certificate[0].read_bytes()


def test_a_folder_that_belongs_to_an_agent_is_not_taken_over_by_accident(
    server: BookingServer, tmp_path: Path
) -> None:
    assert agent("join", server.url, CODE, "--state", tmp_path).returncode == 0
    server.joins.clear()
    again = agent("join", server.url, CODE, "--state", tmp_path)
    assert again.returncode == 1
    assert f"is agent {AGENT} of school 164800 already" in again.stderr
    assert server.joins == []  # the code is not spent
    assert agent("join", server.url, CODE, "--replace", "--state", tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["jion"], "there is no command 'jion'"),
        (["join"], "URL is missing"),
        (["join", "https://x"], "CODE is missing"),
        (["join", "https://x", "A", "B"], "'B' is too much"),
        (["join", "https://x", "A", "--bad"], "there is no option --bad"),
        (["join", "https://x", "A", "--ca"], "--ca wants a value"),
        (["join", "https://x", "A", "--ca", "f", "--pin", "p"], "choose one of --ca and --pin"),
        (["join", "example.org", "A"], "write it as https://"),
        (["run", "--once=3"], "--once takes no value"),
        ([], "usage:"),
    ],
)
def test_wrong_use_ends_with_2_and_a_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    done = agent(*words, "--state", tmp_path) if words else agent()
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_version_need_no_state() -> None:
    assert agent("--help").stdout.startswith("usage: schoolops-agent join URL CODE")
    assert agent("run", "--help").returncode == 0
    assert agent("--version").stdout.startswith("schoolops-agent ")
