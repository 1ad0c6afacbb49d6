"""Every command of the README runs, in order, in a home of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def commands() -> list[str]:
    """The lines that begin with `$ ` in the README's console blocks."""
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_here(step: str, port: int, told: str) -> str:
    """A step with what each reader has of their own: a free port, the code that was shown."""
    code = re.search(r"\b[A-Z2-9]{4}(-[A-Z2-9]{4}){2}\b", told)
    return step.replace("8443", str(port)).replace(" CODE", f" {code[0]}" if code else " CODE")


@contextmanager
def begun(step: str, environment: dict[str, str], home: Path) -> Iterator[None]:
    """A step that stays (`… &`), once its server listens; ended with the block."""
    process = subprocess.Popen(
        step.removesuffix("&").split(), cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not (home / "server.address").exists():
            assert process.poll() is None, f"$ {step} has ended with {process.returncode}"
            assert time.monotonic() < deadline, step
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


def test_the_first_steps_work_as_the_readme_tells_them(home: Path, tmp_path: Path) -> None:
    environment = dict(os.environ)
    environment["STATE_DIRECTORY"] = str(tmp_path / "agent")
    environment["SCHOOLOPS_AGENT__TARGETS"] = '["127.0.0.1:9"]'  # the test reaches no internet
    environment["SCHOOLOPS_AGENT__DNS_NAMES"] = "[]"
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    steps = commands()
    assert len(steps) > 10
    outputs: dict[str, list[str]] = {}
    port, told = free_port(), ""
    with ExitStack() as staying:
        staying.callback(
            subprocess.run,
            ["bash", "-c", "schoolops serve --stop"],
            env=environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
        for step in steps:
            if step.endswith("&"):
                staying.enter_context(begun(as_here(step, port, told), environment, home))
                continue
            done = subprocess.run(
                ["bash", "-c", as_here(step, port, told)],
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
            told = done.stdout
    first, second = outputs["schoolops import schools sample_site/data/duesseldorf.csv"]
    assert "174" in first
    assert re.search(r"\b174\W+same|same\W+174\b", second), second
    shown = outputs["schoolops show school 100015"][0]
    assert "Wim-Wenders" in shown
    assert re.search(r"100015-1\b.*\bactive\b", outputs["schoolops agent list"][0])
    assert (home / "schoolops.db").exists()
