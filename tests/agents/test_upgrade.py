"""An agent upgrades itself to a signed release, and goes back to the former one by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents import __version__
from tests.agents.process import agent, running, until
from tests.agents.releases import BROKEN, MUTE, Signer, Supervised, release
from tests.agents.server import CODE, BookingServer

OLD, NEW = __version__, "9.0.0"
SIGNER = Signer()


@pytest.fixture
def supervised(server: BookingServer, tmp_path: Path) -> Iterator[Supervised]:
    """An agent of the old release that has joined and measures each second."""
    with joined(server, tmp_path, release(OLD)) as made:
        yield made


def joined(server: BookingServer, folder: Path, installed: bytes) -> Supervised:
    server.config["interval_s"] = 1
    server.release_key = SIGNER.public
    made = Supervised(folder, installed)
    done = made.call("join", server.url, CODE)
    assert done.returncode == 0, done.stderr
    return made


def upgrade(server: BookingServer, data: bytes, signed_as: str = NEW, **more: Any) -> str:
    """Ask for it; the command's id."""
    given = {"limit_s": 20} | SIGNER.arguments(data, signed_as) | more
    server.releases[given["sha256"]] = data
    id = f"u{len(server.commands)}"
    server.ask(id, "upgrade", **given)
    return id


def answer(server: BookingServer, running: Supervised, id: str) -> dict[str, Any]:
    def answered() -> bool:
        running.keep_running()
        return id in server.results(killed=True)

    until(answered)
    return server.results(killed=True)[id]


def version(server: BookingServer, running: Supervised) -> str:
    """What runs now, by its own account."""
    while True:
        id = f"d{len(server.commands)}"
        server.ask(id, "diagnostics")
        if told := answer(server, running, id)["data"]:  # else it was killed at just that
            return str(json.loads(told)["version"])


def test_a_good_release_takes_over_and_says_so(
    server: BookingServer, supervised: Supervised
) -> None:
    told = answer(server, supervised, upgrade(server, release(NEW)))
    assert (told["state"], told["text"]) == ("done", f"runs {NEW} now")
    assert json.loads(told["data"]) == {"version": NEW}
    assert version(server, supervised) == NEW
    assert supervised.starts == 1  # nobody had to help
    seqs = [(boot, seq) for boot, seq, *_ in server.rows]
    assert len(seqs) == len(set(seqs))
    assert supervised.terminate() == 0
    assert version(server, supervised) == NEW  # after a restart, too
    # A second one goes into the other slot; an older one only if that is wanted.
    assert answer(server, supervised, upgrade(server, release("9.1.0"), "9.1.0"))["state"] == "done"
    assert len(list(supervised.state.glob("release-*.pyz"))) == 2
    told = answer(server, supervised, upgrade(server, release(NEW)))
    assert (told["state"], told["text"]) == ("failed", "9.0.0 is older than 9.1.0, which runs")
    told = answer(server, supervised, upgrade(server, release(NEW), downgrade=True))
    assert (told["state"], told["text"]) == ("done", "runs 9.0.0 now")
    # Whoever replaces the installed file by hand gets that file.
    supervised.terminate()
    supervised.archive.write_bytes(release("9.0.1"))
    assert version(server, supervised) == "9.0.1"


def test_a_release_that_breaks_is_given_up_and_told(
    server: BookingServer, supervised: Supervised
) -> None:
    told = answer(server, supervised, upgrade(server, release(NEW, main=BROKEN)))
    assert told["state"] == "failed"
    assert told["text"] == (
        f"{NEW} was given up, the former release runs again: it ended with exit code 1"
    )
    assert "this release is broken" in supervised.log
    assert version(server, supervised) == OLD
    assert supervised.starts == 1
    told = answer(server, supervised, upgrade(server, release("9.1.0"), "9.1.0"))
    assert told["state"] == "done"  # the next one may come


def test_a_release_that_never_delivers_is_given_up_when_its_time_is_over(
    server: BookingServer, supervised: Supervised
) -> None:
    told = answer(server, supervised, upgrade(server, release(NEW, main=MUTE), limit_s=2))
    assert told["state"] == "failed"
    assert "it did not deliver within 2 s" in told["text"]
    assert version(server, supervised) == OLD
    assert supervised.starts == 1


