"""Files that a command reads and writes."""

from __future__ import annotations

import os
from pathlib import Path

from schoolops.cli._guard import Refused, UsageError


def need_folder(file: Path) -> None:
    """Say at once, before anything is asked of a server, that there is no place for a file."""
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}")


def need_new(file: Path, *, force: bool) -> None:
    """Refuse to write over a file that is there, unless `force`."""
    need_folder(file)
    if file.exists() and not force:
        raise Refused(f"{file} is there already; --force overwrites it")


def write_file(file: Path, data: bytes) -> None:
    """Write a file whole: beside it and renamed, so that a full disk leaves an older one.

    Records hold personal data: whoever else uses the computer does not read them (mode 0600).
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def read_text_file(name: str) -> str:
    """The text of a small file; a refusal says why it cannot be read."""
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refused(f"{name} is no text in UTF-8") from None
