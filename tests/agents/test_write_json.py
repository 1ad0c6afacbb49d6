"""JSON over the functions in C is the JSON of `json`; and named tuples are those of `typing`."""

from __future__ import annotations

import json
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import jsontext
from agents.tuples import NamedTuple as Ours

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.fixture(params=["thin", "thick"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    write, read = getattr(jsontext, request.param)()
    monkeypatch.setattr(jsontext, "to_json", write)
    monkeypatch.setattr(jsontext, "_read", read)


@pytest.mark.parametrize("way", ["thin", "thick"], indirect=True)
def test_what_is_written_is_what_json_writes_and_reads(way: None) -> None:
    @given(JSON)
    def check(value: Any) -> None:
        text = jsontext.to_json(value)
        assert text == json.dumps(value, separators=(",", ":"))
        assert jsontext.from_json(text.encode()) == json.loads(text)

    check()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_what_is_no_number_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        jsontext.to_json(value)


def test_what_json_has_not_is_not_written() -> None:
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        jsontext.to_json({"a": {1}})


@pytest.mark.parametrize(
    "data", [b"", b"nul", b"{}x", b"{", b'{"a":}', b"[NaN]", b"\xff", b"<html>", b'"\x01"']
)
def test_what_is_no_json_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        jsontext.from_json(data)


def test_white_space_around_and_inside_is_nothing() -> None:
    assert jsontext.from_json(b' \r\n{ "a" : [ 1 , 2 ] }\n') == {"a": [1, 2]}


class Usual(typing.NamedTuple):
    """As `typing` makes it."""

    a: int
    b: str = "x"

    @property
    def both(self) -> str:
        return f"{self.a}{self.b}"


made: Any = type(Ours)("Usual", (Ours,), {
    "__module__": __name__, "__qualname__": "Usual", "__annotations__": {"a": "int", "b": "str"},
    "b": "x", "both": Usual.both,
})  # fmt: skip


def test_a_named_tuple_is_one_of_typing() -> None:
    for kind in (Usual, made):
        one = kind(1)
        assert (one, one.a, one.b, one.both, len(one)) == ((1, "x"), 1, "x", "1x", 2)
        assert one._replace(b="y")._asdict() == {"a": 1, "b": "y"}
        assert kind._make([3, "z"]) == kind(a=3, b="z")
        assert (kind._fields, kind._field_defaults) == (("a", "b"), {"b": "x"})
        assert repr(one) == "Usual(a=1, b='x')"
        with pytest.raises(TypeError):
            kind()
        with pytest.raises(TypeError):
            kind(1, "x", 2)
        with pytest.raises(TypeError):
            kind._make([1])
        with pytest.raises((ValueError, TypeError)):
            one._replace(c=1)
        with pytest.raises(AttributeError):
            one.a = 2
