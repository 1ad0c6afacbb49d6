"""The metadata all tables join, and the tables of the database floor itself."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows only in a column declared INTEGER; PostgreSQL wants room for a state.
BigKey = BigInteger().with_variant(Integer, "sqlite")

audit_event = Table(
    "audit_event",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("kind", Text, nullable=False, default=""),
    Column("record", Text, nullable=False, default=""),
    Column("school_id", BigInteger),
    Column("detail", Text, nullable=False, default="{}"),
    Column("sealed_as", BigInteger, unique=True),
    Column("hash", String(64)),
    Index("ix_audit_event_record", "kind", "record", "id"),
    Index("ix_audit_event_school_id", "school_id", "id"),
    sqlite_autoincrement=True,
)
"""One row a write. The sealer sets `sealed_as`, the place in the chain, and `hash`.

On PostgreSQL a smaller id can commit after a greater one, so the chain has its own order.
"""

change = Table(
    "change",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("xid", BigInteger, nullable=False, default=0),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record", String(36), nullable=False),
    Column("school_id", BigInteger),
    Index("ix_change_xid", "xid", "seq"),
    sqlite_autoincrement=True,
)
"""What a screen may want to read again. `xid` is the writing transaction on PostgreSQL."""

download = Table(
    "download",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("request", Text, nullable=False),
)
"""Links that fetch one export without a login, once."""

note = Table(
    "note",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Small facts about the store itself: when the last backup was, which sample it holds."""
