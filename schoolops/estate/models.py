"""The inventory's tables, made from the vocabulary in `inventory.kinds`.

Each kind has one table named by its plural. A reference field `room` becomes the column
`room_id`; MAC addresses are stored as text, separated by blanks. Every table also has the
system columns of `_system_columns`. `school_id` says to which school a record belongs, and so
who may see it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from inventory.fields import Field, Type
from inventory.kinds import CREDENTIAL, EDITABLE, KINDS, Kind
from schoolops.db.tables import BigKey, metadata

_COLUMN_TYPES: dict[Type, Any] = {
    Type.TEXT: Text,
    Type.INTEGER: BigInteger,
    Type.DECIMAL: Float,
    Type.BOOLEAN: Boolean,
    Type.DATE: String(10),
    Type.CHOICE: Text,
    Type.MACS: Text,
    Type.ADDRESS: Text,
    Type.RATE: BigInteger,
    Type.EMAIL: Text,
}


def column_name(field: Field) -> str:
    """Name of the column that holds the field."""
    return f"{field.name}_id" if field.type is Type.REFERENCE else field.name


PERSONS_FOLLOW = "\x1f"
"""Stands in `search_text` before what is about persons; no value of a field has this sign."""


def person_fields(kind: Kind) -> tuple[Field, ...]:
    """Fields about persons in which words are looked for, and which may be closed to a reader.

    Those of the key are open to whoever sees the record (`access.reading_scope`).
    """
    return tuple(f for f in kind.fields if f.searchable and f.personal and f.name not in kind.key)


def _column(field: Field) -> Column[Any]:
    if field.type is Type.REFERENCE:
        assert field.reference is not None
        table = KINDS[field.reference].plural
        # A device may name its switch before that row exists within one bulk load.
        return Column(
            column_name(field),
            BigInteger,
            ForeignKey(f"{table}.id", deferrable=True, initially="DEFERRED"),
        )
    return Column(field.name, _COLUMN_TYPES[field.type])


def _system_columns(kind: Kind) -> list[Column[Any]]:
    columns: list[Column[Any]] = [
        Column("id", BigKey, primary_key=True, autoincrement=True),
        Column("uid", String(36), nullable=False, unique=True),
        Column("key", Text, nullable=False, unique=True),
        # Folded: filters compare by it, also those of records that refer to this one.
        Column("key_folded", Text, nullable=False, default=""),
        Column("version", BigInteger, nullable=False, default=1),
        Column("created_at", BigInteger, nullable=False),
        # Empty in records that are older than this column.
        Column("created_by", Text),
        Column("updated_at", BigInteger, nullable=False),
        Column("updated_by", Text, nullable=False),
        Column("retired_at", BigInteger),
        Column("retired_reason", Text),
        Column("search_text", Text, nullable=False, default=""),
    ]
    if kind.health:
        columns += [
            Column("health", Text, nullable=False, default="unknown", server_default="unknown"),
            Column("health_reason", Text, nullable=False, default="", server_default=""),
            Column("health_since", BigInteger),
        ]
    return columns


# Listing a big table in the order of a column must not sort it, so these have an index of
# (column, id). It holds `retired_at` too: then any page is found in the index alone. Small
# tables are sorted as fast without.
_SORTED = {
    "device": ("key", "kind", "name", "serial", "asset_tag", "model", "school_id", "room_id",
               "owner", "firmware", "health", "updated_at", "parent_id", "address", "key_folded"),
    "room": ("key_folded", "school_id", "building_id", "health"),
    "contact": ("school_id",), "uplink": ("school_id", "health", "device_id"),
    "site": ("school_id",), "building": ("school_id", "site_id"),
    "school": ("name", "authority", "municipality", "health", "key_folded"),
}  # fmt: skip


def _table(kind: Kind) -> Table:
    columns = _system_columns(kind) + [_column(field) for field in kind.fields]
    if kind.published:
        # Names of fields, divided by blanks: what people corrected since the list said it.
        columns.append(Column("own_fields", Text))
    if kind is CREDENTIAL:
        columns += [Column("secret", LargeBinary), Column("secret2", LargeBinary)]
    table = Table(kind.plural, metadata, *columns)
    for name in _SORTED.get(kind.name, ()):
        Index(f"ix_{kind.plural}_{name}", table.c[name], table.c.id, table.c.retired_at)
    if kind.name == "device":
        c = table.c
        # The lists of iPads, access points and so on.
        Index("ix_devices_kind_key", c.kind, c.key, c.id, c.retired_at)
        few = c.retired_at.is_not(None)
        Index("ix_devices_retired_at", c.retired_at, sqlite_where=few, postgresql_where=few)
    return table


TABLES: dict[str, Table] = {kind.name: _table(kind) for kind in EDITABLE}
"""Kind name → table."""


def school_of(kind: Kind, row: Any) -> int | None:
    """The id of the school to which a row of the kind belongs."""
    found: int | None = row.id if kind.name == "school" else row.school_id
    return found


placement = Table(
    "placement",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("device_id", BigInteger, nullable=False),
    Column("school_id", BigInteger),
    Column("room_id", BigInteger),
    Column("from_at", BigInteger, nullable=False),
    Column("until_at", BigInteger),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Index("ix_placement_device_id", "device_id", "id"),
)
"""Where a device stood, and stands (`until_at` empty)."""

device_mac = Table(
    "device_mac",
    metadata,
    Column("mac", String(17), primary_key=True),
    Column("device_id", BigInteger, nullable=False),
    Index("ix_device_mac_device_id", "device_id"),
    sqlite_with_rowid=False,
)
"""Whose MAC address it is: one row an address of a device in use, so that no other gets it."""

place_code = Table(
    "place_code",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("code", String(16), nullable=False, unique=True),
    Column("kind", String(12), nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("school_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    UniqueConstraint("kind", "record_id"),
)
"""What a QR code on a wall or a device leads to (`schoolops.estate.places`); one a record."""

revision = Table(
    "revision",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("kind", String(12), nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("fields", Text, nullable=False, default="{}"),
    Index("ix_revision_record_id", "kind", "record_id", "id"),
)
"""What a record was before each change: `fields` is JSON, name → [old, new].

References stand as the keys they had at that time. Of a secret only that it changed: null. `how`
is the word of the audit ('edit', 'import', …), `note` what a person said to it or the file's name.
"""

observation = Table(
    "observation",
    metadata,
    Column("kind", String(12), primary_key=True),
    Column("record_id", BigInteger, primary_key=True),
    Column("observed_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("fresh_until", BigInteger, nullable=False),
    Column("source", Text, nullable=False, default=""),
    Column("facts", Text, nullable=False, default="{}"),
    Index("ix_observation_fresh_until", "fresh_until"),
    sqlite_with_rowid=False,
)
"""What was last known of a device, uplink or agent host: `facts` is JSON of the report's fields.

No row: never seen. `fresh_until` in the past: stale.
"""
