"""Tokens of people: who may sign in, as what, where, until when."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.widget import Widget

from tui import cells, rights
from tui.actions import Aim
from tui.backend import Backend, Json
from tui.frame import Frame
from tui.i18n import _
from tui.pages import Row
from tui.source import ListSource
from tui.table import Column, PagedTable


class TokensScreen(Frame):
    """A token itself is shown once, when it is made; here are only the names."""

    places = frozenset({"tokens", "table"})

    def body(self) -> Iterable[Widget]:
        table = PagedTable()
        table.add_class("main")
        yield table

    def title_line(self) -> tuple[str, str]:
        total = self.query_one(PagedTable).total
        return _("Tokens"), cells.number(total) if total is not None else ""

    def begin(self) -> None:
        self.query_one(PagedTable).set_columns(_columns())
        if self.client is not None:
            self.quietly(partial(self._load, self.client), "tokens")

    async def _load(self, client: Backend) -> None:
        found = await client.tokens()
        self.query_one(PagedTable).show(ListSource([_row(one) for one in found]), _columns())

    def on_paged_table_counted(self) -> None:
        self.show_state()

    def aim(self) -> Aim:
        row = self.query_one(PagedTable).current()
        if row is None:
            return Aim("tokens")
        return Aim("tokens", row[0], row[1], ids=(row[0],), keys=(row[1],), count=1)

    def copy_text(self) -> str:
        row = self.query_one(PagedTable).current()
        return str(row[1]) if row else ""


def _row(token: Json) -> Row:
    name = str(token.get("name", ""))
    return [name, name, 0, bool(token.get("revoked")), token.get("role"), _scope(token),
            token.get("expires"), token.get("last_used")]  # fmt: skip


def _scope(token: Json) -> str:
    if token.get("schools") is not None:
        return " ".join(token["schools"])
    if authority := token.get("authority"):
        return _("authority {authority}").format(authority=authority)
    return _("all schools")


def _columns() -> tuple[Column, ...]:
    def text(at: int) -> Any:
        return lambda row: (cells.clean(str(row[at] or "")), "")

    return (
        Column("name", _("Name"), 24, text(1)),
        Column("role", _("Role"), 24, lambda r: (rights.role(str(r[4] or "")), "")),
        Column("scope", _("May see"), 20, text(5), flex=True),
        Column("expires", _("Valid until"), 16, lambda r: (cells.when(r[6]), "")),
        Column("used", _("Last used"), 16, lambda r: (cells.when(r[7]), "dim")),
    )
