"""Keep what words find of persons apart, at the end of the searched text.

Revision: 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from inventory.fields import fold

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

AT_ONCE = 5000
SEARCHED = {
    "devices": (
        ("name", "serial", "asset_tag", "vendor", "model", "macs", "address"),
        ("owner",),
    ),
    "services": (("name", "provider"), ("owner",)),
    "contacts": (("name",), ("email",)),
}
"""Table → what is searched besides the key: of the equipment, of persons."""
PERSONS_FOLLOW = "\x1f"


def upgrade() -> None:
    for table, (rest, persons) in SEARCHED.items():
        _move(table, rest, persons)


def _move(name: str, rest: tuple[str, ...], persons: tuple[str, ...]) -> None:
    columns = ("id", "key", "search_text", *rest, *persons)
    table = sa.table(name, *(sa.column(column) for column in columns))
    filled = sa.or_(*(table.c[column] != "" for column in persons))
    connection = op.get_bind()
    change = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("row_id"))
        .values(search_text=sa.bindparam("text"))
    )
    last = 0
    while True:
        rows = connection.execute(
            sa.select(table).where(filled, table.c.id > last).order_by(table.c.id).limit(AT_ONCE)
        ).all()
        if not rows:
            return
        connection.execute(
            change, [{"row_id": row.id, "text": _text(row, rest, persons)} for row in rows]
        )
        last = rows[-1].id


def _text(row: sa.Row[tuple[object, ...]], rest: tuple[str, ...], persons: tuple[str, ...]) -> str:
    def filled(columns: tuple[str, ...]) -> list[str]:
        values = (row._mapping[name] for name in columns)
        return [value for value in values if value and value != row.key]

    return fold(" ".join([row.key, *filled(rest)]) + PERSONS_FOLLOW + " ".join(filled(persons)))
