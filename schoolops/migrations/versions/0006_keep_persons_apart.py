"""Keep what words find of persons apart from the rest.

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
"""Table → what `search_text` has besides the key, and what goes into `search_persons`."""


def upgrade() -> None:
    for table, (rest, persons) in SEARCHED.items():
        op.add_column(table, sa.Column("search_persons", sa.Text()))
        _move(table, rest, persons)


def _move(name: str, rest: tuple[str, ...], persons: tuple[str, ...]) -> None:
    columns = ("id", "key", "search_text", "search_persons", *rest, *persons)
    table = sa.table(name, *(sa.column(column) for column in columns))
    filled = sa.or_(*(table.c[column] != "" for column in persons))
    connection = op.get_bind()
    change = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("row_id"))
        .values(search_text=sa.bindparam("text"), search_persons=sa.bindparam("named"))
    )
    last = 0
    while True:
        rows = connection.execute(
            sa.select(table).where(filled, table.c.id > last).order_by(table.c.id).limit(AT_ONCE)
        ).all()
        if not rows:
            return
        connection.execute(change, [
            {
                "row_id": row.id,
                "text": _text([row.key, *(one for one in _filled(row, rest) if one != row.key)]),
                "named": _text(_filled(row, persons)),
            }
            for row in rows
        ])  # fmt: skip
        last = rows[-1].id


def _filled(row: sa.Row[tuple[object, ...]], columns: tuple[str, ...]) -> list[str]:
    return [value for name in columns if (value := row._mapping[name])]


def _text(parts: list[str]) -> str:
    return fold(" ".join(parts))
