"""Import and export: names are completed, mistakes are named, nothing is overwritten unasked."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest

from inventory.kinds import DEVICE
from tests.tui.dialog_host import OPEN, Desk, showing
from tui.dialogs.import_file import guess_kind
from tui.dialogs.import_report import write_report
from tui.dialogs.path_input import complete


@pytest.fixture
def desk_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "desk"
    (folder / "lists").mkdir(parents=True)
    (folder / "NRW-Schulen.csv").write_text("Schulnummer\n164800\n")
    (folder / "raeume.xlsx").write_bytes(b"PK")
    (folder / "photo.jpg").write_bytes(b"x")
    (folder / ".hidden.csv").write_text("x")
    (folder / "lists" / "geraete.csv").write_text("Seriennummer\n")
    (folder / "empty.csv").write_text("")
    monkeypatch.chdir(folder)
    return folder


# ---- names ------------------------------------------------------------------------------


def test_names_complete_folders_first_and_only_wanted_suffixes(desk_folder: Path) -> None:
    names = [name for name, _note in complete("", (".csv", ".xlsx"))]
    assert names == ["lists/", "NRW-Schulen.csv", "empty.csv", "raeume.xlsx"]


def test_hidden_names_come_only_after_a_dot(desk_folder: Path) -> None:
    assert complete(".h") == [(".hidden.csv", "1 B")]


def test_case_does_not_matter_and_a_missing_folder_offers_nothing(desk_folder: Path) -> None:
    assert [name for name, _note in complete("nrw")] == ["NRW-Schulen.csv"]
    assert complete("no/such/folder/") == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("NRW-Schulen.csv", "school"),
        ("/x/Räume 2026.xlsx", "room"),
        ("devices.csv", "device"),
        ("iPad-Inventar.csv", "device"),
        ("Leitungen.csv", "uplink"),
        ("export.csv", ""),
    ],
)
def test_the_name_of_a_file_says_what_it_holds(name: str, kind: str) -> None:
    assert guess_kind(name) == kind


# ---- import -----------------------------------------------------------------------------


async def test_tab_completes_the_name_and_the_kind_is_guessed(desk_folder: Path) -> None:
    async with showing("ImportDialog") as desk:
        await desk.type("NR")
        await desk.settle(lambda: "NRW-Schulen.csv" in desk.text)
        await desk.press("tab", "ctrl+s")
        path = str(desk_folder / "NRW-Schulen.csv")
        assert desk.answer == {"path": path, "kind": "school", "plural": "schools"}


async def test_completing_a_folder_goes_on_inside_it(desk_folder: Path) -> None:
    async with showing("ImportDialog", "device") as desk:
        await desk.type("li")
        await desk.settle(lambda: "folder" in desk.text)
        await desk.press("tab")
        await desk.settle(lambda: "geraete.csv" in desk.text)
        await desk.press("down", "enter", "ctrl+s")
        assert desk.answer["path"] == str(desk_folder / "lists" / "geraete.csv")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Give the name of a file."),
        ("nothing.csv", "There is no file nothing.csv."),
        ("lists", "lists is a folder; choose a file in it."),
        ("empty.csv", "empty.csv is empty."),
    ],
)
async def test_a_wrong_file_is_named(desk_folder: Path, typed: str, sentence: str) -> None:
    async with showing("ImportDialog", "device") as desk:
        await desk.type(typed)
        await desk.press("ctrl+s")
        assert desk.problem == sentence
        assert desk.answer == OPEN


async def test_a_huge_file_is_refused_before_it_is_read(desk_folder: Path) -> None:
    with (desk_folder / "huge.csv").open("wb") as file:
        file.truncate(200 * 10**6)
    async with showing("ImportDialog", "device", "huge.csv") as desk:
        await desk.press("ctrl+s")
        assert "huge.csv has 200.0 MB; at most" in desk.problem


async def test_the_kind_must_be_known(desk_folder: Path) -> None:
    async with showing("ImportDialog", "", "photo.jpg") as desk:
        await desk.press("ctrl+s")
        assert desk.problem == "Say what the file holds."


REPORT: dict[str, Any] = {
    "new": 12, "changed": 1, "same": 5400, "refused": 2, "dry_run": True,
    "mapping": {"Seriennummer": "serial", "Art": "kind"}, "ignored": ["Farbe"],
    "rows": [
        {"row": 3, "key": "D3", "outcome": "changed", "reason": "",
         "changes": {"firmware": ["17.5", "17.6"]}},
        {"row": 9, "key": "", "outcome": "refused", "reason": "serial twice: rows 9 and 214"},
        {"row": 12, "key": "=cmd()", "outcome": "refused", "reason": "school 999999 is not known"},
    ],
}  # fmt: skip


async def test_a_report_shows_counts_then_refused_rows_then_headings() -> None:
    async with showing("ImportReport", REPORT, filename="/x/geraete.csv", kind="device") as desk:
        text = desk.text
        assert "2 refused · 12 new · 1 changed · 5,400 same" in text
        parts = ["✗ row 9: serial twice", "✗ row 12 =cmd()", "Seriennummer → Serial number",
                 "Farbe", "~ row 3 D3 Firmware or OS: 17.5 → 17.6"]  # fmt: skip
        places = [text.index(part) for part in parts]
        assert places == sorted(places)
        assert "Import, tried only: geraete.csv" in text
        assert "Write 13 records" in text


async def test_a_report_says_which_own_values_a_published_list_left() -> None:
    phone, fax = {"phone": ["0211 1", "0211 2"]}, {"fax": [None, "0211 3"]}
    rows = [
        {"row": row, "key": "100015", "outcome": "same", "reason": "", "kept": kept}
        for row, kept in ((4, phone), (5, fax))
    ]
    report = REPORT | {"kept": 2, "rows": rows}
    async with showing("ImportReport", report, kind="school") as desk:
        assert "5,400 same · 2 with kept values" in desk.text
        assert "= row 4 100015 Telephone: 0211 1 (the list: 0211 2)" in desk.text
        assert "= row 5 100015 Fax: — (the list: 0211 3)" in desk.text


async def test_a_report_names_retired_records_and_what_is_odd() -> None:
    rows = [
        {"row": 4, "key": "100015", "outcome": "retired", "reason": ""},
        {"row": 5, "key": "100016", "outcome": "new", "reason": "the phone is odd"},
    ]
    async with showing("ImportReport", REPORT | {"retired": 1, "rows": rows}, kind="school") as d:
        assert "1 retired, kept" in d.text
        assert "= row 4 100015" in d.text
        assert "! row 5 100016: the phone is odd" in d.text


async def test_a_tried_import_is_applied_by_its_own_key_alone() -> None:
    async with showing("ImportReport", REPORT) as desk:
        await desk.press("enter")
        assert desk.answer == OPEN
        await desk.press("a")
        assert desk.answer == "apply"


async def test_a_done_import_can_only_be_closed() -> None:
    async with showing("ImportReport", {**REPORT, "dry_run": False}) as desk:
        assert "records" not in desk.text
        await desk.press("a")
        assert desk.answer == OPEN
        await desk.press("enter")
        assert desk.answer is None


@pytest.mark.parametrize(
    ("refused", "says"), [(0, "are already like this"), (2, "correct the refused rows")]
)
async def test_nothing_to_write_offers_nothing_to_apply(refused: int, says: str) -> None:
    report = {**REPORT, "new": 0, "changed": 0, "refused": refused}
    async with showing("ImportReport", report) as desk:
        assert says in desk.text
        await desk.press("a")
        assert desk.answer == OPEN


async def test_a_hundred_thousand_refused_rows_open_at_once() -> None:
    rows = [
        {"row": n, "key": f"D{n}", "outcome": "refused", "reason": "not known"}
        for n in range(100_000)
    ]
    async with showing("ImportReport", {**REPORT, "rows": rows, "refused": 100_000}) as desk:
        for _page in range(30):
            await desk.press("pagedown")
        assert "99,700 more; the saved report has all." in desk.text
        assert desk.inside()


async def test_the_report_is_saved_whole_and_never_as_a_formula(desk_folder: Path) -> None:
    async with showing("ImportReport", REPORT) as desk:
        await desk.press("s")
        await desk.press("enter")
        path = desk_folder / "import-report.csv"
        await desk.settle(path.exists)
        await desk.settle(lambda: "Saved as" in desk.text)
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))
        assert [row[0] for row in rows] == ["row", "9", "12", "3"]
        assert rows[2][1] == "'=cmd()"
        assert desk.answer == OPEN


def test_a_report_that_cannot_be_written_raises_what_the_system_says(desk_folder: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_report(desk_folder / "none" / "x.csv", REPORT)


# ---- export -----------------------------------------------------------------------------


async def format_is(desk: Desk, word: str) -> None:
    await desk.press("enter")
    await desk.type(word)
    await desk.press("enter")
    await desk.pilot.pause()


async def test_the_suffix_follows_the_format(desk_folder: Path) -> None:
    async with showing("ExportDialog", DEVICE, "kind:ipad", 4021) as desk:
        assert "Export 4,021 devices" in desk.text
        assert "kind:ipad" in desk.text
        await format_is(desk, "excel")
        await desk.press("ctrl+s")
        path = str(desk_folder / "devices.xlsx")
        assert desk.answer == {"format": "xlsx", "where": "file", "path": path}


async def test_an_existing_file_is_replaced_only_on_the_second_key(desk_folder: Path) -> None:
    (desk_folder / "devices.csv").write_text("mine")
    async with showing("ExportDialog", DEVICE, "", 3) as desk:
        await desk.press("ctrl+s")
        assert "devices.csv exists already" in desk.problem
        assert desk.answer == OPEN
        await desk.press("ctrl+s")
        assert desk.answer["path"] == str(desk_folder / "devices.csv")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Give the name of a file."),
        ("none/x.csv", "There is no folder"),
        ("lists", "Give the name of a file."),
    ],
)
async def test_a_wrong_target_is_refused(desk_folder: Path, typed: str, sentence: str) -> None:
    async with showing("ExportDialog", DEVICE, "", 3) as desk:
        await desk.press("down", "down", "ctrl+u")
        await desk.type(typed)
        await desk.press("ctrl+s")
        assert sentence in desk.problem
        assert desk.answer == OPEN


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_one_may_not_write_into_is_refused(desk_folder: Path) -> None:
    (desk_folder / "lists").chmod(0o500)
    async with showing("ExportDialog", DEVICE, "", 3) as desk:
        await desk.press("down", "down", "ctrl+u")
        await desk.type("lists/x.csv")
        await desk.press("ctrl+s")
        assert "You may not write" in desk.problem


async def test_a_link_needs_no_path(desk_folder: Path) -> None:
    async with showing("ExportDialog", DEVICE, "", 100_000) as desk:
        await desk.press("down")
        await format_is(desk, "link")
        assert "File name" not in desk.text
        await desk.press("ctrl+s")
        assert desk.answer == {"format": "csv", "where": "link", "path": ""}


async def test_the_clipboard_takes_little_and_only_text(desk_folder: Path) -> None:
    async with showing("ExportDialog", DEVICE, "", 301) as desk:
        await desk.press("down")
        await format_is(desk, "clipboard")
        await desk.press("ctrl+s")
        assert "The clipboard takes 300 rows" in desk.problem
    async with showing("ExportDialog", DEVICE, "", 300) as desk:
        await format_is(desk, "excel")
        await desk.press("down")
        await format_is(desk, "clipboard")
        await desk.press("ctrl+s")
        assert "takes text only" in desk.problem
        await desk.press("up")
        await format_is(desk, "csv")
        await desk.press("ctrl+s")
        assert desk.answer == {"format": "csv", "where": "copy", "path": ""}
