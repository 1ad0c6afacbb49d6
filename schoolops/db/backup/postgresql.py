"""Saving and restoring a PostgreSQL database with PostgreSQL's own programs."""

from __future__ import annotations

import datetime as dt
import errno
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ProgrammingError

from schoolops.core.errors import Unusable
from schoolops.db import changes, row_security
from schoolops.db.backup.container import BadBackup
from schoolops.db.backup.fingerprint import fingerprint, prove
from schoolops.db.engine import Store

KEPT = "before_restore_"
"""Schemas with what was there before a restore; they are not saved again."""


def dump(store: Store, work: Path, without: Sequence[str] = ()) -> tuple[dict[str, Any], Path]:
    """Save the database of the moment while others write; its part of the manifest, the file.

    Of tables whose names begin with one of `without`, the rows stay out.
    """
    target = work / "database.pgdump"
    with store.reader.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ")
        # The dump and the fingerprint see the same moment.
        snapshot = str(connection.scalar(text("SELECT pg_export_snapshot()")))
        _run(
            "pg_dump", store.settings.database_url,
            "--format=custom", "--compress=1", "--no-owner", "--no-privileges",
            f"--exclude-schema={KEPT}*", f"--snapshot={snapshot}", f"--file={target}",
            *(f"--exclude-table-data={name}*" for name in without),
        )  # fmt: skip
        manifest = {
            "dialect": "postgresql",
            "revision": connection.scalar(text("SELECT version_num FROM alembic_version")),
            "fingerprint": fingerprint(connection, without),
        }
        connection.rollback()
    return manifest, target


def _run(program: str, url: str, *arguments: str) -> None:
    """Run a program of PostgreSQL on the database; the password travels in the environment."""
    where = make_url(url)
    environment = dict(os.environ)
    if where.password:
        environment["PGPASSWORD"] = str(where.password)
    # Whoever lists the processes must not see the password; all else is passed on.
    shown = URL.create(
        "postgresql", where.username, None, where.host, where.port, where.database, where.query
    )
    command = [program, *arguments, f"--dbname={shown.render_as_string()}"]
    try:
        subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise Unusable(
            f"{program} is missing; install PostgreSQL's client programs (postgresql-client)",
            code="backup.program",
        ) from None
    except subprocess.CalledProcessError as error:
        line = (error.stderr or "").strip().splitlines() or ["no reason given"]
        if "No space left" in error.stderr:
            raise OSError(errno.ENOSPC, line[0]) from None
        raise Unusable(f"{program} failed: {line[0]}", code="backup.program") from None


def _fill(url: str, database: Path) -> None:
    _run(
        "pg_restore", url, "--no-owner", "--no-privileges", "--single-transaction",
        "--exit-on-error", str(database),
    )  # fmt: skip


def try_restore(store: Store, manifest: dict[str, Any], database: Path) -> bool:
    """Restore into a database of its own and compare. False: this role may not create one."""
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
        connection.execute(text(
            f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' "
            "LC_COLLATE 'C' LC_CTYPE 'C'"
        ))  # fmt: skip
        try:
            scratch = url.set(database=name).render_as_string(hide_password=False)
            _fill(scratch, database)
            _prove(scratch, manifest)
        finally:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))
    return True


def _prove(url: str, manifest: dict[str, Any]) -> None:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            prove(manifest["fingerprint"], fingerprint(connection, manifest["without"]))
    finally:
        engine.dispose()


def restore(
    url: str,
    manifest: dict[str, Any],
    database: Path,
    more: Callable[[Connection], None] | None = None,
) -> str | None:
    """Restore in the place of the present tables; answers the schema that keeps those.

    `more` adds what is not in the backup. Unless all is proven equal, what was there comes back
    into its place.
    """
    kept = f"{KEPT}{dt.datetime.now(dt.UTC):%Y%m%dt%H%M%S_%f}"
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            _refuse_in_use(connection)
            tables = _move_tables(connection, "public", kept)
        try:
            _fill(url, database)
            _prove(url, manifest)
            if more is not None:
                with engine.begin() as connection:
                    more(connection)
        except BaseException:
            with engine.begin() as connection:
                for name in _tables(connection, "public"):
                    connection.execute(text(f'DROP TABLE IF EXISTS public."{name}" CASCADE'))
                if tables:
                    _move_tables(connection, kept, "public")
                    connection.execute(text(f'DROP SCHEMA "{kept}"'))
            raise
        with engine.begin() as connection:
            changes.move_in(connection)
            row_security.ensure(connection)
    except ProgrammingError as error:
        raise BadBackup(f"the role may not restore here: {str(error.orig).strip()}") from None
    finally:
        engine.dispose()
    return f"the schema {kept} of the database" if tables else None


def _refuse_in_use(connection: Connection) -> None:
    others = connection.scalar(text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ))  # fmt: skip
    if others:
        raise Unusable(
            f"{others} other connections use the database; stop all servers on it first, each "
            "with: schoolops serve --stop",
            code="setup.in_use",
        )


def _tables(connection: Connection, schema: str) -> list[str]:
    names = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema ORDER BY tablename")
    return list(connection.scalars(names, {"schema": schema}))


def _move_tables(connection: Connection, source: str, target: str) -> list[str]:
    """Move all tables with their indexes and sequences, and views, into another schema."""
    views = text("SELECT viewname FROM pg_views WHERE schemaname = :schema ORDER BY viewname")
    names = _tables(connection, source) + list(connection.scalars(views, {"schema": source}))
    if names and target != "public":
        connection.execute(text(f'CREATE SCHEMA "{target}"'))
    for name in names:
        connection.execute(text(f'ALTER TABLE "{source}"."{name}" SET SCHEMA "{target}"'))
    return names
