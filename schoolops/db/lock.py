"""One server at a time on a home, and one on a SQLite file."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from schoolops.core import paths
from schoolops.core.errors import Unusable
from schoolops.core.settings import Settings


@contextlib.contextmanager
def own_store(settings: Settings, what: str) -> Iterator[None]:
    """Be the only one on this home and its SQLite file; `Unusable` names who is.

    On PostgreSQL several servers may work, each with a home of its own.
    """
    paths.ensure_home(settings.home)
    with contextlib.ExitStack() as held:
        held.enter_context(_lock(settings.home / "server.lock", settings.home, what))
        url = make_url(settings.database_url)
        if url.get_backend_name() == "sqlite":
            file = Path(url.database or "").absolute()
            if file.parent != settings.home.absolute():
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                held.enter_context(_lock(file.with_name(file.name + ".lock"), file, what))
        yield


@contextlib.contextmanager
def _lock(path: Path, where: Path, what: str) -> Iterator[None]:
    handle: IO[str] = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        owner = handle.read().strip() or "another process"
        handle.close()
        raise Unusable(
            f"{owner} works on {where} already; use that one, or stop it first with: "
            "schoolops serve --stop",
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
