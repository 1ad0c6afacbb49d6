"""The page behind a room's QR code: measure here what the internet does. Nobody signs in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row
from starlette.responses import Response

from inventory.sentences import say
from schoolops.core.errors import NotFound, TooMany
from schoolops.estate.places import place_at
from schoolops.telemetry import rooms
from schoolops.web.limits import Rate, address_of
from schoolops.web.pages import Page, Visit

LOOKS = Rate(60, 60)
"""Pages of codes that one address may open: nobody finds a code by trying."""


def show(visit: Visit) -> Response:
    """The room of the code, and the button that begins."""
    address = address_of(visit.request.scope, visit.portal.settings.server.trusted_proxies)
    if not LOOKS.take(address):
        raise TooMany(say("these are very many pages in a short time; wait a moment"))
    now = visit.store.clock.now()
    with visit.store.read() as connection:
        place = place_at(connection, visit.path("code"))
        if place is None:
            raise NotFound(
                say("this code is not in use; ask whoever looks after the room"),
                code="room.unknown",
            )
        exam = rooms.has_exam(connection, place, now)
    return visit.show("room.html", **values(place, exam=exam))


def values(place: Row[Any], *, exam: bool) -> dict[str, Any]:
    return {
        "code": place.code,
        "room": place.room,
        "school": place.short_name or place.school_name,
        "exam": exam,
    }


PAGES = (
    Page(
        "/r/{code}",
        get=show,
        signed_in=False,
        scripts=True,
        examples=("/r/nothing-here",),
    ),
)
