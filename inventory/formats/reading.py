"""From a file's bytes to a table: the registry of formats that can be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from types import MappingProxyType

from inventory.formats.csv_file import read_csv
from inventory.formats.json_file import read_json
from inventory.formats.table import MAX_BYTES, FileRefused, Table, megabytes
from inventory.formats.xlsx_file import read_xlsx

READERS: Mapping[str, Callable[[bytes], Table]] = MappingProxyType({
    ".csv": read_csv, ".tsv": read_csv, ".txt": read_csv, "": read_csv,
    ".xlsx": read_xlsx, ".xlsm": read_xlsx, ".json": read_json,
})  # fmt: skip
"""File ending → reader. A new format is one line here and one module."""

_ADVICE = MappingProxyType({
    ".xls": "the old Excel format", ".xlsb": "Excel's binary format", ".ods": "OpenDocument",
    ".numbers": "a Numbers document", ".pdf": "a PDF", ".doc": "a text document",
    ".docx": "a text document", ".zip": "an archive", ".gz": "an archive",
})  # fmt: skip

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file, or one protected by a password"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (b"SQLite format 3", "a database"),
)


def read_table(data: bytes, filename: str, max_bytes: int = MAX_BYTES) -> Table:
    """Read a table. What the bytes are counts more than the file's ending.

    Raises FileRefused with a sentence that says what to do.
    """
    if len(data) > max_bytes:
        raise FileRefused(
            f"the file has {megabytes(len(data))}; at most {megabytes(max_bytes)} are read at "
            "once. Split it into several files, each with the heading row, or raise the setting "
            "imports.max_megabytes"
        )
    if not data.strip(b" \t\r\n"):
        raise FileRefused("the file is empty; it needs a row of headings and a row for each record")
    for magic, name in _MAGIC:
        if data.startswith(magic):
            raise FileRefused(f"this is {name}; save the table as XLSX or CSV without a password")
    ending = PurePath(filename).suffix.casefold()
    if data.startswith(b"PK\x03\x04"):
        return read_xlsx(data)
    if ending in _ADVICE:
        raise FileRefused(f"{ending} is {_ADVICE[ending]}; save the table as XLSX or CSV")
    return READERS.get(ending, read_csv)(data)
