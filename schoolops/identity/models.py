"""Tables of identity."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from schoolops.db.tables import BigKey, metadata

token = Table(
    "token",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("authority", Text),
    Column("schools", Text),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
)
"""A person's token: only its hash is kept. `schools`: numbers separated by blanks."""
