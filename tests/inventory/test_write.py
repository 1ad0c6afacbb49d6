"""Export, and its return by import."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.fields import Field, Type, Value
from inventory.formats import FORMATS, FileRefused, plan_file, write, writing
from inventory.kinds import CONTACT, DEVICE, EDITABLE, SCHOOL, SITE, UPLINK, Kind

DEVICES = [
    ("A1", "ipad", "=1+1", "164800", "164800/2.14", ("52:54:00:ab:cd:ef", "52:54:00:ab:cd:f0")),
    ("A2", "switch", None, "164800", None, None),
]
COLUMNS = ("serial", "kind", "name", "school", "room", "macs")


def export(format: str, kind: Kind, columns: Any, rows: Any) -> bytes:
    return b"".join(write(format, kind, columns, rows))


def test_csv_opens_in_a_german_excel_and_runs_no_formula() -> None:
    data = export("csv", DEVICE, COLUMNS, DEVICES)
    assert data.startswith(b"\xef\xbb\xbfserial;kind;name;school;room;macs\r\n")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    assert rows[1] == ["A1", "ipad", "'=1+1", "164800", "164800/2.14",
                       "52:54:00:ab:cd:ef 52:54:00:ab:cd:f0"]  # fmt: skip
    assert rows[2] == ["A2", "switch", "", "164800", "", ""]


@pytest.mark.parametrize("text", ["=A1", "+49 211", "-x", "@SUM(A1)", "'=A1"])
def test_text_that_begins_like_a_formula_is_guarded_and_numbers_are_not(text: str) -> None:
    assert f";'{text}\r\n".encode() in export("csv", CONTACT, ("school", "phone"), [("1", text)])
    site = export("csv", SITE, ("school", "longitude", "latitude"), [("1", -3.5, 51.25)])
    assert site.endswith(b"1;-3,5;51,25\r\n")


def test_json_is_an_array_of_objects_with_plain_values() -> None:
    assert json.loads(export("json", DEVICE, COLUMNS, DEVICES)) == [
        dict(zip(COLUMNS, [list(v) if isinstance(v, tuple) else v for v in row], strict=True))
        for row in DEVICES
    ]
    assert json.loads(export("json", DEVICE, COLUMNS, [])) == []


def test_xlsx_has_numbers_dates_and_texts_as_such() -> None:
    data = export(
        "xlsx", UPLINK, ("school", "name", "contract_down_bps", "contract_end", "provider"),
        [("164800", "02", 1_000_000_000, "2027-07-31", "=cmd()"), ("1", "x", None, None, "#N/A")],
    )  # fmt: skip
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    cells = [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert cells[0][0] == ("164800", "s")
    assert cells[0][1] == ("02", "s")
    assert cells[0][2] == (1_000_000_000, "n")
    assert cells[0][3][1] == "d"
    assert cells[0][4] == ("=cmd()", "s")
    assert cells[1][4] == ("#N/A", "s")


def test_rows_are_written_as_they_come_and_not_collected() -> None:
    taken = 0

    def endless() -> Any:
        nonlocal taken
        while True:
            taken += 1
            yield ("A" * 100, "ipad")

    for format in ("csv", "json"):
        taken = 0
        assert len(next(write(format, DEVICE, ("serial", "kind"), endless()))) > 60_000
        assert taken < 2_000


def test_too_many_rows_for_xlsx_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_ROWS", 10)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(FileRefused, match="export CSV"):
        export("xlsx", DEVICE, ("serial",), [("A",)] * 10)
    assert list(tmp_path.iterdir()) == []
    assert export("xlsx", DEVICE, ("serial",), [("A",)] * 9)


def test_unknown_formats_and_columns_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="csv, json, xlsx"):
        write("pdf", DEVICE, ("serial",), [])
    with pytest.raises(ValueError, match="no column colour"):
        write("csv", DEVICE, ("serial", "colour"), [])
    with pytest.raises(ValueError, match="known are kind"):
        write("csv", DEVICE, (), [])


_LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")) | st.sampled_from(
    "\n\t=+-@'\";,|ÄöüßÉ#_"
)


def _text() -> st.SearchStrategy[str]:
    import unicodedata

    plain = st.text(_LETTERS, min_size=1, max_size=20)
    return plain.map(lambda text: unicodedata.normalize("NFC", text.strip())).filter(
        lambda text: bool(text.strip()) and text == text.strip()
    )


_JUDGED: dict[str, st.SearchStrategy[Any]] = {
    "number": st.sampled_from(["164800", "01A02", "KITA-1"]),
    "phone": st.sampled_from(["0211 8924260", "+49 (211) 89-1", "Durchwahl 12; =1+2"]),
    "postcode": st.sampled_from(["01067", "40213", "=L-1234"]),
    "networks": st.sampled_from(["10.20.0.0/16", "10.1.0.0/24, 2001:db8::/32"]),
    "utm_easting": st.integers(270_000, 950_000),
    "utm_northing": st.integers(5_200_000, 6_130_000),
    "latitude": st.floats(-90, 90).map(lambda x: round(x, 6)),
    "built": st.integers(800, 2200),
}
_JUDGED |= dict.fromkeys(("fax", "hotline"), _JUDGED["phone"])


def _stored(field: Field) -> st.SearchStrategy[Value]:
    if field.name in _JUDGED and field.judge is not None:
        return _JUDGED[field.name]
    macs = st.binary(min_size=6, max_size=6).map(lambda raw: bytes([4, *raw[1:]]).hex(":"))
    by_type: dict[Type, st.SearchStrategy[Any]] = {
        Type.TEXT: _text(),
        Type.INTEGER: st.integers(0, 10_000),
        Type.DECIMAL: st.floats(-180, 180).map(lambda x: round(x, 6)),
        Type.DATE: st.dates(dt.date(1980, 1, 1), dt.date(2026, 1, 1)).map(
            lambda day: day.isoformat()
        ),
        Type.RATE: st.integers(0, 10**14),
        Type.MACS: st.lists(macs, min_size=1, max_size=3, unique=True).map(tuple),
        Type.ADDRESS: st.ip_addresses(network="10.0.0.0/8").map(str),
        Type.EMAIL: st.sampled_from(["a.b@schule.nrw.de", "+x@y.de"]),
        Type.REFERENCE: _text().map(lambda text: f"164800/{text}"),
    }
    if field.type is Type.CHOICE:
        return st.sampled_from(sorted(field.choices))
    return by_type[field.type]


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize("kind", EDITABLE, ids=lambda kind: kind.name)
@settings(max_examples=15)
@given(data=st.data())
def test_what_is_exported_and_imported_again_is_equal(
    kind: Kind, format: str, data: st.DataObject
) -> None:
    fields = kind.editable_fields()
    rows = []
    for number in range(data.draw(st.integers(1, 3))):
        row = [
            data.draw(_stored(f) if f.required or f.name in kind.key else st.none() | _stored(f))
            for f in fields
        ]
        for index, field in enumerate(fields):  # keys differ
            if field.name in (kind.key[-1], *kind.alternative_keys):
                row[index] = f"{row[index]}-{number}"
            if field.type is Type.MACS and row[index]:
                row[index] = tuple(f"{4 * number + 4:02x}{mac[2:]}" for mac in row[index])
        rows.append(row)
    columns = [f.name for f in fields]
    plan = plan_file(kind, export(format, kind, columns, rows), f"x.{format}")
    found = list(plan.rows)
    assert [row.problems for row in found] == [()] * len(rows)
    assert [row.values for row in found] == [dict(zip(columns, row, strict=True)) for row in rows]


def test_a_list_of_all_columns_can_be_imported_without_those_of_the_system() -> None:
    columns = list(SCHOOL.by_name())
    values = {"number": "164800", "name": "HG", "key": "164800", "health": "ok", "retired": False}
    data = export("csv", SCHOOL, columns, [[values.get(name) for name in columns]])
    plan = plan_file(SCHOOL, data, "x.csv")
    (row,) = plan.rows
    assert row.values is not None
    assert row.values["name"] == "HG"
    assert {"key", "health", "retired"} <= set(plan.ignored)
