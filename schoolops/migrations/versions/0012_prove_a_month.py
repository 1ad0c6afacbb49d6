"""Prove a month: issued proofs, and the figures of each line's running month.

Revision: 0012, after 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "issued_proof",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("uplink_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("csv_sha256", sa.String(length=64), nullable=False),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("csv", sa.LargeBinary(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issued_proof")),
        sa.UniqueConstraint("uid", name=op.f("uq_issued_proof_uid")),
        sa.UniqueConstraint(
            "uplink_id",
            "month",
            "language",
            "number",
            name=op.f("uq_issued_proof_uplink_id_month_language_number"),
        ),
    )
    op.create_table(
        "line_month",
        sa.Column("uplink_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("tests", sa.Integer(), nullable=False),
        sa.Column("down_bps", sa.Float(), nullable=True),
        sa.Column("up_bps", sa.Float(), nullable=True),
        sa.Column("measured", sa.Float(), nullable=False),
        sa.Column("availability", sa.Float(), nullable=True),
        sa.Column("outages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("uplink_id", "month", name=op.f("pk_line_month")),
    )
