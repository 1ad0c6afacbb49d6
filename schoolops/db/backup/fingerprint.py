"""What a database holds, short enough to compare: rows and SHA-256 of every table."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Text, inspect, text
from sqlalchemy.types import String

from schoolops.db.backup.container import BadBackup

Fingerprint = dict[str, list[Any]]

MEASUREMENTS = ("sample_", "sealed", "rollup", "rolled_hour")
"""How the names of the tables begin that are too big to be saved as a whole each night."""
COUNTED_ONLY = ("sample_", "sealed", "rolled_hour")
"""Those that are too big to be hashed."""

_NOT_COMPARED = {"change": {"xid"}}
"""A restore numbers the transactions anew: PostgreSQL's counter belongs to its cluster."""


def fingerprint(connection: Connection, without: Sequence[str] = ()) -> Fingerprint:
    """Table → [rows, SHA-256 over its rows in order of the primary key, or ''].

    `without`: how the names of the tables begin that are left out.
    """
    found: Fingerprint = {}
    inspector = inspect(connection)
    for name in sorted(inspector.get_table_names()):
        if name.startswith(tuple(without)):
            continue
        if name.startswith(COUNTED_ONLY):
            rows = connection.scalar(text(f'SELECT count(*) FROM "{name}"'))  # noqa: S608
            found[name] = [rows, ""]
            continue
        types = {column["name"]: column["type"] for column in inspector.get_columns(name)}
        columns = sorted(types.keys() - _NOT_COMPARED.get(name, set()))
        key = inspector.get_pk_constraint(name)["constrained_columns"] or columns
        # The order must not depend on a locale: it may be another one elsewhere.
        collate = ' COLLATE "C"' if connection.dialect.name == "postgresql" else ""
        order = ", ".join(
            f'"{column}"{collate if isinstance(types[column], String | Text) else ""}'
            for column in key
        )
        quoted = ", ".join(f'"{column}"' for column in columns)
        found[name] = _hashed(connection, f'SELECT {quoted} FROM "{name}" ORDER BY {order}')  # noqa: S608
    return found


def _hashed(connection: Connection, statement: str) -> list[Any]:
    digest, count = hashlib.sha256(), 0
    with connection.execute(text(statement).execution_options(yield_per=2000)) as rows:
        for row in rows:
            digest.update(repr(tuple(map(_plain, row))).encode())
            count += 1
    return [count, digest.hexdigest()]


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def prove(expected: Fingerprint, found: Fingerprint) -> None:
    """Raise `BadBackup` naming the tables that differ."""
    if found != expected:
        names = [n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n)]
        raise BadBackup(
            f"what was restored differs from what was saved in {', '.join(sorted(names))}"
        )