def test_what_is_not_signed_by_the_key_or_altered_is_never_tried(
    server: BookingServer, supervised: Supervised
) -> None:
    data = release(NEW)
    foreign = Signer().arguments(data, NEW)
    altered = bytearray(data)
    altered[1000] ^= 1
    asked = {
        upgrade(server, data, signature=foreign["signature"]): "signature is not right",
        upgrade(server, data, version="9.0.1"): "signature is not right",
        upgrade(server, data, version="newest"): "not described rightly",
        upgrade(server, data, "0.0.1"): "0.0.1 is older than",
    }
    for id, why in asked.items():
        told = answer(server, supervised, id)
        assert told["state"] == "failed"
        assert why in told["text"]
    sha256 = SIGNER.arguments(data, NEW)["sha256"]
    for wrong, why in (
        (bytes(altered), "not the release that was signed"),
        (data[:-1], "not the release that was signed"),
        (data + b"more", "too much"),
        (None, "the server answers 404"),
    ):
        id = upgrade(server, data)
        server.releases[sha256] = wrong
        told = answer(server, supervised, id)
        assert (told["state"], why in told["text"]) == ("failed", True), told
    assert not (supervised.state / "upgrade.json").exists()
    assert version(server, supervised) == OLD


def test_a_slot_that_rots_on_the_disk_is_not_started(
    server: BookingServer, supervised: Supervised
) -> None:
    assert answer(server, supervised, upgrade(server, release(NEW)))["state"] == "done"
    supervised.kill()
    slot = supervised.state / "release-a.pyz"
    slot.write_bytes(slot.read_bytes()[:-5] + b"rust!")
    assert version(server, supervised) == OLD
    assert "is damaged" in supervised.log


def test_what_belongs_to_a_package_or_is_no_archive_says_that_it_cannot(
    server: BookingServer, supervised: Supervised
) -> None:
    (supervised.archive.parent / "EXTERNALLY-MANAGED").touch()
    told = answer(server, supervised, upgrade(server, release(NEW)))
    assert "upgrade the package" in told["text"]
    supervised.kill()
    id = upgrade(server, release(NEW))
    with running("run", "--state", supervised.state):
        until(lambda: id in server.results())
    assert "does not run from its one file" in server.results()[id]["text"]


def test_an_agent_without_a_key_takes_the_configs_and_never_another(
    server: BookingServer, tmp_path: Path
) -> None:
    folder = tmp_path / "agent"
    assert agent("join", server.url, CODE, "--state", folder).returncode == 0
    path = folder / "agent.json"
    assert json.loads(path.read_text())["release_key"] == ""
    for key in (SIGNER.public, Signer().public):
        server.config |= {"release_key": key, "etag": key[:8]}
        assert agent("run", "--once", "--state", folder).returncode == 0
        assert json.loads(path.read_text())["release_key"] == SIGNER.public


@pytest.mark.parametrize("broken", [False, True])
def test_killed_at_any_step_it_ends_up_with_the_one_or_the_other(
    server: BookingServer, tmp_path: Path, broken: bool
) -> None:
    """Each fsync, rename, fork and exec on the way is a step at which everything is killed; every
    sixth of them is enough here."""
    new = release(NEW, main=BROKEN if broken else "", tripwire=True)
    steps = tmp_path / "steps"
    with joined(server, tmp_path, release(OLD, tripwire=True)) as supervised:
        supervised.keep_running()
        until(lambda: server.rows)
        tries, survived = 0, set()
        for at in range(1, 200, 6):
            supervised.kill()
            (supervised.state / "upgrade.json").unlink(missing_ok=True)
            steps.write_bytes(b"")
            supervised.environment |= {"TRIPWIRE": str(steps), "TRIP_AT": str(at)}
            supervised.starts = 0
            told = answer(server, supervised, upgrade(server, new))
            runs = version(server, supervised)
            assert (told["state"] == "done") == (runs == NEW), (at, told, runs)
            assert runs == OLD or not broken
            survived.add(told["text"])
            tries = at
            if supervised.starts == 1:
                break
        assert 10 < tries < 60, tries
        assert survived == {
            told["text"],
            "the agent was restarted while it was at it",
        }
