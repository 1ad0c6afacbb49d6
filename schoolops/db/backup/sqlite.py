"""Saving and restoring a SQLite file."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import os
import shutil
import sqlite3
import zlib
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError

from schoolops.db.backup.container import BadBackup, sync_folder
from schoolops.db.backup.fingerprint import fingerprint, prove
from schoolops.db.engine import Store

PAGES_A_STEP = 4000
"""Pages copied before other writers get a turn."""


def dump(store: Store, work: Path) -> tuple[dict[str, Any], Path]:
    """Copy the database of the moment while others write; its part of the manifest, the file."""
    copy = work / "copy.db"
    source = sqlite3.connect(store.file, timeout=30)
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(copy)) as target:
        # A read transaction pins one snapshot: writers go on beside it (WAL), and the copy does
        # not begin anew with each of their commits.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(target, pages=PAGES_A_STEP, sleep=0.001)
        source.rollback()
        target.execute("PRAGMA journal_mode=DELETE")
    manifest = _describe(copy)
    packed = work / "database.sqlite.gz"
    with copy.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as file:
        shutil.copyfileobj(plain, file, 1 << 20)
    copy.unlink()
    return manifest, packed


def _describe(file: Path) -> dict[str, Any]:
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.connect() as connection:
            problem = connection.scalar(text("PRAGMA quick_check"))
            if problem != "ok":
                raise BadBackup(f"the database file is damaged: {problem}; restore a backup")
            return {
                "dialect": "sqlite",
                "revision": connection.scalar(text("SELECT version_num FROM alembic_version")),
                "fingerprint": fingerprint(connection),
            }
    except DatabaseError as error:
        raise BadBackup(f"the database file is damaged: {error.orig}; restore a backup") from None
    finally:
        engine.dispose()


def try_restore(manifest: dict[str, Any], packed: Path) -> Path:
    """Unpack beside `packed` and prove it equal; answers the unpacked file."""
    fresh = packed.with_name("fresh.db")
    try:
        with gzip.open(packed, "rb") as file, fresh.open("wb") as plain:
            shutil.copyfileobj(file, plain, 1 << 20)
            plain.flush()
            os.fsync(plain.fileno())
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise BadBackup(f"the backup does not unpack: {error}") from None
    prove(manifest["fingerprint"], _describe(fresh)["fingerprint"])
    return fresh


def restore(target: Path, manifest: dict[str, Any], packed: Path) -> str | None:
    """Put the proven database in the place of `target`; answers where the old one is kept."""
    fresh = try_restore(manifest, packed)
    os.chmod(fresh, 0o600)
    kept = _keep(target) if target.exists() else None
    os.replace(fresh, target)
    sync_folder(target.parent)
    return str(kept) if kept else None


def _keep(target: Path) -> Path:
    """Give the old file a second name; it stays in its place until it is replaced."""
    # What still lies in the log belongs into the file. It may be damaged: that is no reason
    # not to restore.
    with (
        contextlib.suppress(sqlite3.DatabaseError),
        contextlib.closing(sqlite3.connect(target, timeout=30)) as old,
    ):
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    moment = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}"
    kept = target.with_name(f"{target.name}.before-restore-{moment}")
    for ending in ("-wal", "-shm"):
        # SQLite would apply a log that it finds beside the new file.
        log = target.with_name(target.name + ending)
        if log.exists():
            os.replace(log, kept.with_name(kept.name + ending))
    try:
        os.link(target, kept)
    except OSError:  # a file system without links
        shutil.copy2(target, kept)
    return kept
