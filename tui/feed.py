"""The change stream: one reader, collected to four updates a second, and the offline state.

The reader never gives up: it says once that the connection is gone, tries again after 1, 2, 4
… 30 seconds, and asks the screens to read everything again when the server says `reset` or
when it has been away.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tui.backend import STOPPED, Backend, code_of

PERIOD_S = 0.25
SILENCE_S = 45.0
"""The server says something every 15 s; three times nothing is no connection."""
LONGEST_WAIT_S = 30.0
STOPPED_WAIT_S = 2.0
"""To look whether somebody has started again what was stopped costs next to nothing."""
MOST_IDS = 5_000


@dataclass
class Changes:
    """What changed since the last look: kind → record ids, schools touched, or all anew."""

    ids: dict[str, set[str]] = field(default_factory=dict)
    schools: set[str] = field(default_factory=set)
    reset: bool = False

    def add(self, kind: str, id: str, school: str | None) -> None:
        self.ids.setdefault(kind, set()).add(id)
        if school:
            self.schools.add(school)
        if sum(map(len, self.ids.values())) > MOST_IDS:
            self.reset = True
            self.ids.clear()

    def of(self, *kinds: str) -> set[str]:
        return set().union(*(self.ids.get(kind, ()) for kind in kinds))

    def __bool__(self) -> bool:
        return self.reset or bool(self.ids)


class Feed:
    """Reads `client.changes` and calls back; `run` ends only by cancellation."""

    def __init__(
        self,
        client: Backend,
        on_changes: Callable[[Changes], None],
        on_state: Callable[[BaseException | None], None],
        *,
        period_s: float = PERIOD_S,
        first_wait_s: float = 1.0,
    ) -> None:
        self.client = client
        self.on_changes = on_changes
        self.on_state = on_state
        self.period_s = period_s
        self.first_wait_s = first_wait_s
        self.cursor: int | None = None
        self.waiting = Changes()
        self._flusher: asyncio.TimerHandle | None = None
        self._again = asyncio.Event()
        self._start = False
        self._reading: asyncio.Task[None] | None = None
        self._reopening = False

    def reopen(self) -> None:
        """Read on from the same place with the rights that the person has now."""
        if self._reading is not None and not self._reading.done():
            self._reopening = True
            self._reading.cancel()

    def retry_now(self, *, start: bool = False) -> None:
        """Do not wait for the next attempt; `start` also a server that somebody stopped."""
        self._start = self._start or start
        self._again.set()

    async def run(self) -> None:
        """Read for ever."""
        wait, away = self.first_wait_s, ""
        while True:
            try:
                if away and (wake := getattr(self.client, "wake", None)):
                    start, self._start = self._start, False
                    await wake(again=start)  # one's own computer's server leaves when idle
                # A question with an answer: the stream itself may be silent for 15 s.
                await self.client.me()
                if away:
                    wait, away = self.first_wait_s, ""
                    self.on_state(None)
                    self.waiting.reset = True
                    self._flush_soon()
                self._reading = asyncio.create_task(self._read())
                await self._reading
            except asyncio.CancelledError:
                if self._reopening:
                    self._reopening = False
                    continue
                self._stop_flusher()
                raise
            except Exception as error:  # whatever ended the stream: say so, and try again
                reason = code_of(error) or "gone"
                if not away or (reason == STOPPED) != (away == STOPPED):
                    self.on_state(error)
                away = reason
            self._again.clear()
            pause = wait * random.uniform(0.8, 1.2)  # noqa: S311
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._again.wait(), pause)
            wait = min(wait * 2, STOPPED_WAIT_S if away == STOPPED else LONGEST_WAIT_S)

    async def _read(self) -> None:
        """Read one stream until it ends; always raises."""
        stream = self.client.changes(after=self.cursor)
        try:
            while True:
                self._take(await asyncio.wait_for(anext(stream), SILENCE_S))
        finally:
            if close := getattr(stream, "aclose", None):
                with contextlib.suppress(Exception):
                    await close()

    def _take(self, item: object) -> None:
        name = type(item).__name__
        cursor = getattr(item, "cursor", None)
        if name == "Reset":
            self.waiting.reset = True
        elif name == "Change":
            self.waiting.add(
                str(getattr(item, "kind", "")),
                str(getattr(item, "id", "")),
                getattr(item, "school", None),
            )
        if isinstance(cursor, int):
            self.cursor = cursor
        if self.waiting:
            self._flush_soon()

    def _flush_soon(self) -> None:
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().call_later(self.period_s, self._flush)

    def _flush(self) -> None:
        self._flusher = None
        changes, self.waiting = self.waiting, Changes()
        self.on_changes(changes)

    def _stop_flusher(self) -> None:
        if self._flusher is not None:
            self._flusher.cancel()
            self._flusher = None
