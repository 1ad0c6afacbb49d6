"""Errors nobody expected: a short id for the person, the place in the code for the log.

The log names exception type and code lines, never the message or values, which may hold
names, numbers or secrets.
"""

from __future__ import annotations

import datetime as dt
import secrets
import traceback
from pathlib import Path

MOST_BYTES = 1_000_000


def note(error: BaseException, home: Path | None) -> tuple[str, Path | None]:
    """Write the error down; answers its id and the log file (None if it cannot be written)."""
    short = secrets.token_hex(3).upper()
    if home is None:
        return short, None
    path = home / "logs" / "tui.log"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > MOST_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("a", encoding="utf-8") as file:
            file.write(_text(short, error))
        path.chmod(0o600)
    except OSError:
        return short, None
    return short, path


def _text(short: str, error: BaseException) -> str:
    moment = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    code = getattr(error, "code", "")
    lines = [
        f"{moment} {short} {type(error).__module__}.{type(error).__qualname__} {code}".rstrip()
    ]
    current: BaseException | None = error
    while current is not None:
        for frame in traceback.extract_tb(current.__traceback__):
            lines.append(f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}")
        current = current.__cause__ or current.__context__
        if current is not None:
            lines.append(f"  because of {type(current).__qualname__}")
    return "\n".join(lines) + "\n"
