"""Where a table's rows come from: the server, or a list in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from tui.backend import Backend
from tui.pages import Row


class RowSource(Protocol):
    """Rows by offset. A row is `[id, key, version, retired, value…]` in the asked columns."""

    async def page(self, offset: int, limit: int) -> list[Row]:
        """At most `limit` rows from `offset`; fewer mean the end."""
        ...

    async def count(self) -> int:
        """How many rows there are."""
        ...

    async def rows(self, ids: Sequence[str]) -> list[Row]:
        """These rows again, in any order; those that are gone are left out."""
        ...


class ServerSource:
    """One list of the server: a kind, a filter, an order, columns."""

    def __init__(
        self, client: Backend, plural: str, q: str, sort: str, columns: tuple[str, ...]
    ) -> None:
        self.client = client
        self.plural = plural
        self.q = q
        self.sort = sort
        self.columns = columns

    async def page(self, offset: int, limit: int) -> list[Row]:
        answer = await self.client.page(
            self.plural,
            q=self.q,
            sort=self.sort,
            offset=offset,
            limit=limit,
            columns=self.columns,
        )
        return answer.rows

    async def count(self) -> int:
        return await self.client.count(self.plural, q=self.q)

    async def rows(self, ids: Sequence[str]) -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(ids), 200):
            part = list(ids[start : start + 200])
            answer = await self.client.rows(self.plural, ids=part, columns=self.columns)
            found += answer.rows
        return found


class ListSource:
    """Rows in memory: tokens, the overview's schools."""

    def __init__(self, rows: list[Row]) -> None:
        self.all = rows

    async def page(self, offset: int, limit: int) -> list[Row]:
        return self.all[offset : offset + limit]

    async def count(self) -> int:
        return len(self.all)

    async def rows(self, ids: Sequence[str]) -> list[Row]:
        wanted = set(ids)
        return [row for row in self.all if row[0] in wanted]


def value(row: Row, columns: Sequence[str], name: str) -> Any:
    """A named value of a row read with these columns; None if it was not asked for."""
    try:
        return row[4 + list(columns).index(name)]
    except (ValueError, IndexError):
        return None
