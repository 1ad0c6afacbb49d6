"""Take mails: those that came to tickets, files of tickets, conversations of outgoing mails.

Revision: 0019, after 0018.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def _key() -> sa.Column[int]:
    return sa.Column(
        "id",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        autoincrement=True,
        nullable=False,
    )


def upgrade() -> None:
    op.create_table(
        "ticket_mail",
        _key(),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("given_id", sa.Text(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("parties", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("notice", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_mail")),
        sa.UniqueConstraint(
            "mailbox", "message_id", name=op.f("uq_ticket_mail_mailbox_message_id")
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_ticket_mail_uid")),
    )
    op.create_index("ix_ticket_mail_address", "ticket_mail", ["address", "at"], unique=False)
    op.create_index("ix_ticket_mail_message", "ticket_mail", ["message_id"], unique=False)
    op.create_index("ix_ticket_mail_state", "ticket_mail", ["state", "id"], unique=False)
    op.create_index("ix_ticket_mail_ticket", "ticket_mail", ["ticket_id", "id"], unique=False)
    op.create_table(
        "ticket_file",
        _key(),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_file")),
        sa.UniqueConstraint("uid", name=op.f("uq_ticket_file_uid")),
    )
    op.create_index("ix_ticket_file_ticket", "ticket_file", ["ticket_id", "id"], unique=False)
    op.add_column("mail", sa.Column("thread", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("mail") as batch:
        batch.alter_column("thread", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("mail") as batch:
        batch.drop_column("thread")
    op.drop_table("ticket_file")
    op.drop_table("ticket_mail")
