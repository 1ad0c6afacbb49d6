"""The change stream over HTTP: server-sent events, filtered by what the actor may see."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy import select

from schoolops.core.errors import TooMany
from schoolops.core.permissions import ESTATE_READ, Actor
from schoolops.db import changes
from schoolops.db.engine import Store
from schoolops.estate.access import in_scope
from schoolops.estate.models import TABLES
from schoolops.web.answers import streams
from schoolops.web.context import TheActor, TheStore
from schoolops.web.rules import needs
from schoolops.web.shapes import LARGEST

router = APIRouter(tags=["changes"])

PING_S = 15.0
MAX_STREAMS = 500
Cursor = Annotated[int, Query(ge=-1, le=LARGEST)]
"""-1: from now on."""


@router.get("/changes", **needs(ESTATE_READ), **streams("text/event-stream"))
async def stream_changes(
    request: Request, store: TheStore, actor: TheActor, after: Cursor = -1
) -> StreamingResponse:
    """Events `change` (`{"seq","kind","id","school"}`), `reset`, `ping`; `id:` is the cursor."""
    state = request.app.state
    if state.open_streams >= MAX_STREAMS:
        raise TooMany("too many screens follow this server; try again in a moment")
    last = request.headers.get("last-event-id", "")
    if after < 0 and last.isdecimal() and len(last) < 17:
        after = int(last)
    return StreamingResponse(
        _events(request, store, actor, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(request: Request, store: Store, actor: Actor, after: int) -> AsyncIterator[bytes]:
    state = request.app.state
    wake = asyncio.Event()
    loop = asyncio.get_running_loop()

    def committed() -> None:
        loop.call_soon_threadsafe(wake.set)

    store.on_change(committed)
    state.open_streams += 1
    try:
        after, found = await run_in_threadpool(_read, store, actor, after)
        yield b"retry: 2000\n\n"
        pinged = time.monotonic()
        while True:
            state.last_request = time.monotonic()
            if found is None:
                after = await run_in_threadpool(_cursor, store)
                yield f"id: {after}\nevent: reset\ndata: {{}}\n\n".encode()
            elif found:
                yield b"".join(found)
            elif time.monotonic() - pinged > PING_S:
                pinged = time.monotonic()
                yield f"id: {after}\nevent: ping\ndata: {{}}\n\n".encode()
            if not found:
                # Another process may have written: PostgreSQL wakes nobody here.
                try:
                    await asyncio.wait_for(wake.wait(), 1.0)
                except TimeoutError:
                    pass
                else:
                    await asyncio.sleep(0.05)  # let a burst gather
                wake.clear()
            if state.ending or await request.is_disconnected():
                return
            after, found = await run_in_threadpool(_read, store, actor, after)
    finally:
        store.off_change(committed)
        state.open_streams -= 1


def _cursor(store: Store) -> int:
    with store.read() as connection:
        return changes.cursor(connection)


def _read(store: Store, actor: Actor, after: int) -> tuple[int, list[bytes] | None]:
    """The events after the cursor as bytes, and the new cursor."""
    actor = actor.at(store.clock.now())  # a right for a time may have ended since it began
    with store.read(actor) as connection:
        if after < 0:
            return changes.cursor(connection), []
        found = changes.read_after(connection, after)
        if found is None:
            return after, None
        if not found:
            return after, []
        table = TABLES["school"]
        ids = {change.school_id for change in found} - {None}
        rows = connection.execute(
            select(table.c.id, table.c.number).where(
                table.c.id.in_(ids), in_scope(actor, table.c.id)
            )
        )
        numbers = {row.id: row.number for row in rows}
        lines = []
        for change in found:
            if change.school_id is not None and change.school_id not in numbers:
                continue
            data = {
                "seq": change.seq,
                "kind": change.kind,
                "id": change.record,
                "school": numbers.get(change.school_id or 0),
            }
            lines.append(f"id: {change.seq}\nevent: change\ndata: {json.dumps(data)}\n\n".encode())
        return found[-1].seq, lines
