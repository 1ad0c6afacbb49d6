"""Every command of the README runs, in order, in a home of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def commands() -> list[str]:
    """The lines that begin with `$ ` in the README's console blocks."""
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.timeout(300)
def test_the_first_steps_work_as_the_readme_tells_them(home: Path) -> None:
    environment = dict(os.environ)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    steps = commands()
    assert len(steps) > 10
    outputs: dict[str, list[str]] = {}
    try:
        for step in steps:
            done = subprocess.run(
                ["bash", "-c", step],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, f"$ {step}\n{done.stdout}\n{done.stderr}"
            outputs.setdefault(step, []).append(done.stdout)
    finally:
        subprocess.run(
            ["bash", "-c", "schoolops serve --stop"],
            env=environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
    first, second = outputs["schoolops import schools sample_site/data/duesseldorf.csv"]
    assert "174" in first
    assert re.search(r"\b174\W+same|same\W+174\b", second), second
    shown = outputs["schoolops show school 100015"][0]
    assert "Wim-Wenders" in shown
    assert (home / "schoolops.db").exists()
