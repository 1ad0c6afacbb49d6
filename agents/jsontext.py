"""JSON over the two functions that are written in C: `json` with its regular expressions costs
1.3 MB, and makes them anew for each text.

They are `json`'s own and private to Python. Where they are not as expected, tried once on a
sample, or a text is none, `json` does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Codec = tuple[Callable[[Any], str], Callable[[str, int], tuple[Any, int]]]

_SAMPLE = {"a": [1, -2.5, None, True, "ä\n"], "b": {}}
_WRITTEN = '{"a":[1,-2.5,null,true,"\\u00e4\\n"],"b":{}}'


def _refuse(value: object) -> Any:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class _Rules:
    """What the reading function asks for."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, staticmethod(_constant)


def thin() -> Codec | None:
    """How to write JSON, and how to read it from an offset of a text on (StopIteration for none);
    None where the functions are not as expected."""
    try:
        import _json

        make: Any = _json.make_encoder
        chunks: Any = make(
            None, _refuse, _json.encode_basestring_ascii, None, ":", ",", False, False, False
        )
        read: Any = _json.make_scanner(_Rules)  # type: ignore[arg-type]

        def write(value: object) -> str:
            return "".join(chunks(value, 0))

        if write(_SAMPLE) == _WRITTEN and read(_WRITTEN, 0) == (_SAMPLE, len(_WRITTEN)):
            return write, read
    except (ImportError, AttributeError, TypeError, ValueError, StopIteration):
        pass
    return None


def thick() -> Codec:
    """The same with `json`."""
    import json

    encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)
    decoder: Any = json.JSONDecoder(parse_constant=_constant)
    return encoder.encode, decoder.scan_once


to_json, _read = thin() or thick()
"""JSON in as few bytes as it goes; ValueError for what is not a number, TypeError for what JSON has
not."""


def from_json(data: bytes | str) -> Any:
    """What JSON in UTF-8 says; ValueError if it is none."""
    text = (data if isinstance(data, str) else data.decode()).strip()
    try:
        value, end = _read(text, 0)
    except StopIteration:
        raise ValueError("this is no JSON") from None
    if end != len(text):
        raise ValueError("there is more behind the JSON")
    return value
