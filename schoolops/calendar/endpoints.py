"""HTTP: the calendar of a school, its bell times, days that are not as the rule says."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from schoolops.calendar import importing, schemas, service
from schoolops.calendar.times import EntryKind
from schoolops.core.permissions import ESTATE_READ, ESTATE_WRITE
from schoolops.web.answers import answers, file_body
from schoolops.web.context import Json, TheActor, TheStore, read_body
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
    "/schools/{id:path}/calendar/import",
    **needs(ESTATE_WRITE, takes=file_body()),
    **answers(schemas.CalendarImport),
)
async def import_days(
    id: Key,
    request: Request,
    store: TheStore,
    actor: TheActor,
    dry_run: bool = False,
    kind: Annotated[EntryKind | None, Query()] = None,
) -> Json:
    """Enter the days of an iCalendar file (the body); `kind`: what all its events are."""
    data = await read_body(request, store.settings.imports.max_megabytes * 1_000_000)

    def work() -> dict[str, Any]:
        with store.write(actor) as unit:
            return importing.import_days(unit, id, data, kind, dry_run=dry_run)

    return Json(await run_in_threadpool(work))


@router.post(
    "/schools/{id:path}/lessons/import",
    **needs(ESTATE_WRITE, takes=file_body()),
    **answers(schemas.CalendarImport),
)
async def import_lessons(
    id: Key,
    request: Request,
    store: TheStore,
    actor: TheActor,
    dry_run: bool = False,
    periods: Annotated[str, Query(max_length=1000)] = "",
) -> Json:
    """Replace a school's timetable by that of an Untis file GPU001 (the body); `periods` such as
    1=07:50-08:35,2=08:40-09:25."""
    data = await read_body(request, store.settings.imports.max_megabytes * 1_000_000)

    def work() -> dict[str, Any]:
        with store.write(actor) as unit:
            return importing.import_lessons(unit, id, data, periods, dry_run=dry_run)

    return Json(await run_in_threadpool(work))


@router.get("/schools/{id:path}/lessons", **needs(ESTATE_READ), **answers(schemas.Lessons))
def read_lessons(
    id: Key,
    store: TheStore,
    actor: TheActor,
    room: Annotated[str, Query(max_length=4000)] = "",
) -> Json:
    """A school's timetable, or that of one room, and what of it is at this moment."""
    with store.read(actor) as connection:
        found = importing.show_lessons(connection, actor, store.clock.now(), id, room)
    return Json(found)


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
