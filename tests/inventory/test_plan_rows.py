"""From a file to proposed records, row by row."""

from __future__ import annotations

import subprocess
import sys
import time

from inventory.formats import ParsedRow, plan_file
from inventory.kinds import CONTACT, DEVICE, ROOM, Kind


def rows(kind: Kind, text: str) -> list[ParsedRow]:
    return list(plan_file(kind, text.encode(), "x.csv").rows)


def test_a_good_row_has_values_and_a_key() -> None:
    (row,) = rows(ROOM, "Schulnummer;Raum;Plätze;Gebäude\n164800;2.14;30;Altbau\n")
    assert row == ParsedRow(
        2, "164800/2.14",
        {"school": "164800", "name": "2.14", "seats": 30, "building": "164800/Altbau"},
    )  # fmt: skip


def test_a_room_inside_its_school_becomes_the_whole_key() -> None:
    text = "serial;kind;school;room\nA1;pc;164800;2.14\nA2;pc;164800;164800/2.15\nA3;pc;164800;\n"
    assert [(row.values or {})["room"] for row in rows(DEVICE, text)] == [
        "164800/2.14", "164800/2.15", None,
    ]  # fmt: skip


def test_a_bad_row_says_all_that_is_wrong_and_stops_no_other() -> None:
    text = "serial;kind;school;Garantie\nA1;ipod;;soon\nA2;ipad;164800;31.12.2027\n"
    bad, good = rows(DEVICE, text)
    assert bad.problems
    assert (bad.row, bad.key) == (2, "A1")
    for part in ("kind: ", "Garantie: ", "school: must not be empty"):
        assert part in "; ".join(bad.problems)
    assert good.values is not None
    assert good.values["warranty_until"] == "2027-12-31"


def test_one_serial_twice_refuses_all_its_rows_and_names_them() -> None:
    text = "serial;kind;school\nA1;ipad;1\nB;ipad;1\na1;ipad;2\nC;ipad;1\nB;ipad;1\nB;bad;1\n"
    found = rows(DEVICE, text)
    assert [bool(row.problems) for row in found] == [True, True, True, False, True, True]
    assert found[0].problems == ("row 2 and row 4 both have serial A1",)
    assert found[1].problems == ("rows 3, 6, 7 all have serial B",)
    assert "kind: " in "; ".join(found[5].problems)
    assert "rows 3, 6, 7" in "; ".join(found[5].problems)


def test_one_mac_address_on_two_rows_refuses_both_and_names_them() -> None:
    text = (
        "serial;kind;school;mac\n"
        "A;ipad;1;02:00:00:00:00:01 02:00:00:00:00:02\n"
        "B;ipad;1;0200.0000.0003\n"
        "C;ipad;1;02-00-00-00-00-02\n"
        "D;ipad;1;\n"
    )
    found = rows(DEVICE, text)
    assert [bool(row.problems) for row in found] == [True, False, True, False]
    assert found[0].problems == ("row 2 and row 4 both have MAC address 02:00:00:00:00:02",)
    assert found[2].problems == found[0].problems


def test_many_equal_rows_are_named_in_short() -> None:
    text = "serial;kind;school\n" + "A;ipad;1\n" * 30
    assert "2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 20 more" in rows(DEVICE, text)[0].problems[0]


def test_keys_of_several_fields_are_compared_whole() -> None:
    text = "Schulnr;Raum\n164800;1\n164801;1\n164800;1\n"
    found = rows(ROOM, text)
    assert [bool(row.problems) for row in found] == [True, False, True]
    assert found[0].problems == ("row 2 and row 4 both have Schulnr 164800, Raum 1",)
    text = "Schulnr;Rolle;Name\n1;Schulleitung;M. Weber\n1;head;M. Weber\n1;Sekretariat;M. Weber\n"
    assert [bool(row.problems) for row in rows(CONTACT, text)] == [True, True, False]


