"""Releases of the agent: signed with a key of the city's, offered, handed to agents alone."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient

from agents import ed25519, protocol
from agents.protocol import HostReport, ResultReport
from schoolops.core.errors import Invalid, NotFound, Unusable
from schoolops.db.engine import Store
from schoolops.fleet import releases
from schoolops.telemetry import booking
from tests.server.conftest import Agent, Api


@cache  # an archive holds the second in which it was made
def archive(version: str, name: str = "agents/__init__.py") -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as made:
        made.writestr(name, f'__version__ = "{version}"\n')
    return memory.getvalue()


def ask(api: Api, agent: Agent, status: int = 201, **given: Any) -> Any:
    body = {"kind": "upgrade", "arguments": given}
    return api.post(f"/agents/{agent.id}/commands", body, status)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    key = releases.public_key(tmp_path)
    assert releases.public_key(tmp_path) == key
    file = tmp_path / "keys" / "release.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["release.key"]
    file.chmod(0o644)
    with pytest.raises(Unusable, match="chmod 600"):
        releases.public_key(tmp_path)


def test_the_key_may_lie_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "stick" / "release.key"
    public = releases.public_key(tmp_path)
    elsewhere.parent.mkdir()
    (tmp_path / "keys" / "release.key").rename(elsewhere)
    (tmp_path / "keys" / "release.pub").write_text(public + "\n")
    assert releases.public_key(tmp_path) == public
    assert releases.offer(tmp_path, archive("1.0"), elsewhere, 1)["version"] == "1.0"
    with pytest.raises(Unusable, match="is missing"):
        releases.offer(tmp_path, archive("1.0"), tmp_path / "none", 1)
    with pytest.raises(Unusable, match="not the one"):  # a new key would be made, and is foreign
        releases.offer(tmp_path, archive("1.1"), None, 1)
    assert [one["version"] for one in releases.offered(tmp_path)] == ["1.0"]
    (tmp_path / "keys" / "release.pub").write_text("nonsense")
    with pytest.raises(Unusable, match="no public key"):
        releases.public_key(tmp_path)


def test_what_it_signs_the_agent_finds_right(tmp_path: Path) -> None:
    made = releases.offer(tmp_path, archive("1.2.3"), None, 1)
    statement = protocol.release_statement("1.2.3", made["sha256"], made["size"])
    key = bytes.fromhex(releases.public_key(tmp_path))
    assert ed25519.verify(key, statement, bytes.fromhex(made["signature"]))
    foreign = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert not ed25519.verify(foreign, statement, bytes.fromhex(made["signature"]))
    assert not releases.is_signed(made, foreign.hex())


def test_what_is_no_agent_is_not_signed(tmp_path: Path) -> None:
    whole = archive("1.0")
    broken = bytearray(whole)
    broken[45] ^= 1
    for data in (b"", b"#!/bin/sh", archive("1.0", "other/__init__.py"), archive("1.x"),
                 bytes(broken), whole + bytes(5_000_000)):  # fmt: skip
        with pytest.raises(Invalid):
            releases.offer(tmp_path, data, None, 1)
    assert releases.offered(tmp_path) == []


def test_the_newest_version_comes_first_and_damage_is_passed_over(tmp_path: Path) -> None:
    for at, version in enumerate(("1.9", "1.10", "1.2")):
        releases.offer(tmp_path, archive(version), None, at)
    (tmp_path / "releases" / "x.json").write_text("{}")
    (tmp_path / "releases" / "y.json").write_text("broken")
    assert [one["version"] for one in releases.offered(tmp_path)] == ["1.10", "1.9", "1.2"]
    assert releases.find(tmp_path)["version"] == "1.10"
    assert releases.find(tmp_path, "1.2")["version"] == "1.2"
    with pytest.raises(NotFound):
        releases.find(tmp_path, "2.0")


def test_an_agent_gets_the_key_the_command_and_the_bytes(
    api: Api, agent: Agent, remote: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking, "LOOK_EVERY_S", 0.0)
    home = store.settings.home
    assert agent.config.release_key == releases.public_key(home)
    assert "agent release FILE" in ask(api, agent, 404)["detail"]
    made = releases.offer(home, archive("2.0"), None, 1)
    asked = ask(api, agent)
    (sent,) = agent.report(("host", HostReport()))["commands"]
    told = json.loads(sent["arguments"])
    assert told == {name: made[name] for name in ("version", "sha256", "size", "signature")} | {  # type: ignore[literal-required]
        "downgrade": False
    }
    path = f"/v1/agent/releases/{made['sha256']}"
    mine = {"Authorization": f"Bearer {agent.secret}"}
    assert remote.get(path, headers=mine).content == archive("2.0")
    assert remote.get(path).status_code == 401
    for wrong in ("0" * 64, "0" * 63, "release.key"):
        assert remote.get(f"/v1/agent/releases/{wrong}", headers=mine).status_code == 404
    agent.report(("result", ResultReport(asked["id"], "done", "runs", '{"version":"2.0"}')))
    assert api.get(f"/agents/{agent.id}")["values"]["version"] == "2.0"
    releases.offer(home, archive("1.0"), None, 2)
    assert "--downgrade" in ask(api, agent, 422, version="1.0")["detail"]
    assert ask(api, agent, version="1.0", downgrade=True)["arguments"]["downgrade"] is True
