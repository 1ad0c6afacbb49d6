"""The outbox."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from schoolops.db.tables import BigKey, metadata

mail = Table(
    "mail",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("message_id", Text, nullable=False),
    Column("notice", String(40), nullable=False),
    Column("address", Text, nullable=False),
    Column("language", String(20), nullable=False),
    Column("content", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text, nullable=False, default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("claimed_until", BigInteger),
    Column("give_up_at", BigInteger, nullable=False),
    Column("until_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("thread", Text, nullable=False, default=""),
    Index("ix_mail_state", "state", "due_at"),
)
"""One mail to one person. `content`: JSON of what its text is filled with. `state`: waiting, sent,
failed or late (nobody needs it after `until_at`). `due_at`: the next try. `claimed_until`: while a
worker tries, the time after which another may. `give_up_at`: after that it is not tried any more.
`error`: what the mail server said last, without addresses. `thread`: JSON of a
`composing.Thread`, '' for a mail that belongs to none."""

webhook_call = Table(
    "webhook_call",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("event", String(40), nullable=False),
    Column("content", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text, nullable=False, default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("claimed_until", BigInteger),
    Index("ix_webhook_call_state", "state", "due_at"),
)
"""A call that is to be made. `state`: waiting, sent or failed (given up)."""
