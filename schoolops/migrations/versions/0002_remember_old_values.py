"""Remember old values, own corrections, who created a record, and whose a MAC address is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KINDS = ("schools", "sites", "buildings", "rooms", "devices", "uplinks", "services", "contacts",
         "credentials")  # fmt: skip
AT_ONCE = 5000


def upgrade() -> None:
    op.create_table(
        "revision",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
    )
    op.create_index("ix_revision_record_id", "revision", ["kind", "record_id", "id"])
    device_mac = op.create_table(
        "device_mac",
        sa.Column("mac", sa.String(length=17), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mac", name=op.f("pk_device_mac")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_device_mac_device_id", "device_mac", ["device_id"])
    for table in KINDS:
        op.add_column(table, sa.Column("created_by", sa.Text()))
        # Whoever wrote the first version made the record.
        op.execute(f"UPDATE {table} SET created_by = updated_by WHERE version = 1")  # noqa: S608
    op.add_column("schools", sa.Column("own_fields", sa.Text()))
    _fill(device_mac)


def _fill(device_mac: sa.Table) -> None:
    """An address that two devices have already stays with the one recorded first."""
    connection = op.get_bind()
    found = connection.execute(
        sa.text("SELECT id, macs FROM devices WHERE macs IS NOT NULL AND retired_at IS NULL")
    )
    owners: dict[str, int] = {}
    for device_id, macs in sorted((row.id, row.macs) for row in found):
        for mac in macs.split():
            owners.setdefault(mac, device_id)
    rows = [{"mac": mac, "device_id": device_id} for mac, device_id in owners.items()]
    for start in range(0, len(rows), AT_ONCE):
        connection.execute(sa.insert(device_mac), rows[start : start + AT_ONCE])
