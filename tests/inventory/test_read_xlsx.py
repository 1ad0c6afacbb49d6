"""XLSX files, sound and broken, made by openpyxl or by hand."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import Workbook

from inventory.formats import FileRefused, plan_file, read_table, xlsx_file
from inventory.kinds import DEVICE


def xlsx(*rows: list[Any], change: Callable[[Workbook], None] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if change is not None:
        change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def repack(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def test_cells_become_the_text_a_person_would_type() -> None:
    table = read_table(
        xlsx(
            ["nr", "date", "time", "rate", "yes", "text", "empty"],
            [164800.0, dt.datetime(2026, 8, 31), dt.datetime(2026, 8, 31, 7, 5), 1.5, True, "02"],
        ),
        "x.xlsx",
    )
    assert table.rows == [
        (2, ["164800", "2026-08-31", "2026-08-31T07:05:00", "1.5", "yes", "02", ""])
    ]
    assert table.notes == []


def test_the_content_counts_more_than_the_ending() -> None:
    assert read_table(xlsx(["a", "b"], ["1", "2"]), "devices.csv").headings == ("a", "b")


def test_the_first_visible_sheet_that_is_not_empty_is_read_and_said() -> None:
    def change(book: Workbook) -> None:
        hidden = book.create_sheet("Alt", 0)
        hidden.append(["old"])
        hidden.sheet_state = "hidden"
        book.create_sheet("Leer", 1)
        book.create_sheet("Zweite").append(["second"])

    table = read_table(xlsx(["a", "b"], ["1", "2"], change=change), "x.xlsx")
    assert table.headings == ("a", "b")
    assert "'Sheet' is read" in table.notes[0]
    assert "'Zweite'" in table.notes[0]


def test_blank_rows_keep_the_row_numbers() -> None:
    assert read_table(xlsx(["a", "b"], [], ["1", "2"]), "x.xlsx").rows == [(3, ["1", "2"])]


def test_a_formula_without_a_value_makes_a_problem_that_names_the_cell() -> None:
    table = read_table(xlsx(["a", "b"], ["1", "=A2&A2"], ["2", "'=x"]), "x.xlsx")
    assert set(table.problems) == {2}
    assert "cell B2 is a formula without a value" in table.problems[2]


def test_a_formula_with_a_computed_value_is_that_value() -> None:
    def compute(name: str, data: bytes) -> bytes:
        return data.replace(b"<f>A2+1</f><v />", b"<f>A2+1</f><v>42</v>").replace(
            b"<f>A2+1</f><v></v>", b"<f>A2+1</f><v>42</v>"
        )

    table = read_table(repack(xlsx(["a", "b"], [41, "=A2+1"]), compute), "x.xlsx")
    assert table.rows == [(2, ["41", "42"])]
    assert table.problems == {}
    assert "formulas" in table.notes[0]


def test_an_error_value_makes_a_problem_that_names_the_cell() -> None:
    table = read_table(xlsx(["a", "b"], ["1", "#N/A"]), "x.xlsx")
    assert "cell B2 holds the error #N/A" in table.problems[2]


def test_a_serial_number_that_lost_digits_makes_a_problem() -> None:
    table = read_table(xlsx(["serial"], [12345678901234567890]), "x.xlsx")
    assert "more than 15 digits" in table.problems[2]


def test_a_wrong_declared_size_does_not_hide_rows() -> None:
    def shrink(name: str, data: bytes) -> bytes:
        return data.replace(b'ref="A1:B2"', b'ref="A1"') if "sheet1" in name else data

    assert read_table(repack(xlsx(["a", "b"], ["1", "2"]), shrink), "x.xlsx").rows


SOUND = xlsx(["serial", "model"], *[[f"S{n}", "iPad"] for n in range(500)])


@pytest.mark.parametrize("share", [0.003, 0.02, 0.5, 0.997])
def test_a_truncated_file_is_refused(share: float) -> None:
    kept = round(len(SOUND) * share)
    with pytest.raises(FileRefused, match="cut off"):
        read_table(SOUND[:kept], "x.xlsx")


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_broken_parts_are_refused(part: str) -> None:
    def cut(name: str, data: bytes) -> bytes:
        return data[: len(data) // 2] if name == part else data

    with pytest.raises(FileRefused, match="cut off"):
        read_table(repack(SOUND, cut), "x.xlsx")


def test_flipped_bytes_are_refused_or_harmless() -> None:
    for at in range(40, len(SOUND), len(SOUND) // 40):
        broken = SOUND[:at] + bytes([SOUND[at] ^ 0xFF]) + SOUND[at + 1 :]
        try:
            read_table(broken, "x.xlsx")
        except FileRefused:
            continue


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    buffer = io.BytesIO(SOUND)
    with (
        zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/media/image.bin", "w") as part,
    ):
        for _ in range(300):
            part.write(bytes(1_000_000))
    assert len(buffer.getvalue()) < 1024 * 1024
    with pytest.raises(FileRefused, match="unpacks to 300 MB"):
        read_table(buffer.getvalue(), "x.xlsx")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'<row r="2"', b'<row r="999999999999"'), (b'r="B2"', b'r="ZZZ2"')],
)
def test_a_sheet_that_claims_to_be_huge_is_refused(
    old: bytes, new: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_file, "MAX_ROWS", 10_000)
    monkeypatch.setattr(xlsx_file, "MAX_CELLS", 10_000)

    def claim(name: str, data: bytes) -> bytes:
        assert "sheet1" not in name or old in data
        return data.replace(old, new) if "sheet1" in name else data

    with pytest.raises(FileRefused, match="more than"):
        read_table(repack(xlsx(["a", "b"], ["1", "2"]), claim), "x.xlsx")


def test_other_archives_say_what_they_are() -> None:
    def archive(name: str, text: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr(name, text)
        return buffer.getvalue()

    with pytest.raises(FileRefused, match="OpenDocument"):
        read_table(archive("mimetype", "application/vnd.oasis…"), "x.ods")
    with pytest.raises(FileRefused, match="no XLSX file"):
        read_table(archive("devices.csv", "a;b"), "x.zip")
    with pytest.raises(FileRefused, match="no visible sheet"):
        read_table(xlsx(), "x.xlsx")
    with pytest.raises(FileRefused, match="cut off or is no XLSX"):
        read_table(b"serial;model\n", "x.xlsx")


def test_a_name_that_became_a_date_is_refused_and_a_date_in_its_place_is_none() -> None:
    day = dt.datetime(2024, 2, 14)
    heading = ["Seriennummer", "Art", "Schulnr", "Raum", "Kaufdatum", "Bemerkung"]
    data = xlsx(heading, ["A", "pc", "1", day, day, day], ["B", "pc", "1", "2.14", day, day])
    bad, good = plan_file(DEVICE, data, "x.xlsx").rows
    assert bad.problems
    assert bad.problems[0].startswith("Raum: a spreadsheet took what was typed for a date")
    assert "2024-02-14" in "; ".join(bad.problems)
    assert good.values is not None
    assert good.values["purchased"] == "2024-02-14"
