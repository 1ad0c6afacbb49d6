"""HTTP: what Prometheus scrapes, and what Grafana's Prometheus data source asks.

`/v1/prometheus` is the address of the data source; below it lies the reading part of Prometheus'
own API: https://prometheus.io/docs/prometheus/latest/querying/api/. A refusal has its form, too.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

from fastapi import APIRouter, Form, Path, Query, Response
from sqlalchemy import Connection

from inventory.sentences import say
from schoolops.core.errors import Invalid
from schoolops.core.permissions import ESTATE_READ, Actor
from schoolops.db.engine import Store
from schoolops.telemetry import exposition
from schoolops.telemetry.exposition import Labels
from schoolops.telemetry.rollups import MICROS
from schoolops.web.answers import answers, refer, streams
from schoolops.web.context import Json, TheActor, TheStore
from schoolops.web.rules import needs

router = APIRouter(tags=["measurements"])
API = "/prometheus/api/v1"
_MOST_LISTED = 2000


class PromAnswer(TypedDict):
    """An answer in Prometheus' form: `data` is as its API describes it."""

    status: Literal["success"]
    data: Any


class PromError(TypedDict):
    """A refusal in Prometheus' form."""

    status: Literal["error"]
    errorType: str
    error: str


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


@router.get("/metrics", **needs(ESTATE_READ), **streams("text/plain"))
def read_metrics(store: TheStore, actor: TheActor) -> Response:
    """The last known measurements for Prometheus to scrape, in its text format."""
    with store.read(actor) as connection:
        text = "".join(exposition.expose(connection, actor, store.clock.now()))
    return Response(text, media_type=exposition.CONTENT_TYPE)


@router.get(f"{API}/query", **needs(ESTATE_READ), **_promises())
def ask(store: TheStore, actor: TheActor, query: Expression, time: Time = "") -> Json:
    """The value of a PromQL expression at one time."""
    return _instant(store, actor, {"query": query, "time": time})


@router.get(f"{API}/query_range", **needs(ESTATE_READ), **_promises())
def ask_range(
    store: TheStore, actor: TheActor, query: Expression, start: Time, end: Time, step: Step
) -> Json:
    """The values of a PromQL expression over a time."""
    return _range(store, actor, {"query": query, "start": start, "end": end, "step": step})


@router.post(f"{API}/query", **needs(ESTATE_READ), **_promises())
def post_query(store: TheStore, actor: TheActor, query: Field, time: Field = "") -> Json:
    """The same as by GET, with a form."""
    return _instant(store, actor, {"query": query, "time": time})


@router.post(f"{API}/query_range", **needs(ESTATE_READ), **_promises())
def post_query_range(
    store: TheStore, actor: TheActor, query: Field, start: Field, end: Field, step: Field
) -> Json:
    """The same as by GET, with a form."""
    return _range(store, actor, {"query": query, "start": start, "end": end, "step": step})


@router.get(f"{API}/series", **needs(ESTATE_READ), **_promises())
def list_series(store: TheStore, actor: TheActor, match: Matches) -> Json:
    """The labels of the series that match."""
    with store.read(actor) as connection:
        return _answered(lambda: _matching(connection, actor, store.clock.now(), match))


@router.get(f"{API}/labels", **needs(ESTATE_READ), **_promises())
def list_labels() -> Json:
    """The names of labels."""
    return _answered(lambda: list(exposition.LABELS))


@router.get(f"{API}/label/{{name}}/values", **needs(ESTATE_READ), **_promises())
def list_values(
    store: TheStore, actor: TheActor, name: Annotated[str, Path(max_length=100)]
) -> Json:
    """The values of a label."""
    if name == "__name__":
        return _answered(lambda: sorted({*exposition.names(), *exposition.counters()}))
    with store.read(actor) as connection:
        return _answered(lambda: exposition.values(connection, actor, name))


@router.get(f"{API}/metadata", **needs(ESTATE_READ), **_promises())
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
    return _answered(lambda: gauges | counted)


def _answered(question: Callable[[], Any]) -> Json:
    """In Prometheus' form, which its users read; a refusal, too."""
    try:
        return Json({"status": "success", "data": question()})
    except Invalid as error:
        told = {"status": "error", "errorType": "bad_data", "error": str(error)}
        return Json(told, status_code=400)


def _instant(store: Store, actor: Actor, asked: Mapping[str, str]) -> Json:
    def question() -> dict[str, Any]:
        from schoolops.telemetry.promql import Evaluation

        at = _time(asked["time"]) if asked["time"] else store.clock.now() // MICROS
        with store.read(actor) as connection:
            value = Evaluation(connection, actor, store.clock.now(), [at], 0).run(asked["query"])
        if isinstance(value, float):
            return {"resultType": "scalar", "result": [at, _text(value)]}
        found = [
            {"metric": one.labels, "value": [at, _text(one.values[0])]}
            for one in value
            if one.values[0] is not None
        ]
        return {"resultType": "vector", "result": found}

    return _answered(question)


def _range(store: Store, actor: Actor, asked: Mapping[str, str]) -> Json:
    def question() -> dict[str, Any]:
        from schoolops.telemetry.promql import MOST_POINTS, BadQuery, Evaluation

        start, end, step = _time(asked["start"]), _time(asked["end"]), _step(asked["step"])
        if end < start:
            raise BadQuery("the time ends before it begins")
        if (end - start) // step > MOST_POINTS:
            raise BadQuery(say("more than {most} steps; ask for a larger step", most=MOST_POINTS))
        times = range(start, end + 1, step)
        with store.read(actor) as connection:
            value = Evaluation(connection, actor, store.clock.now(), times, step).run(
                asked["query"]
            )
        if isinstance(value, float):
            points = [[at, _text(value)] for at in times]
            return {"resultType": "matrix", "result": [{"metric": {}, "values": points}]}
        found = [
            {
                "metric": one.labels,
                "values": [
                    [at, _text(v)] for at, v in zip(times, one.values, strict=True) if v is not None
                ],
            }
            for one in value
        ]
        return {"resultType": "matrix", "result": [one for one in found if one["values"]]}

    return _answered(question)


def _matching(
    connection: Connection, actor: Actor, now: int, selectors: Sequence[str]
) -> list[Labels]:
    from schoolops.telemetry.promql import Evaluation

    evaluation = Evaluation(connection, actor, now, [now // MICROS], 0)
    found: list[Labels] = []
    for selector in selectors:
        found += evaluation.matching(selector)
    return found[:_MOST_LISTED]


_YEARS = range(-62_135_596_800, 253_402_300_800)


def _time(text: str) -> int:
    """Unix seconds of a time as Prometheus takes it."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = dt.datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError):
            seconds = math.nan
    if math.isnan(seconds) or math.isinf(seconds) or int(seconds) not in _YEARS:
        raise Invalid(say("{text!r} is no time; write Unix seconds or RFC 3339", text=text[:40]))
    return int(seconds)


def _step(text: str) -> int:
    """Seconds of a step, at least one."""
    import promql_parser

    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = promql_parser.parse_duration(text).total_seconds()
        except (ValueError, OverflowError):
            seconds = 0.0
    if not 0 < seconds < 1e10:
        raise Invalid(say("{text!r} is no step; write seconds or 5m", text=text[:40]))
    return max(1, int(seconds))


def _text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(int(value)) if abs(value) < 2**53 and value == int(value) else repr(value)
