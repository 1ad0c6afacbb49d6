"""One process owns a SQLite file at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import IO

from schoolops.core import paths
from schoolops.core.errors import Unusable
from schoolops.core.settings import Settings


@contextlib.contextmanager
def own_store(settings: Settings, what: str) -> Iterator[None]:
    """Be the only process on the SQLite file; `Unusable` names who has it.

    PostgreSQL serves many processes: there it does nothing.
    """
    if settings.database.url and not settings.database.url.startswith("sqlite"):
        yield
        return
    paths.ensure_home(settings.home)
    handle: IO[str] = (settings.home / "server.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        owner = handle.read().strip() or "another process"
        handle.close()
        raise Unusable(
            f"{owner} works on {settings.home} already; use that one, or stop it first",
            code="setup.in_use",
        ) from None
    try:
        handle.truncate(0)
        handle.write(f"{what} (process {os.getpid()})")
        handle.flush()
        yield
    finally:
        handle.truncate(0)
        handle.close()
