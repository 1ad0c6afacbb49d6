"""Wide tables, one row a report, made from the wire's description."""

from __future__ import annotations

import typing
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Table, Text

from agents.protocol import DeviceReport, HostReport, UplinkReport
from schoolops.db.tables import metadata

_TYPES: dict[Any, Any] = {
    float | None: Float,
    int | None: BigInteger,
    bool | None: Boolean,
    str: Text,
}


def _samples(name: str, report: type[Any], subject: str) -> Table:
    hints = typing.get_type_hints(report)
    fields = [field for field in report._fields if field != subject]
    return Table(
        name,
        metadata,
        Column("record_id", BigInteger, primary_key=True, autoincrement=False),
        Column("observed_at", BigInteger, primary_key=True, autoincrement=False),
        Column("stream_id", BigInteger, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("received_at", BigInteger, nullable=False),
        *(Column(field, _TYPES[hints[field]]) for field in fields),
        Index(f"ix_{name}_received_at", "received_at"),
        sqlite_with_rowid=False,
    )


sample_host = _samples("sample_host", HostReport, "")
"""`record_id` is the agent's id."""
sample_uplink = _samples("sample_uplink", UplinkReport, "uplink")
"""`record_id` is the uplink's id."""
sample_device = _samples("sample_device", DeviceReport, "device")
"""`record_id` is the device's id."""

SAMPLES: dict[str, Table] = {
    "host": sample_host,
    "uplink": sample_uplink,
    "device": sample_device,
}
"""Table of a batch → table of the store."""
