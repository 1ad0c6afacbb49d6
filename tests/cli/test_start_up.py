"""What is imported before it is needed: nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("textual", "httpx", "sqlalchemy", "fastapi", "pydantic", "pysnmp", "netmiko", "fabric",
         "keycloak", "alembic", "uvicorn", "cryptography", "jinja2")  # fmt: skip

PROGRAM = """
import json, sys
from schoolops.cli import main
main({words!r})
print(json.dumps(sorted(name for name in sys.modules)), file=sys.stderr)
"""


def modules_after(words: list[str]) -> set[str]:
    command = [sys.executable, "-c", PROGRAM.format(words=words)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(result.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "words",
    [
        ["--version"], ["--help"], ["ls", "--help"], ["tui", "--help"], ["serve", "--help"],
        ["demo", "--help"], ["ls", "shools"], ["frobnicate"], ["completion", "bash"],
    ],
)  # fmt: skip
def test_help_version_and_typing_errors_import_nothing_heavy(words: list[str]) -> None:
    loaded = modules_after(words)
    assert not loaded & set(HEAVY)


def test_version_does_not_even_import_argparse() -> None:
    assert not modules_after(["--version"]) & {"argparse", "dataclasses", "schoolops.cli._guard"}


def test_the_face_of_the_client_is_light() -> None:
    program = "import sys, schoolops.client; assert 'httpx' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
