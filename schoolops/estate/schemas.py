"""What crosses HTTP about records."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import BaseModel, Field

from schoolops.estate.describing import GIVEN
from schoolops.web.shapes import Number, Time

Given = Annotated[dict[str, Any], Field(json_schema_extra=GIVEN)]


class NewRecord(BaseModel):
    """Values by field name; text or native."""

    values: Given


class EditedRecord(BaseModel):
    """Fields to change, and the version that was looked at."""

    version: Number
    values: Given


class Move(BaseModel):
    """Where a device goes: a room's key or None, perhaps in another school."""

    version: Number
    room: str | None = Field(default=None, max_length=9000)
    school: str | None = Field(default=None, max_length=4000)
    note: str = Field(default="", max_length=500)


class Retirement(BaseModel):
    """Why a record is taken out of use."""

    version: Number
    reason: str = Field(max_length=500)


class Version(BaseModel):
    """The version that was looked at."""

    version: Number


class Bulk(BaseModel):
    """One change for many records, by ids or by filter."""

    ids: list[str] | None = Field(default=None, max_length=100_000)
    q: str | None = Field(default=None, max_length=2000)
    values: Given = {}
    retire: bool = False
    reason: str = Field(default="", max_length=500)
    expect: Number | None = None
    dry_run: bool = False


class Secret(BaseModel):
    """The secret of a credential; `secret2` is the privacy key of an SNMP v3 user."""

    secret: str = Field(min_length=1, max_length=2000)
    secret2: str = Field(default="", max_length=2000)


class DownloadRequest(BaseModel):
    """What a one-time link will give."""

    plural: str = Field(max_length=100)
    q: str = Field(default="", max_length=2000)
    format: str = Field(default="csv", max_length=20)
    columns: list[str] = Field(default=[], max_length=200)


class Rows(TypedDict):
    """Rows of id, key, version, retired, then the columns."""

    columns: list[str]
    rows: list[list[Any]]
    offset: int
    more: bool


class Count(TypedDict):
    """How many records match."""

    count: int


class DownloadLink(TypedDict):
    """A link that gives one export, once."""

    url: str
    expires: Time


class _Reason(TypedDict):
    reason: str
    message: NotRequired[str]
    params: NotRequired[dict[str, Any]]


class ImportRow(_Reason):
    """What becomes of a row; `reason` is all that is wrong or odd with it. `changes` is field →
    [old, new], `kept` field → [own, the list's]."""

    row: int
    key: str
    outcome: Literal["new", "changed", "same", "retired", "refused"]
    changes: NotRequired[dict[str, list[Any]]]
    kept: NotRequired[dict[str, list[Any]]]


class ImportReport(TypedDict):
    """What a file does to the inventory; `mapping` is heading → field.

    `retired`: records that a published list still names and that stay out of use.
    """

    new: int
    changed: int
    same: int
    retired: int
    refused: int
    kept: int
    dry_run: bool
    mapping: dict[str, str]
    ignored: list[str]
    notes: list[str]
    rows: list[ImportRow]


class BulkRow(_Reason):
    """What becomes of a record that was not the same already. `changes` is field → [old, new]."""

    id: str
    key: str
    outcome: Literal["changed", "refused"]
    changes: NotRequired[dict[str, list[Any] | None]]


class BulkReport(TypedDict):
    """What became of many records."""

    changed: int
    same: int
    refused: int
    rows: list[BulkRow]
    dry_run: bool


class Creation(TypedDict):
    """When a record was made, by whom and of what. `how` is 'create', or 'create by import' with
    the file as `note`; `fields` as in a change."""

    at: Time
    by: str
    how: str
    note: str
    fields: dict[str, list[Any] | None]


class PastChange(TypedDict):
    """One change. `fields` is name → [old, new], or null for a secret."""

    number: int
    at: Time
    by: str
    how: str
    note: str
    fields: dict[str, list[Any] | None]


Placement = TypedDict(
    "Placement",
    {
        "school": str | None,
        "room": str | None,
        "from": Time,
        "until": Time | None,
        "by": str,
        "note": str,
    },
)
"""Where a device stood, and until when."""


class PastEvent(TypedDict):
    """What the audit has under the record's key."""

    at: Time
    actor: str
    action: str
    detail: dict[str, Any]


class History(TypedDict):
    """What a record was; with `more`, ask for the changes `before` the last number."""

    created: Creation
    changes: list[PastChange]
    more: bool
    placements: list[Placement]
    events: list[PastEvent]


class PlaceCode(TypedDict):
    """What the QR code of a room, a device or a school's board leads to: `path` below the server's
    address, `url` with it ('' as long as server.public_url is not set). The code was made `at`
    that time `by` somebody. Of `room`, `device`, `school` it has the one that it is for: its key.
    """

    room: NotRequired[str]
    device: NotRequired[str]
    school: NotRequired[str]
    code: str
    path: str
    url: str
    at: Time
    by: str


class WantedCode(BaseModel):
    """`renew`: a new code, and the old one leads nowhere any more."""

    renew: bool = False
