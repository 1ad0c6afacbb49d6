"""Measure what the internet does in a room, one link behind its QR code. Nobody signs in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row
from starlette.responses import Response

from schoolops.estate.places import place_at
from schoolops.server.web.faults import look, no_code
from schoolops.telemetry import rooms
from schoolops.web.pages import Page, Visit


def show(visit: Visit) -> Response:
    """The room of the code, and the button that begins."""
    look(visit)
    now = visit.store.clock.now()
    with visit.store.read() as connection:
        place = place_at(connection, visit.path("code"))
        if place is None:
            raise no_code()
        exam = rooms.has_exam(connection, place, now)
    back = visit.href(f"/r/{place.code}")
    return visit.show("room.html", **values(place, exam=exam), back=back)


def values(place: Row[Any], *, exam: bool) -> dict[str, Any]:
    return {
        "code": place.code,
        "room": place.room,
        "school": place.short_name or place.school_name,
        "exam": exam,
    }


PAGES = (
    Page(
        "/r/{code}/measure",
        get=show,
        signed_in=False,
        scripts=True,
        examples=("/r/nothing-here/measure",),
    ),
)
