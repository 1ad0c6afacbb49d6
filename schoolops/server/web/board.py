"""The board of a school's staff room: what is broken now, in letters that are read from afar."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select
from starlette.responses import Response

from inventory.sentences import say
from schoolops.core.errors import NotFound
from schoolops.estate.models import TABLES
from schoolops.estate.places import school_at
from schoolops.server.web.faults import look, told, when
from schoolops.tickets import pages
from schoolops.web.pages import Page, Visit

EVERY_S = 60


def show(visit: Visit) -> Response:
    """The open faults of the school, and what is reported by room: no person, no words of one."""
    look(visit)
    with visit.store.read() as connection:
        school = school_at(connection, visit.path("code"))
        if school is None:
            raise NotFound(
                say("this board is not in use; ask whoever looks after the school"),
                code="board.unknown",
            )
        faults = pages.faults_of_school(connection, school.school_id)
        rows = pages.reported_in(connection, school.school_id)
        rooms = _names(connection, rows)
    return visit.show(
        "board.html",
        school=school.school,
        faults=told(visit, faults),
        reported=[_told(visit, row, rooms) for row in rows],
        as_of=when(visit, visit.store.clock.now()),
    )


def _names(connection: Connection, rows: list[Row[Any]]) -> dict[int, str]:
    rooms = TABLES["room"]
    ids = {row.room_id for row in rows if row.room_id is not None}
    found = connection.execute(select(rooms.c.id, rooms.c.name).where(rooms.c.id.in_(ids)))
    return {row.id: row.name for row in found}


def _told(visit: Visit, row: Row[Any], rooms: dict[int, str]) -> dict[str, Any]:
    return {
        "room": rooms.get(row.room_id, ""),
        "category": row.category,
        "since": when(visit, row.opened_at),
        "working": bool(row.assigned) or row.state != "new",
        "waits": row.state == "waiting",
    }


PAGES = (
    Page(
        "/board/{code}",
        get=show,
        signed_in=False,
        refresh_s=EVERY_S,
        examples=("/board/nothing-here",),
    ),
)
