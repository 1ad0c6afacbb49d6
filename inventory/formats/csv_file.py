"""CSV as it really comes: any usual separator, UTF-8, UTF-16 or Windows-1252."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator

from inventory.formats.table import MAX_ROWS, FileRefused, Table, make_table
from inventory.sentences import say

DELIMITERS = (";", "\t", ",", "|")
_NAMES = {";": say("semicolon"), "\t": say("tab"), ",": say("comma"), "|": say("bar")}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_IN_HEADING = 1000.0
_SAVE_AGAIN = say("save it again as 'CSV UTF-8' or as XLSX")

GUARDED = re.compile(r"'+[=+\-@\t\r]")
"""Text that the export guarded by one apostrophe against being run as a formula."""


def read_csv(data: bytes) -> Table:
    """Read a CSV file. Raises FileRefused; notes name a guessed encoding and separator."""
    notes: list[str] = []
    text = decode(data, notes)
    delimiter, text = _delimiter(text)
    if delimiter != ";":
        notes.append(say("columns are separated by {name}", name=_NAMES[delimiter]))
    return make_table(_records(text, delimiter), notes)


def decode(data: bytes, notes: list[str]) -> str:
    """Bytes to text by byte order mark, UTF-8, or Windows-1252 with a note."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strict(data[len(bom) :], encoding)
    head = data[:4096]
    if head.count(0) > len(head) // 4:  # two bytes a letter, one of them mostly 0
        encoding = "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"
        notes.append(say("the file is read as UTF-16"))
        return _strict(data, encoding)
    if 0 in data:
        raise FileRefused(
            say("the file has NUL bytes, so it is no text; {advice}", advice=_SAVE_AGAIN)
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = _strict(data, "cp1252")
        notes.append(say("the file is not UTF-8 and is read as Windows-1252; look at the umlauts"))
        return text
    if re.search("Ã[¤¶¼Ÿ„–œ]", text):
        notes.append(say("some umlauts look broken (Ã¼ for ü): the file was converted twice"))
    return text


def _strict(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileRefused(
            say(
                "byte {byte} of the file is no {encoding} text; {advice}",
                byte=error.start + 1,
                encoding=encoding,
                advice=_SAVE_AGAIN,
            )
        ) from None
    if "\0" in text:
        raise FileRefused(
            say("the file has NUL characters, so it is no text; {advice}", advice=_SAVE_AGAIN)
        )
    return text


def _delimiter(text: str) -> tuple[str, str]:
    """The separator, and the text without Excel's `sep=` line."""
    hint = re.match(r"sep=([;,\t|])\r?\n", text)
    if hint is not None:
        # A blank line stays, so that row numbers are those an editor shows.
        return hint[1], text[hint.end() - 1 :]
    sample = text[:65536]

    def score(delimiter: str) -> float:
        """Columns of the heading row, or else of the widest one, times the share of rows as wide.

        Separators in the headings decide: a title has none, and values may hold any.
        """
        try:
            reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
            rows = [row for row in itertools.islice(reader, 25) if any(row)]
        except csv.Error:
            return 0.0
        if len(rows) > 2 and len(sample) == 65536:
            rows.pop()  # cut off by the sample
        if not rows:
            return 0.0
        heading = len(rows[0])
        width = heading if heading > 1 else max(map(len, rows))
        share = width * sum(len(row) == width for row in rows) / len(rows)
        return 0.0 if width == 1 else share + _IN_HEADING if heading > 1 else share

    return max(DELIMITERS, key=score), text


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if number > MAX_ROWS:
                raise FileRefused(
                    say("the file has more than {most} rows; split it", most=f"{MAX_ROWS:,}")
                )
            yield number, [_unguard(cell) for cell in cells] if "'" in "".join(cells) else cells
    except csv.Error as error:
        raise FileRefused(
            say(
                "row {row} cannot be read ({why}); probably a quote is not closed, or a "
                'quote inside a value is not doubled ("")',
                row=number + 1,
                why=error,
            )
        ) from None


def _unguard(cell: str) -> str:
    return cell[1:] if GUARDED.match(cell) else cell
