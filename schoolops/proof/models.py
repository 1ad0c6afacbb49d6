"""Tables of proofs: what was issued, and the figures of each line's running month."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from schoolops.db.tables import BigKey, metadata

issued_proof = Table(
    "issued_proof",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("school_id", BigInteger, nullable=False),
    Column("uplink_id", BigInteger, nullable=False),
    Column("month", String(7), nullable=False),
    Column("language", String(2), nullable=False),
    Column("number", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("inputs_sha256", String(64), nullable=False),
    Column("csv_sha256", String(64), nullable=False),
    Column("pdf_sha256", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("csv", LargeBinary, nullable=False),
    Column("pdf", LargeBinary, nullable=False),
    UniqueConstraint("uplink_id", "month", "language", "number"),
)
"""An edition of a proof, never changed: `data` (JSON) and `csv` by zlib, the signed `pdf`."""

line_month = Table(
    "line_month",
    metadata,
    Column("uplink_id", BigInteger, primary_key=True, autoincrement=False),
    Column("month", String(7), primary_key=True),
    Column("school_id", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("tests", Integer, nullable=False),
    Column("down_bps", Float),
    Column("up_bps", Float),
    Column("measured", Float, nullable=False),
    Column("availability", Float),
    Column("outages", Integer, nullable=False),
)
"""What a line delivered in a month so far, for lists; `down_bps`, `up_bps`: medians of the tests,
`measured` and `availability`: shares of the lesson time."""
