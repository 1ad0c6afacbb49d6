"""The list of every kind: filter, columns, order, marks, live rows, details beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from inventory.kinds import Kind, find_kind
from tui import cells, columns, describe, incidents, thread, tickets
from tui.actions import Aim
from tui.backend import Json, code_of
from tui.feed import Changes
from tui.frame import Frame, KeyBar
from tui.i18n import _
from tui.lists import TITLES
from tui.pages import Row
from tui.said import said
from tui.source import ServerSource, value
from tui.table import PagedTable

DETAIL_PAUSE_S = 0.15
MEASURED_AT_ONCE = 4
DETAIL = 43
"""Cells of a line of the pane."""
GROWING = ("approval", "delegation", "incident", "ticket", "window", "on-call")
"""Lists that are read anew with each change: what is new belongs in its place at once."""


_UNTOLD = ("title", "title_de", "open", "urgency")
"""Fields that the pane says otherwise."""


class ListScreen(Frame):
    """`plural` is a list of the API; `q` a filter that is already set."""

    CSS = """
    ListScreen #across { height: 1fr; }
    ListScreen PagedTable { width: 1fr; }
    ListScreen #detail { display: none; width: 46; padding: 0 1; background: $surface;
                         scrollbar-size-vertical: 1; }
    ListScreen.-wide #detail { display: block; }
    """

    def __init__(self, plural: str, q: str = "", title: str = "") -> None:
        super().__init__()
        self.plural = plural
        self.kind: Kind = find_kind(plural)[0]
        self.kind_name = self.kind.name
        self.q = q
        self.heading = title
        # What agents measure begins with what is broken.
        measured = plural in ("access-points", "switches", "routers", "wlan-controllers", "uplinks")
        self.sort = "health" if measured else self.kind.default_sort
        self.names: tuple[str, ...] = ()
        self.measured: dict[str, Any] = {}
        self._timer: Timer | None = None
        self._anew = True
        self._measuring = False
        self.places = self._places()

    def _places(self) -> frozenset[str]:
        found = {"list", "table", self.kind.plural}
        if self.kind.editable:
            found |= {"editable", "editable-list"}
        if self.kind.name in ("device", "credential"):
            found.add(self.kind.name)
        if self.kind.name in ("school", "room", "ticket"):
            found.add(f"{self.kind.name}-list")
        return frozenset(found)

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="across"):
            table = PagedTable()
            table.add_class("main")
            yield table
            with VerticalScroll(id="detail", can_focus=False):
                yield Static("", id="detail-text", markup=False)

    @property
    def table(self) -> PagedTable:
        return self.query_one(PagedTable)

    def title_line(self) -> tuple[str, str]:
        name = self.heading or _(TITLES.get(self.plural, self.kind.label_plural))
        total = self.table.total
        parts = [cells.number(total)] if total is not None else []
        if self.q:
            parts.append(f"/ {self.q}")
        if self.table.all_marked:
            parts.append(_("all marked"))
        elif self.table.marks:
            parts.append(_("{number} marked").format(number=len(self.table.marks)))
        return name, "  ".join(parts)

    # ---- loading ------------------------------------------------------------------------

    def begin(self, *, keep: bool = False) -> None:
        mine = self.ops.settings.columns.get(self.plural, ())
        self.names = columns.chosen(self.plural, self.kind, mine)
        shown = columns.build(self.names, self.kind, self.plural, self.measured)
        client = self.client
        if client is None:
            self.table.set_columns(shown)
            return
        asked = columns.asked(self.names, self.kind)
        self._anew = not keep
        source = ServerSource(client, self.plural, self.q, self.sort, asked)
        self.table.show(source, shown, self.sort, keep=keep)

    def reload(self) -> None:
        self.begin(keep=True)

    def live(self, changes: Changes) -> None:
        kinds = (self.kind.name, "health") if self.kind.health else (self.kind.name,)
        ids = changes.of(*kinds)
        if ids and self.kind.name in GROWING:
            self.reload()
        elif ids:
            for id in ids:
                self.measured.pop(id, None)
            self.quietly(partial(self.table.update_rows, ids), "live", exclusive=False)
            row = self.table.current()
            if row and row[0] in ids:
                self._detail_soon()

    def on_paged_table_failed(self, message: PagedTable.Failed) -> None:
        if code_of(message.error) == "filter.invalid":
            self.refuse_filter(message.error)
        else:
            self.ops.report(message.error)

    def on_paged_table_counted(self) -> None:
        self.show_state()

    def suits(self, id: str) -> bool:
        """Nobody decides an own proposal, and nobody takes back that of others."""
        row = self.table.current()
        if id.startswith("incident.") and row is not None:
            return incidents.suits(id, self.aim().values)
        if id.startswith("ticket.") and row is not None:
            return tickets.suits(id, self.aim().values, str(self.ops.me.get("name") or ""))
        if not id.startswith("approval.") or row is None:
            return True
        mine = bool(value(row, columns.asked(self.names, self.kind), "mine"))
        return mine == (id == "approval.withdraw")

    def on_paged_table_moved(self) -> None:
        if self.kind.name in ("approval", "incident", "ticket"):
            self.query_one(KeyBar).refresh()
        self._detail_soon()
        if "measured_down" in self.names or "share" in self.names:
            self._measure_soon()

    async def on_paged_table_opened(self) -> None:
        await self.action_run("row.open")

    async def on_paged_table_sorted(self) -> None:
        name = self.table.columns[self.table.column].name
        down = self.table.sort == name
        await self.action_run("list.sort_down" if down else "list.sort")

    def set_sort(self, sort: str) -> None:
        self.sort = sort
        self.begin()

    # ---- filter -------------------------------------------------------------------------

    async def open_filter(self) -> None:
        from tui.filterbar import FilterBar

        if not self.query(FilterBar):
            await self.mount(FilterBar(self.kind, self.q), before="#across")

    def apply_filter(self, q: str) -> None:
        self.q = q
        self.begin()
        self.show_state()

    def refuse_filter(self, error: Exception) -> None:
        from tui.filterbar import FilterBar

        for bar in self.query(FilterBar):
            bar.refuse(error)
            return
        self.notify(said(error), severity="warning", markup=False)

    # ---- the pane beside the table ------------------------------------------------------

    def _detail_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self.size.width < 120:
            return
        if self._anew and self.table.current() is not None:  # nobody is running through the rows
            self._anew = False
            self._load_detail()
        else:
            self._timer = self.set_timer(DETAIL_PAUSE_S, self._load_detail)

    def _load_detail(self) -> None:
        row = self.table.current()
        if row is not None and self.client is not None:
            self.quietly(partial(self._detail, row), "detail")

    async def _detail(self, row: Row) -> None:
        client = self.client
        assert client is not None
        if self.kind.name == "ticket":
            found = await client.ticket(row[0])
            self._show_detail(row, [*thread.head(found), *thread.course(found, DETAIL)])
            return
        measured = self.kind.name in ("uplink", "device", "agent")
        record, latest = await asyncio.gather(
            client.get(self.plural, row[0]),
            client.latest(self.kind.plural, row[0]) if measured else _nothing(),
        )
        title = describe.name_of(record) if self.kind.key == ("id",) else str(record["key"])
        lines = [Content.styled(cells.clean(title), "bold"), Content("")]
        lines += describe.state_lines(record)
        if measured:
            if self.kind.name == "uplink":
                bars = describe.contract_lines(latest, record, 34, narrow=True)
                lines += [Content(""), describe.heading(_("Contract and measured")), *bars]
            lines += [Content(""), *describe.measured_lines(latest)]
        lines += [Content(""), *describe.field_lines(self.kind, record, _UNTOLD)]
        self._show_detail(row, lines + describe.system_lines(record))

    def _show_detail(self, row: Row, lines: list[Content]) -> None:
        """Beside the table, if the cursor is still on that row."""
        current = self.table.current()
        if current is not None and current[0] == row[0]:
            self.query_one("#detail-text", Static).update(describe.hang(lines, DETAIL))

    # ---- measured columns of uplinks ----------------------------------------------------

    def _measure_soon(self) -> None:
        if not self._measuring and self.client is not None:
            self._measuring = True
            self.quietly(self._measure, "measure")

    async def _measure(self) -> None:
        """Read the last report of the uplinks on screen, a few at once."""
        client = self.client
        assert client is not None
        try:
            while wanted := self._unmeasured():
                answers = await asyncio.gather(
                    *(client.latest("uplinks", id) for id in wanted), return_exceptions=True
                )
                for id, answer in zip(wanted, answers, strict=True):
                    known = isinstance(answer, dict) and answer.get("values")
                    self.measured[id] = known or {"none": True}
                self.table.redraw()
        finally:
            self._measuring = False

    def _unmeasured(self) -> list[str]:
        first, last = self.table.window()
        rows = [self.table.cache.row(index) for index in range(first, last + 1)]
        missing = [str(row[0]) for row in rows if row and row[0] not in self.measured]
        return missing[:MEASURED_AT_ONCE]

    # ---- actions ------------------------------------------------------------------------

    def urgent(self) -> tuple[str, ...]:
        """Rows are marked for what is done to many."""
        marked = self.table.marks or self.table.all_marked
        return ("record.bulk", "record.retire") if marked else ()

    def aim(self) -> Aim:
        table = self.table
        row = table.current()
        if row is None:
            return Aim(self.plural, q=self.q, count=table.total)
        asked = columns.asked(self.names, self.kind)
        marks = table.marks or {row[0]: str(row[1])}
        return Aim(
            self.plural,
            row[0],
            str(row[1]),
            row[2],
            {name: value(row, asked, name) for name in asked},
            tuple(marks),
            tuple(marks.values()),
            table.all_marked,
            bool(table.marks),
            self.q,
            table.total if table.all_marked else len(marks),
        )

    def copy_text(self) -> str:
        row = self.table.current()
        if row is None or not self.table.columns:
            return ""
        return self.table.columns[self.table.column].cell(row)[0].strip() or str(row[1])


async def _nothing() -> Json:
    return {}
