"""The memory of a big list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.pages import GONE, PAGE, PAGES, PageCache, Row


def rows(page: int, count: int = PAGE, word: str = "x") -> list[Row]:
    return [[f"{page}-{n}", f"k{n}", 1, False, word] for n in range(count)]


def test_an_answer_to_an_older_query_is_dropped() -> None:
    cache = PageCache()
    generation = cache.begin(0)
    cache.reset()
    assert not cache.accept(generation, 0, rows(0))
    assert cache.row(0) is None


def test_a_page_on_its_way_is_not_asked_for_again_until_it_fails() -> None:
    cache = PageCache()
    assert cache.missing(0, PAGE * 2 - 1) == [0, 1]
    generation = cache.begin(0)
    assert cache.missing(0, PAGE * 2 - 1) == [1]
    cache.fail(generation, 0)
    assert cache.missing(0, PAGE * 2 - 1) == [0, 1]


@given(st.lists(st.integers(0, 400), max_size=300))
def test_memory_stays_bounded_and_the_newest_page_stays(pages: list[int]) -> None:
    cache = PageCache()
    for page in pages:
        cache.accept(cache.begin(page), page, rows(page))
        assert cache.row(page * PAGE) == rows(page)[0]
        assert cache.loaded() <= PAGE * PAGES


@given(st.sets(st.integers(0, PAGE - 1)), st.sets(st.integers(0, PAGE - 1)))
def test_a_patch_changes_asked_rows_in_place_and_marks_vanished_ones(
    asked: set[int], there: set[int]
) -> None:
    cache = PageCache()
    cache.accept(cache.begin(0), 0, rows(0))
    fresh = {f"0-{n}": [f"0-{n}", f"k{n}", 2, False, "new"] for n in there}
    cache.patch(0, PAGE - 1, fresh, [f"0-{n}" for n in asked])
    for n in range(PAGE):
        row = cache.row(n)
        assert row is not None
        assert row[0] == f"0-{n}"  # nothing moved
        if n not in asked:
            assert row[4] == "x"
        elif n in there:
            assert row[4] == "new"
        else:
            assert row[3] == GONE


def test_a_changed_page_out_of_sight_is_read_again_and_one_on_screen_is_kept() -> None:
    cache = PageCache()
    for page in (0, 1):
        cache.accept(cache.begin(page), page, rows(page))
    cache.forget_changed({"0-3", "1-3"}, 0, 20)
    assert cache.row(3) is not None
    assert cache.row(PAGE + 3) is None
