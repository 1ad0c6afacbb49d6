"""The agent in one file: the same bytes each time, running on the machine's own Python."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.agents.process import ROOT, environment
from tests.agents.server import CODE, BookingServer

SYSTEM_PYTHON = Path("/usr/bin/python3")


def make(output: Path, **more: str) -> bytes:
    subprocess.run(
        [sys.executable, "-m", "agents.build", str(output)],
        check=True,
        env={**environment(), **more},
        capture_output=True,
    )
    return output.read_bytes()


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    assert make(tmp_path / "a.pyz", PYTHONHASHSEED="1") == make(
        tmp_path / "sub/b.pyz", PYTHONHASHSEED="2"
    )


def test_everything_is_in_it_but_what_builds_it(tmp_path: Path) -> None:
    make(tmp_path / "a.pyz")
    names = set(zipfile.ZipFile(tmp_path / "a.pyz").namelist())
    sources = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "agents").rglob("*.py")
        if "__pycache__" not in path.parts
    }
    assert {name for name in names if name.endswith(".py")} == (
        sources - {"agents/build.py"} | {"__main__.py"}
    )


def system_python() -> str:
    """The machine's own Python, if it is one the agent runs on."""
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    if not SYSTEM_PYTHON.exists() or subprocess.run([SYSTEM_PYTHON, "-c", code]).returncode:
        pytest.skip("the machine's own Python is older than 3.11")
    return str(SYSTEM_PYTHON)


def test_the_machines_own_python_runs_it(
    tmp_path: Path, tls_server: BookingServer, certificate: tuple[Path, Path]
) -> None:
    archive = tmp_path / "schoolops-agent.pyz"
    make(archive)
    state = ["--state", str(tmp_path / "state")]
    bare = {"PATH": "/usr/bin:/bin"}

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [system_python(), str(archive), *words, *state]
        return subprocess.run(
            command, capture_output=True, text=True, env=bare, cwd="/", timeout=60
        )

    joined = call("join", tls_server.url, CODE, "--ca", str(certificate[0]))
    assert (joined.returncode, joined.stderr) == (0, "")
    done = call("run", "--once")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(tls_server.rows) == 1
    assert call("status").returncode == 0


def test_the_core_imports_the_standard_library_alone_and_little_of_it() -> None:
    """What each of these costs is in the facts of the design; none may creep back."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r});"
        "import agents.cli, agents.duties.host, agents.duties.uplink;"
        "print(' '.join(sys.modules))"
    )
    command = [
        sys.executable,
        "-SP",
        "-c",
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={})
    loaded = set(done.stdout.split())
    heavy = {
        "argparse", "asyncio", "contextlib", "dataclasses", "email", "encodings.idna", "gzip",
        "hashlib", "http.client", "inspect", "logging", "pathlib", "random", "shutil", "sqlite3",
        "subprocess", "threading", "typing", "urllib.parse", "urllib.request", "uuid",
    }  # fmt: skip
    assert loaded & heavy == set()
    tops = {name.partition(".")[0] for name in loaded}
    assert tops - set(sys.stdlib_module_names) - {"__main__"} == {"agents"}


SPARED = {
    "ssl", "socket", "json", "re", "enum", "typing", "collections", "functools", "signal",
    "threading", "importlib", "logging", "datetime", "hashlib", "contextlib", "selectors",
    "warnings", "os", "_collections_abc", "__future__",
}  # fmt: skip
"""Each costs the agent 0.1 to 2 MB that stay as long as it runs."""


def started(archive: Path, more: str, *words: str) -> str:
    """What the interpreter that `agents.lean` starts prints, with `more` at its end."""
    from agents.lean import _ARCHIVE

    code = _ARCHIVE.format(path=str(archive)).replace("sys.exit(main())", f"main(){more}")
    run = [system_python(), "-X", "utf8", "-SP", "-c", code, *words]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout


def test_what_runs_for_months_has_not_loaded_what_it_can_do_without(
    tmp_path: Path, tls_server: BookingServer, certificate: tuple[Path, Path]
) -> None:
    archive, state = tmp_path / "a.pyz", str(tmp_path / "state")
    make(archive)
    tls_server.config["uplinks"] = [
        {"uplink": "A", "interface": "lo", "targets": [tls_server.url.removeprefix("https://")]}
    ]
    join = [system_python(), str(archive), "join", tls_server.url, CODE, "--state", state]
    subprocess.run([*join, "--ca", str(certificate[0])], check=True, capture_output=True)
    told = started(archive, "; print(*sys.modules)", "run", "--once", "--state", state)
    loaded = set(told.split())
    assert {"agents.duties.uplink", "_ssl", "_json"} <= loaded
    assert not loaded & SPARED


def test_a_release_from_before_the_importer_is_started_too(tmp_path: Path) -> None:
    make(tmp_path / "a.pyz")
    with (
        zipfile.ZipFile(tmp_path / "a.pyz") as new,
        zipfile.ZipFile(tmp_path / "old.pyz", "w") as old,
    ):
        for name in new.namelist():
            if not name.startswith("agents/start."):
                old.writestr(name, new.read(name))
    for archive in ("a.pyz", "old.pyz"):
        assert "schoolops-agent 0." in started(tmp_path / archive, "", "--version")
