"""What crosses HTTP about outgoing mail."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from pydantic import BaseModel, Field

from schoolops.web.shapes import Time


class MailTest(BaseModel):
    """Where a test goes."""

    address: str = Field(max_length=320)


class Retry(BaseModel):
    """Which mails to try again; none named: all that failed or wait."""

    ids: list[Annotated[str, Field(max_length=36)]] = Field(default=[], max_length=1000)


class MailTested(TypedDict):
    """Whether the mail server took it, and what it said."""

    sent: bool
    answer: str


class Mail(TypedDict):
    """One mail; `to` is masked."""

    id: str
    notice: str
    to: str
    state: Literal["waiting", "sent", "failed", "late"]
    attempts: int
    created: Time
    next: Time | None
    ended: Time | None
    error: str


class Outbox(TypedDict):
    """`on`: whether mail goes out at all; `counts`: state → how many; `mails`: the latest."""

    on: bool
    counts: dict[str, int]
    mails: list[Mail]


class Again(TypedDict):
    """How many mails are tried again."""

    again: int
