"""`schoolops completion`: the scripts, run by the shells themselves."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.peers import require

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
        ("schoolops ls access", ["access-points"]),
        ("schoolops ls schools --c", ["--csv", "--count", "--columns"]),
        ("schoolops agent re", ["release", "revoke"]),
        ("schoolops agent revoke x --r", ["--reason"]),
        ("schoolops serve --on", []),
        ("schoolops help exp", ["export"]),
        ("schoolops completion f", ["fish"]),
        ("schoolops access e", ["explain", "emergency", "end-sessions"]),
        ("schoolops access emergency 164800 --h", ["--help", "--hours"]),
        ("schoolops access explain x --fields se", ["sensitive"]),
        ("schoolops token create x --role sch", ["school-admin"]),
        ("schoolops export ipads --format x", ["xlsx"]),
        ("schoolops export ipads -o --fo", []),
        ("schoolops retire school 164800 --reason cl", ["closed"]),
        ("schoolops retire ipads --where x:1 --reason s", ["stolen", "sold\\ or\\ scrapped"]),
        ("schoolops retire room 1/2 --reason st", []),
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
    assert run_alone("completion", "tcsh").code == 2


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("schoolops im", {"import"}),
        ("schoolops ls access", {"access-points"}),
        ("schoolops ls schools --c", {"--csv", "--count", "--columns"}),
        ("schoolops agent re", {"release", "revoke"}),
        ("schoolops agent revoke x --r", {"--reason"}),
        ("schoolops token create x --role sch", {"school-admin"}),
        ("schoolops serve --on", set()),
        ("schoolops retire school 164800 --reason m", {"merged with another school", "moved away"}),
        ("schoolops retire ipads --where x:1 --reason sto", {"stolen"}),
    ],
)
def test_fish_offers_the_same(
    run_alone: Run, tmp_path: Path, typed: str, offered: set[str]
) -> None:
    script = run_alone("completion", "fish").out
    program = f"{script}\ncomplete -C '{typed}'\n"
    done = subprocess.run(
        [require("fish"), "--no-config"], input=program, capture_output=True, text=True, check=True,
        env=os.environ | {"HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.stderr == ""
    assert {line.partition("\t")[0] for line in done.stdout.splitlines()} == offered


def test_zsh_completes_what_is_typed_also_where_nothing_was_set_up(
    run_alone: Run, tmp_path: Path
) -> None:
    shell = require("zsh")
    (tmp_path / "script").write_text(run_alone("completion", "zsh").out)
    (tmp_path / ".zshrc").write_text(f"PS1='ready> '\nsource {tmp_path / 'script'}\n")
    for typed, completed in (
        ("schoolops ex\t", "schoolops export"),
        ("schoolops ls access\t", "schoolops ls access-points"),
        ("schoolops agent revoke x --rea\t", "--reason"),
    ):
        assert completed in typed_at(shell, tmp_path, typed), typed


def typed_at(shell: str, home: Path, keys: str) -> str:
    """What an interactive shell shows after these keys."""
    child, screen = pty.fork()
    if child == 0:
        os.execve(shell, [shell, "-i"], {"HOME": str(home), "ZDOTDIR": str(home), "TERM": "dumb",
                                         "PATH": os.environ["PATH"]})  # fmt: skip
    shown = ""

    def read_until(pattern: str) -> None:
        nonlocal shown
        deadline = time.monotonic() + 20
        while not re.search(pattern, shown) and time.monotonic() < deadline:
            if select.select([screen], [], [], 0.2)[0]:
                shown += os.read(screen, 4096).decode(errors="replace")
        assert re.search(pattern, shown), shown

    try:
        read_until("ready> ")
        shown = ""
        os.write(screen, keys.encode())
        read_until(r"(export|access-points|reason) ")
        return shown.replace("\x07", "")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(screen)
