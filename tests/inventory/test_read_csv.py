"""CSV files as they come from other programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.formats import FileRefused, read_table

TEXT = "Schulnummer;Raum;Bemerkung\n164800;2.14;Größe\n164801;2.15;'+49 211\n"
ROWS = [(2, ["164800", "2.14", "Größe"]), (3, ["164801", "2.15", "+49 211"])]


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", None),
        ("cp1252", "Windows-1252"),
    ],
)
def test_every_usual_encoding_gives_the_same_rows(encoding: str, note: str | None) -> None:
    table = read_table(TEXT.encode(encoding), "rooms.csv")
    assert table.headings == ("Schulnummer", "Raum", "Bemerkung")
    assert table.rows == ROWS
    assert [note for _ in table.notes] == [note] * (note is not None)
    assert note is None or note in table.notes[0]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_the_separator_and_the_line_ending_are_found(delimiter: str, ending: str) -> None:
    text = TEXT.replace(";", delimiter).replace("\n", ending)
    assert read_table(text.encode(), "rooms.csv").rows == ROWS


def test_a_separator_inside_quotes_does_not_count() -> None:
    text = 'serial;owner\nA1;"Meier, Hans, Klasse 5, links"\nA2;"a, b, c, d"\n'
    assert read_table(text.encode(), "x.csv").headings == ("serial", "owner")


def test_excels_separator_hint_is_obeyed_and_counts_as_a_row() -> None:
    table = read_table(b"sep=|\r\na|b;c\r\n1|2;3\r\n", "x.csv")
    assert table.headings == ("a", "b;c")
    assert table.rows == [(3, ["1", "2;3"])]


def test_quoted_line_breaks_stay_in_the_value_and_rows_are_counted_like_a_spreadsheet() -> None:
    text = 'serial;notes\nA1;"first\nsecond ""quoted"""\n\n;\nA2;x\n'
    assert read_table(text.encode(), "x.csv").rows == [
        (2, ["A1", 'first\nsecond "quoted"']),
        (5, ["A2", "x"]),
    ]


def test_a_ragged_row_is_a_problem_of_that_row_alone() -> None:
    table = read_table(b"a;b;c\n1;2;3\n1;2\n1;2;3;4\n1;2;3;;\n", "x.csv")
    assert [number for number, _ in table.rows] == [2, 3, 4, 5]
    assert set(table.problems) == {3, 4}
    assert "2 cells where the heading row has 3" in table.problems[3]
    assert all(len(cells) == 3 for _, cells in table.rows)


def test_a_title_above_the_headings_is_skipped_and_said() -> None:
    table = read_table("Geräteliste 2026\n\nserial;model;room\nA1;iPad;2.14\n".encode(), "x.csv")
    assert table.headings == ("serial", "model", "room")
    assert table.rows == [(4, ["A1", "iPad", "2.14"])]
    assert "Geräteliste 2026" in table.notes[0]


def test_umlauts_of_two_code_points_become_one() -> None:
    table = read_table("a;b\nGro\u0308ße;x\n".encode(), "x.csv")
    assert table.rows == [(2, ["Größe", "x"])]


def test_a_file_converted_twice_is_said() -> None:
    twice = "a;b\nGröße;x\n".encode().decode("cp1252").encode()
    assert "converted twice" in " ".join(read_table(twice, "x.csv").notes)


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"", "x.csv", "empty"),
        (b"\xef\xbb\xbf \r\n", "x.csv", "empty"),
        (b";;\n;;\n", "x.csv", "empty"),
        (b"a;b\n1;\0\n", "x.csv", "NUL"),
        (b"a;b\n1;\x81\n", "x.csv", "no cp1252 text"),
        (b"\xff\xfea\x00;\x00b\x00\n", "x.csv", "utf-16"),
        (b'a;b\n1;2\n1;"2\n3;4\n', "x.csv", "row 3"),
        (b'a;b\n1;"2"x\n', "x.csv", "quote"),
        (b"a;b\n1;" + b"x" * 200_000, "x.csv", "row 2"),
        (b"a;" * 2000, "x.csv", "1,000"),
        (b"%PDF-1.7 ...", "x.csv", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "x.xls", "password"),
        (b"BIFF", "x.xls", "save the table as XLSX or CSV"),
    ],
)
def test_what_is_no_table_is_refused_with_advice(data: bytes, name: str, says: str) -> None:
    with pytest.raises(FileRefused, match=says):
        read_table(data, name)


def test_a_file_of_200_mb_is_refused_without_being_read() -> None:
    with pytest.raises(FileRefused, match=r"200 MB; at most 64 MB.*Split it") as refused:
        read_table(bytes(200_000_000), "devices.csv")
    assert "imports.max_megabytes" in str(refused.value)
    assert read_table(b"a;b\n1;2\n", "x.csv", max_bytes=8).rows
    with pytest.raises(FileRefused):
        read_table(b"a;b\n1;2\n", "x.csv", max_bytes=7)


@given(st.binary(max_size=200), st.sampled_from(["x.csv", "x.json", "x.xlsx", "x"]))
def test_any_bytes_are_a_table_or_refused(data: bytes, name: str) -> None:
    try:
        table = read_table(data, name)
    except FileRefused as refused:
        assert len(str(refused)) > 20  # noqa: PT017
        return
    assert all(len(cells) == len(table.headings) for _, cells in table.rows)
