"""`schoolops token`, `credential`, `audit`, and another computer's server."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from schoolops.core.permissions import ROLES
from tests.cli.conftest import Run, Served


def test_a_token_opens_the_server_from_elsewhere_within_its_scope(
    run: Run, served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = run("token", "create", "a.viewer", "--role", "viewer", "--schools", "164800")
    assert made.code == 0
    assert made.out.startswith("sot_")
    assert "sot_" not in made.err
    token = made.out.strip()
    listed = {t["name"]: t for t in run("token", "list", "--json").json}
    assert listed["a.viewer"]["schools"] == ["164800"]
    assert token not in run("token", "list").out

    monkeypatch.setenv("SCHOOLOPS_TOKEN", token)
    assert [s["key"] for s in run("ls", "schools", "--json").json] == ["164800"]
    monkeypatch.delenv("SCHOOLOPS_TOKEN")
    monkeypatch.setenv("SCHOOLOPS_HOME", str(tmp_path / "laptop"))
    far = ("--server", served.url)
    refused = run("ls", "schools", *far)
    assert refused.code == 1
    assert "token" in refused.err
    monkeypatch.setenv("SCHOOLOPS_TOKEN", token)
    assert [s["key"] for s in run("ls", "schools", "--json", *far).json] == ["164800"]
    refused = run("edit", "school", "164800", "phone=1", *far)
    assert refused.code == 1
    assert "viewer" in refused.err


def test_a_token_is_kept_for_its_server_alone(
    run: Run, served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = run("token", "create", "b.keeper", "--role", "auditor").out
    monkeypatch.setenv("SCHOOLOPS_HOME", str(tmp_path / "laptop"))
    monkeypatch.setenv("SCHOOLOPS_SERVER", served.url)
    assert run("token", "keep", stdin=b"sot_wrong\n").code == 1
    kept = run("token", "keep", stdin=token.encode())
    assert kept.code == 0, kept.err
    assert "b.keeper (auditor" in kept.out
    file = tmp_path / "laptop" / "client-tokens"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("ls", "schools", "--count").out == "3\n"
    os.chmod(file, 0o644)
    result = run("ls", "schools", "--count")
    assert result.code == 2
    assert "chmod 600" in result.err


def test_a_revoked_token_opens_nothing(
    run: Run, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = run("token", "create", "c.gone", "--role", "viewer").out.strip()
    assert run("token", "revoke", "c.gone").code == 0
    assert run("token", "revoke", "nobody").code == 1
    monkeypatch.setenv("SCHOOLOPS_TOKEN", token)
    assert run("ls", "schools", "--server", served.url).code == 1


def test_a_token_wants_a_role_and_a_scope_that_exist(run: Run) -> None:
    assert run("token", "create", "d.x", "--role", "king").code == 2
    assert run("token", "create", "d.x", "--role", "viewer", "--schools", "999999").code == 1
    assert run("token", "create", "d.x", "--role", "viewer", "--schools", ",").code == 2
    scope = ("--schools", "164800", "--authority", "10042")
    assert run("token", "create", "d.x", "--role", "viewer", *scope).code == 2


@pytest.mark.parametrize(
    "address",
    ["schoolops.example", "ftp://a", "https://", "http://a:b@c", "http://[", "http://h:x"],
)
def test_an_address_that_is_none_is_wrong_use(run_alone: Run, address: str) -> None:
    result = run_alone("ls", "schools", "--server", address)
    assert result.code == 2
    assert "https://" in result.err


def test_a_token_is_not_sent_readable_over_the_network(
    run_alone: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOOLOPS_TOKEN", "sot_x")
    result = run_alone("ls", "schools", "--server", "http://schoolops.example")
    assert result.code == 2
    assert "readable" in result.err


def test_a_server_that_is_not_there_is_said(run_alone: Run) -> None:
    result = run_alone("ls", "schools", "--server", "http://127.0.0.1:9")
    assert result.code == 1
    assert "cannot be reached" in result.err


def test_a_secret_comes_from_stdin_and_is_never_shown(run: Run, served: Served) -> None:
    run("new", "credential", "name=ts-snmp", "kind=snmp-v3", "username=reader")
    assert "secret    not set" in run("show", "credential", "ts-snmp").out
    result = run("credential", "set", "ts-snmp", stdin=b"auth-geheim\npriv-geheim\n")
    assert (result.code, result.out) == (0, "set the secret of credential ts-snmp\n")
    shown = run("show", "credential", "ts-snmp")
    assert "secret    set" in shown.out
    everything = shown.out + run("show", "credential", "ts-snmp", "--json").out
    everything += run("audit", "--all", "--json").out
    everything += "".join(f.read_text() for f in (served.home / "logs").iterdir())
    assert "geheim" not in everything


def test_a_secret_must_not_be_empty_or_too_many(run: Run) -> None:
    run("new", "credential", "name=ts-2", "kind=snmp-v2c")
    assert run("credential", "set", "ts-2", stdin=b"").code == 2
    assert run("credential", "set", "ts-2", stdin=b"a\nb\n").code == 2
    assert run("credential", "set", "ts-none", stdin=b"a\n").code == 1
    assert run("credential", "set", "ts-2", "public").code == 2


def test_the_audit_tells_who_did_what_and_proves_itself(run: Run) -> None:
    run("new", "room", "school=164800", "name=AU-1")
    events = run("audit", "record:164800/AU-1", "--json").json
    assert [event["action"] for event in events] == ["create"]
    verified = run("audit", "verify", "--json")
    assert verified.code == 0
    assert verified.json["ok"] is True
    assert run("audit", "verify", "more").code == 2


def test_the_help_says_what_each_role_may_do(run_alone: Run) -> None:
    told = run_alone("token", "create", "--help").out
    for role in ROLES.keys() - {"agent"}:
        assert any(line.strip().startswith(f"{role} ") for line in told.splitlines()), role
