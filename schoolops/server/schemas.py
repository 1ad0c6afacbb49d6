"""What crosses HTTP about the server itself."""

from __future__ import annotations

from typing import Literal, TypedDict

from schoolops.web.shapes import Time


class Live(TypedDict):
    """That the server answers, and which it is."""

    ok: bool
    version: str


class Health(TypedDict):
    """That reading and writing work."""

    ok: bool
    database: Literal["sqlite", "postgresql"]


class ForATime(TypedDict):
    """Rights that end by themselves: a delegation or emergency access."""

    may: list[str]
    scope: str
    until: Time
    source: str


class Me(TypedDict):
    """Who asks, and what they may do where; `public_url` is '' where none is set."""

    name: str
    role: str
    scope: str
    may: list[str]
    for_a_time: list[ForATime]
    read_only: bool
    city: str
    public_url: str
    server_version: str
    database: Literal["sqlite", "postgresql"]


class PortalLink(TypedDict):
    """A one-time link into the web pages."""

    url: str


class Verification(TypedDict):
    """Whether the audit's chain holds; `broken_at` is the id of the first event that does not."""

    ok: bool
    events: int
    unsealed: int
    head: str
    broken_at: int | None


class Cursor(TypedDict):
    """Where the changes that are still to come begin."""

    cursor: int


class KeptBackup(TypedDict):
    """A backup in its folder."""

    path: str
    bytes: int
    created: Time | None


class Backups(TypedDict):
    """All backups, latest first."""

    backups: list[KeptBackup]


class MadeBackup(TypedDict):
    """A fresh backup; `verified`: its test restore gave the same data."""

    path: str
    bytes: int
    sha256: str
    verified: bool
    reason: str
    created: Time
