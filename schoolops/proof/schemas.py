"""What crosses HTTP about proofs."""

from __future__ import annotations

from typing import Literal, TypedDict

from pydantic import BaseModel, Field

from schoolops.proof.shapes import Proof, Verdict
from schoolops.web.shapes import Time

__all__ = ["Issue", "Issued", "IssuedProofs", "Lines", "Proof"]

MONTH = r"^20\d\d-(0[1-9]|1[0-2])$"


class Issue(BaseModel, extra="forbid"):
    """What is to be issued."""

    month: str = Field(pattern=MONTH, description="such as 2026-10")
    language: Literal["de", "en"] = "de"


class Issued(TypedDict):
    """An edition of a proof that is kept. `again`: it was there, nothing has changed since."""

    id: str
    uplink: str
    month: str
    language: str
    number: int
    made_at: Time
    made_by: str
    verdict: Verdict
    complete: bool
    inputs_sha256: str
    csv_sha256: str
    pdf_sha256: str
    bytes: int
    again: bool


class IssuedProofs(TypedDict):
    """Editions, the latest first."""

    proofs: list[Issued]


class LineMonth(TypedDict):
    """A line with what is booked, and what it delivered in the month so far; None: not known."""

    id: str
    key: str
    school: str
    school_name: str
    provider: str | None
    circuit: str | None
    contract_end: str | None
    booked_down_bps: int | None
    booked_up_bps: int | None
    down_bps: float | None
    up_bps: float | None
    tests: int
    measured: float | None
    availability: float | None
    outages: int
    verdict: Verdict
    as_of: Time | None


class Lines(TypedDict):
    """All lines that the one who asks may see, by school."""

    month: str
    lines: list[LineMonth]
