"""Files that a command writes."""

from __future__ import annotations

import os
from pathlib import Path

from schoolops.cli._guard import UsageError


def need_folder(file: Path) -> None:
    """Say at once, before anything is asked of a server, that there is no place for a file."""
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}")


def write_file(file: Path, data: bytes) -> None:
    """Write a file whole: beside it and renamed, so that a full disk leaves an older one."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_bytes(data)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
