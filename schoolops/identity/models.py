"""Tables of identity."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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

account = Table(
    "account",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("shown", Text, nullable=False, default=""),
    Column("email", Text, nullable=False, default=""),
    Column("groups", Text, nullable=False, default="[]"),
    Column("classes", Text, nullable=False, default="[]"),
    Column("strong", Boolean, nullable=False, default=False),
    Column("sessions", Text, nullable=False, default=""),
    Column("issued_at", BigInteger, nullable=False, default=0),
    Column("first_seen_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("ended_before", BigInteger, nullable=False, default=0),
    UniqueConstraint("issuer", "subject"),
    Index("ix_account_username", "username"),
)
"""Who has signed in, as last told by the identity provider. `groups` and `classes`: JSON.

Access tokens issued before `ended_before` (UTC microseconds) are not taken any more.
"""

account_role = Table(
    "account_role",
    metadata,
    Column("account_id", BigInteger, primary_key=True),
    Column("role", String(40), primary_key=True),
    Column("place", String(60), primary_key=True),
    Index("ix_account_role_place", "place", "role"),
)
"""The roles in an account's groups. `place`: a school's number, 'authority 10042' or 'city'."""

access_grant = Table(
    "access_grant",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("source", String(12), nullable=False),
    Column("receiver", Text, nullable=False),
    Column("giver", Text, nullable=False),
    Column("permissions", Text, nullable=False),
    Column("school_id", BigInteger),
    Column("class_name", Text, nullable=False, default=""),
    Column("opens", Text, nullable=False, default="[]"),
    Column("reason", Text, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoked_by", Text),
    Column("end_told_at", BigInteger),
    Index("ix_access_grant_receiver", "receiver", "until_at"),
    Index("ix_access_grant_giver", "giver"),
)
"""Rights beside the roles, for a time: `source` 'delegation' or 'emergency'.

`receiver` and `giver`: user names. `permissions`: names separated by blanks. `school_id` None:
the whole city. `opens`: JSON pairs of purpose and field class. `end_told_at`: when the people
concerned were told that it has ended.
"""

approval = Table(
    "approval",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("detail_hash", String(64), nullable=False),
    Column("school_id", BigInteger),
    Column("reason", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", BigInteger),
    Column("decision_note", Text, nullable=False, default=""),
    Column("used_at", BigInteger),
    Index("ix_approval_state", "state", "until_at"),
)
"""Four eyes: what one person proposed and another approves. `state`: open, approved, rejected,
withdrawn or used; what is open or approved after `until_at` has expired."""
