"""What the page of a room loads and sends to measure: random bytes down, anything up, small words.

    POST /r/CODE/begin → ticket · GET /r/CODE/ping · GET /r/CODE/down · POST /r/CODE/up
    POST /r/CODE/result → what is kept

A ticket is good for one measurement, a minute, and so many bytes. What comes up is counted and
thrown away. No address and no name of a browser is kept.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from inventory.sentences import say
from schoolops.core.errors import Invalid, TooLarge, TooMany
from schoolops.db.engine import Store
from schoolops.telemetry import rooms
from schoolops.telemetry.room_verdicts import Result
from schoolops.web.context import Json, read_body
from schoolops.web.limits import Rate, address_of
from schoolops.web.security import check_source

DOWN_BYTES = 80_000_000
UP_BYTES = 40_000_000
"""What one measurement may load and send at most: on a fast line seconds, on a slow one it is
stopped after five."""
ONE_DOWN_BYTES = 20_000_000
ONE_UP_BYTES = 1_000_000
"""Of one request. Proxies take bodies of 1 MB without being told."""
LEAST_BODY = 8192
"""A smaller body counts as so many bytes."""
RESULT_BYTES = 2000
CHUNK = 65_536

BEGINS = Rate(20, 6)
"""Beginnings from one address: a school has one, and its rooms have their own limit."""
PINGS = Rate(600, 600)
DOWN = Rate(DOWN_BYTES, 1)
UP = Rate(UP_BYTES, 1)
"""Bytes that a ticket has left, in this process."""

Rate_bps = Annotated[int, Field(ge=0, le=100_000_000_000)]
Wait_ms = Annotated[float, Field(ge=0, le=60_000, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=1000)]


class Measured(BaseModel):
    """What the browser sends at the end."""

    ticket: Annotated[str, Field(max_length=100)]
    device: Literal["ipad", "phone", "computer"]
    down_bps: Rate_bps
    up_bps: Rate_bps
    latency_ms: Wait_ms
    jitter_ms: Wait_ms
    sent: Annotated[int, Field(ge=1, le=1000)]
    lost: Count
    late: Count


@cache
def _noise() -> memoryview:
    """Random bytes, that no proxy makes smaller: more than a packer looks back."""
    return memoryview(os.urandom(1_048_576))


async def begin(request: Request) -> Response:
    """A ticket, unless something speaks against it."""
    store = _from_the_page(request)
    if not BEGINS.take(_address(request)):
        raise TooMany(
            say("this was measured often in the last hour; try again later"), code="room.often"
        )

    def write() -> str:
        with store.write() as unit:
            return rooms.begin(unit, request.path_params["code"])

    return Json({"ticket": await run_in_threadpool(write)})


async def ping(request: Request) -> Response:
    """Nothing, as fast as can be."""
    if not PINGS.take(_address(request)):
        raise TooMany(say("these are very many pages in a short time; wait a moment"))
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def down(request: Request) -> Response:
    """Random bytes."""
    ticket = await _running(request)
    if not DOWN.take(ticket, ONE_DOWN_BYTES):
        raise TooMany(say("this measurement is over; begin a new one"), code="room.over")
    headers = {
        "Cache-Control": "no-store, no-transform",
        "Content-Length": str(ONE_DOWN_BYTES),
        # A proxy that kept it back would be measured instead of the line.
        "X-Accel-Buffering": "no",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(_bytes(), media_type="application/octet-stream", headers=headers)


async def _bytes() -> AsyncIterator[memoryview]:
    noise, sent = _noise(), 0
    while sent < ONE_DOWN_BYTES:
        at = sent % (len(noise) - CHUNK)
        part = noise[at : at + min(CHUNK, ONE_DOWN_BYTES - sent)]
        sent += len(part)
        yield part


async def up(request: Request) -> Response:
    """Bytes to be counted and thrown away."""
    _from_the_page(request)
    ticket = await _running(request)
    length = request.headers.get("content-length", "")
    announced = int(length) if length.isascii() and length.isdigit() else ONE_UP_BYTES
    if announced > ONE_UP_BYTES:
        raise TooLarge("the body is larger than 1 MB; send it in parts")
    if not UP.take(ticket, max(announced, LEAST_BODY)):
        raise TooMany(say("this measurement is over; begin a new one"), code="room.over")
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > announced:
            raise TooLarge("the body is larger than 1 MB; send it in parts")
    return Json({"bytes": size})


async def result(request: Request) -> Response:
    """Keep what was measured; answers what it means, and what the line was."""
    store = _from_the_page(request)
    try:
        given = Measured.model_validate_json(await read_body(request, RESULT_BYTES))
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(str(part) for part in found["loc"])
        raise Invalid(
            say("{where}: {problem}", where=where, problem=found["msg"]), code="request.invalid"
        ) from None
    measured = Result(
        down_bps=given.down_bps,
        up_bps=given.up_bps,
        latency_us=round(given.latency_ms * 1000),
        jitter_us=round(given.jitter_ms * 1000),
        sent=given.sent,
        lost=min(given.lost, given.sent),
        late=min(given.late, given.sent),
    )

    def write() -> object:
        with store.write() as unit:
            return rooms.finish(unit, given.ticket, given.device, measured)

    return Json(await run_in_threadpool(write))


async def _running(request: Request) -> str:
    """The ticket of the request, if its measurement runs."""
    ticket = request.query_params.get("ticket", "")[:100]
    store: Store = request.app.state.store

    def read() -> None:
        with store.read() as connection:
            rooms.running(connection, ticket, store.clock.now())

    await run_in_threadpool(read)
    return ticket


def _from_the_page(request: Request) -> Store:
    """The store, for a request that another site's page did not send."""
    check_source(request, frozenset({request.app.state.portal.url} - {""}))
    store: Store = request.app.state.store
    return store


def _address(request: Request) -> str:
    return address_of(request.scope, request.app.state.portal.settings.server.trusted_proxies)


ROUTES = (
    Route("/r/{code}/begin", begin, methods=["POST"]),
    Route("/r/{code}/ping", ping, methods=["GET"]),
    Route("/r/{code}/down", down, methods=["GET"]),
    Route("/r/{code}/up", up, methods=["POST"]),
    Route("/r/{code}/result", result, methods=["POST"]),
)
