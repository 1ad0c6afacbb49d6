"""HTTP: the agents' reports, and what they say."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Form, Path, Query, Request, Response

from agents import protocol
from schoolops.core.errors import Unauthenticated
from schoolops.core.permissions import ESTATE_READ
from schoolops.fleet.clones import read_sender
from schoolops.telemetry import exposition, mornings, schemas
from schoolops.telemetry import windows as _windows  # noqa: F401  (adds to agents' configs)
from schoolops.telemetry.ingest import Reports
from schoolops.telemetry.prometheus import (
    PromAnswer,
    PromError,
    answered,
    instant,
    matching,
    over_time,
)
from schoolops.telemetry.repository import Measurements
from schoolops.web.answers import answers, json_body, refer, streams
from schoolops.web.context import Json, TheActor, TheStore, bearer, read_body
from schoolops.web.limits import PROOF, address_of
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
    trusted = request.app.state.store.settings.server.trusted_proxies
    address = address_of(request.scope, trusted)
    encoding = request.headers.get("content-encoding", "").lower()
    booked = await cast(Reports, request.app.state.reports).book(
        secret, body, encoding, read_sender(request.headers.get(protocol.AGENT_RUN, ""), address)
    )
    request.scope[PROOF] = True
    return Json(booked)


@router.get("/overview", **needs(ESTATE_READ), **answers(schemas.Overview))
def read_overview(store: TheStore, actor: TheActor) -> Json:
    """Counts by health, and all open schools, worst first."""
    with store.read(actor) as connection:
        return Json(Measurements(connection, actor, store.clock.now()).overview())


Date = Annotated[dt.date | None, Query(description="as recorded that morning; else now")]


@router.get("/readiness", **needs(ESTATE_READ), **answers(schemas.Readiness))
def list_readiness(store: TheStore, actor: TheActor, date: Date = None) -> Json:
    """Whether teaching works, of all schools: now, or as recorded on the morning of a school day.
    Schools that had no lessons that day are left out."""
    with store.read(actor) as connection:
        now = store.clock.now()
        return Json(mornings.of_all(connection, actor, store.settings, now, date))


@router.get(
    "/schools/{id:path}/readiness", **needs(ESTATE_READ), **answers(schemas.SchoolReadiness)
)
def read_readiness(id: Key, store: TheStore, actor: TheActor, date: Date = None) -> Json:
    """The same of one school, with what it is made of."""
    with store.read(actor) as connection:
        now = store.clock.now()
        return Json(mornings.of_school(connection, actor, store.settings, now, id, date))


@router.get("/rooms/{id:path}/latest", **needs(ESTATE_READ), **answers(schemas.RoomLatest))
def read_room(id: Key, store: TheStore, actor: TheActor) -> Json:
    """The devices of a room with what was last known of each."""
    with store.read(actor) as connection:
        return Json(Measurements(connection, actor, store.clock.now()).room(id))


@router.get("/rooms/{id:path}/measurements", **needs(ESTATE_READ), **answers(schemas.RoomTests))
def read_room_tests(
    id: Key, store: TheStore, actor: TheActor, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> Json:
    """What browsers in a room measured, beside what the school's line was at that time."""
    with store.read(actor) as connection:
        found = Measurements(connection, actor, store.clock.now())
        return Json(found.room_tests(id, limit))


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


prometheus = APIRouter(tags=["measurements"])
"""What Prometheus scrapes, and what Grafana's Prometheus data source asks."""

API = "/prometheus/api/v1"
Expression = Annotated[str, Query(max_length=10_000, description="PromQL")]
Time = Annotated[str, Query(max_length=40, description="Unix seconds, or RFC 3339")]
Step = Annotated[str, Query(max_length=40, description="seconds, or a duration such as 5m")]
Matches = Annotated[list[str], Query(alias="match[]", max_length=20, description="selectors")]
Field = Annotated[str, Form(max_length=10_000)]


def _promises() -> dict[str, Any]:
    options = answers(PromAnswer)
    refused = {"application/json": {"schema": refer(PromError)}}
    options["responses"][400] = {"description": "The question is not answered.", "content": refused}
    return options


@prometheus.get("/metrics", **needs(ESTATE_READ), **streams("text/plain"))
def read_metrics(store: TheStore, actor: TheActor) -> Response:
    """The last known measurements for Prometheus to scrape, in its text format."""
    with store.read(actor) as connection:
        text = "".join(exposition.expose(connection, actor, store.clock.now()))
    return Response(text, media_type=exposition.CONTENT_TYPE)


@prometheus.get(f"{API}/query", **needs(ESTATE_READ), **_promises())
def ask(store: TheStore, actor: TheActor, query: Expression, time: Time = "") -> Json:
    """The value of a PromQL expression at one time."""
    return instant(store, actor, {"query": query, "time": time})


@prometheus.get(f"{API}/query_range", **needs(ESTATE_READ), **_promises())
def ask_range(
    store: TheStore, actor: TheActor, query: Expression, start: Time, end: Time, step: Step
) -> Json:
    """The values of a PromQL expression over a time."""
    return over_time(store, actor, {"query": query, "start": start, "end": end, "step": step})


@prometheus.post(f"{API}/query", **needs(ESTATE_READ), **_promises())
def post_query(store: TheStore, actor: TheActor, query: Field, time: Field = "") -> Json:
    """The same as by GET, with a form."""
    return instant(store, actor, {"query": query, "time": time})


@prometheus.post(f"{API}/query_range", **needs(ESTATE_READ), **_promises())
def post_query_range(
    store: TheStore, actor: TheActor, query: Field, start: Field, end: Field, step: Field
) -> Json:
    """The same as by GET, with a form."""
    return over_time(store, actor, {"query": query, "start": start, "end": end, "step": step})


@prometheus.get(f"{API}/series", **needs(ESTATE_READ), **_promises())
def list_series(store: TheStore, actor: TheActor, match: Matches) -> Json:
    """The labels of the series that match."""
    with store.read(actor) as connection:
        return answered(lambda: matching(connection, actor, store.clock.now(), match))


@prometheus.get(f"{API}/labels", **needs(ESTATE_READ), **_promises())
def list_labels() -> Json:
    """The names of labels."""
    return answered(lambda: list(exposition.LABELS))


@prometheus.get(f"{API}/label/{{name}}/values", **needs(ESTATE_READ), **_promises())
def list_values(
    store: TheStore, actor: TheActor, name: Annotated[str, Path(max_length=100)]
) -> Json:
    """The values of a label."""
    if name == "__name__":
        return answered(lambda: sorted({*exposition.names(), *exposition.counters()}))
    with store.read(actor) as connection:
        return answered(lambda: exposition.values(connection, actor, name))


@prometheus.get(f"{API}/metadata", **needs(ESTATE_READ), **_promises())
def read_metadata() -> Json:
    """What the series are."""
    gauges = {
        name: [{"type": "gauge", "help": exposition.told(part, metric), "unit": ""}]
        for name, (part, metric) in exposition.names().items()
    }
    counted: dict[str, Any] = {
        name: [{"type": "counter", "help": f"{counter} of a {part}.", "unit": ""}]
        for name, (part, counter) in exposition.counters().items()
    }
    return answered(lambda: gauges | counted)
