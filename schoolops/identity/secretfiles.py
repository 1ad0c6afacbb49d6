"""Where the secrets of the realm's clients lie, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from schoolops.core import paths, secretfiles

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
    return secretfiles.read_secret(
        path, "run: schoolops identity bootstrap --apply", "setup.identity"
    )
