"""Where a sign-in is kept between two commands: the system's keyring, else a 0600 file.

The keyring is used when the package `keyring` is installed (`pip install schoolops[keyring]`) and
has somewhere to put it; a computer without a desktop often has not.
"""

from __future__ import annotations

import json
import os
import stat
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from inventory.sentences import say
from schoolops.core import paths

SERVICE = "schoolops"
Kept = dict[str, Any]


def sign_ins_file() -> Path:
    return paths.home() / "client-sign-ins.json"


def read(url: str) -> Kept | None:
    """The sign-in kept for that server. ValueError when others can read the file."""
    kept = _read_file().get(url)
    if kept is None and (text := _keyring("get_password", url)) is not None:
        try:
            kept = json.loads(text)
        except ValueError:
            return None
    return kept if isinstance(kept, dict) else None


def write(url: str, kept: Kept) -> str:
    """Keep it in place of an older one; gives where, for people."""
    if find_spec("keyring") is not None and _keyring("set_password", url, json.dumps(kept)) is True:
        _write_file({server: one for server, one in _read_file().items() if server != url})
        return str(say("the system's keyring"))
    _write_file(_read_file() | {url: kept})
    return str(sign_ins_file())


def forget(url: str) -> None:
    """Keep it no longer."""
    _keyring("delete_password", url)
    kept = _read_file()
    if kept.pop(url, None) is not None:
        _write_file(kept)


def _keyring(call: str, *words: str) -> Any:
    """A call of the keyring: its answer, True for none, None when there is no keyring."""
    if find_spec("keyring") is None:
        return None
    import keyring
    from keyring.errors import KeyringError

    try:
        answer = getattr(keyring, call)(SERVICE, *words)
    except (KeyringError, RuntimeError, OSError):
        return None
    return answer if call == "get_password" else True


def _read_file() -> dict[str, Any]:
    file = sign_ins_file()
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return {}
    if stat.S_IMODE(mode) & 0o077:
        raise ValueError(
            say("others can read the sign-ins in {file}; run: chmod 600 '{file}'", file=file)
        )
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _write_file(kept: dict[str, Any]) -> None:
    file = sign_ins_file()
    if not kept:
        file.unlink(missing_ok=True)
        return
    paths.ensure_home(file.parent)
    draft = file.with_suffix(f".{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(kept, out)
    draft.replace(file)
