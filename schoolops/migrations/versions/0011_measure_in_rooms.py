"""Measure in rooms: codes of places, and what browsers in them measured.

Revision: 0011, after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
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
        "place_code",
        _key(),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_code")),
        sa.UniqueConstraint("code", name=op.f("uq_place_code_code")),
        sa.UniqueConstraint("kind", "record_id", name=op.f("uq_place_code_kind_record_id")),
    )
    op.create_table(
        "room_test",
        _key(),
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("ticket", sa.String(length=64), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("device", sa.String(length=8), nullable=False),
        sa.Column("down_bps", sa.BigInteger(), nullable=True),
        sa.Column("up_bps", sa.BigInteger(), nullable=True),
        sa.Column("latency_us", sa.Integer(), nullable=True),
        sa.Column("jitter_us", sa.Integer(), nullable=True),
        sa.Column("sent", sa.Integer(), nullable=True),
        sa.Column("lost", sa.Integer(), nullable=True),
        sa.Column("late", sa.Integer(), nullable=True),
        sa.Column("uplink_id", sa.BigInteger(), nullable=True),
        sa.Column("line_down_bps", sa.BigInteger(), nullable=True),
        sa.Column("line_up_bps", sa.BigInteger(), nullable=True),
        sa.Column("line_basis", sa.String(length=8), nullable=True),
        sa.Column("line_busy_bps", sa.BigInteger(), nullable=True),
        sa.Column("line_rtt_us", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_test")),
        sa.UniqueConstraint("ticket", name=op.f("uq_room_test_ticket")),
    )
    op.create_index("ix_room_test_room_id", "room_test", ["room_id", "begun_at"])
    op.create_index("ix_room_test_begun_at", "room_test", ["begun_at"])
