"""Records as a file: CSV, JSON or XLSX, in a stream.

Headings are the names of the fields, so that every exported file can be imported again and
gives equal values.

CSV is made for a German Excel: semicolons, UTF-8 with a byte order mark, decimal comma; text
that begins like a formula (= + - @) gets an apostrophe in front, which the import takes away.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from inventory.fields import Field, Type, Value
from inventory.formats.table import MAX_ROWS, FileRefused
from inventory.kinds import Kind
from inventory.sentences import say

Rows = Iterable[Sequence[Value]]

_CHUNK = 64 * 1024
_NUMBERS = frozenset({Type.INTEGER, Type.DECIMAL, Type.RATE})
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Format:
    """A format that can be written. `writer` gets the fields of the columns and the rows."""

    name: str
    media_type: str
    ending: str
    writer: Callable[[Sequence[Field], Rows], Iterator[bytes]]


def write(format: str, kind: Kind, columns: Sequence[str], rows: Rows) -> Iterator[bytes]:
    """Write rows, each with one stored value a column, references as keys.

    Raises ValueError for an unknown format or column before anything is written.
    """
    if format not in FORMATS:
        raise ValueError(
            say(
                "there is no format {format!r}; known are {known}",
                format=format,
                known=", ".join(FORMATS),
            )
        )
    by_name = kind.by_name()
    unknown = [name for name in columns if name not in by_name]
    if unknown or not columns:
        raise ValueError(
            say(
                "{kinds} have no column {unknown}; known are {known}",
                kinds=say(kind.label_plural),
                unknown=", ".join(unknown) or "chosen",
                known=", ".join(by_name),
            )
        )
    return FORMATS[format].writer([by_name[name] for name in columns], rows)


def _write_csv(columns: Sequence[Field], rows: Rows) -> Iterator[bytes]:
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([_cell(c, value) for c, value in zip(columns, row, strict=True)])
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def _cell(column: Field, value: Value) -> str:
    text = column.format(value)
    if column.type is Type.DECIMAL:
        return text.replace(".", ",")
    if column.type not in _NUMBERS and text and text[0] in "=+-@'\t\r" and _FORMULA.match(text):
        return f"'{text}"
    return text


def _write_json(columns: Sequence[Field], rows: Rows) -> Iterator[bytes]:
    names = [column.name for column in columns]
    encode = json.JSONEncoder(ensure_ascii=False).encode
    pieces, size, before = ["["], 1, "\n"
    for row in rows:
        piece = before + encode(dict(zip(names, row, strict=True)))
        pieces.append(piece)
        size += len(piece)
        before = ",\n"
        if size > _CHUNK:
            yield "".join(pieces).encode("utf-8", "replace")
            pieces, size = [], 0
    yield "".join([*pieces, "\n]\n"]).encode("utf-8", "replace")


def _write_xlsx(columns: Sequence[Field], rows: Rows) -> Iterator[bytes]:
    warnings.filterwarnings("ignore", module="openpyxl")
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("schoolops")
    sheet.freeze_panes = "A2"
    for index, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width + 2

    def cell(column: Field, value: Value) -> Any:
        plain = _xlsx_value(column, value)
        if isinstance(plain, str) and plain[:1] in ("=", "#"):
            text: Any = WriteOnlyCell(sheet, value="")
            text._value = plain  # the setter would make a formula or an error of it
            text.data_type = "s"
            return text
        return plain

    try:
        sheet.append([column.name for column in columns])
        for number, row in enumerate(rows, 2):
            if number > MAX_ROWS:
                raise FileRefused(
                    say(
                        "XLSX holds at most {most} rows; export CSV, or filter",
                        most=f"{MAX_ROWS:,}",
                    )
                )
            sheet.append([cell(c, value) for c, value in zip(columns, row, strict=True)])
    except BaseException:
        sheet.close()  # else its temporary file stays until the process ends
        sheet._writer.cleanup()
        raise
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _xlsx_value(column: Field, value: Value) -> str | int | float | dt.date | None:
    if value is None:
        return None
    if column.type is Type.DATE and str(value) >= "1901":  # before, Excel knows no dates
        try:
            return dt.date.fromisoformat(str(value))
        except ValueError:
            return str(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return value
    return _NO_XML.sub("\ufffd", column.format(value))


FORMATS: Mapping[str, Format] = MappingProxyType({
    one.name: one
    for one in (
        Format("csv", "text/csv; charset=utf-8", ".csv", _write_csv),
        Format("json", "application/json", ".json", _write_json),
        Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
               ".xlsx", _write_xlsx),
    )
})  # fmt: skip
"""What can be written, by name. A new format is one line here and its writer."""
