"""What crosses HTTP about the calendar."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta
from pydantic import BaseModel, Field

from schoolops.calendar.times import DayKind, EntryKind
from schoolops.web.shapes import Time

Day = Annotated[str, Meta(extra_json_schema={"format": "date"})]
"""ISO 8601, on the school's own calendar."""
TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""Such as '07:50', on the school's own clock."""


class Bell(BaseModel):
    """A lesson, or several without a break; `weekday` 1 is Monday."""

    weekday: int = Field(ge=1, le=7)
    begin: TimeOfDay
    end: TimeOfDay


class BellTimes(BaseModel):
    """The lessons of a week; none: the usual school day of the school's form."""

    bells: list[Bell] = Field(max_length=200)


class NewDay(BaseModel):
    """Days that are not as the rule says, `first` and `last` (left out: one day) included.

    `rooms`: keys of an exam's rooms, such as '2.14'; none for the whole school.
    """

    kind: EntryKind
    first: dt.date
    last: dt.date | None = None
    note: str = Field(default="", max_length=200)
    rooms: list[Annotated[str, Field(max_length=4000)]] = Field(default=[], max_length=200)


class NewDayOfAll(BaseModel):
    """The same for all schools, which share no rooms."""

    kind: EntryKind
    first: dt.date
    last: dt.date | None = None
    note: str = Field(default="", max_length=200)


class GivenBell(TypedDict):
    """A lesson, or several without a break; `weekday` 1 is Monday."""

    weekday: int
    begin: str
    end: str


class Bells(TypedDict):
    """The bell times; `own`: the school's, else the usual ones of its form."""

    own: bool
    bells: list[GivenBell]


class EnteredDay(TypedDict):
    """Days that somebody entered; `everywhere`: for all schools."""

    id: str
    kind: EntryKind
    first: Day
    last: Day
    note: str
    rooms: list[str]
    everywhere: bool
    by: str
    at: Time


class HolidaySpan(TypedDict):
    """Public holidays have one day."""

    kind: Literal["public_holiday", "school_holidays"]
    name: str
    first: Day
    last: Day


class Today(TypedDict):
    """What today is and why; `lessons`: whether there are some at this moment."""

    day: Day
    kind: DayKind
    reason: str
    lessons: bool


class Calendar(Bells):
    """The calendar of a school. `known_until`: the last day whose school holidays are known."""

    school: str
    today: Today
    holidays: list[HolidaySpan]
    days: list[EnteredDay]
    known_until: Day


class CalendarRow(TypedDict):
    """What becomes of an event or of a row of a timetable, and why."""

    row: int
    key: str
    outcome: Literal["new", "same", "ignored", "refused"]
    reason: str
    kind: NotRequired[EntryKind]
    message: NotRequired[str]
    params: NotRequired[dict[str, Any]]


class CalendarImport(TypedDict):
    """What a file does to a calendar: all refused rows, and at most 1,000 others. `bells`: those
    that the school gets from its timetable."""

    new: int
    same: int
    ignored: int
    refused: int
    dry_run: bool
    rows: list[CalendarRow]
    bells: NotRequired[list[GivenBell]]


Lesson = TypedDict(
    "Lesson",
    {
        "weekday": int,
        "period": int,
        "begin": str,
        "end": str,
        "class": str,
        "subject": str,
        "room": str,
        "known_room": bool,
    },
)
"""A lesson of the timetable; `known_room`: whether the school has a room of that name here."""


class Lessons(TypedDict):
    """A timetable; `now`: what of it is at this moment."""

    school: str
    lessons: list[Lesson]
    now: list[Lesson]
