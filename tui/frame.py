"""What every screen has: a title line, the offline banner, the body, a line of keys.

80×24 leaves 21 lines to the body; from 120 columns the screen has the class `-wide`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual._styles_cache import StylesCache
from textual.app import ComposeResult, RenderResult
from textual.binding import BindingsMap
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Static

from tui import cells
from tui.actions import ACTIONS, Aim, bindings, here, key_label, keys_of
from tui.feed import Changes
from tui.i18n import _

if TYPE_CHECKING:
    from tui.app import SchoolopsApp
    from tui.backend import Backend


class TitleBar(Widget):
    """Where one is, what is shown, who one is, whether it is live."""

    DEFAULT_CSS = """
    TitleBar { height: 1; background: $primary 40%; color: $foreground; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.left = ""
        self.middle = ""

    def say(self, left: str, middle: str = "") -> None:
        if (left, middle) != (self.left, self.middle):
            self.left, self.middle = left, middle
            self.refresh()

    def render(self) -> RenderResult:
        app: SchoolopsApp = self.app  # type: ignore[assignment]
        right = app.state_text()
        width = self.size.width
        left = cells.clean(f" {self.left}" + (f"  {self.middle}" if self.middle else ""))
        room = width - len(right) - 2
        return Content(cells.fit(left, max(10, room)) + " " + right + " ")


_LATER = ("list.columns", "list.export")
"""What each list has, and gives way in the line of keys to what this one is for."""


class KeyBar(Widget):
    """The keys that work here, most important first; each can be clicked."""

    DEFAULT_CSS = """
    KeyBar { height: 1; background: $panel; color: $foreground 80%; link-style: none;
             link-color: $foreground 80%; }
    """

    def render(self) -> RenderResult:
        screen = self.screen
        if not isinstance(screen, Frame):
            return Content("")
        parts: list[Content] = []
        room = self.size.width - 1
        shown = [a for a in ACTIONS if a.show and screen.offers(a.id) and screen.suits(a.id)]
        # Help and quitting are what a newcomer needs, whatever the width.
        first = [a for a in shown if a.id == "help.show"]
        last = [a for a in shown if a.id == "app.quit"]
        room -= sum(len(_(a.label)) + 3 for a in last)
        rest = [a for a in shown if a not in first + last]
        urgent = screen.urgent()
        rest.sort(key=lambda a: (a.id not in urgent, a.id in _LATER))
        for action in first + rest + last:
            keys = keys_of(action, screen.ops.settings.keymap)
            if not keys:
                continue
            key, text = key_label(keys[0]), _(action.label)
            size = len(key) + len(text) + 2
            if action in last:
                room += size
            if size > room:
                continue
            room -= size
            part = Content.assemble((key, "bold $accent"), f" {text}")
            parts.append(part.stylize(Style.from_meta({"@click": f"screen.run('{action.id}')"})))
        return Content(" ") + Content(" ").join(parts)


class Banner(Static):
    """The offline sentence, in full; not there while all is well."""

    DEFAULT_CSS = """
    Banner { height: auto; max-height: 5; background: $error; color: $text; text-style: bold;
             display: none; padding: 0 1; }
    Banner.-on { display: block; }
    """


class Frame(Screen[None]):
    """Base of all screens. Subclasses set `places`, fill `body`, and load in `load`."""

    AUTO_FOCUS = ".main"
    places: frozenset[str] = frozenset()
    kind_name = ""

    def __init__(self) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
        self.stale = False

    @property
    def ops(self) -> SchoolopsApp:
        return self.app  # type: ignore[return-value]

    @property
    def client(self) -> Backend | None:
        return self.ops.client

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield Banner(id="banner", markup=False)
        yield from self.body()
        yield KeyBar()

    def body(self) -> Iterable[Widget]:
        raise NotImplementedError

    def on_mount(self) -> None:
        if not self.children:
            return  # taken away again while it was being made
        own = BindingsMap(bindings(self.places, self.ops.settings.keymap))
        self._bindings = BindingsMap.merge([own, self._bindings])
        self.show_state()
        self.begin()

    def begin(self) -> None:
        """Called when mounted, and again when the connection stands or the language changes."""

    def quietly(
        self, work: Callable[[], Awaitable[Any]], group: str, *, exclusive: bool = True
    ) -> None:
        """Load something for this screen in the background; errors become sentences.

        The work ends with the screen. What it may still say after that concerns nobody. It is given
        as a function: what is cancelled before it begins must not be a coroutine already.
        """
        load: Any = partial(self._load_quietly, work)
        self.run_worker(load, group=group, exclusive=exclusive, exit_on_error=False)

    async def _load_quietly(self, work: Callable[[], Awaitable[Any]]) -> None:
        try:
            await work()
        except Exception as error:
            if self in self.app.screen_stack:
                self.ops.report(error)

    def reload(self) -> None:
        """Read everything again, keeping the place."""
        self.begin()

    def live(self, changes: Changes) -> None:
        """Something changed; only called while this screen is on top."""

    def on_unmount(self) -> None:
        # Textual's cache of colours holds on to the lines of up to 1,024 widgets that are gone:
        # a quarter of a million objects, which every full garbage collection then visits.
        StylesCache.get_inner_outer.cache_clear()

    def on_screen_resume(self) -> None:
        self.show_state()
        if self.stale:
            self.stale = False
            self.reload()

    def title_line(self) -> tuple[str, str]:
        """What the title says: where, and a remark."""
        return "schoolops", ""

    def show_state(self) -> None:
        """Draw title, banner and keys anew."""
        if not self.is_mounted:
            return
        self.query_one(TitleBar).say(*self.title_line())
        self.query_one(TitleBar).refresh()
        self.query_one(KeyBar).refresh()
        banner = self.query_one("#banner", Banner)
        text = self.ops.offline_text()
        banner.set_class(bool(text), "-on")
        if text:
            banner.update(text)

    # ---- actions ------------------------------------------------------------------------

    def urgent(self) -> tuple[str, ...]:
        """Actions that come first in the line of keys now."""
        return ()

    def aim(self) -> Aim:
        """What an action would act on now."""
        return Aim()

    def offers(self, id: str) -> bool:
        """Whether an action is possible here for this person."""
        from tui.actions import BY_ID

        action = BY_ID[id]
        return here(action, self.places) and not self.ops.refusal(action, self.kind_name)

    def suits(self, id: str) -> bool:
        """Whether an action that is possible here makes sense for what is under the cursor.

        The line of keys shows no other; who presses its key all the same is told why not.
        """
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "run" and parameters:
            return self.offers(str(parameters[0]))
        return super().check_action(action, parameters)

    async def action_run(self, id: str) -> None:
        """Do an action of the registry, with what is under the cursor now."""
        await self.ops.perform(id, self)

    def step(self, name: str) -> None:
        """Move the cursor of the main widget, or scroll it."""
        widget = self.focused or next(iter(self.query(".main")), None)
        while widget is not None and not hasattr(widget, "go"):
            widget = widget.parent if isinstance(widget.parent, Widget) else None
        if widget is None:
            widget = next((w for w in self.query(".main") if hasattr(w, "go")), None)
        if widget is not None:
            go: Any = getattr(widget, "go")  # noqa: B009 (not every widget has it)
            go(name)

    def copy_text(self) -> str:
        """What `y` copies."""
        return ""
