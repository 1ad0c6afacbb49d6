"""`schoolops proof` on a real server: figures, files, lists, and what is refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.cli.conftest import Run

MONTH = f"{dt.date.today().replace(day=1) - dt.timedelta(days=1):%Y-%m}"
"""The last one that is over: a server of today knows nothing of it but that it was not measured."""


@pytest.fixture
def line(run: Run) -> str:
    run("new", "uplink", "school=164800", "name=proven", "provider=Netz AG", "state=active",
        "contract_down_bps=100M", "contract_up_bps=20M")  # fmt: skip
    return "164800/proven"


def test_a_month_in_which_nothing_was_measured_is_no_month_in_which_all_was_well(
    run: Run, line: str
) -> None:
    done = run("proof", line, "--month", MONTH)
    assert done.code == 0, done.err
    assert "cannot be told" in done.out
    assert "100.0 Mbit/s" in done.out
    assert "- (nothing was measured)" in done.out
    assert "(until now)" not in done.out
    assert "(until now)" in run("proof", line, "--month", f"{dt.date.today():%Y-%m}").out
    found = run("proof", line, "--month", MONTH, "--json").json
    assert (found["month"], found["verdict"], found["complete"]) == (MONTH, "unknown", True)
    assert found["lessons"]["measured_s"] == 0


def test_without_a_month_it_is_the_last_that_is_over(run: Run, line: str) -> None:
    assert run("proof", line, "--json").json["month"] == MONTH
    year, month = MONTH.split("-")
    assert run("proof", line, "--month", f"{int(month)}.{year}", "--json").json["month"] == MONTH
    done = run("proof", line, "--month", "Oktober")
    assert (done.code, "month is written as 2026-10, not 'Oktober'" in done.err) == (1, True)


def test_a_file_is_written_once_and_a_filter_writes_one_a_line(
    run: Run, line: str, tmp_path: Path
) -> None:
    table = tmp_path / "hours.csv"
    assert run("proof", line, "--month", MONTH, "--csv", str(table)).code == 0
    assert table.read_bytes().startswith(b"uplink,month,begin,local,")
    again = run("proof", line, "--month", MONTH, "--csv", str(table))
    assert (again.code, "--force" in again.err) == (1, True)
    assert run("proof", line, "--month", MONTH, "--csv", str(table), "--force").code == 0
    folder = tmp_path / "all"
    done = run("proof", "name:proven", "--month", MONTH, "--csv", str(folder))
    assert done.code == 0, done.err
    assert [file.name for file in folder.iterdir()] == [f"164800-proven-{MONTH}.csv"]
    many = run("proof", "name:proven", "--month", MONTH, "--csv", str(table))
    assert (many.code, "need a folder" in many.err) == (2, True)


def test_the_signed_document_is_issued_once_and_listed(run: Run, line: str, tmp_path: Path) -> None:
    first, second = tmp_path / "a.pdf", tmp_path / "b.pdf"
    done = run("proof", line, "--month", MONTH, "--pdf", str(first))
    assert done.code == 0, done.err
    assert "edition 1 (new)" in done.out + done.err
    assert first.read_bytes().startswith(b"%PDF-")
    again = run("proof", line, "--month", MONTH, "--pdf", str(second))
    assert "edition 1 (as issued before)" in again.out + again.err
    assert second.read_bytes() == first.read_bytes()
    listed = run("proof", line, "--issued", "--json").json
    assert [(one["month"], one["number"]) for one in listed] == [(MONTH, 1)]
    assert MONTH in run("proof", line, "--issued").out


def test_all_lines_are_one_list(run: Run, line: str) -> None:
    done = run("proof", "--lines")
    assert done.code == 0, done.err
    assert line in done.out
    assert line in [one["key"] for one in run("proof", "--lines", "--json").json["lines"]]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "--lines"),
        (("164800/nowhere", "--month", MONTH), 1, "nowhere"),
        (("name:nowhere", "--month", MONTH), 2, "no line matches"),
        (("164800/proven", "--month", "2099-01"), 1, "2099-01"),
        (("164800/proven", "--month", "October"), 1, ""),
    ],
)
def test_wrong_use_says_so(
    run: Run, line: str, words: tuple[str, ...], code: int, said: str
) -> None:
    done = run("proof", *words)
    assert done.code == code, done.err
    assert said in done.err
