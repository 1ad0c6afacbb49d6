"""An app that shows one dialog at 80×24 and keeps its answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tui import i18n
from tui.dialogs import dialog

OPEN = "(not answered)"


class Host(App[None]):
    """What stands under the dialog, and where its answer goes."""

    shown: ModalScreen[Any]

    def __init__(self, make: Callable[[], ModalScreen[Any]]) -> None:
        super().__init__()
        self.make = make
        self.answer: Any = OPEN
        self.copied: list[str] = []

    def compose(self) -> ComposeResult:
        yield Static("the list under the dialog")

    def on_mount(self) -> None:
        # widgets are made where an app is running
        self.shown = self.make()
        self.push_screen(self.shown, self._keep)

    def _keep(self, answer: Any) -> None:
        self.answer = answer

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)

    def text(self) -> str:
        """What the screen shows, as plain text."""
        width, height = self.size
        lines = self.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in lines[:height])[: (width + 1) * height]


class Desk:
    """Hands on the keyboard of a shown dialog."""

    def __init__(self, app: Host, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def dialog(self) -> Any:
        return self.app.shown

    @property
    def answer(self) -> Any:
        return self.app.answer

    @property
    def text(self) -> str:
        return self.app.text()

    @property
    def problem(self) -> str:
        """The sentence above the foot line."""
        return str(self.dialog.query_one("#problem").text)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*("space" if c == " " else c for c in text))

    async def settle(self, until: Callable[[], bool]) -> None:
        """Wait until something holds; fails after 30 seconds."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if until():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"did not happen; the screen shows\n{self.text}")

    def inside(self) -> bool:
        """Whether the dialog's box and foot line lie wholly on the screen."""
        screen = Region(0, 0, *self.app.size)
        parts: list[Widget] = [*self.dialog.query("#box"), *self.dialog.query(".hints")]
        return all(part.region.area > 0 and screen.contains_region(part.region) for part in parts)


@asynccontextmanager
async def showing(
    name: str, *args: Any, language: str = "en", size: tuple[int, int] = (80, 24), **kwargs: Any
) -> AsyncIterator[Desk]:
    """Show the dialog of that name with these arguments."""
    i18n.use(language)
    app = Host(lambda: dialog(name, *args, **kwargs))
    try:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            yield Desk(app, pilot)
    finally:
        i18n.use("en")
