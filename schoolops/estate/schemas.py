"""What crosses HTTP on its way in."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class NewRecord(BaseModel):
    """Values by field name; text or native."""

    values: dict[str, Any]


class EditedRecord(BaseModel):
    """Fields to change, and the version that was looked at."""

    version: int
    values: dict[str, Any]


class Move(BaseModel):
    """Where a device goes: a room's key or None, perhaps in another school."""

    version: int
    room: str | None = None
    school: str | None = None
    note: str = Field(default="", max_length=500)


class Retirement(BaseModel):
    """Why a record is taken out of use."""

    version: int
    reason: str = Field(max_length=500)


class Version(BaseModel):
    """The version that was looked at."""

    version: int


class Bulk(BaseModel):
    """One change for many records, by ids or by filter."""

    ids: list[str] | None = Field(default=None, max_length=100_000)
    q: str | None = None
    values: dict[str, Any] = {}
    retire: bool = False
    reason: str = ""
    expect: int | None = None
    dry_run: bool = False


class Secret(BaseModel):
    """The secret of a credential; `secret2` is the privacy key of an SNMP v3 user."""

    secret: str = Field(min_length=1, max_length=2000)
    secret2: str = Field(default="", max_length=2000)


class DownloadRequest(BaseModel):
    """What a one-time link will give."""

    plural: str
    q: str = ""
    format: str = "csv"
    columns: list[str] = []
