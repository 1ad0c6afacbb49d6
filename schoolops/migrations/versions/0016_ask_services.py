"""Ask the services that lessons need, and record each morning whether teaching works.

Revision: 0016, after 0015.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LEADING = ("record_id", "observed_at", "stream_id", "seq")


def upgrade() -> None:
    op.create_table(
        "school_service",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_service")),
        sa.UniqueConstraint("school_id", "name", name=op.f("uq_school_service_school_id_name")),
        sa.UniqueConstraint("uid", name=op.f("uq_school_service_uid")),
    )
    op.create_table(
        "readiness",
        sa.Column("school_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "day", name=op.f("pk_readiness")),
    )
    op.create_index("ix_readiness_day", "readiness", ["day"])
    _measured()


def _measured() -> None:
    partitioned = op.get_bind().dialect.name == "postgresql"
    columns = [
        *(f"{name} BIGINT NOT NULL" for name in (*LEADING, "delay_ms")),
        "reachable BOOLEAN",
        "connect_us INTEGER",
        "tls_us INTEGER",
        "status INTEGER",
        "error TEXT",
        f"CONSTRAINT pk_sample_service PRIMARY KEY ({', '.join(LEADING)})",
    ]
    ending = "PARTITION BY RANGE (observed_at)" if partitioned else "WITHOUT ROWID"
    op.execute(f"CREATE TABLE sample_service ({', '.join(columns)}) {ending}")
    if partitioned:
        op.execute("CREATE TABLE sample_service_rest PARTITION OF sample_service DEFAULT")
    op.execute(
        "CREATE VIEW measured_service AS SELECT record_id, observed_at, reachable, "
        "connect_us / 1000.0 AS connect_ms, tls_us / 1000.0 AS tls_ms, status, error "
        "FROM sample_service"
    )
