"""Sentences for people that can be said in their language later.

    raise ValueError(say("{field} wants yes or no, not {text!r}", field="loan", text="maybe"))

A `Sentence` is its English text; beside it it keeps the message id of the gettext catalogue and
the values in it. Whoever shows it (a terminal, a web page) translates the id and fills it in
again: `fill(message, params, gettext)`. Over HTTP both travel as `message` and `params`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_PLACE = re.compile(r"\{(\w+)(!r)?\}")


class Sentence(str):
    """English text with what it was made of. Make it with `say` or `join`.

    `params` is JSON: texts, numbers, or another sentence as `{"message", "params"}`.
    """

    message: str
    params: dict[str, Any]

    def __new__(cls, message: str, params: Mapping[str, Any]) -> Sentence:
        plain = {name: _as_json(value) for name, value in params.items()}
        made = super().__new__(cls, fill(message, plain))
        made.message, made.params = message, plain
        return made


def say(message: str, /, **params: Any) -> Sentence:
    """A sentence: English with places in braces, `{name}` or `{name!r}` for one in quotes.

    A value may be a sentence itself (a label that has a translation, a reason).
    """
    return Sentence(message, params)


def join(parts: Mapping[str, str] | Iterable[str], between: str = "; ", most: int = 0) -> Sentence:
    """Several sentences as one; `params` has each under its key, or its number from 1.

    Of more than `most` (0: any number) the rest are only counted.
    """
    if not isinstance(parts, Mapping):
        told = list(parts)
        if most and len(told) > most:
            told[most:] = [say("and {count} more", count=len(told) - most)]
        parts = {str(number): part for number, part in enumerate(told, 1)}
    message = between.join(f"{{{name}}}" for name in parts)
    return Sentence(message, {name: as_sentence(part) for name, part in parts.items()})


def did_you_mean(problem: Sentence, close: Sequence[str]) -> Sentence:
    """The problem, with the known words that are near to the one that was given."""
    if not close:
        return problem
    return say("{problem} (did you mean {words}?)", problem=problem, words=", ".join(close))


def as_sentence(text: str | BaseException) -> Sentence:
    """The sentence of an error or a text; what is no sentence is one without values."""
    found = text.args[0] if isinstance(text, BaseException) and text.args else text
    return found if isinstance(found, Sentence) else Sentence(str(text), {})


def wire(text: str) -> dict[str, Any]:
    """`message` and `params` of a text, to send beside it."""
    sentence = as_sentence(text)
    return {"message": sentence.message, "params": sentence.params}


def fill(
    message: str, params: Mapping[str, Any], translate: Callable[[str], str] = lambda text: text
) -> str:
    """The text of a message with its values; anything else in braces stays as it is."""

    def value(place: re.Match[str]) -> str:
        if place[1] not in params:
            return place[0]
        found = params[place[1]]
        if isinstance(found, Mapping):
            found = fill(str(found.get("message", "")), found.get("params") or {}, translate)
        return repr(found) if place[2] else str(found)

    # A message id is short; text that came in its place is not looked up.
    return _PLACE.sub(value, translate(message))


def _as_json(value: Any) -> Any:
    if isinstance(value, Sentence):
        return {"message": value.message, "params": value.params}
    return value if isinstance(value, int | float) else str(value)
