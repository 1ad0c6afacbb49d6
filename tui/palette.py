"""The palette: everything that works here, every list, every theme, by typing its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.widgets.option_list import Option

from tui.actions import ACTIONS, key_label, keys_of
from tui.frame import Frame
from tui.i18n import _

if TYPE_CHECKING:
    from tui.app import SchoolopsApp

_SILENT = ("row.", "column.", "palette.")


class Actions(Provider):
    """Actions of the registry that are possible on the screen below the palette."""

    def entries(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        """Text, help, what to call."""
        screen = self.screen
        if not isinstance(screen, Frame):
            return
        keymap = screen.ops.settings.keymap
        for action in ACTIONS:
            if action.id.startswith(_SILENT) or not screen.offers(action.id):
                continue
            keys = " ".join(key_label(key) for key in keys_of(action, keymap))
            text = _(action.label) + (f"  [{keys}]" if keys else "")
            yield text, _(action.tooltip) if action.tooltip else "", self._runner(action.id)

    def _runner(self, id: str) -> Callable[[], None]:
        screen = self.screen

        def run() -> None:
            if isinstance(screen, Frame):
                screen.call_later(screen.action_run, id)

        return run

    async def discover(self) -> Hits:
        for text, help, run in self.entries():
            yield DiscoveryHit(_plain(text), run, text, help or None)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, help, run in self.entries():
            if (score := matcher.match(text)) > 0:
                yield Hit(score, matcher.highlight(text), run, text, help or None)


def _plain(text: str) -> Content:
    return Content(text)


class Themes(Provider):
    """All themes; the chosen one is remembered."""

    def entries(self) -> Iterator[tuple[str, Callable[[], None]]]:
        app: SchoolopsApp = self.app  # type: ignore[assignment]
        for name in sorted(app.available_themes):
            yield name, partial(choose, app, name)

    async def discover(self) -> Hits:
        for name, run in self.entries():
            yield DiscoveryHit(name, run)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, run in self.entries():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), run)


class Palette(CommandPalette):
    """Textual's palette, whose word for nothing is English."""

    def _start_no_matches_countdown(self, search_value: str) -> None:
        self._stop_no_matches_countdown()

        def show() -> None:
            if search_value:
                nothing = Content.styled(_("nothing fits"), "$text-muted")
                entry = Option(nothing, disabled=True, id=self._NO_MATCHES)
                self.query_one(CommandList).add_option(entry)
            self._list_visible = bool(search_value)

        self._no_matches_timer = self.set_timer(self._NO_MATCHES_COUNTDOWN, show)


def actions() -> CommandPalette:
    """The palette of what works on the screen below it."""
    return Palette(placeholder=_("Type what you want to do"), id="--command-palette")


def choose(app: SchoolopsApp, name: str) -> None:
    """Use a theme and remember it."""
    app.theme = name
    app.settings.theme = name
    app.save_settings()


def themes(app: SchoolopsApp) -> CommandPalette:
    """The palette of themes."""
    return Palette(providers=[Themes], placeholder=_("Theme"), id="--command-palette")
