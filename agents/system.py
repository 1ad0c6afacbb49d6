"""What the agent takes of `os` beyond the system's own calls, which it makes by `posix`.

`os` with the abstract classes and path functions it loads costs 0.3 MB, and adds to each call of
`posix` nothing that an agent needs. Paths here are those of Linux and the BSDs.
"""

from __future__ import annotations

import posix

environ: dict[str, str] = {
    name.decode(errors="surrogateescape"): text.decode(errors="surrogateescape")
    for name, text in posix.environ.items()
}
"""The environment at the start of this process."""
FOLDER, FILE = 0o040000, 0o100000
_KIND = 0o170000


def join(folder: str, name: str) -> str:
    """The path of something in a folder; `name` is never absolute."""
    return f"{folder}{name}" if folder.endswith("/") else f"{folder}/{name}"


def folder_of(path: str) -> str:
    """The path without its last part; '' if it has only one."""
    head = path[: path.rfind("/") + 1]
    return head.rstrip("/") or head


def absolute(path: str) -> str:
    """The path from the root on. `..` stays, which is right where links are."""
    whole = path if path.startswith("/") else join(posix.getcwd(), path)
    return whole.rstrip("/") or "/"


def exists(path: str) -> bool:
    """Whether anything is there that can be seen."""
    return _mode(path) != 0


def is_folder(path: str) -> bool:
    """Whether a folder is there, or a link to one."""
    return _mode(path) & _KIND == FOLDER


def is_file(path: str) -> bool:
    """Whether a plain file is there, or a link to one."""
    return _mode(path) & _KIND == FILE


def make_folders(path: str, mode: int) -> None:
    """Make a folder and those it lies in; it may exist already. `mode` is of the last one. Raises
    OSError."""
    parent = folder_of(path)
    if parent and not exists(parent):
        make_folders(parent, 0o777)
    try:
        posix.mkdir(path, mode)
    except OSError:
        if not is_folder(path):
            raise


def _mode(path: str) -> int:
    try:
        return posix.stat(path).st_mode
    except (OSError, ValueError):
        return 0
