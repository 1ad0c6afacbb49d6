"""What is packed comes out again, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolops.telemetry.chunks import Chunk, pack

WHOLE = st.integers(-(2**63), 2**63 - 1)
NARROW = st.integers(-130, 130)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[int | None]]:
    count = draw(st.integers(1, 80))
    kinds = st.sampled_from([WHOLE, NARROW, st.none() | NARROW, st.none() | WHOLE, st.none()])
    names = draw(st.lists(st.text(min_size=1, max_size=20), max_size=6, unique=True))
    return {name: draw(st.lists(draw(kinds), min_size=count, max_size=count)) for name in names}


@given(tables())
def test_columns_come_out_as_they_went_in(columns: dict[str, list[int | None]]) -> None:
    chunk = Chunk(pack(columns))
    assert {name: chunk.column(name) for name in columns} == columns
    assert set(chunk.names) == {n for n, c in columns.items() if any(v is not None for v in c)}


def test_a_column_that_is_not_there_is_not_known() -> None:
    assert Chunk(pack({"a": [1, 2, 3]})).column("b") == [None, None, None]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_a_value_beyond_64_bits_is_refused(value: int) -> None:
    for column in ([value], [0, value], [value, 0]):
        with pytest.raises(ValueError, match="64 bits"):
            pack({"a": column})


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        pack({"a": [1], "b": [1, 2]})


@given(st.data())
def test_a_damaged_chunk_is_told_and_not_believed(data: st.DataObject) -> None:
    whole = pack({"a": list(range(0, 900, 7)), "b": [None, 4, *[5] * 127]})
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match="chunk"):
        Chunk(whole[:cut])
