"""What crosses HTTP about tokens, delegations and proposals."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, Field


class NewToken(BaseModel):
    """A token to be made."""

    name: str
    role: str
    authority: str | None = None
    schools: list[str] | None = None
    days: int = Field(default=365)


class NewDelegation(BaseModel):
    """Own rights for somebody else, until a time (with its zone)."""

    receiver: str = Field(max_length=200)
    permissions: list[str] = Field(max_length=20)
    school: str = Field(max_length=40)
    class_name: str = Field(default="", max_length=40)
    until: dt.datetime
    reason: str = Field(max_length=500)


class Decision(BaseModel):
    """What a second person says to a proposal."""

    approve: bool
    note: str = Field(default="", max_length=500)


class Emergency(BaseModel):
    """Emergency access that somebody asks for."""

    school: str = Field(max_length=40)
    permissions: list[str] = Field(max_length=20)
    hours: int
    reason: str = Field(max_length=500)
