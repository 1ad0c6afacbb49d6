"""The contract table: what each line is booked with, and what it delivered this month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from textual.widget import Widget

from tui import cells
from tui.actions import N_, Aim
from tui.backend import Backend, Json
from tui.feed import Changes
from tui.frame import Frame
from tui.i18n import _
from tui.pages import Row
from tui.source import ListSource
from tui.table import Column, PagedTable

VERDICTS: Mapping[str, str] = {
    "missed": N_("✖ missed"), "met": N_("● met"), "unknown": N_("? cannot be told"),
}  # fmt: skip
_TONES = {"missed": "down", "met": "ok"}
_ORDER = list(VERDICTS)
NAMES = ("verdict", "school", "school_name", "line", "provider", "booked_down_bps", "down_bps",
         "availability", "measured", "contract_end", "booked_up_bps", "up_bps",
         "circuit")  # fmt: skip


class ContractsScreen(Frame):
    """Missed contracts first; Enter opens the line."""

    places = frozenset({"contracts", "table"})

    def __init__(self) -> None:
        super().__init__()
        self.month = ""

    def body(self) -> Iterable[Widget]:
        table = PagedTable()
        table.add_class("main")
        yield table

    @property
    def table(self) -> PagedTable:
        return self.query_one(PagedTable)

    def title_line(self) -> tuple[str, str]:
        total = self.table.total
        parts = [cells.number(total)] if total is not None else []
        return _("Contracts"), "  ".join([*parts, self.month])

    def begin(self) -> None:
        self.table.set_columns(_columns())
        if self.client is not None:
            self.quietly(partial(self._load, self.client), "contracts")

    async def _load(self, client: Backend) -> None:
        found = await client.lines()
        self.month = str(found["month"])
        lines = sorted(found["lines"], key=lambda one: _ORDER.index(one["verdict"]))
        self.table.show(ListSource([_row(one) for one in lines]), _columns(), keep=True)

    def live(self, changes: Changes) -> None:
        if changes.of("uplink"):
            self.begin()

    def on_paged_table_counted(self) -> None:
        self.show_state()

    async def on_paged_table_opened(self) -> None:
        await self.action_run("row.open")

    def aim(self) -> Aim:
        row = self.table.current()
        if row is None:
            return Aim("uplinks")
        values = {"school": row[4 + NAMES.index("school")]}
        return Aim("uplinks", row[0], str(row[1]), 0, values, (row[0],), (str(row[1]),), count=1)

    def copy_text(self) -> str:
        row = self.table.current()
        return self.table.columns[self.table.column].cell(row)[0].strip() if row else ""


def _row(line: Json) -> Row:
    known = {**line, "line": str(line["key"]).partition("/")[2] or line["key"]}
    return [line["id"], line["key"], 0, False, *(known[name] for name in NAMES)]


def _columns() -> tuple[Column, ...]:
    def at(name: str) -> int:
        return 4 + NAMES.index(name)

    def text(name: str) -> Any:
        return lambda row: (cells.clean(str(row[at(name)] or "")), "")

    def rate(name: str) -> Any:
        return lambda row: (cells.rate(row[at(name)]) or "–", "" if row[at(name)] else "dim")

    def share(name: str) -> Any:
        place = at(name)
        return lambda row: ("–", "dim") if row[place] is None else (_percent(row[place]), "")

    def verdict(row: Row) -> tuple[str, str]:
        word = str(row[at("verdict")])
        return _(VERDICTS.get(word, word)), _TONES.get(word, "dim")

    return (
        Column("verdict", _("Verdict"), 17, verdict),
        Column("school", _("School"), 6, text("school")),
        Column("line", _("Line"), 8, text("line")),
        Column("booked", _("Booked ↓"), 10, rate("booked_down_bps"), right=True),
        Column("delivered", _("Delivered ↓"), 11, rate("down_bps"), right=True),
        Column("end", _("Contract end"), 12, lambda r: (cells.date(r[at("contract_end")] or ""),
               "")),
        Column("available", _("Available"), 10, share("availability"), right=True),
        Column("measured", _("Measured"), 9, share("measured"), right=True),
        Column("provider", _("Provider"), 16, text("provider"), flex=True),
        Column("booked_up", _("Booked ↑"), 10, rate("booked_up_bps"), right=True),
        Column("delivered_up", _("Delivered ↑"), 11, rate("up_bps"), right=True),
        Column("circuit", _("Circuit number"), 16, text("circuit")),
    )  # fmt: skip


def _percent(share: float) -> str:
    return f"{cells.number(round(share * 100, 1))} %"
