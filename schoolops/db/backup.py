"""Backups: made online, versioned, proven by a test restore; and restoring them.

A backup is one tar file: `manifest.json` and the database, as a compressed SQLite file or as
PostgreSQL's own custom dump. The manifest has the revision, the SHA-256 of the database's file
and a fingerprint (rows and SHA-256 of every table; of raw measurements the rows alone), taken
from the same snapshot. A restore is right when the restored database has that fingerprint.

The key file of the credentials is never part of a backup.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url

import schoolops
from schoolops.core.errors import NotFound, Unusable
from schoolops.core.settings import Settings
from schoolops.db.engine import Store
from schoolops.db.lock import own_store

FORMAT = 1
SUFFIX = ".schoolops-backup"
PAGES_A_STEP = 4000
"""SQLite pages copied before other writers get a turn."""
COUNTED_ONLY = ("sample_",)
"""Tables too big to be hashed each night."""


class BadBackup(Unusable):
    code = "backup.unusable"


def create(store: Store, to: Path | None = None, reason: str = "manual") -> dict[str, Any]:
    """Make a backup of the open store while it is in use, and prove it by a test restore.

    `to` is a folder or a file name; by default the settings' folder. Answers `{"path", "bytes",
    "sha256", "verified", "reason", "created"}`.
    """
    moment = dt.datetime.fromtimestamp(store.clock.now() / 1e6, dt.UTC)
    folder = to or store.settings.backup_folder
    target = folder
    if to is None or to.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = folder / f"{moment:%Y%m%dT%H%M%S.%fZ}-{reason}{SUFFIX}"
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as scratch:
        work = Path(scratch)
        dump = _dump_postgresql if store.is_postgresql else _dump_sqlite
        manifest, database = dump(store, work)
        manifest |= {
            "format": FORMAT,
            "schoolops": schoolops.__version__,
            "created": moment.isoformat(),
            "reason": reason,
            "file": database.name,
            "sha256": _sha256(database),
        }
        packed = work / "packed"
        _pack(packed, manifest, database)
        verified = _try_restore(store, packed)
        os.replace(packed, target)
        _sync_folder(target.parent)
    return {
        "path": str(target),
        "bytes": target.stat().st_size,
        "sha256": _sha256(target),
        "verified": verified,
        "reason": reason,
        "created": manifest["created"],
    }


def list_backups(settings: Settings) -> list[dict[str, Any]]:
    """The backups in the settings' folder, latest first."""
    found = sorted(settings.backup_folder.glob(f"*{SUFFIX}"), reverse=True)
    return [
        {"path": str(path), "bytes": path.stat().st_size, "created": path.name.split("-")[0]}
        for path in found
    ]


def prune(settings: Settings) -> list[str]:
    """Delete nightly backups beyond `backup.keep`; others are kept."""
    nightly = sorted(settings.backup_folder.glob(f"*-nightly{SUFFIX}"), reverse=True)
    gone = nightly[settings.backup.keep :]
    for path in gone:
        path.unlink()
    return [str(path) for path in gone]


def check(file: Path, known: Sequence[str]) -> dict[str, Any]:
    """Read a backup's manifest and prove its content's hash. `BadBackup` says what is wrong.

    `known`: the database revisions this version can read or upgrade.
    """
    with tempfile.TemporaryDirectory(prefix="schoolops-") as scratch:
        manifest, _ = _unpack(file, Path(scratch), known)
    return manifest


def restore(settings: Settings, file: Path, known: Sequence[str]) -> dict[str, Any]:
    """Put the database of a backup in the place of the present one, which is kept aside.

    No server may run on it. Nothing is changed unless the restored database has the
    fingerprint of the backup. Answers `{"restored", "tables", "rows", "kept"}`.
    """
    with (
        own_store(settings, "schoolops restore"),
        tempfile.TemporaryDirectory(prefix=".restoring-", dir=settings.home) as scratch,
    ):
        manifest, database = _unpack(file, Path(scratch), known)
        dialect = make_url(settings.database_url).get_backend_name()
        if manifest["dialect"] != dialect:
            raise BadBackup(
                f"the backup is of {manifest['dialect']}, the settings name {dialect}; "
                "set database.url to a database of the backup's kind"
            )
        if dialect == "sqlite":
            kept = _restore_sqlite(settings, manifest, database)
        else:
            kept = _restore_postgresql(settings.database_url, manifest, database)
    fingerprint = manifest["fingerprint"]
    return {
        "restored": str(file),
        "tables": len(fingerprint),
        "rows": sum(rows for rows, _ in fingerprint.values()),
        "kept": kept,
    }


# --- the container --------------------------------------------------------------------------


def _pack(packed: Path, manifest: dict[str, Any], database: Path) -> None:
    listing = packed.with_suffix(".json")
    listing.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    handle = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            tar.add(listing, "manifest.json")
            tar.add(database, manifest["file"])
        file.flush()
        os.fsync(file.fileno())


def _unpack(file: Path, work: Path, known: Sequence[str]) -> tuple[dict[str, Any], Path]:
    if not file.is_file():
        raise NotFound(
            f"there is no backup {file}; list them with: schoolops backup list",
            code="backup.unknown",
        )
    try:
        with tarfile.open(file) as tar:
            member = tar.extractfile("manifest.json")
            if member is None:
                raise KeyError("manifest.json")
            manifest: dict[str, Any] = json.loads(member.read(10_000_000))
            _refuse_newer(file, manifest, known)
            data = tar.extractfile(manifest["file"])
            if data is None:
                raise KeyError(manifest["file"])
            database = work / "database"
            with database.open("wb") as out:
                shutil.copyfileobj(data, out, 1 << 20)
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise BadBackup(
            f"{file} is no backup of schoolops, or is damaged ({error}); take another one"
        ) from None
    if _sha256(database) != manifest["sha256"]:
        raise BadBackup(f"{file} is damaged: its content has another checksum; take another one")
    return manifest, database


def _refuse_newer(file: Path, manifest: dict[str, Any], known: Sequence[str]) -> None:
    if manifest["format"] > FORMAT or manifest["revision"] not in known:
        raise BadBackup(
            f"{file} was made by schoolops {manifest['schoolops']}, which is newer than this "
            f"{schoolops.__version__}; install that version first",
            code="backup.newer",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- the fingerprint ------------------------------------------------------------------------


def fingerprint(connection: Connection) -> dict[str, list[Any]]:
    """Table → [rows, SHA-256 over its rows in order of the primary key, or '']."""
    found: dict[str, list[Any]] = {}
    inspector = inspect(connection)
    for name in sorted(inspector.get_table_names()):
        key = inspector.get_pk_constraint(name)["constrained_columns"]
        columns = sorted(column["name"] for column in inspector.get_columns(name))
        if name.startswith(COUNTED_ONLY):
            rows = connection.scalar(text(f'SELECT count(*) FROM "{name}"'))  # noqa: S608
            found[name] = [rows, ""]
            continue
        quoted = ", ".join(f'"{column}"' for column in columns)
        order = ", ".join(f'"{column}"' for column in key or columns)
        statement = text(f'SELECT {quoted} FROM "{name}" ORDER BY {order}')  # noqa: S608
        digest, rows = hashlib.sha256(), 0
        result = connection.execute(statement.execution_options(yield_per=2000))
        for row in result:
            digest.update(repr(tuple(map(_plain, row))).encode())
            rows += 1
        found[name] = [rows, digest.hexdigest()]
    return found


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


# --- SQLite ---------------------------------------------------------------------------------


def _dump_sqlite(store: Store, work: Path) -> tuple[dict[str, Any], Path]:
    copy = work / "copy.db"
    source = sqlite3.connect(store.file, timeout=30)
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(copy)) as target:
        source.execute("PRAGMA busy_timeout=30000")
        # A read transaction pins one snapshot: writers go on beside it (WAL), and the copy does
        # not begin anew with each of their commits.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(target, pages=PAGES_A_STEP, sleep=0.001)
        source.rollback()
        target.execute("PRAGMA journal_mode=DELETE")
    manifest = _describe_sqlite(copy)
    packed = work / "database.sqlite.gz"
    with copy.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as file:
        shutil.copyfileobj(plain, file, 1 << 20)
    copy.unlink()
    return manifest, packed


def _describe_sqlite(file: Path) -> dict[str, Any]:
    from sqlalchemy import create_engine

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
    finally:
        engine.dispose()


def _gunzip(packed: Path, target: Path) -> None:
    try:
        with gzip.open(packed, "rb") as file, target.open("wb") as plain:
            shutil.copyfileobj(file, plain, 1 << 20)
            plain.flush()
            os.fsync(plain.fileno())
    except (OSError, EOFError) as error:
        raise BadBackup(f"the backup does not unpack: {error}") from None


def _prove(manifest: dict[str, Any], found: dict[str, list[Any]]) -> None:
    if found != manifest["fingerprint"]:
        differing = [
            name
            for name in manifest["fingerprint"].keys() | found.keys()
            if manifest["fingerprint"].get(name) != found.get(name)
        ]
        raise BadBackup(
            f"what was restored differs from what was saved in {', '.join(sorted(differing))}"
        )


def _restore_sqlite(settings: Settings, manifest: dict[str, Any], packed: Path) -> str | None:
    fresh = packed.with_name("fresh.db")
    _gunzip(packed, fresh)
    _prove(manifest, _describe_sqlite(fresh)["fingerprint"])
    target = Path(make_url(settings.database_url).database or "")
    kept: Path | None = None
    if target.exists():
        with contextlib.closing(sqlite3.connect(target)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = target.with_name(
            f"{target.name}.before-restore-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"
        )
        os.replace(target, kept)
    for ending in ("-wal", "-shm"):
        target.with_name(target.name + ending).unlink(missing_ok=True)
    os.chmod(fresh, 0o600)
    os.replace(fresh, target)
    _sync_folder(target.parent)
    return str(kept) if kept else None


# --- PostgreSQL -----------------------------------------------------------------------------


def _dump_postgresql(store: Store, work: Path) -> tuple[dict[str, Any], Path]:
    target = work / "database.pgdump"
    with store.reader.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ")
        # The dump and the fingerprint see the same moment.
        snapshot = str(connection.scalar(text("SELECT pg_export_snapshot()")))
        _postgresql(
            "pg_dump", store.settings.database_url,
            "--format=custom", "--compress=1", "--no-owner", "--no-privileges",
            f"--snapshot={snapshot}", f"--file={target}",
        )  # fmt: skip
        manifest = {
            "dialect": "postgresql",
            "revision": connection.scalar(text("SELECT version_num FROM alembic_version")),
            "fingerprint": fingerprint(connection),
        }
        connection.rollback()
    return manifest, target


def _postgresql(program: str, url: str, *arguments: str, stdin: IO[bytes] | None = None) -> None:
    """Run a program of PostgreSQL on the database; the password travels in the environment."""
    where = make_url(url)
    environment = dict(os.environ)
    if where.password:
        environment["PGPASSWORD"] = str(where.password)
    host = where.query.get("host") or where.host
    command = [program, *arguments]
    if host:
        command.append(f"--host={host if isinstance(host, str) else host[0]}")
    if where.port or where.query.get("port"):
        command.append(f"--port={where.port or where.query['port']}")
    if where.username:
        command.append(f"--username={where.username}")
    command.append(f"--dbname={where.database}")
    try:
        subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, stdin=stdin
        )
    except FileNotFoundError:
        raise Unusable(
            f"{program} is missing; install PostgreSQL's client programs (postgresql-client)",
            code="backup.program",
        ) from None
    except subprocess.CalledProcessError as error:
        line = (error.stderr or "").strip().splitlines() or ["no reason given"]
        raise Unusable(f"{program} failed: {line[0]}", code="backup.program") from None


def _restore_postgresql(url: str, manifest: dict[str, Any], database: Path) -> str | None:
    from sqlalchemy import create_engine

    _postgresql(
        "pg_restore", url,
        "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction",
        "--exit-on-error", str(database),
    )  # fmt: skip
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            _prove(manifest, fingerprint(connection))
    finally:
        engine.dispose()
    return None


# --- the test restore -----------------------------------------------------------------------


def _try_restore(store: Store, packed: Path) -> bool:
    """Restore the fresh backup beside the real database and compare. False: not possible here.

    On PostgreSQL it needs a role that may create a database.
    """
    with tempfile.TemporaryDirectory(dir=packed.parent, prefix="proof-") as scratch:
        work = Path(scratch)
        with tarfile.open(packed) as tar:
            member = tar.extractfile("manifest.json")
            manifest = json.loads(member.read() if member else b"{}")
        _, database = _unpack(packed, work, [manifest["revision"]])
        if not store.is_postgresql:
            fresh = work / "fresh.db"
            _gunzip(database, fresh)
            _prove(manifest, _describe_sqlite(fresh)["fingerprint"])
            return True
        return _try_restore_postgresql(store, manifest, database)


def _try_restore_postgresql(store: Store, manifest: dict[str, Any], database: Path) -> bool:
    url = make_url(store.settings.database_url)
    name = f"schoolops_proof_{os.getpid()}"
    with store.writer.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        may = connection.scalar(
            text("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
        )
        if not may:
            return False
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
        try:
            scratch = url.set(database=name).render_as_string(hide_password=False)
            _restore_postgresql(scratch, manifest, database)
        finally:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))
    return True
