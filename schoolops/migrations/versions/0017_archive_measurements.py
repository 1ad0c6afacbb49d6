"""Note which days of measurements were written, so that the archive knows what it misses.

Revision: 0017, after 0016.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measured_day",
        sa.Column("part", sa.String(length=8), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part", "day", name=op.f("pk_measured_day")),
    )
    op.execute(
        "INSERT INTO measured_day SELECT 'reports', hour / 24, 1 FROM sealed GROUP BY hour / 24"
    )
    op.execute("INSERT INTO measured_day SELECT 'buckets', day, 1 FROM rollup GROUP BY day")


def downgrade() -> None:
    op.drop_table("measured_day")
