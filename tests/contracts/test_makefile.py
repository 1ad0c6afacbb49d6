"""`make` explains itself, and says what is wrong with a Python that will not do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.peers import require

ROOT = Path(__file__).resolve().parents[2]


def _make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [require("make"), "-C", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with what `make setup` looks at, and no .venv."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_help_is_the_default_and_lists_the_everyday_commands(clone: Path) -> None:
    text = _make(clone).stdout
    for target in ("setup", "demo", "test", "check", "bench", "agent", "screens", "docs"):
        assert f"make {target}" in text


def test_a_python_that_is_too_old_is_refused_before_anything_is_made(clone: Path) -> None:
    old = clone / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)
    done = _make(clone, "test", f"PYTHON={old}")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Python 3.9.2" in done.stderr
    assert not (clone / ".venv").exists()


def test_a_missing_python_is_named(clone: Path) -> None:
    done = _make(clone, "setup", "PYTHON=no-such-python")
    assert "no-such-python is not there" in done.stderr


def test_a_changed_lock_file_sets_up_again(clone: Path) -> None:
    ready = clone / ".venv" / ".ready"
    ready.parent.mkdir()
    ready.touch()
    assert "pip install" not in _make(clone, "-n", "setup").stdout
    os.utime(ready, (0, 0))
    assert "pip install" in _make(clone, "-n", "setup").stdout
