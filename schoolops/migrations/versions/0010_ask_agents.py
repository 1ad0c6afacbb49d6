"""Ask agents: what people want of them, the key it is signed with, and releases.

Revision: 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
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
    op.add_column("agent", sa.Column("command_key", sa.LargeBinary(), nullable=True))
    op.create_table(
        "agent_command",
        _key(),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_command")),
        sa.UniqueConstraint("uid", name=op.f("uq_agent_command_uid")),
    )
    op.create_index("ix_agent_command_school_id", "agent_command", ["school_id", "id"])
    op.create_index("ix_agent_command_agent_id", "agent_command", ["agent_id", "id"])
