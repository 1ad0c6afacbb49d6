"""The command line against a real `schoolops serve`, one for all tests of a run."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from schoolops.cli import main
from schoolops.client._launch import answers
from schoolops.core import paths

SCHOOLS = (
    "number;name;short_name;form;authority;city;phone\n"
    "164800;Schule am Rhein;Rhein;20;10042;Düsseldorf;0211 1\n"
    "164811;Schule am Wald;Wald;02;10042;Düsseldorf;0211 2\n"
    "100000;Berufskolleg Neuss;BK;30;10050;Neuss;02131 3\n"
)


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        import json

        return json.loads(self.out)


Run = Callable[..., Result]


class Served(NamedTuple):
    """Where the server is."""

    home: Path
    runtime: Path
    url: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A server on a socket and on a port, with three schools."""
    with serving() as made:
        yield made


@contextmanager
def serving(**settings: str) -> Iterator[Served]:
    """Such a server for the length of the block, with further variables of the environment."""
    base = Path(tempfile.mkdtemp(prefix="so-"))
    home, runtime = base / "home", base / "run"
    runtime.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SCHOOLOPS_")}
    environment |= {"SCHOOLOPS_HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), **settings}
    with (base / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "schoolops.cli", "serve", "--port", "0"],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(runtime))
            path = paths.socket_path(home)
        deadline = time.monotonic() + 90
        while not answers(path):
            assert process.poll() is None, (base / "log").read_text()
            assert time.monotonic() < deadline, (base / "log").read_text()
            time.sleep(0.05)
        url = (home / "server.address").read_text().strip()
        subprocess.run(
            [sys.executable, "-m", "schoolops.cli", "import", "schools", "-"],
            env=environment, input=SCHOOLS.encode(), check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        yield Served(home, runtime, url, environment)
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def run(
    served: Served, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command line in this process, on the session's server."""
    monkeypatch.setenv("SCHOOLOPS_HOME", str(served.home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(served.runtime))
    return runner(monkeypatch, capsys)


@pytest.fixture
def run_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process, in an empty home without a server."""
    return runner(monkeypatch, capsys)


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        code = main(list(words))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Result(code, out, err)

    return run
