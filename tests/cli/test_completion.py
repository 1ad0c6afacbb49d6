"""`schoolops completion`: the script, run by a real bash."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.cli.conftest import Run

COMPLETE = """
{script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_schoolops
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("schoolops im", ["import"]),
        ("schoolops ls acc", ["access-points"]),
        ("schoolops ls schools --c", ["--csv", "--count", "--columns"]),
        ("schoolops agent re", ["revoke"]),
        ("schoolops agent revoke x --r", ["--reason"]),
        ("schoolops serve --on", []),
    ],
)
def test_words_are_completed(run_alone: Run, typed: str, offered: list[str]) -> None:
    script = run_alone("completion", "bash").out
    program = COMPLETE.format(script=script, words=typed)
    result = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    assert result.stderr == ""
    assert [line for line in result.stdout.splitlines() if line] == offered


def test_zsh_gets_the_same_words(run_alone: Run) -> None:
    script = run_alone("completion", "zsh").out
    assert script.startswith("#compdef schoolops\n")
    assert run_alone("completion", "bash").out in script
    assert run_alone("completion", "fish").code == 2
