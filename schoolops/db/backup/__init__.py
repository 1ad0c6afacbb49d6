"""Backups: made online, versioned, proven by a test restore; and restoring them.

A backup is one file (`container`): the manifest and the database, as a compressed SQLite file
or as PostgreSQL's own custom dump. The manifest has the revision and a fingerprint (rows and
SHA-256 of every table), taken from the same snapshot. A restore is right when the restored
database has that fingerprint.

Measurements are too many to be copied each night: their tables are saved empty, and their rows
lie in an archive of their own (`schoolops.telemetry.archive`). A backup that was asked for as a
whole, or is of an older version, holds them (of raw ones the fingerprint has the number of rows).

The key file of the credentials is never part of a backup.
"""

from __future__ import annotations

import datetime as dt
import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

import schoolops
from schoolops.core.clock import from_iso, to_iso
from schoolops.core.errors import Unusable
from schoolops.core.settings import Settings
from schoolops.db.backup import container, postgresql, sqlite
from schoolops.db.backup.container import BadBackup, check
from schoolops.db.backup.fingerprint import MEASUREMENTS, fingerprint
from schoolops.db.engine import Store
from schoolops.db.lock import own_store

__all__ = [
    "MEASUREMENTS", "BadBackup", "check", "create", "fingerprint", "list_backups", "prune",
    "restore",
]  # fmt: skip

SUFFIX = ".schoolops-backup"
_MAKING = ".making-"
_DAY_S = 24 * 3600


def create(
    store: Store, to: Path | None = None, reason: str = "manual", *, whole: bool = False
) -> dict[str, Any]:
    """Make a backup of the open store while it is in use, and prove it by a test restore.

    `to` is a folder or a file name; by default the settings' folder. `whole`: with all
    measurements, which may be many gigabytes. Answers `{"path", "bytes",
    "sha256", "verified", "reason", "created"}`. `verified` is False where the test restore is
    not possible (PostgreSQL, a role that may not create a database).
    """
    now = store.clock.now()
    moment = dt.datetime.fromtimestamp(now / 1e6, dt.UTC)
    folder = to or store.settings.backup_folder
    target = folder
    if to is None or to.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = folder / f"{moment:%Y%m%dT%H%M%S.%fZ}-{reason}{SUFFIX}"
    with (
        _room(target.parent),
        tempfile.TemporaryDirectory(dir=target.parent, prefix=_MAKING) as scratch,
    ):
        work = Path(scratch)
        dump = postgresql.dump if store.is_postgresql else sqlite.dump
        without = () if whole else MEASUREMENTS
        manifest, database = dump(store, work, without)
        manifest |= {
            "format": 2 if without else 1,
            "without": list(without),
            "schoolops": schoolops.__version__,
            "created": to_iso(now),
            "reason": reason,
            "file": database.name,
            "sha256": container.sha256(database),
        }
        packed = work / "packed"
        container.pack(packed, manifest, database)
        database.unlink()
        verified = _try_restore(store, packed, manifest["revision"])
        os.replace(packed, target)
        container.sync_folder(target.parent)
    return {
        "path": str(target),
        "bytes": target.stat().st_size,
        "sha256": container.sha256(target),
        "verified": verified,
        "reason": reason,
        "created": manifest["created"],
    }


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """A full disk says so."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        if getattr(error, "errno", None) == errno.ENOSPC or "disk is full" in str(error):
            raise Unusable(
                f"the disk of {folder} is full; free some space and do it again",
                code="backup.disk_full",
            ) from None
        raise


def _try_restore(store: Store, packed: Path, revision: str) -> bool:
    """Restore the fresh backup beside the real database and compare."""
    with tempfile.TemporaryDirectory(dir=packed.parent, prefix="proof-") as scratch:
        manifest, database = container.unpack(packed, Path(scratch), [revision])
        if store.is_postgresql:
            return postgresql.try_restore(store, manifest, database)
        sqlite.try_restore(manifest, database)
        return True


def list_backups(settings: Settings) -> list[dict[str, Any]]:
    """The backups in the settings' folder, latest first."""
    found = sorted(settings.backup_folder.glob(f"*{SUFFIX}"), reverse=True)
    return [
        {"path": str(path), "bytes": path.stat().st_size, "created": _made_at(path)}
        for path in found
    ]


def _made_at(path: Path) -> str | None:
    """When a backup was made, as its name says; that of another name, when it was written."""
    try:
        return to_iso(from_iso(path.name.split("-")[0]))
    except ValueError:
        return to_iso(path.stat().st_mtime_ns // 1000)


def prune(settings: Settings) -> list[str]:
    """Delete nightly backups beyond `backup.keep`, and what a killed backup left; answers which.

    Backups with another reason are kept.
    """
    folder = settings.backup_folder
    gone = sorted(folder.glob(f"*-nightly{SUFFIX}"), reverse=True)[settings.backup.keep :]
    for path in gone:
        path.unlink()
    yesterday = dt.datetime.now(dt.UTC).timestamp() - _DAY_S
    for left in folder.glob(f"{_MAKING}*"):
        if left.stat().st_mtime < yesterday:
            shutil.rmtree(left, ignore_errors=True)
            gone.append(left)
    return [str(path) for path in gone]


def restore(
    settings: Settings,
    file: Path,
    known: Sequence[str],
    more: Callable[[Connection], None] | None = None,
) -> dict[str, Any]:
    """Put the database of a backup in the place of the present one, which is kept aside.

    `more` is called with the restored database before it takes its place, to add what is not in
    the backup; what it raises ends the restore. No server may run on it. Nothing is changed
    unless the restored database has the fingerprint of the backup. Answers
    `{"restored", "tables", "rows", "kept"}`.
    """
    url = make_url(settings.database_url)
    dialect = url.get_backend_name()
    with own_store(settings, "schoolops restore"):
        target = Path(url.database or "") if dialect == "sqlite" else settings.home / "x"
        with (
            _room(target.parent),
            tempfile.TemporaryDirectory(prefix=".restoring-", dir=target.parent) as scratch,
        ):
            manifest, database = container.unpack(file, Path(scratch), known)
            if manifest["dialect"] != dialect:
                raise BadBackup(
                    f"the backup is of {manifest['dialect']}, the settings name {dialect}; "
                    "set database.url to a database of the backup's kind"
                )
            if dialect == "sqlite":
                kept = sqlite.restore(target, manifest, database, more)
            else:
                kept = postgresql.restore(settings.database_url, manifest, database, more)
    found = manifest["fingerprint"]
    return {
        "restored": str(file),
        "tables": len(found),
        "rows": sum(rows for rows, _ in found.values()),
        "kept": kept,
    }
