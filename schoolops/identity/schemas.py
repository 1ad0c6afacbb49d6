"""What crosses HTTP about tokens, delegations and proposals."""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypedDict

from pydantic import BaseModel, Field

from schoolops.web.shapes import Time


class NewToken(BaseModel):
    """A token to be made."""

    name: str = Field(max_length=100)
    role: str = Field(max_length=40)
    authority: str | None = Field(default=None, max_length=40)
    schools: list[str] | None = Field(default=None, max_length=10_000)
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


class SignIn(TypedDict):
    """The realm and the client of the command line's sign-in; empty: there are only tokens."""

    issuer: str
    client: str


class Token(TypedDict):
    """A token without its secret; `schools` null: all, or those of the authority."""

    name: str
    role: str
    authority: str | None
    schools: list[str] | None
    created: Time
    created_by: str
    expires: Time
    revoked: Time | None
    last_used: Time | None


class Tokens(TypedDict):
    """All tokens by name."""

    tokens: list[Token]


class MadeToken(TypedDict):
    """A fresh token; `token` is shown this once."""

    name: str
    token: str
    role: str
    expires: Time


class HeldGrant(TypedDict):
    """Permissions that somebody holds somewhere, and which personal fields they open for what."""

    source: str
    scope: str
    until: Time | None
    permissions: list[str]
    opens: list[str]


class Explanation(TypedDict):
    """Whether somebody may do that there; `by` are the grants that allow it."""

    who: str
    permission: str
    means: str
    purpose: str
    allowed: bool
    reason: str
    by: list[HeldGrant]
    holds: list[HeldGrant]


class MadeDelegation(TypedDict):
    """A right that was handed on."""

    id: str
    receiver: str
    until: Time


class MadeProposal(TypedDict):
    """A proposal that waits for a second person."""

    id: str
    state: Literal["open"]
    until: Time


class Decided(TypedDict):
    """What became of a proposal."""

    id: str
    state: Literal["approved", "rejected"]
