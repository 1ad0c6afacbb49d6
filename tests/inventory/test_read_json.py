"""JSON files: a list of objects."""

from __future__ import annotations

import pytest

from inventory.formats import FileRefused, read_table


def test_objects_become_rows_and_their_keys_headings() -> None:
    data = """[
        {"serial": "A1", "retired": false, "macs": ["aa", "bb"], "seats": 3.0, "lat": 51.5},
        {"serial": "A2", "notes": null, "model": "iPad"}
    ]"""
    table = read_table(data.encode(), "x.json")
    assert table.headings == ("serial", "retired", "macs", "seats", "lat", "notes", "model")
    assert table.rows == [
        (1, ["A1", "no", "aa bb", "3", "51.5", "", ""]),
        (2, ["A2", "", "", "", "", "", "iPad"]),
    ]


def test_what_is_no_flat_object_is_a_problem_of_its_row() -> None:
    table = read_table(b'[{"a": "1"}, 7, {"a": {"b": 2}}, {"a": [{}]}, {"a": "5"}]', "x.json")
    assert [number for number, _ in table.rows] == [1, 2, 3, 4, 5]
    assert set(table.problems) == {2, 3, 4}
    assert table.problems[2] == "is no object"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'[{"a": 1}, {"a": ', "no complete JSON.*line 1"),
        (b'{"a": 1}', "list of objects"),
        (b"[]", "empty"),
        (b'[{"a": NaN}]', "NaN is no number"),
        (b"[" * 100_000, "nested too deeply"),
        (b'[{"a": ' + b"9" * 10_000 + b"}]", "no JSON"),
    ],
)
def test_broken_json_is_refused_with_the_place(data: bytes, says: str) -> None:
    with pytest.raises(FileRefused, match=says):
        read_table(data, "x.json")
