"""`inventory.fields.fold` in SQL, the same on both databases and in every locale.

SQLite calls ours. PostgreSQL's `lower` knows only ASCII under the locale C and other letters
under others, so that the letters of Latin, Greek and Cyrillic script are named one by one. It is
written out where it is used: a function in the database would have to be migrated.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Integer, Text

from inventory.fields import fold


class folded(FunctionElement[str]):
    """A text expression, folded."""

    name = "schoolops_fold"
    inherit_cache = True
    type = Text()


@compiles(folded, "sqlite")
def _sqlite(element: folded, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    # Most values are ASCII; calling Python for each row takes five times as long.
    return f"CASE WHEN {text} NOT GLOB '*[^\x01-\x7f]*' THEN lower({text}) " + (
        f"ELSE schoolops_fold({text}) END"
    )


@compiles(folded, "postgresql")
def _postgresql(element: folded, compiler: Any, **options: Any) -> str:
    text = f"CAST({compiler.process(element.clauses, **options)} AS TEXT)"
    lower = f'lower({text} COLLATE "C")'
    # Most values are ASCII, and for those it must be quick.
    ascii_only = f"octet_length({text}) = char_length({text})"
    return f"CASE WHEN {ascii_only} THEN {lower} ELSE {_HEAD}{lower}{_TAIL} END"


class position(FunctionElement[int]):
    """Where in a text another one begins, from 1; 0 when it is not in it."""

    name = "schoolops_position"
    inherit_cache = True
    type = Integer()


@compiles(position, "sqlite")
def _instr(element: position, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(position, "postgresql")
def _strpos(element: position, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


_SCRIPTS = (
    range(0x80, 0x530),  # Latin, Greek, Cyrillic
    range(0x1E00, 0x2000),  # Latin and Greek with more marks
    range(0x2100, 0x2150),  # letterlike signs
    range(0xFB00, 0xFB07),  # ligatures
)
_FOLDED = {
    letter: fold(letter)
    for letter in (chr(code) for script in _SCRIPTS for code in script)
    if fold(letter) != letter
}
_SINGLE = {letter: to for letter, to in _FOLDED.items() if len(to) == 1}
_LONGER = {letter: to for letter, to in _FOLDED.items() if len(to) > 1}
_HEAD = "replace(" * len(_LONGER) + "translate("
_TAIL = f", '{''.join(_SINGLE)}', '{''.join(_SINGLE.values())}')" + "".join(
    f", '{letter}', '{to}')" for letter, to in _LONGER.items()
)
