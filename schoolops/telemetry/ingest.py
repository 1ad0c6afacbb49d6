"""The hot route: batches of agents, decoded at once, booked by one writer in groups.

All batches that wait are booked in one transaction, and each is answered only when it is on
disk. A batch that is refused (unknown agent, gap, wild clock) does not disturb the others, and one
that the database cannot take fails alone.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from schoolops.core.errors import SchoolopsError, TooMany
from schoolops.core.ids import hash_token
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.fleet.clones import Sender
from schoolops.telemetry.booking import NOBODY, Booking, Known, Waiting
from schoolops.telemetry.decoding import decode, unpack
from schoolops.telemetry.health import Assessor

log = logging.getLogger("schoolops.ingest")

QUEUE = 2000
"""Batches that may wait; more are answered 429."""
GROUP = 200
"""Batches booked in one transaction at most."""

BUSY = "the server is busy; send the same batch again"

_AGENT = Actor.of("agents", "agent")


class Reports:
    """The writer: takes batches, books them in groups, answers them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.assessor = Assessor(store)
        self._queue: queue.Queue[Waiting | None] = queue.Queue(QUEUE)
        self._thread: threading.Thread | None = None
        self._known: dict[int, Known] = {}

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._thread.start()
        self.assessor.start()

    def stop(self) -> None:
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout=30)
        self.assessor.stop()

    async def book(
        self, secret: str, body: bytes, encoding: str, sender: Sender = NOBODY
    ) -> dict[str, Any]:
        """Book one POST; answers the ack once it is on disk."""
        if self._queue.full():  # before the work of unpacking, which is what is too much
            raise TooMany(BUSY)
        batch = decode(unpack(body, encoding))
        loop = asyncio.get_running_loop()
        now = self.store.clock.now()
        waiting = Waiting(hash_token(secret), batch, now, loop, loop.create_future(), sender)
        try:
            self._queue.put_nowait(waiting)
        except queue.Full:
            raise TooMany(BUSY) from None
        return await waiting.done

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group = [first]
            while len(group) < GROUP:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    self._queue.put(None)
                    break
                group.append(more)
            self._book_group(group)

    def _book_group(self, group: list[Waiting]) -> None:
        touched = self._book_some(group)
        for waiting in group:
            waiting.loop.call_soon_threadsafe(_resolve, waiting)
        self.assessor.touch(touched)

    def _book_some(self, group: list[Waiting]) -> set[int]:
        """Book in one transaction; where one batch spoils it, the halves each in their own, so that
        it fails alone. Answers the schools touched."""
        try:
            with self.store.write(_AGENT, by_server=True) as unit:
                return Booking(unit, group, self._known).book()
        except SchoolopsError as error:
            for waiting in group:
                waiting.error = error
            return set()
        except (OperationalError, InterfaceError):  # the database itself: no batch can help it
            log.exception("a group of %d batches could not be booked", len(group))
        except Exception:
            if len(group) > 1:
                for waiting in group:
                    waiting.answer = waiting.error = None  # none of it happened
                half = len(group) // 2
                return self._book_some(group[:half]) | self._book_some(group[half:])
            log.exception("a batch of agent %.40r could not be booked", group[0].batch.wire.agent)
        for waiting in group:
            waiting.error = SchoolopsError("the batch could not be booked; send it again")
        return set()


def _resolve(waiting: Waiting) -> None:
    if waiting.done.cancelled():
        return
    if waiting.error is not None or waiting.answer is None:
        error = waiting.error or SchoolopsError("the batch was not booked; send it again")
        waiting.done.set_exception(error)
    else:
        waiting.done.set_result(waiting.answer)
