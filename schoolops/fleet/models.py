"""Tables of the fleet."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from schoolops.db.tables import BigKey, metadata

agent = Table(
    "agent",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("school_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("code_hash", String(64), unique=True),
    Column("code_expires_at", BigInteger),
    Column("secret_hash", String(64), unique=True),
    Column("hostname", Text, nullable=False, default=""),
    Column("version", Text, nullable=False, default=""),
    Column("invited_at", BigInteger, nullable=False),
    Column("joined_at", BigInteger),
    Column("last_seen_at", BigInteger),
    Column("reports", BigInteger, nullable=False, default=0),
    Column("dropped", BigInteger, nullable=False, default=0),
    Column("implausible", BigInteger, nullable=False, default=0, server_default="0"),
    Column("clock_offset_ms", BigInteger),
    Column("revoked_reason", Text),
    Column("command_key", LargeBinary),
    Column("runs", Text, nullable=False, default="[]", server_default="[]"),
    Column("returns", Integer, nullable=False, default=0, server_default="0"),
    Column("returned_at", BigInteger, nullable=False, default=0, server_default="0"),
    Column("cloned_until", BigInteger, nullable=False, default=0, server_default="0"),
    Column("machines", Text, nullable=False, default="", server_default=""),
    Index("ix_agent_school_id", "school_id"),
)
"""`state`: invited, active, silent, revoked. Code and secret are kept as hashes only;
`command_key`, with which commands are signed, is sealed. The five from `runs` on are of
`schoolops.fleet.clones`."""

agent_command = Table(
    "agent_command",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("agent_id", BigInteger, nullable=False),
    Column("school_id", BigInteger, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("sent_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("text", Text),
    Column("result", Text),
    Index("ix_agent_command_school_id", "school_id", "id"),
    Index("ix_agent_command_agent_id", "agent_id", "id"),
)
"""What people ask of agents. `state`: waiting, sent, done, failed, refused; what is unanswered at
`expires_at` has expired. `arguments` and `result`: JSON objects; `text`: the answer's sentence."""

agent_stream = Table(
    "agent_stream",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("agent_id", BigInteger, nullable=False),
    Column("boot", String(64), nullable=False),
    Column("acked_seq", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False, default=0),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("agent_id", "boot"),
)
"""The highest report booked of each boot of an agent: what makes a repeat harmless."""

discovered = Table(
    "discovered",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("school_id", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("mac", Text, nullable=False, default=""),
    Column("name", Text, nullable=False, default=""),
    Column("description", Text, nullable=False, default=""),
    Column("kind", Text, nullable=False, default=""),
    Column("serial", Text, nullable=False, default=""),
    Column("first_seen_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("ignored", Integer, nullable=False, default=0),
    Column("adopted_as", String(36)),
    UniqueConstraint("school_id", "address", "mac"),
)
"""Devices seen on a school's network that the inventory does not know."""
