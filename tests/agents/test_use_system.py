"""What the agent has instead of `os` does what `os` does."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from agents import system
from agents.state import default_folder
from tests.agents.process import ROOT


@pytest.mark.parametrize("path", ["/a/b", "/a/b/", "a/b", "a", "/a", "/", "", "/a//b"])
def test_the_folder_of_a_path_is_the_same(path: str) -> None:
    assert system.folder_of(path) == os.path.dirname(path)


@pytest.mark.parametrize("folder", ["/", "/a", "/a/", "a"])
def test_a_name_in_a_folder_is_the_same(folder: str) -> None:
    assert system.join(folder, "proc/stat") == os.path.join(folder, "proc/stat")


@pytest.mark.parametrize("path", ["/a/b", "/a/b/", "a/b", "a/", "/"])
def test_the_path_from_the_root_is_the_same(path: str) -> None:
    assert system.absolute(path) == os.path.abspath(path)


def test_files_folders_and_what_is_missing_are_told_apart(tmp_path: Path) -> None:
    file, link, broken = (tmp_path / name for name in ("file", "link", "broken"))
    file.touch()
    link.symlink_to(tmp_path)
    broken.symlink_to("nowhere")
    for path in map(str, (file, link, broken, tmp_path, file / "in", "/dev/null")):
        assert system.exists(path) == os.path.exists(path)
        assert system.is_file(path) == os.path.isfile(path)
        assert system.is_folder(path) == os.path.isdir(path)


def test_folders_are_made_with_those_they_lie_in_and_the_last_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "a/b/c"
    for _ in range(2):
        system.make_folders(str(path), 0o700)
    assert path.stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        system.make_folders(str(tmp_path / "file"), 0o700)
    with pytest.raises(NotADirectoryError):
        system.make_folders(str(tmp_path / "file/in"), 0o700)


def test_the_environment_is_that_of_the_start_whatever_its_bytes() -> None:
    code = "import os; from agents import system; assert system.environ == dict(os.environ)"
    strange = {b"PYTHONPATH": os.fsencode(ROOT), b"WITH": b"a=b", b"ODD": b"\xff\xc3\xa4"}
    subprocess.run([sys.executable, "-X", "utf8", "-c", code], env=strange, check=True)


def test_without_anything_said_the_state_lies_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.state.SYSTEM_FOLDER", "/nowhere/at-all")
    told = {"HOME": "/people/a"}
    monkeypatch.setattr(system, "environ", told)
    assert default_folder() == "/people/a/.local/state/schoolops-agent"
    told.clear()
    home = pwd.getpwuid(os.getuid()).pw_dir
    assert default_folder() == f"{home}/.local/state/schoolops-agent"
    told["XDG_STATE_HOME"] = "/states"
    assert default_folder() == "/states/schoolops-agent"
    told["STATE_DIRECTORY"] = "/var/lib/x:/var/lib/y"
    assert default_folder() == "/var/lib/x"
