"""Answers in Prometheus' form, as Grafana's data source asks for them.

`/v1/prometheus` is the address of the data source; below it lies the reading part of Prometheus'
own API: https://prometheus.io/docs/prometheus/latest/querying/api/. A refusal has its form, too.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from sqlalchemy import Connection

from inventory.sentences import say
from schoolops.core.errors import Invalid
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.telemetry.exposition import Labels
from schoolops.telemetry.rollups import MICROS
from schoolops.web.context import Json

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


def answered(question: Callable[[], Any]) -> Json:
    """In Prometheus' form, which its users read; a refusal, too."""
    try:
        return Json({"status": "success", "data": question()})
    except Invalid as error:
        told = {"status": "error", "errorType": "bad_data", "error": str(error)}
        return Json(told, status_code=400)


def instant(store: Store, actor: Actor, asked: Mapping[str, str]) -> Json:
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

    return answered(question)


def over_time(store: Store, actor: Actor, asked: Mapping[str, str]) -> Json:
    def question() -> dict[str, Any]:
        from schoolops.telemetry.promql import MOST_POINTS, Evaluation

        start, end, step = _time(asked["start"]), _time(asked["end"]), _step(asked["step"])
        if end < start:
            raise Invalid("the time ends before it begins")
        if (end - start) // step > MOST_POINTS:
            raise Invalid(say("more than {most} steps; ask for a larger step", most=MOST_POINTS))
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

    return answered(question)


def matching(
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
