"""A table as read from a file, before anybody knows what its columns mean."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from inventory.sentences import say

MAX_BYTES = 64_000_000
"""Size of a file that is read at most, unless the caller allows more."""
MAX_UNPACKED_BYTES = 256_000_000
"""Size of an XLSX file's parts after decompression at most."""
MAX_ROWS = 1_048_576
"""Rows of a spreadsheet at most: Excel's own limit."""
MAX_CELLS = 20_000_000
MAX_COLUMNS = 1_000


class FileRefused(ValueError):
    """The file as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows of text. Row numbers are those a spreadsheet shows, heading included.

    Every row has as many cells as there are headings. `problems` names rows that cannot be
    trusted (ragged, a formula without a value) and why; they are in `rows` too. `dates` are the
    cells that a spreadsheet holds as dates (row, column from 0). `notes` say what was guessed
    about the file.
    """

    headings: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    notes: list[str] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)
    dates: frozenset[tuple[int, int]] = frozenset()


def make_table(
    raw: Iterable[tuple[int, list[str]]],
    notes: list[str],
    problems: dict[int, str] | None = None,
    *,
    dates: set[tuple[int, int]] | None = None,
    pad: bool = False,
) -> Table:
    """Find the heading row, drop blank rows, and check that each row fits the headings.

    With `pad`, short rows are filled with empty cells (spreadsheets leave them out); without,
    they are problems (a text file that was cut off has them). `dates` are the cells that are
    dates. Raises FileRefused when there is no heading.
    """
    problems = {} if problems is None else problems
    filled = ((number, cells) for number, cells in raw if any(map(str.strip, cells)))
    number, headings = next(filled, (0, []))
    rest = next(filled, None)
    if rest and _width(headings) == 1 and _width(rest[1]) > 2 and number not in problems:
        notes.append(
            say(
                "row {row} ({title!r}) is a title; headings are in row {next}",
                row=number,
                title=_first(headings),
                next=rest[0],
            )
        )
        number, headings = rest
        rest = next(filled, None)
    if not headings:
        raise FileRefused("the file is empty; it needs a row of headings and a row for each record")
    names = [_clean(name) for name in headings]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise FileRefused(
            say(
                "row {row} has {count} columns; at most {most} are read. Keep the heading "
                "row and the columns that are wanted",
                row=number,
                count=f"{len(names):,}",
                most=f"{MAX_COLUMNS:,}",
            )
        )
    width = len(names)
    rows: list[tuple[int, list[str]]] = []
    while rest is not None:
        number, cells = rest
        if len(cells) != width:
            cells = _fit(number, cells, width, problems, pad=pad)
        rows.append((number, [cell if cell.isascii() else _compose(cell) for cell in cells]))
        rest = next(filled, None)
    return Table(tuple(names), rows, notes, problems, frozenset(dates or ()))


def _fit(
    number: int, cells: list[str], width: int, problems: dict[int, str], *, pad: bool
) -> list[str]:
    """A row of another length than the headings: trailing empty cells are harmless."""
    over = any(cell.strip() for cell in cells[width:])
    if over or (len(cells) < width and not pad):
        problems.setdefault(
            number,
            say(
                "has {count} cells where the heading row has {width}; a separator inside a value "
                "wants quotes around the value",
                count=len(cells),
                width=width,
            ),
        )
    return (cells + [""] * (width - len(cells)))[:width]


def _width(cells: list[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _first(cells: list[str]) -> str:
    return next(cell.strip() for cell in cells if cell.strip())[:40]


def _clean(heading: str) -> str:
    return " ".join(_compose(heading.replace("\ufeff", "")).split())


def _compose(text: str) -> str:
    """One code point for each umlaut: some systems write them as letter and dots."""
    return unicodedata.normalize("NFC", text)


def column_letter(index: int) -> str:
    """The spreadsheet's name of a column counted from 0: 'A', 'Z', 'AA'."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def megabytes(size: int) -> str:
    """A size for a sentence: '200 MB'."""
    return f"{size / 1_000_000:.0f} MB"
