"""Commands that ride on replies: carried out once, answered once, refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.protocol import Command, command_mac
from tests.agents.process import agent, running, start, until
from tests.agents.server import CODE, KEY, BookingServer


@pytest.fixture
def state(server: BookingServer, tmp_path: Path) -> Path:
    """The folder of an agent that has joined and measures each second."""
    folder = tmp_path / "agent"
    server.config["interval_s"] = 1
    assert agent("join", server.url, CODE, "--state", folder).returncode == 0
    return folder


def after(server: BookingServer, rows: int) -> None:
    have = len(server.rows)
    until(lambda: len(server.rows) >= have + rows)


def test_a_command_that_comes_with_every_reply_is_carried_out_and_answered_once(
    server: BookingServer, state: Path
) -> None:
    server.ask("c1", "diagnostics")
    with running("run", "--state", state):
        until(server.results)
        after(server, 3)
    with running("run", "--state", state):  # nor does another process do it again
        after(server, 3)
    answer = server.results()["c1"]
    assert answer["state"] == "done"
    assert "all duties are well" in answer["text"]
    told = json.loads(answer["data"])
    assert told["version"]
    assert told["duties"]["host"]["error"] == ""
    assert told["machine"]["rss_bytes"] > 5e6
    secrets = ["secret-of-the-agent", KEY, str(Path.home())]
    assert not [secret for secret in secrets if secret in answer["data"]]


def test_what_is_forged_expired_or_unknown_is_refused_with_its_reason(
    server: BookingServer, state: Path
) -> None:
    server.ask("forged", "diagnostics", key="another key")
    server.ask("late", "diagnostics", good_for_s=-1)
    server.ask("new", "make-coffee")
    other = Command("moved", "diagnostics", "{}", server.now() + 10**9, "")
    moved = other._replace(mac=command_mac(KEY, "another-agent", other))
    altered = server.ask("altered", "poll", device="A")._asdict() | {"arguments": '{"device":"B"}'}
    server.commands[-1] = altered
    server.commands += [moved._asdict(), {"id": 7}, "nonsense", None]
    with running("run", "--state", state):
        until(lambda: len(server.results()) >= 5)
        after(server, 2)
    said = {id: (one["state"], one["text"]) for id, one in server.results().items()}
    wrong = ("refused", "its signature is not right")
    assert said == {
        "forged": wrong,
        "altered": wrong,
        "moved": wrong,
        "late": ("refused", "it came too late"),
        "new": ("refused", "this agent does not know 'make-coffee'; upgrade it"),
    }


def test_an_agent_that_joined_without_a_key_says_how_it_gets_one(
    server: BookingServer, state: Path
) -> None:
    path = state / "agent.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"command_key": ""}))
    server.ask("c", "diagnostics")
    with running("run", "--state", state):
        until(server.results)
    assert "join it again" in server.results()["c"]["text"]


def test_what_a_killed_process_had_begun_is_told_and_not_done_again(
    server: BookingServer, state: Path
) -> None:
    # A line whose test server takes the connection and never answers: the command lasts.
    server.config["uplinks"] = [
        {"uplink": "A", "targets": [f"127.0.0.1:{server.server_port}"], "interface": "lo"}
    ]
    with silent() as port:
        server.config["uplinks"][0]["download_url"] = f"http://127.0.0.1:{port}/"
        server.ask("c", "line-test", in_lessons=True)
        process = start("run", "--state", state)
        until(lambda: "begun" in read(state))
        process.kill()
        process.communicate()
        assert not server.results()
        with running("run", "--state", state):
            until(server.results)
            after(server, 3)
    answer = server.results()["c"]
    assert (answer["state"], answer["text"]) == (
        "failed",
        "the agent was restarted while it was at it",
    )


def test_without_room_to_note_it_nothing_is_carried_out(server: BookingServer, state: Path) -> None:
    (state / "commands.json.new").mkdir()  # what it is written to before it is put in place
    server.ask("c", "diagnostics")
    with running("run", "--state", state):
        until(server.results)
        after(server, 2)
    assert server.results()["c"]["state"] == "refused"
    assert "cannot note that it was done" in server.results()["c"]["text"]


def test_a_line_is_tested_now_unless_there_are_lessons(server: BookingServer, state: Path) -> None:
    server.config["uplinks"] = [
        {"uplink": "A", "targets": [f"127.0.0.1:{server.server_port}"], "interface": "lo",
         "download_url": f"{server.url}/v1/nothing"},
    ]  # fmt: skip
    server.ask("lessons", "line-test")
    server.ask("asked", "line-test", in_lessons=True)
    server.ask("other", "line-test", uplink="B")
    with running("run", "--state", state):
        until(lambda: len(server.results()) == 3)
    said = {id: (one["state"], one["text"]) for id, one in server.results().items()}
    assert said["lessons"][0] == "failed"
    assert "there are lessons or exams" in said["lessons"][1]
    assert "answers HTTP 404" in said["asked"][1]
    assert said["other"] == ("failed", "this agent measures no line B")


def test_a_device_is_read_now_and_its_report_is_booked_as_well(
    server: BookingServer, state: Path
) -> None:
    server.config |= {
        "interval_s": 3600,
        "targets": [{"device": "S1", "kind": "switch", "address": "127.0.0.1", "port": 9,
                     "method": "unknown-way"}],
    }  # fmt: skip
    server.ask("c", "poll", device="S1")
    server.ask("none", "poll", device="S2")
    with running("run", "--state", state):
        until(lambda: len(server.results()) == 2)
        until(lambda: "S1" in server.values("device", "device"))
    assert json.loads(server.results()["c"]["data"])["device"] == "S1"
    assert "is not among the devices" in server.results()["none"]["text"]


def read(state: Path) -> str:
    path = state / "commands.json"
    return path.read_text() if path.exists() else ""


class silent:
    """A port whose connections are taken, and nothing is said."""

    def __enter__(self) -> int:
        import socket

        self._socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: Any) -> None:
        self._socket.close()
