"""The alert rules in force: what begins an alert, after how long, how severe it is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.widget import Widget
from textual.widgets import Static

from tui import cells, incidents
from tui.actions import Aim
from tui.backend import Backend, Json
from tui.frame import Frame
from tui.i18n import _, language
from tui.pages import Row
from tui.said import translated
from tui.source import ListSource
from tui.table import Column, PagedTable

ID, FIRING, SEVERITY, WHEN, AFTER, TEXT, SOURCE = 0, *range(4, 10)


class RulesScreen(Frame):
    """Rules are files of the server; here they are read and tried."""

    DEFAULT_CSS = """
    RulesScreen #problem { height: auto; max-height: 6; color: $text-error; padding: 0 1; }
    """
    places = frozenset({"rules", "table"})

    def body(self) -> Iterable[Widget]:
        problem = Static("", id="problem", markup=False)
        problem.display = False
        yield problem
        table = PagedTable()
        table.add_class("main")
        yield table

    @property
    def table(self) -> PagedTable:
        return self.query_one(PagedTable)

    def title_line(self) -> tuple[str, str]:
        total = self.table.total
        return _("Alert rules"), cells.number(total) if total is not None else ""

    def begin(self) -> None:
        self.table.set_columns(_columns())
        if self.client is not None:
            self.quietly(partial(self._load, self.client), "rules")

    async def _load(self, client: Backend) -> None:
        found = await client.alert_rules()
        self.table.show(ListSource([_row(one) for one in found["rules"]]), _columns(), keep=True)
        why = "\n".join(translated(one, one["text"]) for one in found["problems"])
        problem = self.query_one("#problem", Static)
        problem.display = bool(why)
        problem.update(_("✗ Rules of the city are not in force: {why}").format(why=why))

    def on_paged_table_counted(self) -> None:
        self.show_state()

    def suits(self, id: str) -> bool:
        return id != "row.open"

    def aim(self) -> Aim:
        row = self.table.current()
        return Aim("rules", str(row[ID]), str(row[ID])) if row else Aim("rules")

    def copy_text(self) -> str:
        row = self.table.current()
        return str(row[WHEN]) if row else ""


def _row(rule: Json) -> Row:
    worst = rule["severity_lessons"]
    text = rule["text_de"] if language() == "de" else rule["text"]
    return [rule["id"], rule["id"], 0, False, rule["open_alerts"], worst, rule["when"],
            _after(rule), text, rule["source"]]  # fmt: skip


def _after(rule: Json) -> str:
    """'5 min', or '5 min / 1 h': in lessons and otherwise."""
    both = [_duration(rule["for_lessons_s"]), _duration(rule["for_otherwise_s"])]
    return " / ".join(dict.fromkeys(both))


def _duration(seconds: int) -> str:
    if seconds >= 3600 and seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


def _columns() -> tuple[Column, ...]:
    def text(at: int) -> Any:
        return lambda row: (cells.clean(str(row[at] or "")), "")

    def severity(row: Row) -> tuple[str, str]:
        return incidents.severity(row[SEVERITY]), incidents.TONES.get(row[SEVERITY], "")

    def firing(row: Row) -> tuple[str, str]:
        return (cells.number(row[FIRING]), "warning") if row[FIRING] else ("·", "dim")

    return (
        Column("id", _("Rule"), 22, text(ID)),
        Column("firing", _("Now"), 5, firing, right=True),
        Column("severity", _("Severity"), 10, severity),
        Column("after", _("After"), 14, text(AFTER)),
        Column("when", _("When"), 24, text(WHEN), flex=True, least=18),
        Column("text", _("What"), 40, text(TEXT), flex=True, least=30),
        Column("source", _("From"), 14, text(SOURCE)),
    )
