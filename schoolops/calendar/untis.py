"""The timetable as Untis exports it: GPU001.TXT. Pure.

A row a lesson, without headings: number, class, teacher, subject, room, day (1 is Monday), period,
length. Separated by ',' or ';' or a tab, texts in quotation marks, in Windows-1252 or UTF-8. The
teacher is read over and never kept.
"""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from inventory.sentences import Sentence, say
from schoolops.core.errors import Invalid

MOST_ROWS = 50_000
LAST_PERIOD = 20
LONGEST = 60
"""Signs of a class, subject or room."""
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class Lesson(NamedTuple):
    """One lesson of the week in one room; texts as in the file, '' where it has none."""

    weekday: int
    period: int
    room: str
    class_name: str
    subject: str


class Row(NamedTuple):
    """A row of the file: its lessons (one a class and room), or why none."""

    number: int
    lessons: tuple[Lesson, ...]
    problem: Sentence | None = None


def read(data: bytes) -> list[Row]:
    """The rows of a GPU001 file. `Invalid` for what is none at all."""
    text = _decoded(data)
    separator = max(";,\t", key=text[:20_000].count)
    rows = []
    try:
        for number, fields in enumerate(csv.reader(io.StringIO(text), delimiter=separator), 1):
            if number > MOST_ROWS:
                raise _refused(say("the file has more than {most} rows", most=MOST_ROWS))
            if any(field.strip() for field in fields):
                rows.append(_row(number, [field.strip() for field in fields]))
    except csv.Error:
        raise _refused(say("the file is no export GPU001 of Untis")) from None
    if not any(row.lessons for row in rows):
        raise _refused(say("the file is no export GPU001 of Untis"))
    return rows


def _refused(why: Sentence) -> Invalid:
    return Invalid(why, code="import.refused")


def _decoded(data: bytes) -> str:
    name = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _row(number: int, fields: list[str]) -> Row:
    if len(fields) < 7:
        return Row(number, (), say("there are {count} fields, not seven", count=len(fields)))
    weekday, period = _number(fields[5]), _number(fields[6])
    if weekday is None or not 1 <= weekday <= 7:
        return Row(number, (), say("the day is 1 (Monday) to 7, not {text!r}", text=fields[5][:20]))
    if period is None or period > LAST_PERIOD:
        return Row(
            number,
            (),
            say("the period is 0 to {last}, not {text!r}", last=LAST_PERIOD, text=fields[6][:20]),
        )
    if any(len(fields[place]) > 1000 for place in (1, 3, 4)):
        return Row(number, (), say("a text is far too long"))
    lessons = [
        Lesson(weekday, period, room[:LONGEST], name[:LONGEST], fields[3][:LONGEST])
        for name in _names(fields[1])
        for room in _names(fields[4])
    ]
    return Row(number, tuple(dict.fromkeys(lessons)))


def _names(field: str) -> list[str]:
    return [name.strip() for name in field.split("~") if name.strip()] or [""]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None