def test_asset_tags_identify_devices_without_serial_and_are_unique_too() -> None:
    text = "serial;tag;kind;school\n;T1;ipad;1\nS1;T2;ipad;1\nS2;T2;ipad;1\n;;ipad;1\n"
    found = rows(DEVICE, text.replace("tag", "asset_tag"))
    assert [row.key for row in found] == ["T1", "S1", "S2", ""]
    assert [bool(row.problems) for row in found] == [False, True, True, True]
    assert found[3].problems == ("a device needs one of: serial, asset_tag",)


def test_ragged_rows_are_refused_with_the_reason() -> None:
    short, good = rows(DEVICE, "serial;kind;school\nA1;ipad\nA2;ipad;1\n")
    assert short.problems
    assert "2 cells" in "; ".join(short.problems)
    assert good.values is not None


def test_a_serial_that_a_spreadsheet_shortened_is_refused() -> None:
    (row,) = rows(DEVICE, "serial;kind;school\n3,51234E+14;ipad;1\n")
    assert "shortened by a spreadsheet" in "; ".join(row.problems)


def test_fifty_thousand_devices_are_read_in_seconds() -> None:
    kinds = ("iPad", "Switch", "Zugangspunkt", "notebook")
    lines = ["Seriennummer;Geräteart;Modell;Schulnummer;Raum;MAC;IP;Kaufdatum;Garantie bis;Name"]
    lines += [
        f"DMP{n:07};{kinds[n % 4]};iPad (10. Gen.);{164000 + n % 170};{n % 5}.{n % 40:02};"
        f"52:54:00:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x};10.{n >> 16}.{n >> 8 & 255}."
        f"{n & 255};{1 + n % 28:02}.08.2024;2027-08-{1 + n % 28:02};Gerät {n}"
        for n in range(50_000)
    ]
    data = "\r\n".join(lines).encode("cp1252")
    began = time.process_time()
    found = list(plan_file(DEVICE, data, "devices.csv").rows)
    spent = time.process_time() - began
    assert len(found) == 50_000
    assert all(row.values for row in found)
    assert spent < 6, f"{spent:.1f} s"  # about 1.2 s here; the rest is for slow machines
    print(f"50,000 rows: {spent:.2f} s CPU")


def test_the_heavy_readers_are_imported_only_when_needed() -> None:
    code = (
        "import sys, inventory.formats as f; from inventory.kinds import ROOM\n"
        "list(f.plan_file(ROOM, b'school;name\\n1;2\\n', 'x.csv').rows)\n"
        "print(sorted({'openpyxl', 'utm', 'numpy', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_that_a_spreadsheet_took_for_days_are_refused_and_said() -> None:
    text = "Schulnr;Raum\n1;Aug 23\n1;14. Feb\n1;23-Aug\n1;Mai 24\n1;Aula\n1;Mai\n1;August 23b\n"
    found = rows(ROOM, text)
    assert [bool(row.problems) for row in found] == [True] * 4 + [False] * 3
    assert "Raum: a spreadsheet took what was typed for a date and made 'Aug 23'" in "; ".join(
        found[0].problems
    )
    assert "format the column as text" in "; ".join(found[0].problems)


def test_a_day_in_the_notes_is_no_mistake() -> None:
    (row,) = rows(ROOM, "Schulnr;Raum;Bemerkung\n1;2.14;14. Feb\n")
    assert row.values is not None


def test_a_day_as_a_number_says_what_it_is() -> None:
    bad, good = rows(DEVICE, "serial;kind;school;kaufdatum\nA;pc;1;45170\nB;pc;1;1.9.2023\n")
    assert "45170 is the number by which a spreadsheet keeps the day 2023-09-01" in "; ".join(
        bad.problems
    )
    assert (good.values or {})["purchased"] == "2023-09-01"


def test_a_room_whose_name_may_be_a_day_is_taken_with_a_remark() -> None:
    doubtful, sure = rows(ROOM, "Schulnr;Raum\n1;45170\n1;10170\n")
    assert doubtful.warnings == (
        "45170 may be 2023-09-01, as a spreadsheet counts days; look at the list",
    )
    assert sure.warnings == ()
