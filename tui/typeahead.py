"""Keys that are typed faster than a screen opens wait until it is there.

Over a slow line several keys arrive at once: `:` and the words for the jump, `/` and the filter.
Handed on at once they would reach the list below the dialog, where a letter is a verb and `d`
means retire. So one key is handled to its end, and what it opens is mounted, before the next one
is looked at. What takes too long to open drops the keys instead: nobody typed them for what is
on the screen now.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextvars import ContextVar
from typing import Any

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

LIMIT_S = 3.0
LOOK_S = 0.005

_current: ContextVar[Opening | None] = ContextVar("opening", default=None)


class Opening:
    """An action that runs, and may open something. Keys wait while it holds."""

    def __init__(self, waiting: set[Opening]) -> None:
        self._waiting = waiting
        self.hold()

    def hold(self) -> None:
        self._waiting.add(self)

    def release(self) -> None:
        self._waiting.discard(self)


class TypeAhead(App[int]):
    """An application whose keys come one after another."""

    def __init__(self) -> None:
        super().__init__()
        self._openings: set[Opening] = set()
        self._held: deque[events.Key] = deque()
        self._released: events.Key | None = None
        self._settling: asyncio.Task[None] | None = None

    def begin_opening(self) -> Opening:
        """Called where an action starts; its worker makes it `current` and ends it."""
        return Opening(self._openings)

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded or event is self._released:
            await super().on_event(event)
        elif self._settling is not None:
            self._held.append(event)
        else:
            target = self.focused or self.screen
            self._settling = asyncio.create_task(self._settle(target))
            await super().on_event(event)

    async def _settle(self, target: MessagePump) -> None:
        try:
            while True:
                opened = await self._is_handled(target) and await self._is_open()
                if not opened and self._held:
                    self._held.clear()
                    self.bell()
                if not self._held:
                    return
                self._released = self._held.popleft()
                target = self.focused or self.screen
                self.post_message(self._released)
        finally:
            self._settling = None
            self._released = None

    async def _is_handled(self, target: MessagePump) -> bool:
        """Wait until the key has gone its way: the application, its target, and up from there."""
        way: list[MessagePump] = [self, target]
        while (parent := way[-1]._parent) is not None and parent is not self:
            way.append(parent)
        return all([await self._is_drained(pump) for pump in [*way, self]])

    async def _is_drained(self, pump: MessagePump) -> bool:
        done = asyncio.Event()
        if not pump.is_running or not pump.call_later(done.set):
            return True  # gone: nothing waits there any more
        try:
            await asyncio.wait_for(done.wait(), LIMIT_S)
        except TimeoutError:
            return not pump.is_running
        return True

    async def _is_open(self) -> bool:
        """Wait until what the key opens is there and has the focus."""
        ends = time.monotonic() + LIMIT_S
        while self._openings or not (self.screen.is_mounted and self.screen.is_running):
            if time.monotonic() > ends:
                return False
            await asyncio.sleep(LOOK_S)
        return await self._is_drained(self.screen)


def current_opening(opening: Opening | None) -> None:
    """Say, in the worker of an action, which opening it is."""
    _current.set(opening)


class Shown:
    """A dialog on the screen. Keys go to it while its answer is waited for, and wait while
    something is done with that."""

    def __init__(self, app: App[Any], dialog: Any) -> None:
        self.app = app
        self.dialog = dialog
        self.closed = False
        self._answers: asyncio.Queue[Any] = asyncio.Queue()

    async def open(self, *, stays: bool = False) -> Shown:
        """Put it on the screen; one that `stays` is closed by `close`, or by whoever gives up."""
        if stays:
            self.dialog.taken_by = self._answers.put_nowait
        await self.app.push_screen(self.dialog, self._closed)
        return self

    def _closed(self, answer: Any) -> None:
        self.closed = True
        self._answers.put_nowait(answer)

    async def answer(self) -> Any:
        """What the person decides next."""
        opening = _current.get()
        if opening is not None:
            opening.release()
        try:
            return await self._answers.get()
        finally:
            if opening is not None:
                opening.hold()

    async def close(self) -> None:
        if not self.closed:
            await self.dialog.dismiss(None)


async def show_dialog(app: App[Any], dialog: Any) -> Any:
    """Show a dialog and wait for its answer; keys go on once it is mounted."""
    return await (await Shown(app, dialog).open()).answer()
