"""When equipment is not to be changed: a freeze that somebody planned, or a day of exams.

Whoever is about to change something asks here first (`why_frozen`). What agents are asked for is
held by it as well.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from inventory.sentences import Sentence, say
from schoolops.alerts.models import maintenance
from schoolops.alerts.spans import covers, span_of
from schoolops.calendar.repository import lesson_time_of
from schoolops.core.zone import local_zone
from schoolops.fleet.commands import FORBIDDING


def why_frozen(
    connection: Connection, school_id: int, now: int, room_id: int | None = None
) -> Sentence | None:
    """Why nothing is to be changed now in a room, or, without one, at the whole school: then the
    freeze or the exam of a single room of it counts as well. None if nothing stands against it."""
    return _freeze(connection, school_id, now, room_id) or _exam(
        connection, school_id, now, room_id
    )


def _freeze(
    connection: Connection, school_id: int, now: int, room_id: int | None
) -> Sentence | None:
    c = maintenance.c
    rows = connection.execute(
        select(maintenance)
        .where(
            c.kind == "freeze",
            c.begins_at <= now,
            c.ends_at > now,
            c.school_id.is_(None) | (c.school_id == school_id),
        )
        .order_by(c.id)
    )
    zone = local_zone()
    for row in rows:
        here = room_id is None or row.room_id in (None, room_id)
        if here and covers(span_of(row), now, zone):
            return say(
                "changes are frozen here: {reason} ({by}); it can be ended in the list of "
                "maintenance",
                reason=row.reason,
                by=row.by,
            )
    return None


def _exam(connection: Connection, school_id: int, now: int, room_id: int | None) -> Sentence | None:
    for exam in lesson_time_of(connection, school_id).exams_at(now / 1e6):
        if room_id is None or not exam.rooms or room_id in exam.rooms:
            return say("there are exams today: {note}", note=exam.note or say("exam"))
    return None


FORBIDDING.append(why_frozen)
