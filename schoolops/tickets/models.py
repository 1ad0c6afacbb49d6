"""Tables of tickets. Each row names its school, so that the database's own lock holds."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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

ticket = Table(
    "ticket",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("school_id", BigInteger),
    Column("room_id", BigInteger),
    Column("device_id", BigInteger),
    Column("incident_id", BigInteger),
    Column("joined_to", BigInteger),
    Column("title", Text, nullable=False),
    Column("category", String(20), nullable=False),
    Column("priority", String(2), nullable=False),
    Column("state", String(10), nullable=False),
    Column("waits_for", String(10), nullable=False, default=""),
    Column("via", String(10), nullable=False),
    Column("language", String(10), nullable=False, default="de"),
    Column("reporter", Text, nullable=False, default=""),
    Column("reporter_name", Text, nullable=False, default=""),
    Column("reporter_mail", Text, nullable=False, default=""),
    Column("assigned_to", Text, nullable=False, default=""),
    Column("opened_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("bypassed_at", BigInteger),
    Column("solved_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("seen", Text, nullable=False, default="{}"),
    Column("form_key", String(64), unique=True),
    Column("told_share", Integer, nullable=False, default=0),
    Column("look_at", BigInteger, nullable=False, default=0),
    Column("anonymous", Boolean, nullable=False, default=False),
    Index("ix_ticket_school", "school_id", "state"),
    Index("ix_ticket_state", "state", "priority", "id"),
    Index("ix_ticket_look_at", "state", "look_at"),
    Index("ix_ticket_incident", "incident_id"),
    Index("ix_ticket_room", "room_id", "state"),
    Index("ix_ticket_joined", "joined_to"),
    sqlite_autoincrement=True,
)
"""One report of a fault or a wish; its number is the id, and none is given twice.

`incident_id`: the fault it belongs to. `joined_to`: the ticket about the same that came first.
`seen`: JSON of what was known of room, device, line and incidents when it was reported.
`answered_at`, `bypassed_at`, `solved_at`: when the promises were kept (`sla`). `form_key`: of the
form that was sent, so that sending it twice makes one ticket. `told_share`: percent of its promise
at which somebody was told last, `look_at`: when the next share can be reached. `anonymous`: it
holds no person any more.
"""

ticket_entry = Table(
    "ticket_entry",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("ticket_id", BigInteger, nullable=False),
    Column("school_id", BigInteger),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False, default=""),
    Column("side", String(10), nullable=False),
    Column("what", String(12), nullable=False),
    Column("public", Boolean, nullable=False),
    Column("text", Text, nullable=False, default=""),
    Column("data", Text, nullable=False, default="{}"),
    Index("ix_ticket_entry_ticket", "ticket_id", "id"),
)
"""What was said and done in a ticket, in order. `side`: reporter, staff, vendor or system; `what`:
a word of `thread.ENTRIES`. `public`: the reporter reads it. `data`: JSON of what changed."""

ticket_link = Table(
    "ticket_link",
    metadata,
    Column("ticket_id", BigInteger, primary_key=True, autoincrement=False),
    Column("other_id", BigInteger, primary_key=True, autoincrement=False),
    Column("school_id", BigInteger),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Index("ix_ticket_link_other", "other_id"),
)
"""Two tickets that have to do with each other, the smaller number first."""

ticket_mail = Table(
    "ticket_mail",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("mailbox", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("given_id", Text, nullable=False),
    Column("sent", Boolean, nullable=False, default=False),
    Column("state", String(12), nullable=False),
    Column("why", String(20), nullable=False, default=""),
    Column("ticket_id", BigInteger),
    Column("school_id", BigInteger),
    Column("at", BigInteger, nullable=False),
    Column("address", Text, nullable=False, default=""),
    Column("name", Text, nullable=False, default=""),
    Column("topic", Text, nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    Column("parties", Text, nullable=False, default="[]"),
    Column("text", Text, nullable=False, default=""),
    Column("notice", String(40), nullable=False, default=""),
    Column("size", Integer, nullable=False, default=0),
    Column("raw", LargeBinary),
    Column("decided_at", BigInteger),
    Column("decided_by", Text, nullable=False, default=""),
    UniqueConstraint("mailbox", "message_id"),
    Index("ix_ticket_mail_message", "message_id"),
    Index("ix_ticket_mail_address", "address", "at"),
    Index("ix_ticket_mail_ticket", "ticket_id", "id"),
    Index("ix_ticket_mail_state", "state", "id"),
)
"""A mail that came or (`sent`) went out. `state`: a word of `thread.MAIL_STATES`; `why`: what made
it so. `message_id` is in small letters, to compare; `given_id` as it stands. `address`: who wrote,
or got it; `topic`: its subject to compare; `parties`: JSON of To and Cc. `text`: all of it, quotes
too; `raw`: the mail as it came, zlib, until its time is over (`tickets.mail_keep_days`)."""

ticket_file = Table(
    "ticket_file",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("ticket_id", BigInteger, nullable=False),
    Column("school_id", BigInteger),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False, default=""),
    Column("public", Boolean, nullable=False, default=True),
    Column("name", Text, nullable=False),
    Column("type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False, default=""),
    Column("data", LargeBinary, nullable=False),
    Index("ix_ticket_file_ticket", "ticket_id", "id"),
)
"""A file of a ticket, without what says where and with what a picture was taken (`files`). `type`:
what its first bytes say. `public`: the reporter gets it too."""

ticket_page = Table(
    "ticket_page",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("ticket_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_ticket_page_ticket", "ticket_id"),
)
"""The page of a reporter without an account: what is kept of the secret in its address."""


ticket_article = Table(
    "ticket_article",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
    sqlite_autoincrement=True,
)
"""What helps, written down for everybody who reports."""

ticket_word = Table(
    "ticket_word",
    metadata,
    Column("word", String(24), primary_key=True),
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("source", String(8), primary_key=True),
    Index("ix_ticket_word_record", "source", "record_id"),
    sqlite_with_rowid=False,
)
"""Which articles and solved tickets have a word (`words`); `source`: article or ticket."""
