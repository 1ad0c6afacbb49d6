"""One record whole: fields, state and why, measurements, where it stood, who changed it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inventory.kinds import Kind, find_kind
from tui import describe, metrics, past
from tui.actions import N_, Aim
from tui.backend import Backend, Json
from tui.feed import Changes
from tui.frame import Frame
from tui.i18n import _

MEASURED = frozenset({"device", "uplink", "agent"})
SPANS = (
    (6 * 3600, N_("The last six hours")),
    (86_400, N_("The last 24 hours")),
    (7 * 86_400, N_("The last 7 days")),
    (30 * 86_400, N_("The last 30 days")),
)
"""Seconds of a graph, and its heading."""


class ScrollText(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Text that the row keys scroll."""

    def __init__(self) -> None:
        super().__init__(classes="main")
        self.text = Static("", markup=False)

    def compose(self) -> Iterable[Widget]:
        yield self.text

    def show(self, lines: list[Content]) -> None:
        # Before the first layout it has no size of its own yet.
        width = self.size.width or self.app.size.width
        self.text.update(describe.hang(lines, max(40, width - 3)))

    def go(self, step: str) -> None:
        page = max(1, self.size.height - 1)
        moves = {"down": 1, "up": -1, "page_down": page, "page_up": -page,
                 "half_down": page // 2, "half_up": -page // 2}  # fmt: skip
        if step in moves:
            self.scroll_relative(y=moves[step], animate=False)
        elif step == "top":
            self.scroll_home(animate=False)
        elif step == "bottom":
            self.scroll_end(animate=False)


class RecordScreen(Frame):
    """Any record of the inventory; `plural` may be a list of one device kind."""

    CSS = """
    ScrollText { padding: 0 1; scrollbar-size-vertical: 1; }
    """

    def __init__(self, plural: str, id: str) -> None:
        super().__init__()
        self.kind: Kind = find_kind(plural)[0]
        self.kind_name = self.kind.name
        self.plural = self.kind.plural
        self.id_or_key = id
        self.record: Json = {}
        self.span = 0
        places = {"record", self.kind.name}
        if self.kind.name in MEASURED:
            places.add("measured")
        # What may be done with a record of the system may be done in its list too.
        places.add("editable" if self.kind.editable else self.kind.plural)
        self.places = frozenset(places)

    def body(self) -> Iterable[Widget]:
        yield ScrollText()

    def title_line(self) -> tuple[str, str]:
        return _(self.kind.label).capitalize(), describe.name_of(self.record)

    def begin(self) -> None:
        if self.client is not None:
            self.quietly(partial(self._load, self.client), "record")

    def live(self, changes: Changes) -> None:
        if self.record.get("id") in changes.of(self.kind.name, "health"):
            self.begin()

    async def _load(self, client: Backend) -> None:
        self.record = await client.get(self.plural, self.id_or_key)
        self.show_state()
        state = describe.state_lines(self.record)
        fields = [Content(""), *describe.field_lines(self.kind, self.record)]
        fields += describe.system_lines(self.record)
        text = self.query_one(ScrollText)
        if self.kind.name not in MEASURED:
            text.show(state + fields)
            text.show(state + fields + await self._history(client))
            return
        latest, history = await asyncio.gather(
            client.latest(self.plural, self.record["id"]), self._history(client)
        )
        measured = self._measured(latest)
        text.show(state + measured + fields + history)
        series = await self._series(client, latest)
        text.show(state + measured + series + fields + history)

    def _measured(self, latest: Json) -> list[Content]:
        found = [Content("")]
        if self.kind.name == "uplink":
            found.append(describe.heading(_("Contract and measured")))
            found += describe.contract_lines(latest, self.record, min(40, self.size.width - 48))
            found.append(Content(""))
        if rows := describe.measured_lines(latest):
            return found + rows
        return [*found, Content.styled(_("never measured"), "$foreground 60%")]

    async def _series(self, client: Backend, latest: Json) -> list[Content]:
        names = metrics.series_of(self.plural, latest.get("values") or {})
        seconds, heading = SPANS[self.span]
        series = await asyncio.gather(
            *(client.series(self.plural, self.record["id"], name, seconds) for name in names),
            return_exceptions=True,
        )
        drawn = [
            line
            for name, one in zip(names, series, strict=True)
            if isinstance(one, dict)
            and (line := describe.sparkline(name, one, self.size.width - 4))
        ]
        return [Content(""), describe.heading(_(heading)), *drawn] if drawn else []

    def next_span(self) -> None:
        """Draw the graphs over a longer span, after the longest the shortest again."""
        self.span = (self.span + 1) % len(SPANS)
        self.reload()

    async def _history(self, client: Backend) -> list[Content]:
        if not self.kind.editable:
            return []
        return past.lines(self.kind, await client.history(self.plural, self.record["id"]))

    def aim(self) -> Aim:
        if not self.record:
            return Aim(self.plural)
        id, key = self.record["id"], str(self.record["key"])
        values: dict[str, Any] = dict(self.record.get("values") or {})
        return Aim(
            self.plural, id, key, self.record.get("version", 0), values, (id,), (key,), count=1
        )

    def copy_text(self) -> str:
        return str(self.record.get("key", ""))
