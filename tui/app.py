"""The application: who one is, the connection, the stack of screens, and what runs an action.

What it shows lives in `tui/screens/`, what it can do in `tui/actions.py` and `tui/commands/`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import time
from collections.abc import Awaitable, Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.screen import Screen

from tui import cells, i18n, problems
from tui.actions import BY_ID, Action, check_keymap, key_label, keys_of, permission_of
from tui.backend import (
    STOPPED,
    Backend,
    Connect,
    Json,
    code_of,
    is_offline,
    is_trouble,
    sentence,
)
from tui.feed import Changes, Feed
from tui.frame import Frame
from tui.i18n import _, ngettext
from tui.incidents import OpenIncidents
from tui.rights import WAITS
from tui.said import said
from tui.screens.overview import Overview
from tui.settings import TuiSettings
from tui.themes import HIGH_CONTRAST
from tui.tickets import OpenTickets
from tui.typeahead import Opening, TypeAhead, current_opening

TIDY_S = 2.0
NARROW = 100
"""Below so many columns the title says the most urgent alone."""
MOST_TOLD = 3
"""New critical incidents that are told at once; the title counts all."""
TROUBLE_S = 5.0
"""So often it is asked whether the server can work again."""


def _palette() -> type[Provider]:
    from tui.palette import Actions

    return Actions


async def _unspoken(work: Awaitable[Any]) -> None:
    with contextlib.suppress(Exception):
        await work


class SchoolopsApp(TypeAhead):
    """The terminal UI of schoolops."""

    TITLE = "schoolops"
    ENABLE_COMMAND_PALETTE = False  # ours has a key of its own, which can be mapped anew
    COMMANDS: ClassVar[set[Any]] = {_palette}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", show=False, priority=True)]
    CSS = """
    Screen { layout: vertical; }
    .main { height: 1fr; }
    OptionList.main { border: none; padding: 0; background: $background; }
    """

    def __init__(
        self,
        connect: Connect,
        settings: TuiSettings | None = None,
        *,
        home: Path | None = None,
        read_only: bool = False,
        server_url: str = "",
        reconnect_s: float = 1.0,
    ) -> None:
        super().__init__()
        self.connect = connect
        self.settings = settings or TuiSettings()
        self.home = home
        self.forced_read_only = read_only
        self.server_url = server_url
        self.reconnect_s = reconnect_s
        self.client: Backend | None = None
        self.me: Json = {}
        self.feed: Feed | None = None
        self.offline_since = ""
        self.connecting = True
        self.failure = ""
        self.stopped = ""
        self.trouble = ""
        """Why the server, which answers, cannot work."""
        self.waiting = 0
        """Proposals that wait for this person's decision."""
        self.incidents = OpenIncidents()
        self.tickets = OpenTickets()
        self._last_key = 0.0
        self._main_turn = asyncio.Lock()
        self._places: dict[str, tuple[float | None, float | None, str]] = {}
        if self.settings.language:
            i18n.use(self.settings.language)
        self.register_theme(HIGH_CONTRAST)
        if self.settings.theme in self.available_themes:
            self.theme = self.settings.theme
        own = {id: key for id, key in self.settings.keymap.items() if id not in BY_ID}
        self.set_keymap(own)

    def on_mount(self) -> None:
        # The empty screen below stays: the stack is never empty while main screens change.
        self.push_screen(Overview())
        if self.settings.problem:
            self.notify(self.settings.problem, severity="warning", markup=False, timeout=15)
        for problem in check_keymap(self.settings.keymap):
            self.notify(problem, title="tui.toml", severity="warning", markup=False, timeout=15)
        # After the first paint: importing the client and starting a server takes a while.
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self.run_worker(self._keep_connected(), group="feed", exit_on_error=False)

    # ---- connection ---------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        wait = self.reconnect_s
        while self.client is None:
            client = None
            try:
                client = await self.connect()
                self.me = await client.me()
                self.client = client
            except Exception as error:
                self.connecting = False
                self.failure = said(error) if code_of(error) else self.explain(error)
                self._went_offline()
                if client is not None:
                    await client.aclose()
                await asyncio.sleep(wait)
                wait = min(30.0, wait * 2)
        self.connecting, self.failure, self.offline_since = False, "", ""
        for screen in self.frames():
            screen.show_state()
        if isinstance(self.screen, Frame):
            self.screen.begin()
        self._quietly(self._count_proposals(), "proposals")
        self._quietly(self._look_at_incidents(), "incidents")
        self._quietly(self._look_at_tickets(), "tickets")
        self.feed = Feed(
            self.client, self._on_changes, self._on_state, first_wait_s=self.reconnect_s
        )
        await self.feed.run()

    async def on_unmount(self) -> None:
        self.workers.cancel_all()
        if self.client is not None:
            await self.client.aclose()

    def _on_state(self, error: BaseException | None) -> None:
        """The connection stands (None), or why it does not."""
        self.stopped = said(error) if error is not None and code_of(error) == STOPPED else ""
        if error is None:
            self.offline_since = ""
            self.show_states()
        elif is_trouble(error):
            self._show_trouble(error)
        else:
            self._went_offline()

    def _show_trouble(self, error: BaseException) -> None:
        """Say in the banner, and once, what hinders the server, until that is over."""
        begins, self.trouble = not self.trouble, said(error)
        self.show_states()
        if begins:
            self.run_worker(self._await_recovery(), group="trouble", exit_on_error=False)

    async def _await_recovery(self) -> None:
        while self.client is not None:
            await asyncio.sleep(TROUBLE_S)
            try:
                await self.client.health()
            except Exception as error:
                if is_trouble(error):
                    self.trouble = said(error)
                    self.show_states()
                    continue
                if is_offline(error):
                    continue
            break
        self.trouble = ""
        self.show_states()
        if isinstance(self.screen, Frame):
            self.screen.reload()

    def _went_offline(self) -> None:
        if not self.offline_since:
            self.offline_since = cells.now().strftime("%H:%M")
        self.show_states()

    def _on_changes(self, changes: Changes) -> None:
        if changes.reset or changes.of("approval"):
            self._quietly(self._count_proposals(), "proposals")
        if changes.reset or changes.of("delegation"):
            self._quietly(self._look_at_rights(), "rights")
        if changes.reset or changes.of("incident"):
            self._quietly(self._look_at_incidents(), "incidents")
        if changes.reset or changes.of("ticket"):
            self._quietly(self._look_at_tickets(), "tickets")
        top = self.screen
        for screen in self.frames():
            if screen is not top:
                screen.stale = True
            elif changes.reset:
                screen.reload()
            else:
                screen.live(changes)

    def _quietly(self, work: Awaitable[Any], group: str) -> None:
        """Do it in the background; what goes wrong there is told by the feed, or not at all."""
        self.run_worker(_unspoken(work), group=group, exclusive=True, exit_on_error=False)

    async def _count_proposals(self) -> None:
        """How many proposals wait for this person; one more is told."""
        number = 0
        if self.client is not None and self.may("approvals.decide"):
            number = await self.client.count("approvals", q="waiting:yes")
        more, self.waiting = number > self.waiting, number
        self.show_states()
        if more:
            text = ngettext(
                "A proposal waits for your decision", "{count} proposals wait for your decision",
                number,
            ).format(count=cells.number(number))  # fmt: skip
            keys = keys_of(BY_ID["main.approvals"], self.settings.keymap)
            self.notify(f"{text} ({key_label(keys[0])})" if keys else text, markup=False)

    async def _look_at_incidents(self) -> None:
        """How many are open; a critical one that is new is told."""
        if self.client is None:
            return
        new = await self.incidents.look(self.client)
        self.show_states()
        keys = keys_of(BY_ID["main.incidents"], self.settings.keymap)
        for title in new[:MOST_TOLD]:
            text = f"{title} ({key_label(keys[0])})" if keys else title
            self.notify(text, severity="error", markup=False, timeout=15)

    async def _look_at_tickets(self) -> None:
        """How many are new or one's own, for those who work on them."""
        if self.client is not None and self.may("tickets.write"):
            await self.tickets.look(self.client, str(self.me.get("name") or ""))
            self.show_states()

    async def _look_at_rights(self) -> None:
        """A right for a time may have begun or ended: then the stream is read anew with it."""
        if self.client is None or self.feed is None:
            return
        before, self.me = self.me, await self.client.me()
        if any(before.get(name) != self.me.get(name) for name in ("may", "scope")):
            self.feed.reopen()
            self.show_states()
            await self._count_proposals()
            await self._look_at_incidents()
            await self._look_at_tickets()
            if isinstance(self.screen, Frame):
                self.screen.reload()

    def frames(self) -> list[Frame]:
        """All our screens, top first."""
        return [screen for screen in reversed(self.screen_stack) if isinstance(screen, Frame)]

    def show_states(self) -> None:
        for screen in self.frames():
            screen.show_state()

    def state_text(self) -> str:
        """The right end of the title line."""
        narrow = self.size.width < NARROW
        words = []
        if open_ones := self.incidents.text():
            words.append(open_ones)
        if mine := self.tickets.text(short=narrow):
            words.append(mine)
        if self.waiting:
            words.append(f"{WAITS} " + _("{count} to decide").format(count=self.waiting))
        if self.read_only:
            words.append(_("read-only"))
        if name := self.me.get("name"):
            words.append(cells.clean(str(name)))
        if self.connecting:
            words.append(_("◌ connecting"))
        elif self.offline_since:
            words.append(_("✖ offline"))
        elif self.trouble:
            words.append(_("✖ not writable"))
        else:
            words.append(_("● live"))
        return " · ".join(words)

    def offline_text(self) -> str:
        if not self.offline_since:
            return f"✖ {self.trouble}" if self.trouble else ""
        if self.client is None:
            return _("✖ No connection since {time}: {why}").format(
                time=self.offline_since, why=self.failure
            )
        if self.stopped:
            keys = keys_of(BY_ID["view.reload"], self.settings.keymap)
            again = _("{key} starts it again.").format(key=key_label(keys[0])) if keys else ""
            return f"✖ {self.stopped}. {again}"
        return _("✖ No connection since {time}; what you see was known then").format(
            time=self.offline_since
        )

    def idle_s(self) -> float:
        """Seconds since the last action."""
        return time.monotonic() - self._last_key

    async def coordinates(self) -> dict[str, tuple[float | None, float | None, str]]:
        """School id → latitude, longitude, postcode; read once, at most 6,000 schools."""
        if not self._places and self.client is not None:
            columns = ("latitude", "longitude", "postcode")
            for offset in range(0, 6000, 1000):
                page = await self.client.page("schools", offset=offset, limit=1000, columns=columns)
                self._places |= {row[0]: (row[4], row[5], row[6] or "") for row in page.rows}
                if not page.more:
                    break
        return self._places

    # ---- permissions --------------------------------------------------------------------

    @property
    def read_only(self) -> bool:
        return self.forced_read_only or bool(self.me.get("read_only"))

    def may(self, permission: str) -> bool:
        """Whether this person has it; while nothing is known, reading only."""
        return not permission or permission in self.me.get("may", ())

    def refusal(self, action: Action, kind: str = "") -> str:
        """Why an action is not possible; empty if it is."""
        if action.writes and self.read_only:
            return _("Read-only: nothing can be changed here.")
        permission = permission_of(action, kind)
        if not self.may(permission):
            return _("Your role does not have the permission {permission}.").format(
                permission=permission
            )
        return ""

    # ---- actions ------------------------------------------------------------------------

    async def perform(self, id: str, screen: Frame) -> None:
        """Run an action on what the screen's cursor is on now; errors become sentences."""
        action = BY_ID[id]
        self._last_key = time.monotonic()
        if reason := self.refusal(action, screen.kind_name):
            self.notify(reason, severity="warning", markup=False)
            return
        module, _colon, name = action.run.partition(":")
        try:
            result = getattr(import_module(module), name)(screen, screen.aim())
        except Exception as error:
            self.report(error)
            return
        if inspect.isawaitable(result):
            work = self._act(result, self.begin_opening())
            self.run_worker(work, group="action", exit_on_error=False)

    async def _act(self, work: Awaitable[Any], opening: Opening) -> None:
        current_opening(opening)
        try:
            await self._guard(work)
        finally:
            opening.release()

    async def _guard(self, work: Awaitable[Any]) -> None:
        try:
            await work
        except Exception as error:
            self.report(error)

    def explain(self, error: BaseException) -> str:
        """The sentence for an error; an unexpected one is logged and gets an id."""
        if text := sentence(error):
            return text
        short, path = problems.note(error, self.home)
        text = _("Something went wrong that should not have (id {id}).").format(id=short)
        return f"{text} " + _("Details are in {path}.").format(path=path) if path else text

    def report(self, error: BaseException) -> None:
        """Tell the person about an error."""
        self.look_at(error)
        if is_trouble(error):
            self._show_trouble(error)
            return
        self.notify(self.explain(error), severity="error", markup=False, timeout=10)

    def look_at(self, error: BaseException) -> None:
        """What an error that the person has read says about the connection."""
        if is_offline(error):
            if self.feed is not None:
                self.feed.retry_now()
            self._went_offline()

    def _handle_exception(self, error: Exception) -> None:
        """An error outside of any action: leave in order, with a sentence instead of a trace."""
        if self.is_headless:  # under test, a defect shall be seen whole
            super()._handle_exception(error)
            return
        self._return_code = 1
        self.exit(1, return_code=1, message=self.explain(error))

    # ---- screens ------------------------------------------------------------------------

    async def show_main(self, make: Callable[[], Frame]) -> None:
        """Replace the whole stack by one main screen."""
        # One at a time: two digits typed at once must not take the last screen away.
        async with self._main_turn:
            await self._replace_stack(make)
        self.set_timer(TIDY_S, self._tidy)

    def _tidy(self) -> None:
        """Free the screens that are gone while nobody waits: in the middle of a key it is felt."""
        if self.idle_s() > TIDY_S / 2:
            gc.collect()

    async def _replace_stack(self, make: Callable[[], Frame]) -> None:
        with self.batch_update():
            while self.depth > 1:
                await self.pop_screen()
            await self.switch_screen(make())

    @property
    def depth(self) -> int:
        """Screens one can go back over, the main one included."""
        return len(self.screen_stack) - 1

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        return ()

    def save_settings(self) -> None:
        if problem := self.settings.save():
            self.notify(problem, severity="warning", markup=False)
