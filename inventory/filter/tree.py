"""The syntax tree of a filter: plain, frozen, small enough to translate in one function."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from inventory.fields import fold
from inventory.sentences import as_sentence, say

Scalar = str | int | float | bool


class Op(StrEnum):
    """How a field compares. EMPTY and ANY have no values, the order operators exactly one."""

    EQ = "="
    LIKE = "*"  # values are patterns, see `pattern_parts`
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    EMPTY = "empty"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Word:
    """A word anywhere in the record's search text. `text` is as typed."""

    text: str
    negated: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """Folded forms; the word matches when one of them is part of the search text.

        There are two when the word is a MAC address in another notation than aa:bb:cc:dd:ee:ff.
        """
        folded = fold(self.text)
        mac = _mac_form(folded)
        return (folded,) if mac is None or mac == folded else (folded, mac)


_PLAIN_MAC = re.compile(
    r"[0-9a-f]{12}|[0-9a-f]{2}(-[0-9a-f]{2}){2,5}|[0-9a-f]{4}\.[0-9a-f]{4}(\.[0-9a-f]{4})?"
)


def _mac_form(folded: str) -> str | None:
    """The colon form of a MAC address, or of the beginning of one with separators."""
    if _PLAIN_MAC.fullmatch(folded) is None:
        return None
    digits = re.sub(r"[.\-]", "", folded)
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


@dataclass(frozen=True, slots=True)
class Match:
    """A condition on one field. `values` are stored values (`Field.parse`), any of which may fit.

    Text values are as typed: fold them, and the stored text, to compare. Values of
    `TIME_FIELDS` are read by `instant_range`, values of LIKE by `pattern_parts`.
    """

    field: str
    op: Op
    values: tuple[Scalar, ...] = ()
    negated: bool = False


Term = Word | Match


@dataclass(frozen=True, slots=True)
class Filter:
    """All terms must hold; without terms it matches everything."""

    terms: tuple[Term, ...] = ()

    def names(self, field: str) -> bool:
        """Whether a term is about this field (`retired`, say)."""
        return any(isinstance(term, Match) and term.field == field for term in self.terms)


class FilterError(ValueError):
    """A filter that cannot be understood; the message says what would be right.

    `position` counts characters from 0, `length` is how many of them are wrong.
    """

    def __init__(self, sentence: str, position: int, length: int = 1) -> None:
        super().__init__(
            say(
                "{problem} (at character {position} of the filter)",
                problem=as_sentence(sentence),
                position=position + 1,
            )
        )
        self.position = position
        self.length = length


def pattern_parts(pattern: str) -> tuple[str, ...]:
    r"""The literal pieces of a pattern between its stars: '*air*' → ('', 'air', '').

    In a pattern `\*` and `\\` stand for the characters themselves. For SQL: escape and fold
    each piece and join them with `%`.
    """
    parts = [""]
    escaped = False
    for letter in pattern:
        if escaped or letter not in "*\\":
            parts[-1] += letter
            escaped = False
        elif letter == "*":
            parts.append("")
        else:
            escaped = True
    return tuple(parts)


def escape_pattern(text: str) -> str:
    """The pattern that matches exactly this text."""
    return text.replace("\\", "\\\\").replace("*", "\\*")
