"""How the command line ends: codes, one line on stderr, never a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from schoolops.cli import COMMANDS, _guard
from tests.cli.conftest import Run


def test_version_and_help_are_done(run_alone: Run) -> None:
    from schoolops import __version__

    assert run_alone("--version") == (0, f"schoolops {__version__}\n", "")
    for words in ([], ["--help"], ["help"]):
        result = run_alone(*words)
        assert result.code == 0
        assert all(f"  {name} " in result.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run_alone: Run, name: str) -> None:
    result = run_alone(name, "--help")
    assert result.code == 0
    assert result.out.startswith(f"usage: schoolops {name}")
    assert run_alone("help", name).out == result.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_an_unknown_option(run_alone: Run, name: str) -> None:
    result = run_alone(name, "--frobnicate")
    assert result.code == 2
    assert result.err.startswith("schoolops: ")
    assert result.err.count("\n") == 1


def test_an_unknown_command_names_what_was_meant(run_alone: Run) -> None:
    result = run_alone("exprot", "schools")
    assert result.code == 2
    assert "export" in result.err


def test_what_nobody_expected_gets_a_number_and_its_details_a_log(
    run_alone: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> NoReturn:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("schoolops.cli.completion.run", fail)
    result = run_alone("completion", "bash")
    assert result.code == 1
    assert result.err.count("\n") == 1
    found = re.search(r"error ([0-9a-f]{8})", result.err)
    assert found
    log = (home / "logs" / "cli-errors.log").read_text()
    assert f"error {found[1]} in completion" in log
    assert "ZeroDivisionError: inside" in log


def test_a_log_that_cannot_be_written_hides_no_error(
    run_alone: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file where the folder should be")
    result = run_alone("ls", "schools")
    assert result.code == 1
    assert result.err.startswith("schoolops: ")
    assert result.err.count("\n") == 1


def test_an_interruption_is_quiet(run_alone: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("schoolops.cli.completion.run", interrupt)
    result = run_alone("completion", "bash")
    assert (result.code, result.err) == (130, "schoolops: interrupted\n")


def test_messages_are_one_line_whatever_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    _guard.say("one\n  two\r\n\x1bthree")
    assert capsys.readouterr().err == "schoolops: one two three\n"


def test_python_m_is_the_same_program() -> None:
    command = [sys.executable, "-m", "schoolops.cli", "--version"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stdout.startswith("schoolops ")
