"""A table of any length: it draws what is on screen, holds a few pages, and asks for the rest.

A million rows cost what one screenful costs. Rows are found by offset and known by id: what a
key does is bound to the id under the cursor at that moment (`current`), and live updates change
cells in place, so nothing moves under anybody's hand until they sort, filter or reload.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.cells import TONES, fit
from tui.pages import GONE, PAGE, PageCache, Row
from tui.source import ListSource, RowSource

GUTTER = 2
IN_FLIGHT = 3


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `cell` gives a row's text and tone ('ok', 'warning', 'dim', '')."""

    name: str
    label: str
    width: int
    cell: Callable[[Row], tuple[str, str]]
    right: bool = False
    flex: bool = False
    least: int = 14  # cells a flexible column keeps
    sortable: bool = True


class PagedTable(ScrollView, can_focus=True, inherit_bindings=False):
    """The table of every list."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"table--{name}" for name in (*TONES, "header", "column", "dim", "gone", "cursor")),
    }
    DEFAULT_CSS = """
    PagedTable {
        background: $background; color: $foreground;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0;
        & > .table--header { background: $panel; color: $foreground; text-style: bold; }
        & > .table--column { background: $panel; color: $text-accent; text-style: bold underline; }
        & > .table--cursor { background: $primary 30%; text-style: bold; }
        & > .table--dim { color: $foreground 60%; }
        & > .table--gone { color: $foreground 40%; text-style: strike; }
        & > .table--ok { color: $text-success; }
        & > .table--warning { color: $text-warning; text-style: bold; }
        & > .table--down { color: $text-error; text-style: bold; }
        & > .table--unknown { color: $foreground 60%; text-style: italic; }
    }
    """

    class Moved(Message):
        """The cursor stands on another row, or the row under it has arrived."""

    class Opened(Message):
        """Somebody clicked the row under the cursor a second time."""

    class Sorted(Message):
        """Somebody clicked a heading."""

    class Failed(Message):
        """Rows did not come."""

        def __init__(self, error: Exception) -> None:
            super().__init__()
            self.error = error

    class Counted(Message):
        """The number of rows is known."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cache = PageCache()
        self.source: RowSource = ListSource([])
        self.columns: tuple[Column, ...] = ()
        self.widths: tuple[int, ...] = ()
        self.sort = ""
        self.total: int | None = None
        self.cursor = 0
        self.column = 0
        self.marks: dict[str, str] = {}
        self.all_marked = False
        self._known = 0  # rows that exist at least, while the count is on its way
        self._wanted: list[int] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._strips: dict[tuple[int, bool, bool], Strip] = {}
        self._styles: dict[str, Style] = {}
        self._follow = ""  # id the cursor shall stand on once its page is here

    # ---- what it shows ------------------------------------------------------------------

    def show(
        self, source: RowSource, columns: tuple[Column, ...], sort: str = "", *, keep: bool = False
    ) -> None:
        """Begin a new query. With `keep` the place stays (a reload), else it starts at the top."""
        follow = self.current()
        self.cache.reset()
        self._wanted.clear()
        self.source, self.sort = source, sort
        self.total = None
        self._follow = str(follow[0]) if keep and follow else ""
        if not keep:
            self._known = 0
            self.cursor = 0
            self.marks.clear()
            self.all_marked = False
            self.scroll_to(0, 0, animate=False)
        self.set_columns(columns)
        self._want(self.cursor, self.cursor)
        self._spawn(self._count(self.cache.generation))

    def set_columns(self, columns: tuple[Column, ...]) -> None:
        """Other columns over the same rows."""
        self.columns = columns
        self.column = min(self.column, max(0, len(columns) - 1))
        self._lay_out()

    def _lay_out(self) -> None:
        """Fit as many leading columns as possible; what room is left goes to the flexible
        ones among them. The others lie to the right."""
        nominal = [column.width for column in self.columns]
        least = [min(c.width, c.least) if c.flex else c.width for c in self.columns]
        room = self.size.width - GUTTER - self._scrollbar()
        fits = 0
        while fits < len(least) and room >= least[fits] + 1:
            room -= least[fits] + 1
            fits += 1
        widths = least[:fits] + nominal[fits:]
        flexible = [i for i in range(fits) if self.columns[i].flex]
        for place, index in enumerate(flexible):
            share, rest = divmod(room, len(flexible))
            widths[index] += share + (1 if place < rest else 0)
        self.widths = tuple(widths)
        self._resize()

    def _scrollbar(self) -> int:
        return 1 if self.length >= self.size.height else 0

    def _resize(self) -> None:
        self._strips.clear()
        self.virtual_size = Size(GUTTER + sum(self.widths) + len(self.widths), self.length + 1)
        self.refresh()

    @property
    def length(self) -> int:
        """Rows the list is known to have."""
        return self._known if self.total is None else self.total

    @property
    def body(self) -> int:
        """Rows on screen."""
        return max(1, self.size.height - 1)

    def window(self) -> tuple[int, int]:
        """First and last row on screen."""
        top = round(self.scroll_y)
        return top, min(top + self.body, max(1, self.length)) - 1

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()
        self.call_later(self.move_to, self.cursor)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    # ---- rows from the source -----------------------------------------------------------

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def on_unmount(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _count(self, generation: int) -> None:
        try:
            total = await self.source.count()
        except Exception as error:
            if generation == self.cache.generation:
                self.post_message(self.Failed(error))
            return
        if generation != self.cache.generation:
            return
        self.total = total
        self.cursor = max(0, min(self.cursor, total - 1))
        self._lay_out()
        self.post_message(self.Counted())

    def _want(self, first: int, last: int) -> None:
        for page in self.cache.missing(first, last):
            if page not in self._wanted:
                self._wanted.append(page)
        self._fetch()

    def _fetch(self) -> None:
        """Ask for wanted pages, the latest wish first; what is no longer near is dropped."""
        first, last = self.window()
        near = {*range(max(0, first) // PAGE - 1, last // PAGE + 2), self.cursor // PAGE}
        self._wanted = [page for page in self._wanted if page in near]
        while self._wanted and len(self.cache.pending) < IN_FLIGHT:
            page = self._wanted.pop()
            self._spawn(self._page(self.cache.begin(page), page))

    async def _page(self, generation: int, page: int) -> None:
        try:
            rows = await self.source.page(page * PAGE, PAGE)
        except Exception as error:
            if self.cache.fail(generation, page):
                self._wanted.clear()
                self.post_message(self.Failed(error))
            return
        if not self.cache.accept(generation, page, rows):
            return
        known = page * PAGE + len(rows)
        if self.total is None and known > self._known:
            self._known = known
            self._lay_out()
        if self._follow:
            self._find_followed(page, rows)
        self._strips.clear()
        self.refresh()
        self._fetch()
        if self.cursor // PAGE == page:
            self.post_message(self.Moved())

    def _find_followed(self, page: int, rows: list[Row]) -> None:
        for at, row in enumerate(rows):
            if row[0] == self._follow:
                self._follow = ""
                self.move_to(page * PAGE + at)
                return
        self._follow = ""

    def retry(self) -> None:
        """Ask again for what is missing on screen."""
        self._want(*self.window())
        if self.total is None:
            self._spawn(self._count(self.cache.generation))

    async def update_rows(self, ids: set[str] | None = None) -> int:
        """Re-read the rows on screen (those of `ids`) and change them in place."""
        first, last = self.window()
        if ids is not None:
            self.cache.forget_changed(ids, first, last)
        rows = [self.cache.row(index) for index in range(first, last + 1)]
        asked = [str(row[0]) for row in rows if row and (ids is None or row[0] in ids)]
        if not asked:
            return 0
        generation = self.cache.generation
        fresh = {str(row[0]): row for row in await self.source.rows(asked)}
        if generation != self.cache.generation:
            return 0
        changed = self.cache.patch(first, last, fresh, asked)
        if changed:
            self._strips.clear()
            self.refresh()
            self.post_message(self.Moved())
        return changed

    def redraw(self) -> None:
        """Draw the rows anew: something their cells read has changed."""
        self._strips.clear()
        self.refresh()

    # ---- cursor, marks ------------------------------------------------------------------

    def current(self) -> Row | None:
        """The row under the cursor, None while it is on its way or there is none."""
        return self.cache.row(self.cursor)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row and scroll no further than needed."""
        old, self.cursor = self.cursor, max(0, min(index, self.length - 1))
        top = round(self.scroll_y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + self.body:
            self.scroll_to(y=self.cursor - self.body + 1, animate=False)
        if old != self.cursor:
            for row in (old, self.cursor):
                self._strips.pop((row, True, False), None)
                self.refresh_line(row + 1)
            self.post_message(self.Moved())

    def go(self, step: str) -> None:
        """down, up, page_down, page_up, half_down, half_up, top, bottom, left, right."""
        page = self.body - 1
        steps = {
            "down": 1, "up": -1, "page_down": page, "page_up": -page,
            "half_down": page // 2, "half_up": -page // 2,
            "top": -self.cursor, "bottom": self.length,
        }  # fmt: skip
        if step in steps:
            if step in ("page_down", "page_up"):
                self.scroll_to(y=round(self.scroll_y) + steps[step], animate=False)
            self.move_to(self.cursor + steps[step])
        elif self.columns:
            self.column = (self.column + (1 if step == "right" else -1)) % len(self.columns)
            left = GUTTER + sum(self.widths[: self.column]) + self.column
            right = left + self.widths[self.column] + 1
            if left < self.scroll_x or self.column == 0:
                self.scroll_to(x=0 if self.column == 0 else left, animate=False)
            elif right > self.scroll_x + self.size.width - 1:
                self.scroll_to(x=right - self.size.width + 1, animate=False)
            self.refresh()

    def mark(self) -> None:
        """Mark or unmark the row under the cursor and go on to the next."""
        row = self.current()
        if row is None or self.all_marked:
            return
        if self.marks.pop(row[0], None) is None:
            self.marks[row[0]] = str(row[1])
        self.refresh_line(self.cursor + 1)
        self.move_to(self.cursor + 1)

    def mark_all(self) -> None:
        """Mark everything that matches, seen or not."""
        self.marks.clear()
        self.all_marked = True
        self.refresh()

    def unmark(self) -> None:
        self.marks.clear()
        self.all_marked = False
        self.refresh()

    # ---- drawing ------------------------------------------------------------------------

    def _style(self, tone: str, cursor: bool = False) -> Style:
        name = f"{tone}/{cursor}"
        style = self._styles.get(name)
        if style is None:
            style = self.rich_style
            if tone:
                style += self.get_component_rich_style(f"table--{tone}", partial=True)
            if cursor:
                base = self.get_component_rich_style("table--cursor")
                style += Style(bgcolor=base.bgcolor, bold=True)
            self._styles[name] = style
        return style

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._seen(self._header(), self._style("header"))
        index = round(self.scroll_y) + y - 1
        if index >= self.length:
            return Strip.blank(width, self.rich_style)
        row = self.cache.row(index)
        if row is None:
            self.call_later(self._want, index, index)
            return self._placeholder(index, width)
        cursor, marked = index == self.cursor, self.all_marked or row[0] in self.marks
        strip = self._strips.get((index, cursor, marked))
        if strip is None:
            strip = self._row(row, cursor, marked)
            if len(self._strips) > 512:
                self._strips.clear()
            self._strips[(index, cursor, marked)] = strip
        return self._seen(strip, self._style("", cursor))

    def _seen(self, strip: Strip, style: Style) -> Strip:
        """The part on the screen; a text that goes on beyond its edge ends in an ellipsis."""
        left, width = round(self.scroll_x), self.size.width
        edge = left + width - self._scrollbar()
        seen = strip.crop_extend(left, left + width, style)
        if strip.cell_length > edge and " " not in strip.crop(edge - 1, edge + 1).text:
            last = strip.crop(edge - 1, edge)
            end = Strip([Segment("…", next(iter(last)).style)])
            seen = Strip.join([strip.crop(left, edge - 1), end]).extend_cell_length(width, style)
        return seen

    def _placeholder(self, index: int, width: int) -> Strip:
        cursor = index == self.cursor
        text = ("› " if cursor else "  ") + "·" * max(0, min(width - 4, 24))
        strip = Strip([Segment(text, self._style("dim", cursor))])
        return strip.crop_extend(0, width, self._style("", cursor))

    def _header(self) -> Strip:
        segments = [Segment(" " * GUTTER, self._style("header"))]
        sorted_by, down = self.sort.removeprefix("-"), self.sort.startswith("-")
        for index, column in enumerate(self.columns):
            label = column.label
            if column.name == sorted_by:
                label = f"{'↓' if down else '↑'}{label}"
            tone = "column" if index == self.column and self.has_focus else "header"
            segments.append(
                Segment(fit(label, self.widths[index], column.right), self._style(tone))
            )
            segments.append(Segment(" ", self._style("header")))
        return Strip(segments)

    def _row(self, row: Row, cursor: bool, marked: bool) -> Strip:
        gone = bool(row[3])
        plain = self._style("gone" if gone else "", cursor)
        text = ("›" if cursor else " ") + ("✓" if marked else " ")
        segments: list[Segment] = []
        for column, width in zip(self.columns, self.widths, strict=True):
            content, tone = column.cell(row)
            content = fit(content, width, column.right)
            if tone and not gone:
                segments.append(Segment(text, plain))
                segments.append(Segment(content, self._style(tone, cursor)))
                text = " "
            else:
                text += content + " "
        if row[3] == GONE:
            text += "×"
        segments.append(Segment(text, plain))
        return Strip(segments)

    # ---- mouse --------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            if (index := self._column_at(event.x + round(self.scroll_x))) is not None:
                self.column = index
                self.post_message(self.Sorted())
            return
        index = round(self.scroll_y) + event.y - 1
        if index >= self.length:
            return
        if index == self.cursor or event.chain > 1:
            self.post_message(self.Opened())
        self.move_to(index)

    def _column_at(self, x: int) -> int | None:
        left = GUTTER
        for index, width in enumerate(self.widths):
            if left <= x <= left + width:
                return index
            left += width + 1
        return None

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
