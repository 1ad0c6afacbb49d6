"""Tokens kept for other computers' servers: one line `URL TOKEN` each, in a file of mode 0600."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from inventory.sentences import say
from schoolops.core import paths


def tokens_file() -> Path:
    return paths.home() / "client-tokens"


def find_token(url: str) -> str | None:
    """The token kept for that server; None if there is none.

    Raises ValueError when others can read the file.
    """
    return _read().get(url)


def keep_token(url: str, token: str) -> Path:
    """Keep the token for that server in place of an older one; gives the file."""
    kept = _read() | {url: token}
    file = tokens_file()
    paths.ensure_home(file.parent)
    draft = file.with_suffix(f".{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.writelines(f"{server} {secret}\n" for server, secret in kept.items())
    draft.replace(file)
    return file


def _read() -> dict[str, str]:
    file = tokens_file()
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return {}
    if stat.S_IMODE(mode) & 0o077:
        raise ValueError(
            say("others can read the tokens in {file}; run: chmod 600 '{file}'", file=file)
        )
    pairs = (line.split() for line in file.read_text().splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
