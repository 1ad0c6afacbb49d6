"""Notice two machines with one agent's identity.

Revision: 0013, after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("agent") as batch:
        batch.add_column(sa.Column("runs", sa.Text(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("returns", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(
            sa.Column("returned_at", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch.add_column(
            sa.Column("cloned_until", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch.add_column(sa.Column("machines", sa.Text(), nullable=False, server_default=""))
