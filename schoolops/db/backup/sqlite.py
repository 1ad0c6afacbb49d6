"""Saving and restoring a SQLite file."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import os
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError

from schoolops.db.backup.container import BadBackup, sync_folder
from schoolops.db.backup.fingerprint import fingerprint, prove
from schoolops.db.engine import Store

_INTERNAL = "sqlite_"
"""So begin the names of SQLite's own tables."""


def dump(store: Store, work: Path, without: Sequence[str] = ()) -> tuple[dict[str, Any], Path]:
    """Copy the database of the moment while others write; its part of the manifest, the file.

    Of tables whose names begin with one of `without`, the rows stay out.
    """
    copy = work / "copy.db"
    engine = _beside(store.file, copy)
    try:
        # One read transaction pins one snapshot: writers go on beside it (WAL).
        with engine.connect() as connection:
            found = connection.exec_driver_sql(
                "SELECT type, name, sql FROM main.sqlite_master WHERE sql IS NOT NULL"
            )
            schema = [tuple(row) for row in found if not row.name.startswith(_INTERNAL)]
            _run(copy, [sql for kind, _, sql in schema if kind == "table"])
            for name in (name for kind, name, _ in schema if kind == "table"):
                if not name.startswith(tuple(without)):
                    _copy_table(connection, name)
            numbered = "SELECT 1 FROM main.sqlite_master WHERE name = 'sqlite_sequence'"
            if connection.exec_driver_sql(numbered).first():
                connection.exec_driver_sql("DELETE FROM copy.sqlite_sequence")
                connection.exec_driver_sql(_INSERT.format("sqlite_sequence"))
            manifest = _described(connection, without)
            connection.commit()
    except DatabaseError as error:
        raise _damaged(str(error.orig)) from None
    finally:
        engine.dispose()
    _run(copy, [sql for kind, _, sql in schema if kind != "table"])
    packed = work / "database.sqlite.gz"
    with copy.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as file:
        shutil.copyfileobj(plain, file, 1 << 20)
    copy.unlink()
    return manifest, packed


_INSERT = 'INSERT INTO copy."{0}" SELECT * FROM main."{0}"'


def _beside(file: Path, copy: Path) -> Engine:
    """The database with an empty one beside it, in one transaction."""
    engine = create_engine(f"sqlite:///{file}")

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout=30000")
        connection.execute("ATTACH ? AS copy", (str(copy),))
        # It is written to the disk once, packed.
        connection.execute("PRAGMA copy.synchronous=OFF")
        connection.execute("PRAGMA copy.journal_mode=OFF")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _run(file: Path, statements: Sequence[str]) -> None:
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as plain:
        plain.execute("PRAGMA synchronous=OFF")
        for statement in statements:
            plain.execute(statement)


def _copy_table(connection: Connection, name: str) -> None:
    """Copy the rows of a table that is whole, its indexes too."""
    problem = connection.exec_driver_sql(f'PRAGMA main.quick_check("{name}")').scalar()
    if problem != "ok":
        raise _damaged(str(problem))
    connection.exec_driver_sql(_INSERT.format(name))


def _damaged(problem: str) -> Exception:
    if "disk is full" in problem:
        return sqlite3.OperationalError(problem)
    return BadBackup(f"the database file is damaged: {problem}; restore a backup")


def _described(connection: Connection, without: Sequence[str]) -> dict[str, Any]:
    return {
        "dialect": "sqlite",
        "revision": connection.scalar(text("SELECT version_num FROM alembic_version")),
        "fingerprint": fingerprint(connection, without),
    }


def _describe(file: Path, without: Sequence[str]) -> dict[str, Any]:
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.connect() as connection:
            problem = connection.scalar(text("PRAGMA quick_check"))
            if problem != "ok":
                raise _damaged(str(problem))
            return _described(connection, without)
    except DatabaseError as error:
        raise _damaged(str(error.orig)) from None
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
    prove(manifest["fingerprint"], _describe(fresh, manifest["without"])["fingerprint"])
    return fresh


def restore(
    target: Path,
    manifest: dict[str, Any],
    packed: Path,
    more: Callable[[Connection], None] | None = None,
) -> str | None:
    """Put the proven database in the place of `target`; answers where the old one is kept.

    `more` adds what is not in the backup.
    """
    fresh = try_restore(manifest, packed)
    os.chmod(fresh, 0o600)
    if more is not None:
        _add(fresh, more)
    kept = _keep(target) if target.exists() else None
    os.replace(fresh, target)
    sync_folder(target.parent)
    return str(kept) if kept else None


def _add(fresh: Path, more: Callable[[Connection], None]) -> None:
    engine = create_engine(f"sqlite:///{fresh}")
    try:
        with engine.connect() as connection:
            # Nobody uses the file yet: a restore that fails throws it away.
            connection.exec_driver_sql("PRAGMA journal_mode=OFF")
            connection.exec_driver_sql("PRAGMA synchronous=OFF")
            connection.exec_driver_sql("PRAGMA cache_size=-64000")
            more(connection)
            connection.commit()
    finally:
        engine.dispose()
    with fresh.open("rb") as file:
        os.fsync(file.fileno())


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
