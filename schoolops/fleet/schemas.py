"""What crosses HTTP on its way in."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Invitation(BaseModel):
    """For which school an agent is invited."""

    school: str
    name: str = ""


class Join(BaseModel):
    """The one-time code, and which machine uses it."""

    code: str = Field(min_length=1, max_length=100)
    hostname: str = ""
    version: str = ""


class Reason(BaseModel):
    """Why."""

    reason: str = ""


class Adoption(BaseModel):
    """Values that a person adds or corrects."""

    values: dict[str, Any] = {}
