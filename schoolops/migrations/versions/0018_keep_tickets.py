"""Keep tickets: reports of faults and wishes, what was said in them, what has to do with what.

Revision: 0018, after 0017.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("room_id", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("incident_id", sa.BigInteger(), nullable=True),
        sa.Column("joined_to", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("waits_for", sa.String(length=10), nullable=False),
        sa.Column("via", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("reporter", sa.Text(), nullable=False),
        sa.Column("reporter_name", sa.Text(), nullable=False),
        sa.Column("reporter_mail", sa.Text(), nullable=False),
        sa.Column("assigned_to", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("bypassed_at", sa.BigInteger(), nullable=True),
        sa.Column("solved_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("form_key", sa.String(length=64), nullable=True),
        sa.Column("told_share", sa.Integer(), nullable=False),
        sa.Column("look_at", sa.BigInteger(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("form_key", name=op.f("uq_ticket_form_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_ticket_uid")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ticket_incident", "ticket", ["incident_id"], unique=False)
    op.create_index("ix_ticket_look_at", "ticket", ["state", "look_at"], unique=False)
    op.create_index("ix_ticket_joined", "ticket", ["joined_to"], unique=False)
    op.create_index("ix_ticket_room", "ticket", ["room_id", "state"], unique=False)
    op.create_index("ix_ticket_school", "ticket", ["school_id", "state"], unique=False)
    op.create_index("ix_ticket_state", "ticket", ["state", "priority", "id"], unique=False)
    op.create_table(
        "ticket_entry",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_entry")),
        sa.UniqueConstraint("uid", name=op.f("uq_ticket_entry_uid")),
    )
    op.create_index("ix_ticket_entry_ticket", "ticket_entry", ["ticket_id", "id"], unique=False)
    op.create_table(
        "ticket_link",
        sa.Column("ticket_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("other_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "other_id", name=op.f("pk_ticket_link")),
    )
    op.create_index("ix_ticket_link_other", "ticket_link", ["other_id"], unique=False)
    op.create_table(
        "ticket_article",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_article")),
        sa.UniqueConstraint("uid", name=op.f("uq_ticket_article_uid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ticket_word",
        sa.Column("word", sa.String(length=24), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("word", "record_id", "source", name=op.f("pk_ticket_word")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ticket_word_record", "ticket_word", ["source", "record_id"], unique=False)


def downgrade() -> None:
    op.drop_table("ticket_word")
    op.drop_table("ticket_article")
    op.drop_table("ticket_link")
    op.drop_table("ticket_entry")
    op.drop_table("ticket")
