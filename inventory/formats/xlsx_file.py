"""XLSX by openpyxl, which is imported only when such a file comes."""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

from inventory.formats.table import (
    MAX_CELLS,
    MAX_ROWS,
    MAX_UNPACKED_BYTES,
    FileRefused,
    Table,
    column_letter,
    make_table,
    megabytes,
)
from inventory.sentences import say

_BROKEN = say(
    "the file is cut off or is no XLSX file; copy it again, or open it and save it as XLSX"
)
_MAX_PARTS = 10_000


def read_xlsx(data: bytes) -> Table:
    """Read the first sheet that is not empty. Raises FileRefused."""
    _check_archive(data)
    try:
        return _read(data)
    except FileRefused:
        raise
    except Exception as error:
        # Whatever a broken file makes a zip and XML reader raise: KeyError, ParseError, zlib …
        raise FileRefused(
            say("{broken} ({why})", broken=_BROKEN, why=type(error).__name__)
        ) from error


def _check_archive(data: bytes) -> None:
    """Look at the zip directory before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise FileRefused(_BROKEN) from None
    names = {part.filename for part in parts}
    if "mimetype" in names:
        raise FileRefused("this is an OpenDocument file; save it as XLSX or CSV")
    if any(part.flag_bits & 1 for part in parts):
        raise FileRefused("the file is protected by a password; save it without one")
    if "[Content_Types].xml" not in names:
        raise FileRefused("this is a zip archive and no XLSX file; unpack it and import the table")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MAX_UNPACKED_BYTES or len(parts) > _MAX_PARTS:
        raise FileRefused(
            say(
                "the file unpacks to {size} in {count} parts; at most {most} are read. Split "
                "it, or save the sheet as CSV",
                size=megabytes(unpacked),
                count=len(parts),
                most=megabytes(MAX_UNPACKED_BYTES),
            )
        )


def _read(data: bytes) -> Table:
    notes: list[str] = []
    book = _open(data, data_only=False)
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    for index, sheet in enumerate(visible):
        problems: dict[int, str] = {}
        formulas: dict[tuple[int, int], None] = {}
        dates: set[tuple[int, int]] = set()
        rows = list(_rows(sheet, problems, formulas, dates))
        if not rows:
            continue
        if len(book.worksheets) > 1:
            others = ", ".join(repr(one.title) for one in book.worksheets if one is not sheet)
            notes.append(
                say(
                    "the sheet {sheet!r} is read; left out: {others}",
                    sheet=sheet.title,
                    others=others,
                )
            )
        if formulas:
            _fill_formulas(data, sheet.title, rows, formulas, problems)
            notes.append(
                say(
                    "{count} cells are formulas; their last computed value is taken",
                    count=len(formulas),
                )
            )
        del visible[index:]
        return make_table(rows, notes, problems, dates=dates, pad=True)
    raise FileRefused("the workbook has no visible sheet with anything in it")


def _open(data: bytes, *, data_only: bool) -> Any:
    # openpyxl warns of styles and extensions it does not know; none concerns the values.
    warnings.filterwarnings("ignore", module="openpyxl")
    import openpyxl

    return openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=data_only, keep_links=False
    )


def _grid(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Row number and cells; refuses what claims to be larger than a spreadsheet can be."""
    sheet.reset_dimensions()  # the declared size is wrong in files of some programs
    cells = 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells += len(row)
        if number > MAX_ROWS or cells > MAX_CELLS:
            raise FileRefused(
                say(
                    "the sheet {sheet!r} has more than {most} rows or {cells} cells; delete the "
                    "empty rows and columns, or save the table as CSV",
                    sheet=sheet.title,
                    most=f"{MAX_ROWS:,}",
                    cells=f"{MAX_CELLS:,}",
                )
            )
        yield number, row


def _rows(
    sheet: Any,
    problems: dict[int, str],
    formulas: dict[tuple[int, int], None],
    dates: set[tuple[int, int]],
) -> Iterator[tuple[int, list[str]]]:
    for number, row in _grid(sheet):
        cells: list[str] = []
        for index, cell in enumerate(row):
            value = cell.value
            if value is None:
                cells.append("")
            elif cell.data_type == "f":
                formulas[number, index] = None
                cells.append("=")
            elif isinstance(value, str) and cell.data_type != "e":
                cells.append(value)
            else:
                cells.append(_value(value, cell.data_type, number, index, problems))
                if isinstance(value, dt.date):
                    dates.add((number, index))
        if any(cells):
            yield number, cells


def _value(value: Any, data_type: str, number: int, index: int, problems: dict[int, str]) -> str:
    if data_type == "e":
        problems.setdefault(
            number,
            say(
                "cell {cell} holds the error {value}; correct it",
                cell=f"{column_letter(index)}{number}",
                value=value,
            ),
        )
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and abs(value) >= 1e15:
        problems.setdefault(
            number,
            say(
                "cell {cell} holds a number of more than 15 digits, and spreadsheets forget the "
                "others; format the column as text and enter it again",
                cell=f"{column_letter(index)}{number}",
            ),
        )
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(timespec="seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _fill_formulas(
    data: bytes,
    title: str,
    rows: list[tuple[int, list[str]]],
    formulas: dict[tuple[int, int], None],
    problems: dict[int, str],
) -> None:
    """Put the values a spreadsheet program computed last in place of the formulas."""
    cells_of = dict(rows)
    for number, row in _grid(_open(data, data_only=True)[title]):
        for index, cell in enumerate(row):
            if (number, index) not in formulas:
                continue
            if cell.value is None:
                problems.setdefault(
                    number,
                    say(
                        "cell {cell} is a formula without a value; open the file in a spreadsheet "
                        "program and save it, or put the value in its place",
                        cell=f"{column_letter(index)}{number}",
                    ),
                )
                cells_of[number][index] = ""
            else:
                text = _value(cell.value, cell.data_type, number, index, problems)
                cells_of[number][index] = text
