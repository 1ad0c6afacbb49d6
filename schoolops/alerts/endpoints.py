"""HTTP: incidents, the rules, maintenance, the on-call plan. Lists come from the inventory's."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from schoolops.alerts import freezes as _freezes  # noqa: F401  (holds what agents are asked for)
from schoolops.alerts import listings as _listings  # noqa: F401  (registers its lists)
from schoolops.alerts import repository, schemas, service
from schoolops.alerts import watching as _watching  # noqa: F401  (watches what is judged)
from schoolops.alerts.fault_report import write_report
from schoolops.core.permissions import ESTATE_READ, INCIDENTS_WRITE
from schoolops.web.answers import answers
from schoolops.web.context import Json, TheActor, TheStore
from schoolops.web.rules import needs
from schoolops.web.shapes import Uid

router = APIRouter(tags=["incidents"])


@router.get("/incidents/{id:path}/course", **needs(ESTATE_READ), **answers(schemas.Incident))
def read_course(id: Uid, store: TheStore, actor: TheActor) -> Json:
    """An incident with its schools, its alerts and what happened."""
    with store.read(actor) as connection:
        return Json(repository.course(store, connection, actor, id))


@router.get(
    "/incidents/{id:path}/fault-report",
    **needs(ESTATE_READ),
    **answers(schemas.Report, refuses=[409]),
)
def read_fault_report(
    id: Uid,
    store: TheStore,
    actor: TheActor,
    language: Annotated[Literal["de", "en"], Query()] = "de",
) -> Json:
    """A draft of the fault report to the provider, with the evidence."""
    with store.read(actor) as connection:
        return Json(write_report(store, connection, actor, id, language))


@router.post(
    "/incidents/{id:path}/acknowledge",
    **needs(INCIDENTS_WRITE),
    **answers(status=204, refuses=[409]),
)
def acknowledge(id: Uid, store: TheStore, actor: TheActor) -> Response:
    """Say that somebody has seen it; then it is not told any further."""
    with store.write(actor) as unit:
        service.acknowledge(unit, id)
    return Response(status_code=204)


@router.post(
    "/incidents/{id:path}/claim", **needs(INCIDENTS_WRITE), **answers(status=204, refuses=[409])
)
def claim(id: Uid, store: TheStore, actor: TheActor) -> Response:
    """Take it; one person alone has it."""
    with store.write(actor) as unit:
        service.claim(unit, id)
    return Response(status_code=204)


@router.post(
    "/incidents/{id:path}/release", **needs(INCIDENTS_WRITE), **answers(status=204, refuses=[409])
)
def release(id: Uid, store: TheStore, actor: TheActor) -> Response:
    """Give it back, or take it from somebody who is away."""
    with store.write(actor) as unit:
        service.release(unit, id)
    return Response(status_code=204)


@router.post(
    "/incidents/{id:path}/close", **needs(INCIDENTS_WRITE), **answers(status=204, refuses=[409])
)
def close_incident(id: Uid, new: schemas.NewNote, store: TheStore, actor: TheActor) -> Response:
    """End it by hand, where nobody reports any more whether it is over."""
    # What follows is the watching's work: alerts end, schools leave, tickets hear of it.
    with store.write(actor, by_server=True) as unit:
        service.close(unit, id, new.text)
    return Response(status_code=204)


@router.post("/incidents/{id:path}/notes", **needs(INCIDENTS_WRITE), **answers(status=204))
def write_note(id: Uid, new: schemas.NewNote, store: TheStore, actor: TheActor) -> Response:
    """Write down what was found out or done; also after it is over."""
    with store.write(actor) as unit:
        service.write_note(unit, id, new.text)
    return Response(status_code=204)


@router.get("/alerts/rules", **needs(ESTATE_READ), **answers(schemas.Rules))
def list_rules(store: TheStore, actor: TheActor) -> Json:
    """The rules in force, and how often each fires now."""
    return Json(service.rules_in_force(store, actor))


@router.post("/alerts/rehearsal", **needs(ESTATE_READ), **answers(schemas.Rehearsed, refuses=[404]))
def try_rules(wanted: schemas.Rehearsal, store: TheStore, actor: TheActor) -> Json:
    """What rules would have done with the last hours of a school; nothing is changed."""
    return Json(service.try_rules(store, actor, wanted))


@router.post("/windows", **needs(INCIDENTS_WRITE), **answers(schemas.Made, 201, refuses=[404]))
def plan_window(new: schemas.NewWindow, store: TheStore, actor: TheActor) -> Json:
    """Hold alerts, or freeze changes, at one school or (city-wide rights) at all."""
    with store.write(actor) as unit:
        made = service.plan_window(unit, new)
    return Json(made, status_code=201)


@router.delete("/windows/{id:path}", **needs(INCIDENTS_WRITE), **answers(status=204))
def end_window(id: Uid, store: TheStore, actor: TheActor) -> Response:
    """End a maintenance window now; one that has not begun is gone."""
    with store.write(actor) as unit:
        service.end_window(unit, id)
    return Response(status_code=204)


@router.post(
    "/on-calls",
    **needs(INCIDENTS_WRITE, everywhere=True),
    **answers(schemas.Made, 201, refuses=[404]),
)
def plan_on_call(new: schemas.NewOnCall, store: TheStore, actor: TheActor) -> Json:
    """Enter who is told of incidents, and when."""
    with store.write(actor) as unit:
        made = service.plan_on_call(unit, new)
    return Json(made, status_code=201)


@router.delete(
    "/on-calls/{id:path}", **needs(INCIDENTS_WRITE, everywhere=True), **answers(status=204)
)
def end_on_call(id: Uid, store: TheStore, actor: TheActor) -> Response:
    """End an on-call time now; one that has not begun is gone."""
    with store.write(actor) as unit:
        service.end_on_call(unit, id)
    return Response(status_code=204)
