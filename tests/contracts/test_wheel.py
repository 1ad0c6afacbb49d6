"""The wheel holds all packages and their data, and works without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from schoolops import __version__
from schoolops.core import resources
from schoolops.core.errors import Unusable

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as an installer builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel; dependencies come from this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
    )
    options = "install -q --no-deps --no-index --disable-pip-version-check"
    subprocess.run(
        [sys.executable, "-m", "pip", f"--python={python}", *options.split(), str(wheel)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    # Only the folder itself: its .pth files would bring the checkout back.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def _run(installed: Path, *words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [installed / words[0], *words[1:]],
        capture_output=True,
        text=True,
        cwd=installed,
        env=environment,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_programs_say_what_they_are(installed: Path) -> None:
    assert __version__ in _run(installed, "schoolops", "--version")
    assert "usage" in _run(installed, "schoolops-agent", "--help").lower()


def test_an_installed_schoolops_finds_its_data(installed: Path) -> None:
    code = (
        "import pathlib, schoolops, tui\n"
        "from schoolops.core import resources\n"
        "print(pathlib.Path(schoolops.__file__).parent)\n"
        "print(resources.folder('templates'))\n"
        "print(resources.folder('sample_site/data'))\n"
        "print(resources.folder('tui/locale/de'))\n"
    )
    package, templates, sample, _ = _run(installed, "python", "-c", code).splitlines()
    assert not Path(package).is_relative_to(ROOT)
    assert Path(templates) == Path(package) / "_data" / "templates"
    assert Path(sample).is_relative_to(Path(package).parent)


def test_the_wheel_has_every_tracked_file_of_the_packages(wheel: Path) -> None:
    packages = ("schoolops/", "agents/", "inventory/", "playbooks/", "tui/", "sample_site/")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    tracked = {name for name in listed.stdout.splitlines() if name.startswith(packages)}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name for name in tracked if (ROOT / name).exists()} - names == set()
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "benchmarks/", "docs/")) for name in names)


def test_data_of_the_checkout_is_found_and_a_missing_folder_says_what_to_do() -> None:
    assert resources.folder("templates") == ROOT / "templates"
    assert "Templates" in resources.read_text("templates/README.md")
    with pytest.raises(Unusable, match="install schoolops again"):
        resources.folder("no-such-folder")
    with pytest.raises(Unusable, match="no-such-file"):
        resources.read_text("templates/no-such-file")
