"""Types that the shapes of answers share."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from msgspec import Meta
from pydantic import Field

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""UTC, ISO 8601."""
Health = Literal["down", "warning", "unknown", "ok"]
Freshness = Literal["fresh", "stale", "never"]

LARGEST = 2**53 - 1
"""The largest whole number that every reader of JSON keeps, and every database holds."""
Number = Annotated[int, Field(ge=0, le=LARGEST)]
"""A number on its way in: a version, a count, a cursor."""
Key = Annotated[str, Path(max_length=9000, description="The UUID of a record, or its key")]
Uid = Annotated[str, Path(max_length=200)]
