"""Tables of the pages themselves."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from schoolops.db.tables import BigKey, metadata

web_upload = Table(
    "web_upload",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("session", String(36), nullable=False),
    Column("plural", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""A file between its report and the confirmation; `session` is the uid of who sent it."""

web_session = Table(
    "web_session",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("subject", Text, nullable=False, default=""),
    Column("sid", Text, nullable=False, default=""),
    Column("claims", Text, nullable=False),
    Column("language", Text, nullable=False, default=""),
    Column("refresh_token", LargeBinary),
    Column("id_token", LargeBinary),
    Column("access_expires_at", BigInteger, nullable=False, default=0),
    Column("refresh_after", BigInteger, nullable=False, default=0),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index("ix_web_session_subject", "subject"),
)
"""A session of the web pages. `hash`: of the cookie; `kind`: link (not opened yet), local, oidc;
`claims`: who it is, JSON; tokens are encrypted; `refresh_after`: not to be renewed before."""
