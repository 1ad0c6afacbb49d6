"""The metadata with every capability's tables."""

from __future__ import annotations

import re

import schoolops.alerts.models
import schoolops.calendar.models
import schoolops.estate.models
import schoolops.fleet.models
import schoolops.identity.models
import schoolops.notify.models
import schoolops.proof.models
import schoolops.telemetry.models
import schoolops.tickets.models
import schoolops.web.models  # noqa: F401
from schoolops.db.tables import metadata

__all__ = ["is_described", "metadata"]

_PARTITION = re.compile(r"sample_[a-z]+_(rest|\d{8})")


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the code describes the table; partitions on PostgreSQL come and go."""
    return kind != "table" or not _PARTITION.fullmatch(name or "")
