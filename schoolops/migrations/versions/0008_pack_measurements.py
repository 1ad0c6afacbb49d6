"""Keep measurements as whole numbers, packed by the hour, and rolled up for years.

Raw rows move over: what was 12.3 `cpu_percent` is 123 `cpu_permille`. On PostgreSQL the tables of
raw rows become partitioned by the day of the observation.

Revision: 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEPT: dict[str, tuple[tuple[str, str, int, str], ...]] = {
    "host": (
        ("cpu_percent", "cpu_permille", 10, "INTEGER"),
        ("load_1", "load_1_hundredths", 100, "INTEGER"),
        ("memory_used_percent", "memory_used_permille", 10, "INTEGER"),
        ("disk_used_percent", "disk_used_permille", 10, "INTEGER"),
        ("temperature_c", "temperature_dc", 10, "INTEGER"),
        ("uptime_s", "uptime_s", 1, "INTEGER"),
        ("rx_bytes", "rx_bytes", 1, "BIGINT"),
        ("tx_bytes", "tx_bytes", 1, "BIGINT"),
        ("spool_rows", "spool_rows", 1, "INTEGER"),
        ("dropped_rows", "dropped_rows", 1, "INTEGER"),
    ),
    "uplink": (
        ("connect_ms", "connect_us", 1000, "INTEGER"),
        ("rtt_ms", "rtt_us", 1000, "INTEGER"),
        ("jitter_ms", "jitter_us", 1000, "INTEGER"),
        ("loss_percent", "loss_permille", 10, "INTEGER"),
        ("dns_ms", "dns_us", 1000, "INTEGER"),
        ("rx_bps", "rx_bps", 1, "BIGINT"),
        ("tx_bps", "tx_bps", 1, "BIGINT"),
        ("test_down_bps", "test_down_bps", 1, "BIGINT"),
        ("test_up_bps", "test_up_bps", 1, "BIGINT"),
        ("reachable", "reachable", 0, "BOOLEAN"),
    ),
    "device": (
        ("reachable", "reachable", 0, "BOOLEAN"),
        ("response_ms", "response_us", 1000, "INTEGER"),
        ("uptime_s", "uptime_s", 1, "INTEGER"),
        ("cpu_percent", "cpu_permille", 10, "INTEGER"),
        ("memory_used_percent", "memory_used_permille", 10, "INTEGER"),
        ("temperature_c", "temperature_dc", 10, "INTEGER"),
        ("clients", "clients", 1, "INTEGER"),
        ("clients_24", "clients_24", 1, "INTEGER"),
        ("clients_5", "clients_5", 1, "INTEGER"),
        ("clients_6", "clients_6", 1, "INTEGER"),
        ("ports_up", "ports_up", 1, "INTEGER"),
        ("rx_bytes", "rx_bytes", 1, "BIGINT"),
        ("tx_bytes", "tx_bytes", 1, "BIGINT"),
        ("errors", "errors", 1, "BIGINT"),
    ),
}
"""Table → (column, its new name, whole numbers a unit, type); 0: no number."""
TEXTS = {"host": (), "uplink": (), "device": ("source", "error")}
LEADING = ("record_id", "observed_at", "stream_id", "seq")
LARGEST = {"INTEGER": 2**31 - 1, "BIGINT": 2**63 - 1024}


def upgrade() -> None:
    for kind in KEPT:
        _move(kind)
    with op.batch_alter_table("agent") as batch:
        batch.add_column(
            sa.Column("implausible", sa.BigInteger(), nullable=False, server_default="0")
        )
    op.create_table(
        "sealed",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "record_id", "hour", name=op.f("pk_sealed")),
    )
    op.create_table(
        "rollup",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fine", sa.LargeBinary(), nullable=True),
        sa.Column("hourly", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "record_id", "day", name=op.f("pk_rollup")),
    )
    op.create_table(
        "rolled_hour",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fine", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "record_id", "hour", name=op.f("pk_rolled_hour")),
    )
    op.create_table(
        "late_hour",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("kind", "record_id", "hour", name=op.f("pk_late_hour")),
        sqlite_with_rowid=False,
    )


def _move(kind: str) -> None:
    table, old = f"sample_{kind}", f"old_sample_{kind}"
    partitioned = op.get_bind().dialect.name == "postgresql"
    op.drop_index(f"ix_{table}_received_at", table_name=table)
    op.rename_table(table, old)
    if partitioned:
        op.execute(f"ALTER INDEX pk_{table} RENAME TO pk_{old}")
    columns = [
        *(f"{name} BIGINT NOT NULL" for name in (*LEADING, "delay_ms")),
        *(f"{new} {sort}" for _, new, _, sort in KEPT[kind]),
        *(f"{name} TEXT" for name in TEXTS[kind]),
        f"CONSTRAINT pk_{table} PRIMARY KEY ({', '.join(LEADING)})",
    ]
    ending = "PARTITION BY RANGE (observed_at)" if partitioned else "WITHOUT ROWID"
    op.execute(f"CREATE TABLE {table} ({', '.join(columns)}) {ending}")
    if partitioned:
        op.execute(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")
    values = [
        *LEADING,
        "(received_at - observed_at) / 1000",
        *(_kept(name, scale, sort) for name, _, scale, sort in KEPT[kind]),
        *TEXTS[kind],
    ]
    op.execute(f"INSERT INTO {table} SELECT {', '.join(values)} FROM {old}")  # noqa: S608
    op.drop_table(old)
    op.execute(
        f"CREATE VIEW measured_{kind} AS SELECT record_id, observed_at, "  # noqa: S608 (ours)
        f"{', '.join(_shown(*column) for column in KEPT[kind])}"
        f"{''.join(', ' + name for name in TEXTS[kind])} FROM {table}"
    )


def _kept(name: str, scale: int, sort: str) -> str:
    if not scale:
        return name
    most = LARGEST[sort] // scale
    return (
        f"CASE WHEN {name} BETWEEN -{most} AND {most} "
        f"THEN CAST(ROUND({name} * {scale}) AS {sort}) END"
    )


def _shown(name: str, new: str, scale: int, sort: str) -> str:
    return new if scale < 2 else f"{new} / {scale}.0 AS {name}"
