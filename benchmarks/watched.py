"""The real application, watched: what it paints, when, and what that cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from textual import events
from textual._compositor import CompositorUpdate

from tui.app import SchoolopsApp

LIMIT_S = 15.0


class WatchedApp(SchoolopsApp):
    """Notes each painting. Nothing goes to a terminal, but the text for it is made all the same,
    so that its cost is not forgotten."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.painted = asyncio.Event()
        self.painted_at = 0.0
        self.painted_cpu = 0.0
        self.paintings = 0
        self.characters = 0
        self.looked_cpu = 0.0
        """CPU time of looking at the screen, which no person's computer spends."""

    def _display(self, screen: Any, renderable: Any) -> None:
        super()._display(screen, renderable)
        if renderable is None or self._batch_count or screen is not self.screen:
            return
        if isinstance(renderable, CompositorUpdate):
            self.characters += len(renderable.render_segments(self.console))
        self.paintings += 1
        self.painted_at, self.painted_cpu = time.perf_counter(), self.cpu()
        self.painted.set()

    def cpu(self) -> float:
        """CPU seconds of this process, without looking."""
        return time.process_time() - self.looked_cpu

    def text(self) -> str:
        """What a person reads on the screen now."""
        begun = time.process_time()
        found = "\n".join(strip.text for strip in self.screen._compositor.render_strips())
        self.looked_cpu += time.process_time() - begun
        return found

    def press(self, key: str, character: str | None = None) -> None:
        """Send a key as a terminal would; does not wait."""
        assert self._driver is not None
        event = events.Key(key, character)
        event.set_sender(self)
        self._driver.send_message(event)

    async def until(self, true: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        """Wait until something holds after a painting; AssertionError shows the screen."""
        deadline = time.monotonic() + limit_s
        while not true():
            self.painted.clear()
            try:
                left = deadline - time.monotonic()
                await asyncio.wait_for(self.painted.wait(), max(0.001, left))
            except TimeoutError:
                raise AssertionError(f"not within {limit_s} s, on:\n{self.text()}") from None

    def shows(self, *words: str) -> bool:
        """Whether all these are on the screen; a word after '^' must be its beginning."""
        text = self.text()
        return all(
            text.startswith(word[1:]) if word.startswith("^") else word in text for word in words
        )
