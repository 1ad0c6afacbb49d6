"""Name the protocols of an SNMP v3 user; empty is SHA and AES-128, as it was for all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("credentials", sa.Column("auth_protocol", sa.Text()))
    op.add_column("credentials", sa.Column("privacy_protocol", sa.Text()))
