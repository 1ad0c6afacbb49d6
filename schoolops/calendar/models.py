"""Tables of the calendar."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from schoolops.db.tables import BigKey, metadata

calendar_bell = Table(
    "calendar_bell",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("school_id", BigInteger, nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("begin_minute", Integer, nullable=False),
    Column("end_minute", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("school_id", "weekday", "begin_minute"),
)
"""A lesson of a school's week: `weekday` 1 is Monday, minutes count from midnight on the school's
clock. A school without any has the usual school day of its form."""

calendar_day = Table(
    "calendar_day",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("school_id", BigInteger),
    Column("kind", String(10), nullable=False),
    Column("first_day", String(10), nullable=False),
    Column("last_day", String(10), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("rooms", Text, nullable=False, default="[]"),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_calendar_day_school_id", "school_id", "last_day"),
)
"""Days that are not as the rule says, of one school or (`school_id` null) of all. `kind`: one of
`times.ENTRY_KINDS`; days are ISO dates; `rooms`: JSON list of the ids of an exam's rooms."""

calendar_lesson = Table(
    "calendar_lesson",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("school_id", BigInteger, nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("period", Integer, nullable=False),
    Column("begin_minute", Integer, nullable=False),
    Column("end_minute", Integer, nullable=False),
    Column("room_id", BigInteger),
    Column("room", Text, nullable=False, default=""),
    Column("class_name", Text, nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_calendar_lesson_school_id", "school_id", "weekday"),
    Index("ix_calendar_lesson_room_id", "room_id", "weekday"),
)
"""The timetable: which class has what in which room. `room` is its name in the file, `room_id` the
room of that name, if the school has one. Who teaches is not kept."""
