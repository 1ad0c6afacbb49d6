"""HTTP: the agents' reports, and what they say."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Query, Request

from agents import protocol
from schoolops.core.errors import Unauthenticated
from schoolops.core.permissions import ESTATE_READ
from schoolops.telemetry import schemas
from schoolops.telemetry.ingest import Reports
from schoolops.telemetry.repository import Measurements
from schoolops.web.answers import answers, json_body
from schoolops.web.context import Json, TheActor, TheStore, bearer, read_body
from schoolops.web.limits import PROOF
from schoolops.web.rules import by_agents, needs
from schoolops.web.shapes import Key

router = APIRouter(tags=["measurements"])

Subject = Literal["devices", "uplinks", "agents"]
FIVE_YEARS_S = 1827 * 24 * 3600
STEPS = {"raw": 0, "5m": 300, "1h": 3600, "1d": 86_400}


@router.post(
    "/agent/reports", **by_agents(json_body(schemas.Batch)), **answers(schemas.Ack, refuses=[409])
)
async def book_reports(request: Request) -> Json:
    """For agents: a batch of reports; answered when it is on disk."""
    secret = bearer(request)
    if not secret:
        raise Unauthenticated("an agent's secret is needed")
    body = await read_body(request, protocol.MAX_BODY_BYTES)
    encoding = request.headers.get("content-encoding", "").lower()
    booked = await cast(Reports, request.app.state.reports).book(secret, body, encoding)
    request.scope[PROOF] = True
    return Json(booked)


@router.get("/overview", **needs(ESTATE_READ), **answers(schemas.Overview))
def read_overview(store: TheStore, actor: TheActor) -> Json:
    """Counts by health, and all open schools, worst first."""
    with store.read(actor) as connection:
        return Json(Measurements(connection, actor, store.clock.now()).overview())


@router.get("/rooms/{id:path}/latest", **needs(ESTATE_READ), **answers(schemas.RoomLatest))
def read_room(id: Key, store: TheStore, actor: TheActor) -> Json:
    """The devices of a room with what was last known of each."""
    with store.read(actor) as connection:
        return Json(Measurements(connection, actor, store.clock.now()).room(id))


@router.get("/{subject}/{id:path}/latest", **needs(ESTATE_READ), **answers(schemas.Latest))
def read_latest(subject: Subject, id: Key, store: TheStore, actor: TheActor) -> Json:
    """What was last known of a device, an uplink or an agent's machine."""
    with store.read(actor) as connection:
        return Json(Measurements(connection, actor, store.clock.now()).latest(subject, id))


@router.get("/{subject}/{id:path}/series", **needs(ESTATE_READ), **answers(schemas.Series))
def read_series(
    subject: Subject,
    id: Key,
    store: TheStore,
    actor: TheActor,
    metric: Annotated[str, Query(max_length=100)],
    since: Annotated[int, Query(ge=1, le=FIVE_YEARS_S)] = 3600,
    until: Annotated[int, Query(ge=0, le=FIVE_YEARS_S)] = 0,
    step: Annotated[Literal["raw", "5m", "1h", "1d"] | None, Query()] = None,
) -> Json:
    """A metric from `since` to `until` seconds ago; rates of counters as `rx_bps`, `tx_bps` and
    `errors_per_s`. Without `step` the span decides: raw up to six hours, 5 minutes up to four
    days, an hour up to ten weeks, then a day."""
    with store.read(actor) as connection:
        found = Measurements(connection, actor, store.clock.now())
        return Json(found.series(subject, id, metric, since, until, STEPS.get(step or "")))
