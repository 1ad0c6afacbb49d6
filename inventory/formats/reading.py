"""From a file's bytes to a table: the registry of formats that can be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from types import MappingProxyType

from inventory.formats.csv_file import read_csv
from inventory.formats.json_file import read_json
from inventory.formats.table import MAX_BYTES, FileRefused, Table, megabytes
from inventory.formats.xlsx_file import read_xlsx
from inventory.sentences import say

READERS: Mapping[str, Callable[[bytes], Table]] = MappingProxyType({
    ".csv": read_csv, ".tsv": read_csv, ".txt": read_csv, "": read_csv,
    ".xlsx": read_xlsx, ".xlsm": read_xlsx, ".json": read_json,
})  # fmt: skip
"""File ending → reader. A new format is one line here and one module."""

_ADVICE = MappingProxyType({
    ".xls": say("the old Excel format"), ".xlsb": say("Excel's binary format"),
    ".ods": say("OpenDocument"),
    ".numbers": say("a Numbers document"), ".pdf": say("a PDF"),
    ".doc": say("a text document"), ".docx": say("a text document"),
    ".zip": say("an archive"), ".gz": say("an archive"),
})  # fmt: skip

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", say("an old Excel file, or one protected by a password")),
    (b"%PDF", say("a PDF")),
    (b"\x89PNG", say("a picture")),
    (b"\xff\xd8\xff", say("a picture")),
    (b"\x1f\x8b", say("a compressed file")),
    (b"SQLite format 3", say("a database")),
)


def read_table(data: bytes, filename: str, max_bytes: int = MAX_BYTES) -> Table:
    """Read a table. What the bytes are counts more than the file's ending.

    Raises FileRefused with a sentence that says what to do.
    """
    if len(data) > max_bytes:
        raise FileRefused(
            say(
                "the file has {size}; at most {most} are read at once. Split it into several "
                "files, each with the heading row, or raise the setting imports.max_megabytes",
                size=megabytes(len(data)),
                most=megabytes(max_bytes),
            )
        )
    if not data.strip(b" \t\r\n"):
        raise FileRefused("the file is empty; it needs a row of headings and a row for each record")
    for magic, name in _MAGIC:
        if data.startswith(magic):
            raise FileRefused(
                say("this is {name}; save the table as XLSX or CSV without a password", name=name)
            )
    ending = PurePath(filename).suffix.casefold()
    if data.startswith(b"PK\x03\x04"):
        return read_xlsx(data)
    if ending in _ADVICE:
        raise FileRefused(
            say(
                "{ending} is {what}; save the table as XLSX or CSV",
                ending=ending,
                what=_ADVICE[ending],
            )
        )
    return READERS.get(ending, read_csv)(data)
