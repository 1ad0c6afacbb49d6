"""`schoolops room`: the QR code of a room, on a real server that knows its address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Served, run, serving

__all__ = ["run"]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(SCHOOLOPS_SERVER__PUBLIC_URL="https://schools.example/") as made:
        yield made


@pytest.fixture
def room(run: Run) -> str:
    run("new", "room", "school=164800", "name=2.14", "kind=classroom")
    return "164800/2.14"


def test_a_code_is_made_once_renewed_and_revoked(run: Run, room: str) -> None:
    first = run("room", "code", room, "--json")
    assert first.code == 0, first.err
    assert first.json["url"] == f"https://schools.example/r/{first.json['code']}"
    assert len(first.json["code"]) == 12
    assert run("room", "code", room, "--json").json["code"] == first.json["code"]
    renewed = run("room", "code", room, "--renew", "--json").json["code"]
    assert renewed != first.json["code"]
    assert run("room", "code", room, "--revoke").code == 0
    assert run("room", "code", room, "--json").json["code"] not in (renewed, first.json["code"])
    actions = [one["action"] for one in run("history", "room", room, "--json").json["events"]]
    assert {"make code", "renew code", "revoke code"} <= set(actions)


def test_the_qr_code_is_drawn_into_files_and_on_the_terminal(
    run: Run, room: str, tmp_path: Path
) -> None:
    svg, png = tmp_path / "a.svg", tmp_path / "a.png"
    done = run("room", "code", room, "--svg", str(svg), "--png", str(png))
    assert done.code == 0, done.err
    assert svg.read_bytes().startswith(b"<?xml")
    assert png.read_bytes().startswith(b"\x89PNG")
    again = run("room", "code", room, "--svg", str(svg))
    assert (again.code, "--force" in again.err) == (1, True)
    shown = run("room", "code", room)
    assert shown.out.count("\n") > 10
    assert shown.out.splitlines()[-1] == done.out.splitlines()[-1]


def test_a_room_that_nobody_measured_says_so(run: Run, room: str) -> None:
    assert "nothing was measured in 164800/2.14 yet" in run("room", "measured", room).out
    assert run("room", "measured", room, "--json").json["measurements"] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("code", "164800/9.99"), 1),
        (("code", "164800/2.14", "--revoke", "--renew"), 2),
        (("code", "164800/2.14", "--svg", "/nowhere/at/all.svg"), 2),
        (("measured", "164800/9.99"), 1),
    ],
)
def test_wrong_use_says_so(run: Run, room: str, words: tuple[str, ...], code: int) -> None:
    done = run("room", *words)
    assert done.code == code
    assert done.err


def test_a_device_and_the_board_of_a_school_have_codes_too(run: Run, room: str) -> None:
    run("new", "device", "serial=BEAMER-1", "kind=board", "school=164800", f"room={room}")
    device = run("device", "code", "BEAMER-1", "--json")
    assert device.json["device"] == "BEAMER-1"
    assert device.json["path"] == f"/r/{device.json['code']}"
    board = run("school", "code", "164800", "--json")
    assert board.json["school"] == "164800"
    assert board.json["url"] == f"https://schools.example/board/{board.json['code']}"
    renewed = run("school", "code", "164800", "--renew", "--json").json["code"]
    assert renewed != board.json["code"]
    assert run("school", "code", "164800", "--revoke").code == 0
    for words in (("device", "code", "NOTHING"), ("school", "code", "999999")):
        done = run(*words)
        assert (done.code, bool(done.err)) == (1, True)
