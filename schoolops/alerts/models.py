"""Tables of alerts and incidents."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from schoolops.db.tables import BigKey, metadata

alert = Table(
    "alert",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("rule", String(40), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("school_id", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("since_at", BigInteger, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("fired_at", BigInteger),
    Column("clear_since", BigInteger),
    Column("ended_at", BigInteger),
    Column("facts", Text, nullable=False, default="{}"),
    Column("incident_id", BigInteger),
    Index("ix_alert_open", "rule", "kind", "record_id", unique=True,
          sqlite_where=Column("ended_at").is_(None), postgresql_where=Column("ended_at").is_(None)),
    Index("ix_alert_school", "school_id", "ended_at"),
    Index("ix_alert_incident", "incident_id"),
)  # fmt: skip
"""A rule that begins or holds on a subject (`engine.Watch`), or has held. `state`: pending, firing
or ended. `facts`: JSON of what the rule saw last. What only began is deleted when it ends."""

incident = Table(
    "incident",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("key", Text, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("record_id", BigInteger),
    Column("school_id", BigInteger),
    Column("rule", String(40), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("title", Text, nullable=False),
    Column("title_de", Text, nullable=False),
    Column("provider", Text, nullable=False, default=""),
    Column("circuit", Text, nullable=False, default=""),
    Column("hotline", Text, nullable=False, default=""),
    Column("schools", Integer, nullable=False, default=0),
    Column("devices", Integer, nullable=False, default=0),
    Column("began_at", BigInteger, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("quiet_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("returns", Integer, nullable=False, default=0),
    Column("flapping", Boolean, nullable=False, default=False),
    Column("acknowledged_by", Text, nullable=False, default=""),
    Column("acknowledged_at", BigInteger),
    Column("claimed_by", Text, nullable=False, default=""),
    Column("claimed_at", BigInteger),
    Column("told_at", BigInteger),
    Column("told_schools", Integer, nullable=False, default=0),
    Column("told_level", Integer, nullable=False, default=0),
    Column("merged_into", BigInteger),
    Index("ix_incident_open", "key", unique=True, sqlite_where=Column("closed_at").is_(None),
          postgresql_where=Column("closed_at").is_(None)),
    Index("ix_incident_closed", "closed_at"),
)  # fmt: skip
"""One fault. `key`: what it is about, such as 'down:device:12', 'down:provider:Telekom'; `kind` and
`record_id` the same apart. `school_id` None: several schools (`incident_school`). `devices`: what
is silent behind it. `began_at`: when what is wrong began, `opened_at` when it was noticed,
`quiet_at` since when nothing is wrong any more (while it waits whether that lasts). `returns`: how
often it came back. `told_at`: people were told of it; `told_level`: how far up. `merged_into`: it
was part of that."""

incident_school = Table(
    "incident_school",
    metadata,
    Column("incident_id", BigInteger, primary_key=True),
    Column("school_id", BigInteger, primary_key=True),
    Column("since_at", BigInteger, nullable=False),
    Column("until_at", BigInteger),
    Column("devices", Integer, nullable=False, default=0),
    Index("ix_incident_school_school", "school_id"),
)
"""The schools that an incident concerns, from when to when; `devices`: what is silent there."""

incident_event = Table(
    "incident_event",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("incident_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False, default=""),
    Column("what", String(20), nullable=False),
    Column("school_id", BigInteger),
    Column("text", Text, nullable=False, default=""),
    Index("ix_incident_event_incident", "incident_id", "at"),
)
"""What happened in an incident, by whom ('' the server). `what`: a word of `repository.EVENTS`."""

maintenance = Table(
    "maintenance",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("kind", String(12), nullable=False),
    Column("school_id", BigInteger),
    Column("room_id", BigInteger),
    Column("begins_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("weekdays", String(7), nullable=False, default=""),
    Column("begin_minute", Integer, nullable=False, default=0),
    Column("end_minute", Integer, nullable=False, default=1440),
    Column("every", Text, nullable=False, default=""),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_maintenance_ends", "ends_at"),
)
"""When alerts are held (`kind` maintenance) or nothing is changed (freeze), for all schools
(`school_id` None), one, or one room. `weekdays` '' is one span from `begins_at` to `ends_at`;
digits (1 is Monday) make it recur on these days between two minutes of the local clock; `every` is
what a person wrote of that."""

on_call = Table(
    "on_call",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("uid", String(36), nullable=False, unique=True),
    Column("username", Text, nullable=False),
    Column("level", Integer, nullable=False, default=1),
    Column("authority", Text, nullable=False, default=""),
    Column("begins_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("weekdays", String(7), nullable=False, default=""),
    Column("begin_minute", Integer, nullable=False, default=0),
    Column("end_minute", Integer, nullable=False, default=1440),
    Column("every", Text, nullable=False, default=""),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_on_call_ends", "ends_at"),
)
"""Who is told of incidents, when (as `maintenance`). `username`: of an account, or a mail address.
`level` 2 is told when nobody of level 1 has
acknowledged in time. `authority` '': for all schools."""
