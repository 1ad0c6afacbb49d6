"""HTTP: the calendar of a school, its bell times, days that are not as the rule says."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query, Response

from schoolops.calendar import schemas, service
from schoolops.core.permissions import ESTATE_READ, ESTATE_WRITE
from schoolops.web.answers import answers
from schoolops.web.context import Json, TheActor, TheStore
from schoolops.web.rules import needs
from schoolops.web.shapes import Key, Uid

router = APIRouter(tags=["calendar"])


@router.get("/schools/{id:path}/calendar", **needs(ESTATE_READ), **answers(schemas.Calendar))
def read_calendar(
    id: Key,
    store: TheStore,
    actor: TheActor,
    since: Annotated[dt.date | None, Query()] = None,
    until: Annotated[dt.date | None, Query()] = None,
) -> Json:
    """A school's bell times, holidays and exceptions; a year from today unless days are named."""
    with store.read(actor) as connection:
        found = service.show(connection, actor, store.clock.now(), id, since, until)
    return Json(found)


@router.put("/schools/{id:path}/calendar/bells", **needs(ESTATE_WRITE), **answers(schemas.Bells))
def set_bell_times(id: Key, given: schemas.BellTimes, store: TheStore, actor: TheActor) -> Json:
    """Set the lessons of a school's week; none: the usual school day of its form."""
    with store.write(actor) as unit:
        made = service.set_bells(unit, id, given.bells)
    return Json(made)


@router.post(
    "/schools/{id:path}/calendar/days",
    **needs(ESTATE_WRITE),
    **answers(schemas.EnteredDay, 201, refuses=[409]),
)
def add_day(id: Key, new: schemas.NewDay, store: TheStore, actor: TheActor) -> Json:
    """Enter a movable holiday, days closed or open against the rule, or exams of a school."""
    with store.write(actor) as unit:
        made = service.add_day(unit, id, new)
    return Json(made, status_code=201)


@router.delete(
    "/schools/{id:path}/calendar/days/{day}", **needs(ESTATE_WRITE), **answers(status=204)
)
def remove_day(id: Key, day: Uid, store: TheStore, actor: TheActor) -> Response:
    """Remove what was entered for a school."""
    with store.write(actor) as unit:
        service.remove_day(unit, id, day)
    return Response(status_code=204)


@router.post(
    "/calendar/days",
    **needs(ESTATE_WRITE, everywhere=True),
    **answers(schemas.EnteredDay, 201, refuses=[409]),
)
def add_day_of_all(new: schemas.NewDayOfAll, store: TheStore, actor: TheActor) -> Json:
    """Enter days for all schools; what a school itself entered for a day counts more."""
    with store.write(actor) as unit:
        made = service.add_day_of_all(unit, new)
    return Json(made, status_code=201)


@router.delete(
    "/calendar/days/{day}", **needs(ESTATE_WRITE, everywhere=True), **answers(status=204)
)
def remove_day_of_all(day: Uid, store: TheStore, actor: TheActor) -> Response:
    """Remove what was entered for all schools."""
    with store.write(actor) as unit:
        service.remove_day(unit, None, day)
    return Response(status_code=204)
