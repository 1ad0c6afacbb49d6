"""`schoolops import` and `export`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from tests.cli.conftest import Run

FILE = "Seriennummer;Schulnr;Geräteart;Modell\nIM-1;164800;iPad;Air\nIM-2;164800;iPad;Air\n"


def test_the_same_file_twice_changes_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "geräte.csv"
    file.write_bytes(FILE.encode("cp1252"))
    first = run("import", "devices", str(file), "--json")
    assert first.code == 0
    assert {k: first.json[k] for k in ("new", "changed", "same", "refused")} == {
        "new": 2, "changed": 0, "same": 0, "refused": 0,
    }  # fmt: skip
    assert [row["key"] for row in first.json["rows"]] == ["IM-1", "IM-2"]
    again = run("import", "devices", str(file))
    assert again.code == 0
    assert "0 new, 0 changed, 2 same, 0 refused" in again.out


def test_a_dry_run_only_tells(run: Run) -> None:
    data = b"serial;school;kind\nIM-3;164800;ipad\n"
    result = run("import", "devices", "-", "--dry-run", stdin=data)
    assert result.code == 0
    assert "1 would be new" in result.out
    assert run("show", "device", "IM-3").code == 1


def test_a_refused_row_stops_no_other_and_the_exit_code_says_so(run: Run) -> None:
    data = b"serial;school;kind\nIM-4;164800;ipad\nIM-5;999999;ipad\n"
    result = run("import", "devices", "-", stdin=data)
    assert result.code == 1
    assert "row 3 refused" in result.err
    assert "999999" in result.err
    assert "1 new" in result.out
    assert run("show", "device", "IM-4").code == 0


def test_a_list_of_ipads_need_not_say_that_they_are(run: Run) -> None:
    result = run("import", "ipads", "-", stdin=b"serial;school\nIM-6;164800\n")
    assert result.code == 0, result.err
    assert run("show", "device", "IM-6", "--json").json["values"]["kind"] == "ipad"


def test_a_mapping_says_what_a_heading_means(run: Run) -> None:
    data = b"Nr.;Anstalt;kind\nIM-7;164800;ipad\n"
    refused = run("import", "devices", "-", stdin=data)
    assert refused.code == 1
    assert "Nr." in refused.err
    words = ("--map", "Nr.=serial", "Anstalt=school")
    assert run("import", "devices", "-", *words, stdin=data).code == 0
    assert run("import", "devices", "-", "--map", "Nr.=seriell", stdin=data).code == 2
    assert run("import", "devices", "-", "--map", "Nr.", stdin=data).code == 2


def test_changed_rows_are_told_with_old_and_new(run: Run) -> None:
    run("import", "devices", "-", stdin=b"serial;school;kind;name\nIM-8;164800;ipad;a\n")
    result = run("import", "devices", "-", stdin=b"serial;school;kind;name\nIM-8;164800;ipad;b\n")
    assert "IM-8: name 'a' → 'b'" in result.out


def test_what_was_empty_is_called_so(run: Run) -> None:
    run("import", "devices", "-", stdin=b"serial;school;kind\nIM-9;164800;ipad\n")
    data = b"serial;school;kind;model\nIM-9;164800;ipad;Air\n"
    assert "IM-9: model empty → 'Air'" in run("import", "devices", "-", stdin=data).out
    assert "model: empty → 'Air'" in run("history", "ipad", "IM-9").out


def test_the_states_list_leaves_corrections_unless_it_shall_overwrite(run: Run) -> None:
    listed = b"SchulNr;ABez1;SF;SchBetrSchl;Ort\n164823;Schule am Rhein;02;1;Bonn\n"
    run("import", "schools", "-", stdin=listed)
    run("edit", "school", "164823", "city=Köln")
    again = run("import", "schools", "-", "--json", stdin=listed).json
    assert {k: again[k] for k in ("new", "changed", "same", "refused", "kept")} == {
        "new": 0, "changed": 0, "same": 1, "refused": 0, "kept": 1,
    }  # fmt: skip
    told = run("import", "schools", "-", stdin=listed).out
    assert "row 2: 164823: kept city 'Köln', the list says 'Bonn'" in told
    assert "in 1 row own values are kept; --overwrite takes the list's" in told
    assert "city\n" in run("show", "school", "164823").out.partition("corrected here")[2]
    assert "1 changed" in run("import", "schools", "-", "--overwrite", stdin=listed).out
    assert "corrected here" not in run("show", "school", "164823").out
    run("retire", "school", "164823", "--reason", "other tests count schools")


def test_files_that_are_none_are_refused_in_a_sentence(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 not really")
    for words, code in (
        ([str(broken)], 1),
        (["/nonexistent.csv"], 1),
        ([str(tmp_path)], 2),
    ):
        result = run("import", "devices", *words)
        assert result.code == code
        assert result.err.startswith("schoolops: ")
        assert result.err.count("\n") == 1


def test_a_file_beyond_the_limit_is_refused_without_being_read_whole(
    run: Run, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.write(b"serial;school;kind\n")
        file.truncate(200_000_000)
    result = run("import", "devices", str(huge))
    assert result.code == 1
    assert "64" in result.err


def test_an_export_is_read_again_as_the_same(run: Run, tmp_path: Path) -> None:
    run("new", "printer", "serial=EX-1", "school=164800", "name=Büro, links")
    for ending in ("csv", "json", "xlsx"):
        file = tmp_path / f"printers.{ending}"
        result = run("export", "printers", "serial:EX-1", "-o", str(file))
        assert result.code == 0, result.err
        assert result.out == ""
        report = run("import", "devices", str(file), "--json").json
        assert (report["same"], report["changed"], report["new"]) == (1, 0, 0), ending


def test_without_a_file_it_goes_to_standard_output(run: Run) -> None:
    run("new", "printer", "serial=EX-2", "school=164800")
    result = run("export", "printers", "serial:EX-2", "--format", "json")
    assert json.loads(result.out)[0]["serial"] == "EX-2"
    result = run("export", "printers", "serial:EX-2", "--columns", "serial,school")
    assert result.out.lstrip("\ufeff").splitlines() == ["serial;school", "EX-2;164800"]


def test_an_xlsx_is_a_workbook(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "schools.xlsx"
    assert run("export", "schools", "-o", str(file)).code == 0
    assert zipfile.is_zipfile(file)
    assert list(tmp_path.iterdir()) == [file]


def test_an_unknown_ending_or_folder_is_wrong_use(run: Run, tmp_path: Path) -> None:
    assert run("export", "schools", "-o", str(tmp_path / "x.doc")).code == 2
    assert run("export", "schools", "-o", str(tmp_path / "no" / "x.csv")).code == 2
    assert run("export", "schools", "--format", "pdf").code == 2


def test_a_file_name_without_o_is_no_filter_but_a_slip(run: Run, tmp_path: Path) -> None:
    for word in ("out.csv", str(tmp_path / "Out.XLSX"), "devices.json"):
        result = run("export", "devices", "school:164800", word)
        assert result.code == 2
        assert f"-o {word}" in result.err
        assert result.out == ""
    assert run("export", "devices", "name:out.csv").code == 0


def test_an_export_of_nothing_says_so_beside_the_data(run: Run, tmp_path: Path) -> None:
    result = run("export", "devices", "name:nowhere-to-be-found", "--columns", "serial")
    assert result.code == 0
    assert result.out.lstrip("\ufeff").splitlines() == ["serial"]
    assert "no devices match name:nowhere-to-be-found" in result.err
    file = tmp_path / "none.xlsx"
    assert "no devices match" in run("export", "devices", "name:nix-da", "-o", str(file)).err
    assert file.exists()


def test_a_file_that_is_there_is_overwritten_only_when_told_so(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "schools.csv"
    file.write_text("mine")
    refused = run("export", "schools", "-o", str(file))
    assert (refused.code, file.read_text()) == (1, "mine")
    assert "--force overwrites it" in refused.err
    assert run("export", "schools", "-o", str(file), "--force").code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert "number" in file.read_text("utf-8-sig")
