"""The first screen: what exists, what is broken, where, and since when."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from inventory.choices import SCHOOL_FORMS
from tui import cells
from tui.actions import Aim
from tui.backend import Json
from tui.counts import Counts
from tui.feed import Changes
from tui.frame import Frame
from tui.i18n import _
from tui.map import Legend, SchoolMap, Spot
from tui.pages import Row
from tui.reasons import reason
from tui.source import ListSource
from tui.table import Column, PagedTable

REFRESH_S = 2.0
IDLE_S = 10.0
"""After that long without a key the worst schools move up again; the cursor stays on its own."""
HEALTH, NAME, REASON, SINCE, DOWN, WARNING, FORM, PUPILS = range(4, 12)


class Overview(Frame):
    """Worst schools first, counts, the map."""

    places = frozenset({"overview", "table"})
    CSS = """
    Overview #top { height: 9; }
    Overview SchoolMap { width: 1fr; height: 9; margin: 0 1; }
    Overview.-wide #top { height: 14; }
    Overview.-wide SchoolMap { height: 14; }
    Overview #news { height: 1; padding: 0 1; display: none; text-style: bold; }
    Overview #news.-on { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.data: Json = {}
        self.source = ListSource([])
        self._asked_at = 0.0
        self._again = False

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="top"):
            yield Counts()
            yield SchoolMap()
        yield Legend()
        yield Static("", id="news", markup=False)
        table = PagedTable()
        table.add_class("main")
        table.set_columns(_columns())
        yield table

    def title_line(self) -> tuple[str, str]:
        if self.data.get("as_of"):
            return _("Overview"), _("as of {time}").format(time=cells.when(self.data["as_of"]))
        return _("Overview"), ""

    def begin(self) -> None:
        if self.client is not None:
            self.quietly(partial(self._load, anew=True), "overview")

    def reload(self) -> None:
        self.begin()

    def live(self, changes: Changes) -> None:
        wait = self._asked_at + REFRESH_S - time.monotonic()
        if self._again:
            return
        self._again = True
        self.set_timer(max(0.05, wait), self._refresh)

    def _refresh(self) -> None:
        self._again = False
        self.quietly(partial(self._load, anew=False), "overview")

    async def _load(self, anew: bool) -> None:
        client = self.client
        if client is None:
            return
        self._asked_at = time.monotonic()
        data = await client.overview()
        worse = self._worse(self.data.get("schools") or [], data["schools"])
        self.data = data
        self.query_one(Counts).show(data["counts"], data.get("discovered"))
        rows = [_row(school) for school in data["schools"]]
        table = self.query_one(PagedTable)
        if anew or len(rows) != len(self.source.all) or self.ops.idle_s() > IDLE_S:
            if [r[0] for r in rows] == [r[0] for r in self.source.all] and not anew:
                self.source.all[:] = rows
                await table.update_rows()
            else:
                self.source = ListSource(rows)
                table.show(self.source, _columns(), keep=bool(self.source.all) and not anew)
        else:
            by_id = {row[0]: row for row in rows}
            self.source.all[:] = [by_id.get(row[0], row) for row in self.source.all]
            await table.update_rows()
        self._tell(worse)
        self.show_state()
        await self._draw_map()

    @staticmethod
    def _worse(old: list[Json], new: list[Json]) -> list[Json]:
        rank = {"ok": 0, "unknown": 0, "warning": 1, "down": 2}
        before = {school["id"]: school for school in old}
        return [
            school
            for school in new
            if (was := before.get(school["id"]))
            and rank.get(school["health"], 0) > 0
            and (
                rank.get(school["health"], 0) > rank.get(was["health"], 0)
                or (school.get("down") or 0) > (was.get("down") or 0)
            )
        ]

    def _tell(self, worse: list[Json]) -> None:
        """One line names what has just broken, wherever the list stands."""
        if not worse:
            return
        school = worse[0]
        name = cells.school(school.get("short_name") or school["name"])
        state = cells.health(school["health"])
        text = f"{cells.now():%H:%M:%S}  {state}: {name}: {reason(school.get('reason'))}"
        news = self.query_one("#news", Static)
        news.update(cells.clean(text))
        news.add_class("-on")

    async def _draw_map(self) -> None:
        places = await self.ops.coordinates()
        spots = []
        for school in self.data["schools"]:
            latitude, longitude, postcode = places.get(school["id"], (None, None, ""))
            name = school.get("short_name") or school["name"]
            spots.append(
                Spot(school["id"], name, school["health"], latitude, longitude, postcode or "")
            )
        self.query_one(SchoolMap).show(spots)

    def on_paged_table_moved(self) -> None:
        row = self.query_one(PagedTable).current()
        self.query_one(SchoolMap).select(row[0] if row else "")

    async def on_paged_table_opened(self) -> None:
        await self.action_run("row.open")

    def on_counts_chosen(self, message: Counts.Chosen) -> None:
        """The rows that a number counts."""
        from tui.screens.listing import ListScreen

        self.app.push_screen(ListScreen(message.plural, message.q))

    def on_school_map_chosen(self, message: SchoolMap.Chosen) -> None:
        from tui.screens.school import SchoolScreen

        self.app.push_screen(SchoolScreen(message.id))

    def aim(self) -> Aim:
        row = self.query_one(PagedTable).current()
        if row is None:
            return Aim("schools")
        return Aim("schools", row[0], row[1], row[2], {"school": row[1]}, (row[0],), (row[1],))

    def copy_text(self) -> str:
        row = self.query_one(PagedTable).current()
        return f"{row[1]} {row[NAME]}: {row[HEALTH]} {row[REASON]}" if row else ""


def _row(school: Json) -> Row:
    name = cells.school(school.get("short_name") or school["name"])
    return [school["id"], school["key"], 0, False, school["health"], name,
            school.get("reason") or "", school.get("since"), school.get("down"),
            school.get("warning"), school.get("form"), school.get("pupils")]  # fmt: skip


def _columns() -> tuple[Column, ...]:
    def text(at: int) -> Any:
        return lambda row: (cells.clean(str(row[at] or "")), "")

    return (
        Column("health", _("State"), 11, lambda r: (cells.health(r[HEALTH]), r[HEALTH])),
        Column("key", _("Number"), 6, lambda r: (cells.clean(str(r[1])), "dim")),
        Column("name", _("School"), 26, text(NAME), flex=True, least=20),
        Column("down", "✖", 3, _number(DOWN, "down"), right=True),
        Column("warning", "▲", 3, _number(WARNING, "warning"), right=True),
        Column("reason", _("Because"), 20, lambda row: (reason(row[REASON]), ""), flex=True),
        Column("since", _("Since"), 12, lambda r: (cells.when(r[SINCE]), "dim")),
        Column("form", _("School form"), 14, lambda r: (SCHOOL_FORMS.get(r[FORM] or "", ""), "")),
        Column("pupils", _("Pupils"), 7, _number(PUPILS, ""), right=True),
    )


def _number(at: int, tone: str) -> Any:
    return lambda row: (cells.number(row[at]) if row[at] else "", tone if row[at] else "")
