"""Insert or update in one statement, the same on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, newer: str = ""
) -> None:
    """Insert rows; where the primary key is there, overwrite the other columns.

    With `newer`, only where the row's value in that column is not smaller than the stored one.
    """
    if not rows:
        return
    make: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    primary = [column.name for column in table.primary_key]
    others = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in primary and column.name in rows[0]
    }
    where = statement.excluded[newer] >= table.c[newer] if newer else None
    statement = statement.on_conflict_do_update(index_elements=primary, set_=others, where=where)
    connection.execute(statement, rows)


def add_missing(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows whose primary key is not there yet."""
    make: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(make(table).on_conflict_do_nothing(), rows)
