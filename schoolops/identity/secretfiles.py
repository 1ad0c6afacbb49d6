"""Secrets of the clients, each in a file of its own that only the server's user can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.sentences import say
from schoolops.core import paths
from schoolops.core.errors import Unusable

if TYPE_CHECKING:
    from schoolops.core.settings import IdentitySettings


def web_secret_path(settings: IdentitySettings) -> Path:
    given = settings.web_secret_file
    return Path(given) if given else paths.home() / "keys" / "schoolops-web.secret"


def admin_secret_path(settings: IdentitySettings) -> Path:
    given = settings.admin_secret_file
    return Path(given) if given else paths.home() / "keys" / "schoolops-admin.secret"


def read_secret(path: Path) -> str:
    """The secret in a file; `Unusable` when it is missing, empty, or readable by others."""
    try:
        mode = path.stat().st_mode
        secret = path.read_text("utf-8").strip()
    except FileNotFoundError:
        raise Unusable(
            say("{file} is missing; run: schoolops identity bootstrap --apply", file=path),
            code="setup.identity",
        ) from None
    except (OSError, ValueError) as error:
        raise Unusable(
            say("{file} cannot be read: {why}", file=path, why=error), code="setup.identity"
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise Unusable(
            say("others can read {file}; run: chmod 600 '{file}'", file=path),
            code="setup.identity",
        )
    if not secret:
        raise Unusable(
            say("{file} is empty; run: schoolops identity bootstrap --apply", file=path),
            code="setup.identity",
        )
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
