"""Send mail: the outbox, and which rights for a time had their end told.

The place of a role gets room for 'authority 10042', which PostgreSQL did not take.

Revision: 0007, after 0006.
"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("notice", sa.String(length=40), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.Column("give_up_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint("uid", name=op.f("uq_mail_uid")),
    )
    op.create_index("ix_mail_state", "mail", ["state", "due_at"])
    op.add_column("access_grant", sa.Column("end_told_at", sa.BigInteger(), nullable=True))
    # What has ended before there was mail is told to nobody.
    grant = sa.table(
        "access_grant",
        sa.column("until_at", sa.BigInteger()),
        sa.column("revoked_at", sa.BigInteger()),
        sa.column("end_told_at", sa.BigInteger()),
    )
    now = time.time_ns() // 1000
    over = sa.or_(grant.c.until_at <= now, grant.c.revoked_at.is_not(None))
    op.execute(grant.update().where(over).values(end_told_at=now))
    if op.get_bind().dialect.name == "postgresql":
        # They ask for the column; `row_security.ensure` makes them again after the upgrade.
        for table in ("account_role", "account"):
            for policy in ("in_scope", "may_update"):
                op.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
    with op.batch_alter_table("account_role") as batch:
        batch.alter_column(
            "place",
            existing_type=sa.String(length=12),
            type_=sa.String(length=60),
            existing_nullable=False,
        )
