"""The table over a million rows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from textual.app import App, ComposeResult

from tests.tui.driving import text, until
from tui.pages import PAGE, PAGES, Row
from tui.table import Column, PagedTable

COLUMNS = (
    Column("name", "Name", 14, lambda row: (str(row[4]), "")),
    Column("state", "State", 12, lambda row: (str(row[5]), "ok")),
    Column("note", "Note", 10, lambda row: ("x" * 200, ""), flex=True),
)


class Source:
    """A million rows; counts what is asked, waits when told."""

    def __init__(self, total: int = 1_000_000, word: str = "row") -> None:
        self.total = total
        self.word = word
        self.asked: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.changed: dict[str, str] = {}
        self.error: Exception | None = None

    def row(self, n: int) -> Row:
        return [f"id{n}", f"key{n}", 1, False, f"{self.word} {n}", self.changed.get(f"id{n}", "●")]

    async def page(self, offset: int, limit: int) -> list[Row]:
        self.asked.append(offset // limit)
        await self.gate.wait()
        if self.error:
            raise self.error
        return [self.row(n) for n in range(offset, min(self.total, offset + limit))]

    async def count(self) -> int:
        await self.gate.wait()
        return self.total

    async def rows(self, ids: Sequence[str]) -> list[Row]:
        return [self.row(int(id[2:])) for id in ids]


class Bench(App[None]):
    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.errors: list[Exception] = []

    def compose(self) -> ComposeResult:
        yield PagedTable()

    def on_mount(self) -> None:
        self.table.show(self.source, COLUMNS)

    @property
    def table(self) -> PagedTable:
        return self.query_one(PagedTable)

    def on_paged_table_failed(self, message: PagedTable.Failed) -> None:
        self.errors.append(message.error)


def current(app: Bench) -> Any:
    row = app.table.current()
    return row[0] if row else None


async def test_the_end_of_a_million_rows_is_one_key_and_two_pages_away() -> None:
    app = Bench(source := Source())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.table.total == 1_000_000)
        app.table.go("bottom")
        await until(pilot, lambda: current(app) == "id999999")
        assert "row 999999" in text(pilot)
        assert len(set(source.asked)) <= 4
        app.table.go("top")
        await until(pilot, lambda: current(app) == "id0")


async def test_memory_stays_bounded_while_one_pages_through_everything() -> None:
    app = Bench(Source())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.table.total)
        for page in range(200):
            app.table.move_to(page * PAGE)
            await until(pilot, lambda page=page: current(app) == f"id{page * PAGE}")
        assert app.table.cache.loaded() <= PAGE * PAGES


async def test_flying_over_the_list_asks_only_for_where_it_ends() -> None:
    app = Bench(source := Source())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.table.total)
        source.gate.clear()
        for place in range(0, 900_000, 10_000):
            app.table.move_to(place)
            await pilot.pause()
        source.gate.set()
        app.table.move_to(900_000)
        await until(pilot, lambda: current(app) == "id900000")
        assert len(source.asked) < 20


async def test_a_late_page_of_the_filter_before_never_shows() -> None:
    app = Bench(old := Source(word="old"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.table.total)
        old.gate.clear()
        app.table.move_to(5_000)
        await pilot.pause()
        app.table.show(Source(word="new"), COLUMNS)
        old.gate.set()
        await until(pilot, lambda: "new 0" in text(pilot))
        await pilot.pause(0.1)
        assert "old" not in text(pilot)


async def test_what_is_on_its_way_has_a_placeholder_and_no_row_to_act_on() -> None:
    source = Source()
    app = Bench(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.table.total)
        source.gate.clear()
        app.table.go("bottom")
        await pilot.pause()
        assert "····" in text(pilot)
        assert app.table.current() is None
        source.gate.set()
        await until(pilot, lambda: current(app) == "id999999")


async def test_live_changes_alter_cells_and_move_nothing() -> None:
    app = Bench(source := Source())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.table.total)
        app.table.move_to(7)
        source.changed["id7"] = "✖ down"
        assert await app.table.update_rows({"id7", "id500000"}) == 1
        await pilot.pause()
        assert current(app) == "id7"
        line = next(line for line in text(pilot).splitlines() if "row 7 " in line)
        assert line.startswith("›")
        assert "✖ down" in line


async def test_a_failed_page_is_reported_and_asked_for_again_on_retry() -> None:
    app = Bench(source := Source())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.table.total)
        source.error = ConnectionError("gone")
        app.table.go("bottom")
        await until(pilot, lambda: app.errors)
        source.error = None
        app.table.retry()
        await until(pilot, lambda: current(app) == "id999999")


async def test_marks_are_ids_and_survive_scrolling() -> None:
    app = Bench(Source())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: current(app) == "id0")
        app.table.mark()
        app.table.mark()
        app.table.go("bottom")
        await until(pilot, lambda: current(app) == "id999999")
        app.table.mark()
        assert set(app.table.marks) == {"id0", "id1", "id999999"}


async def test_columns_beyond_the_edge_are_reached_and_the_header_goes_along() -> None:
    wide = tuple(
        Column(f"c{n}", f"Heading{n}", 20, lambda row, n=n: (f"v{n}", "")) for n in range(9)
    )
    app = Bench(Source())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.table.total)
        app.table.set_columns(wide)
        await pilot.pause()
        assert "Heading8" not in text(pilot)
        for _ in range(8):
            app.table.go("right")
        await pilot.pause()
        assert "Heading8" in text(pilot)
        assert "v8" in text(pilot)


async def test_wide_characters_keep_the_columns_straight() -> None:
    column = Column("n", "N", 6, lambda row: ("日本語の学校", ""))
    after = Column("m", "M", 4, lambda row: ("end", ""))
    app = Bench(Source(total=3))
    async with app.run_test(size=(40, 10)) as pilot:
        await until(pilot, lambda: app.table.total == 3)
        app.table.set_columns((column, after))
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        assert all(strip.cell_length == 40 for strip in strips)


async def test_an_empty_list_is_quiet() -> None:
    app = Bench(Source(total=0))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.table.total == 0)
        for step in ("down", "up", "bottom", "page_down", "right"):
            app.table.go(step)
        assert app.table.current() is None
        app.table.mark()
        assert not app.table.marks
