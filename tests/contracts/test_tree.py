"""What must not be in the tree: machine paths, names of registries, files nobody wants."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Written in pieces, so that this file does not find itself.
UNWANTED = re.compile(
    "|".join(
        [
            r"py[p]i\.org",
            r"files\.python[h]osted",
            r"registry\.npm[j]s",
            r"deb\.debi[a]n",
            r"/ro[o]t/",
            r"/wo[r]k/",
            r"/ho[m]e/[a-z]+/",
        ]
    )
)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_file_names_a_registry_or_a_machine_path() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {hit.group()}" for hit in UNWANTED.finditer(text)]
    assert found == []


def test_the_lock_pins_every_package_with_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert not lock.startswith("#")
    blocks = re.split(r"\n(?=[a-z0-9])", lock.replace("\\\n", " "))
    for block in blocks:
        first = block.splitlines()[0]
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+ ", first), first
        assert "--hash=sha256:" in first, first


def test_the_lock_has_every_package_that_the_project_asks_for() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = list(project["project"]["dependencies"]) + list(project["dependency-groups"]["dev"])
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    locked = set(re.findall(r"^([a-z0-9._-]+)==", _lock(), re.M))
    names = {re.match(r"[A-Za-z0-9._-]+", want)[0].lower() for want in wanted}  # type: ignore[index]
    assert {name.replace("_", "-") for name in names} - locked == set()


def _lock() -> str:
    return re.sub(r"\[[^\]]*\](?===)", "", (ROOT / "requirements.lock").read_text("utf-8"))


def test_no_module_is_longer_than_600_lines() -> None:
    """150 are normal and 400 long. A migration is written once and read as a list."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix == ".py" and "versions" not in path.parts
        if (lines := path.read_bytes().count(b"\n")) > 600
    }
    assert long == {}
