"""Where schoolops keeps its files, without reading any settings (the TUI's start path)."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path


def home() -> Path:
    """`SCHOOLOPS_HOME`, else the platform's data folder. Not created here."""
    given = os.environ.get("SCHOOLOPS_HOME")
    if given:
        return Path(given).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("schoolops", appauthor=False)


def runtime_dir() -> Path:
    """A folder of this user alone for sockets and locks; created with mode 0700.

    Raises PermissionError when somebody else owns a folder of that name.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    uid = os.getuid() if hasattr(os, "getuid") else 0
    if base and os.access(base, os.W_OK):
        folder = Path(base) / "schoolops"
    else:
        folder = Path(tempfile.gettempdir()) / f"schoolops-{uid}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if hasattr(os, "getuid") and (not stat.S_ISDIR(state.st_mode) or state.st_uid != uid):
        raise PermissionError(f"{folder} belongs to another user; remove it or set XDG_RUNTIME_DIR")
    if state.st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def _name(of: Path) -> str:
    return hashlib.sha256(str(of.absolute()).encode()).hexdigest()[:16]


def socket_path(of: Path) -> Path:
    """The server's Unix socket for that home; short, because socket paths are limited."""
    return runtime_dir() / f"{_name(of)}.sock"


def start_lock_path(of: Path) -> Path:
    """The lock under which a server is started for that home."""
    return runtime_dir() / f"{_name(of)}.lock"


def stopped_path(of: Path) -> Path:
    """Says that the server of that home was stopped on purpose, by whom and when: one line each.

    There from `schoolops serve --stop` until the next server listens.
    """
    return runtime_dir() / f"{_name(of)}.stopped"


def address_path(of: Path) -> Path:
    """Where the server of that home listens for others, while one does."""
    return of / "server.address"


def served_path(of: Path) -> Path:
    """Where the last `schoolops serve` of that home listened: agents look for it there, so a server
    on demand is no substitute. It stays when that one ends."""
    return of / "served.address"


def unserved(of: Path) -> str:
    """The address at which agents wait while no `schoolops serve` runs; '' if nobody waits."""
    try:
        return "" if address_path(of).exists() else served_path(of).read_text("utf-8").strip()
    except OSError:
        return ""


def ensure_home(folder: Path) -> Path:
    """Create the home (0700) if it is missing and return it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
