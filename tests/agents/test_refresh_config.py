"""The config: fetched when it changed, kept without secrets, never taken half."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.config import ConfigKeeper, read_config, without_secrets
from agents.errors import BadAnswer
from agents.protocol import HostReport, Target, config_from_json
from agents.state import State
from tests.agents.conftest import Agent
from tests.agents.server import AGENT, BookingServer

SECRETS = {"community": "c-1", "auth_key": "a-2", "privacy_key": "p-3", "password": "w-4"}


def test_no_secret_is_left_for_the_disk() -> None:
    config = config_from_json(
        {
            "etag": "e",
            "agent": "a",
            "school": "s",
            "discovery_community": "d-5",
            "targets": [{"device": "S1", "kind": "switch", "address": "192.0.2.1", **SECRETS}],
        }
    )
    text = repr(without_secrets(config))
    assert "S1" in text
    assert not [secret for secret in [*SECRETS.values(), "d-5"] if secret in text]


def test_every_field_that_could_be_a_secret_is_known_here() -> None:
    """A new secret in the protocol must not slip onto the disk."""
    suspects = [f for f in Target._fields if any(w in f for w in ("key", "pass", "commun", "sec"))]
    assert sorted(suspects) == sorted(SECRETS)


def test_after_a_restart_without_a_server_the_old_config_holds_but_is_not_complete(
    agent: Agent, server: BookingServer
) -> None:
    server.config["uplinks"] = [{"uplink": "A"}]
    agent.deliver()
    assert agent.config.complete
    again = ConfigKeeper(State(agent.state.path), AGENT)
    assert (again.source, again.complete) == ("disk", False)
    assert again.config.uplinks[0].uplink == "A"
    assert again.is_outdated("e1")  # asks the server even if nothing has changed


def test_it_is_asked_for_again_only_when_an_acknowledgement_names_another(
    agent: Agent, server: BookingServer
) -> None:
    for value in range(3):
        agent.spool.append([("host", value, HostReport())])
        agent.deliver()
    assert server.config_requests == 1
    server.config |= {"etag": "e2", "interval_s": 30}
    agent.spool.append([("host", 9, HostReport())])
    agent.deliver()
    assert server.config_requests == 2
    assert agent.config.config.interval_s == 30


def test_a_server_that_names_one_etag_and_gives_another_is_not_asked_at_every_tick(
    agent: Agent, server: BookingServer
) -> None:
    agent.deliver()
    book = server.book
    server.book = lambda batch: (200, {**book(batch)[1], "config_etag": "other"})  # type: ignore
    for value in range(5):
        agent.spool.append([("host", value, HostReport())])
        agent.deliver()
    assert server.config_requests == 2
    assert len(server.rows) == 5


@pytest.mark.parametrize(
    "data", [[], "x", {"agent": "a"}, {"etag": "", "agent": "", "school": "", "uplinks": 3}]
)
def test_what_is_no_config_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="config"):
        read_config(data)


def test_what_a_newer_server_adds_is_passed_over_and_nonsense_is_bounded() -> None:
    base = {"etag": "e", "agent": "a", "school": "s", "new_thing": 1}
    config = read_config({**base, "interval_s": 0, "discover_every_s": -5})
    assert (config.interval_s, config.discover_every_s) == (1, 0)


def test_a_broken_config_leaves_the_old_one_in_force(agent: Agent, server: BookingServer) -> None:
    agent.deliver()
    server.config = {"etag": "e2", "uplinks": "nonsense"}
    with pytest.raises(BadAnswer):
        agent.config.fetch(agent.client)
    assert agent.config.config.etag == "e1"


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"etag": ')
    keeper = ConfigKeeper(State(str(tmp_path)), "a")
    assert (keeper.source, keeper.config.interval_s) == ("none", 60)
