"""What is wrong with a request that does not have the form it should have, as a sentence.

Pydantic says it in words for programmers; these are for whoever typed the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from inventory.sentences import Sentence, say

_EXAMPLES = ("2026-10", "07:30")
"""What fits one of the patterns of our parameters."""
_SHOWN = 40
"""Characters of a value that are repeated."""
_WHOLE = ("int_parsing", "int_type", "int_from_float", "int_parsing_size")
_NUMBER = ("float_parsing", "float_type", "finite_number")
_TRUTH = ("bool_parsing", "bool_type")


def sentence_of(found: Mapping[str, Any]) -> Sentence:
    """What one of pydantic's errors means; its own words where there are no better ones."""
    where = ".".join(str(part) for part in found["loc"] if part not in ("body", "query"))
    kind, limits = found["type"], found.get("ctx") or {}
    text = str(found.get("input"))[:_SHOWN]
    if kind == "missing":
        return say("{where} is missing", where=where)
    if kind == "string_too_short" and limits["min_length"] == 1:
        return say("{where} is empty; write something", where=where)
    if kind == "string_too_short":
        return say("{where} has at least {count} characters", where=where,
                   count=limits["min_length"])  # fmt: skip
    if kind == "string_too_long":
        return say("{where} has at most {count} characters", where=where,
                   count=limits["max_length"])  # fmt: skip
    if kind == "string_pattern_mismatch":
        for example in _EXAMPLES:
            if re.match(limits["pattern"], example):
                return say("{where} is written as {example}, not {text!r}", where=where,
                           example=example, text=text)  # fmt: skip
    if kind in ("greater_than_equal", "greater_than"):
        least = limits.get("ge", limits.get("gt"))
        return say("{where} is a number from {least} on, not {text}", where=where, least=least,
                   text=text)  # fmt: skip
    if kind in ("less_than_equal", "less_than"):
        most = limits.get("le", limits.get("lt"))
        return say("{where} is a number up to {most}, not {text}", where=where, most=most,
                   text=text)  # fmt: skip
    if kind in _WHOLE:
        return say("{field} wants a whole number, not {text!r}", field=where, text=text)
    if kind in _NUMBER:
        return say("{field} wants a number, not {text!r}", field=where, text=text)
    if kind in _TRUTH:
        return say("{field} wants yes or no, not {text!r}", field=where, text=text)
    if kind.startswith("datetime_"):
        return say("{where} is a time such as 2026-11-24T07:00:00+01:00, not {text!r}",
                   where=where, text=text)  # fmt: skip
    if kind.startswith("date_"):
        return say("{where} is a day such as 2026-11-24, not {text!r}", where=where, text=text)
    if kind in ("literal_error", "enum"):
        known = str(limits["expected"]).replace(" or ", ", ").replace("'", "")
        return say("{where} is one of {known}", where=where, known=known)
    if kind == "json_invalid":
        return say("the body is no JSON: {problem}", problem=limits.get("error", ""))
    return say("{where}: {problem}", where=where, problem=found["msg"])
