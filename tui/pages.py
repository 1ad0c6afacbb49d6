"""The memory of a big list: a few pages of rows, which are on their way, and for which query.

Nothing here draws or waits. Rows are lists `[id, key, version, retired, value…]`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

Row = list[Any]
PAGE = 128
PAGES = 64
GONE = "gone"
"""Set as a row's `retired` when the server no longer has the row under this filter."""


class PageCache:
    """The last `pages` pages of `size` rows of one query.

    Every new query raises `generation`; an answer that carries an older one is dropped, so
    that a slow page of the previous filter never shows under the new one.
    """

    def __init__(self, size: int = PAGE, pages: int = PAGES) -> None:
        self.size = size
        self.pages = pages
        self.generation = 0
        self.pending: set[int] = set()
        self._rows: OrderedDict[int, list[Row]] = OrderedDict()

    def reset(self) -> int:
        """Forget all and begin a new query."""
        self.generation += 1
        self.pending.clear()
        self._rows.clear()
        return self.generation

    def row(self, index: int) -> Row | None:
        """The row at that place of the list, None if it is not here."""
        page, at = divmod(index, self.size)
        rows = self._rows.get(page)
        if rows is None or at >= len(rows):
            return None
        self._rows.move_to_end(page)
        return rows[at]

    def missing(self, first: int, last: int) -> list[int]:
        """Pages between two rows (both included) that are neither here nor on their way."""
        pages = range(max(0, first) // self.size, max(0, last) // self.size + 1)
        return [p for p in pages if p not in self._rows and p not in self.pending]

    def begin(self, page: int) -> int:
        """Note that a page is on its way; the answer goes back with the answer's rows."""
        self.pending.add(page)
        return self.generation

    def accept(self, generation: int, page: int, rows: list[Row]) -> bool:
        """Take an answer; False when it belongs to an older query."""
        if generation != self.generation:
            return False
        self.pending.discard(page)
        self._rows[page] = rows
        self._rows.move_to_end(page)
        while len(self._rows) > self.pages:
            self._rows.popitem(last=False)
        return True

    def fail(self, generation: int, page: int) -> bool:
        """A page did not come; it may be asked for again."""
        if generation == self.generation:
            self.pending.discard(page)
        return generation == self.generation

    def patch(self, first: int, last: int, fresh: dict[str, Row], asked: Iterable[str]) -> int:
        """Put re-read rows in their places between two rows; what was asked for and did not
        come is marked gone. The answer is the number of rows that now look different."""
        wanted = set(asked)
        changed = 0
        for index in range(max(0, first), last + 1):
            page, at = divmod(index, self.size)
            rows = self._rows.get(page)
            if rows is None or at >= len(rows) or rows[at][0] not in wanted:
                continue
            old = rows[at]
            new = fresh.get(old[0]) or [*old[:3], GONE, *old[4:]]
            if new != old:
                rows[at] = new
                changed += 1
        return changed

    def forget_changed(self, ids: set[str], first: int, last: int) -> None:
        """Drop pages with one of these ids, except those on screen: they come again when
        somebody looks there."""
        keep = range(max(0, first) // self.size, max(0, last) // self.size + 1)
        for page in [p for p in self._rows if p not in keep]:
            if any(row[0] in ids for row in self._rows[page]):
                del self._rows[page]

    def loaded(self) -> int:
        """Rows held in memory."""
        return sum(len(rows) for rows in self._rows.values())
