"""What really gets imported, parents' `__init__` and all: each start in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers import missing

ROOT = Path(__file__).resolve().parents[2]
SERVER_SIDE = {"sqlalchemy", "alembic", "psycopg", "fastapi", "starlette", "uvicorn", "pydantic"}
HEAVY = SERVER_SIDE | {"textual", "httpx", "pysnmp", "fabric", "netmiko", "openpyxl", "keycloak"}

REPORT = """
import json, sys
print(json.dumps({name: getattr(module, "__file__", None) or ""
                  for name, module in list(sys.modules.items())}))
"""


def _loaded(
    code: str, *, python: str = sys.executable, options: tuple[str, ...] = ()
) -> dict[str, str]:
    """Module → file ('' for built-in ones) after running `code` in a fresh interpreter."""
    done = subprocess.run(
        [python, *options, "-c", code + REPORT],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def _roots(modules: dict[str, str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("module", ["tui.app", "agents.cli", "schoolops.cli", "schoolops.client"])
def test_the_users_side_loads_nothing_of_the_server(module: str) -> None:
    loaded = _loaded(f"import {module}")
    assert _roots(loaded) & SERVER_SIDE == set()
    ours = {name for name in loaded if name.startswith(("schoolops.db", "schoolops.server"))}
    assert ours == set()


@pytest.mark.parametrize("words", ["['--help']", "['--version']", "['no-such-command']"])
def test_help_version_and_a_typing_error_answer_before_anything_heavy(words: str) -> None:
    loaded = _loaded(
        f"import contextlib\nfrom schoolops.cli import main\n"
        f"with contextlib.suppress(SystemExit): main({words})"
    )
    assert _roots(loaded) & HEAVY == set()


@pytest.mark.parametrize("words", ["['--help']", "['status']", "['run', '--help']"])
def test_the_agent_runs_on_the_bare_standard_library(tmp_path: Path, words: str) -> None:
    """Debian's own Python, isolated and without site-packages, as on a school's router."""
    python = "/usr/bin/python3"
    if not Path(python).exists():
        missing("the system's own Python is not installed (Debian package python3)")
    loaded = _loaded(
        f"import contextlib, os, sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        f"os.environ['SCHOOLOPS_AGENT_HOME'] = {str(tmp_path)!r}\n"
        f"from agents.cli import main\n"
        f"with contextlib.suppress(SystemExit): main({words})",
        python=python,
        options=("-I", "-S"),
    )
    strangers = {
        name: file
        for name, file in loaded.items()
        if "site-packages" in file or "dist-packages" in file
    }
    assert strangers == {}
    assert not any(name.startswith(("schoolops", "inventory", "tui")) for name in loaded)


def test_every_module_of_the_agents_core_loads_without_packages() -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "agents").rglob("*.py"))
        if path.name not in {"__init__.py", "__main__.py", "build.py"} and "snmp" not in path.parts
    ]
    assert "agents.protocol" in names
    loads = "\n".join(f"import {name}" for name in names)
    loaded = _loaded(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{loads}", options=("-I", "-S")
    )
    outside = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names - {"agents"}
    assert {name for name in outside if loaded.get(name) or name in HEAVY} == set()
