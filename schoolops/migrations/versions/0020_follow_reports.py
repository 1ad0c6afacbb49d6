"""Reports by QR code: the pages of reporters without an account.

Revision: 0020, after 0019.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket_page",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_ticket_page")),
    )
    op.create_index("ix_ticket_page_ticket", "ticket_page", ["ticket_id"], unique=False)


def downgrade() -> None:
    op.drop_table("ticket_page")
