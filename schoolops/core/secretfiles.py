"""Secrets in files of their own, that only the server's user can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from schoolops.core.errors import Unusable


def read_secret(path: Path, otherwise: str, code: str) -> str:
    """The secret in a file; `Unusable` when it is missing, empty, or readable by others.

    `otherwise`: what to do when there is none, as in 'run: …'.
    """
    try:
        mode = path.stat().st_mode
        secret = path.read_text("utf-8").strip()
    except FileNotFoundError:
        raise Unusable(f"{path} is missing; {otherwise}", code=code) from None
    except (OSError, ValueError) as error:
        raise Unusable(f"{path} cannot be read: {error}", code=code) from None
    if stat.S_IMODE(mode) & 0o077:
        raise Unusable(f"others can read {path}; run: chmod 600 '{path}'", code=code)
    if not secret:
        raise Unusable(f"{path} is empty; {otherwise}", code=code)
    return secret


def write_secret(path: Path, secret: str) -> None:
    """Put a secret into a file of mode 0600, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
