"""`schoolops ls`."""

from __future__ import annotations

import csv
import io
import os
import pty
import shlex
import subprocess
import sys

from inventory.kinds import DEVICE
from tests.cli.conftest import Run, Served


def test_json_is_an_array_of_objects_with_id_key_version_and_all_values(run: Run) -> None:
    schools = run("ls", "schools", "number:100000", "--json").json
    assert len(schools) == 1
    assert list(schools[0])[:4] == ["id", "key", "version", "retired"]
    assert schools[0]["key"] == "100000"
    assert schools[0]["name"] == "Berufskolleg Neuss"
    assert schools[0]["health"] == "unknown"
    assert schools[0]["pupils"] is None


def test_an_empty_list_is_an_empty_array(run: Run) -> None:
    result = run("ls", "schools", "number:999999", "--json")
    assert (result.code, result.json) == (0, [])


def test_filter_words_must_all_hold_and_options_may_stand_between_them(run: Run) -> None:
    result = run("ls", "schools", "authority:10042", "--json", "city:Düsseldorf", "wald")
    assert [school["key"] for school in result.json] == ["164811"]


def test_a_value_with_blanks_in_one_shell_word_is_one_value(run: Run) -> None:
    assert run("ls", "schools", "name:Schule am Rhein", "--count").out == "1\n"
    assert run("ls", "schools", "city:Düsseldorf authority:10042", "--count").out == "2\n"


def test_csv_has_a_heading_and_values_that_can_be_read_again(run: Run) -> None:
    result = run("ls", "schools", "--csv", "--columns", "name,form", "--sort", "number")
    rows = list(csv.reader(io.StringIO(result.out)))
    assert rows[0] == ["key", "name", "form"]
    assert rows[1] == ["100000", "Berufskolleg Neuss", "30"]


def test_the_limit_is_kept_and_what_is_left_out_is_said(run: Run) -> None:
    result = run("ls", "schools", "--limit", "2", "--json")
    assert len(result.json) == 2
    assert "more than these 2" in result.err
    result = run("ls", "schools", "--limit", "3", "--json")
    assert len(result.json) == 3
    assert result.err == ""


def test_all_reads_on_over_the_pages(run: Run) -> None:
    rows = "".join(f"164811;{n};classroom\n" for n in range(1500))
    assert run("import", "rooms", "-", stdin=f"school;name;kind\n{rows}".encode()).code == 0
    rooms = run("ls", "rooms", "school:164811", "kind:classroom", "--all", "--json").json
    assert len({room["id"] for room in rooms}) == 1500


def test_people_get_a_table_with_the_key_first(run: Run) -> None:
    lines = run("ls", "schools", "number:100000").out.splitlines()
    assert lines[0].split() == ["KEY", "HEALTH", "SHORT_NAME", "FORM", "CITY", "PUPILS"]
    assert lines[1].startswith("100000  unknown")


def test_nothing_found_is_said_on_stderr(run: Run) -> None:
    result = run("ls", "schools", "city:Atlantis")
    assert (result.code, result.out) == (0, "")
    assert "no schools match city:Atlantis" in result.err


def test_a_device_kind_is_a_list_of_its_own(run: Run) -> None:
    run("new", "switch", "serial=LS-SW", "school=164800")
    run("new", "ipad", "serial=LS-PAD", "school=164800")
    keys = [d["key"] for d in run("ls", "switches", "school:164800", "--json").json]
    assert "LS-SW" in keys
    assert "LS-PAD" not in keys


def test_a_wrong_filter_is_wrong_use_and_names_the_right_keys(run: Run) -> None:
    result = run("ls", "schools", "towm:Neuss")
    assert result.code == 2
    assert "did you mean " in result.err
    assert "'schoolops ls schools --fields' names all" in result.err
    assert len(result.err) < 220
    assert result.err.count("\n") == 1


def test_a_wrong_kind_column_or_order_is_wrong_use(run: Run) -> None:
    result = run("ls", "shools")
    assert result.code == 2
    assert "schools" in result.err
    result = run("ls", "schools", "--columns", "naem")
    assert result.code == 2
    assert "did you mean name" in result.err
    assert run("ls", "schools", "--sort", "nonsense").code == 2
    assert run("ls", "schools", "--limit", "0").code == 2


def test_what_equipment_calls_itself_does_not_steer_the_terminal(run: Run) -> None:
    from schoolops.cli._table import clean

    assert clean("\x1b[2Jswitch\x07") == "[2Jswitch"


def test_on_a_terminal_the_table_fits_its_width(served: Served) -> None:
    environment = served.environment | {"COLUMNS": "50", "LINES": "24", "PYTHONUTF8": "1"}
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "schoolops.cli", "ls", "schools"]
    process = subprocess.Popen(command, env=environment, stdout=follower, stderr=subprocess.DEVNULL)
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(leader)
    assert process.wait(20) == 0
    lines = shown.decode().splitlines()
    assert len(lines) == 4
    assert max(len(line) for line in lines) <= 50
    assert lines[0].startswith("KEY")


def test_a_reader_that_leaves_early_is_no_error(served: Served) -> None:
    command = f"{shlex.quote(sys.executable)} -m schoolops.cli ls schools --all | head -n 1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], env=served.environment, capture_output=True
    )
    assert result.returncode == 0
    assert result.stderr == b""


def test_all_fields_of_a_kind_are_named_without_a_server(run: Run) -> None:
    told = run("ls", "devices", "--fields").out
    for name in DEVICE.by_name():
        assert f"\n{name} " in told
    assert "access-point" in told


def test_a_list_is_sorted_by_what_it_shows(run: Run) -> None:
    def order(*more: str) -> list[str]:
        lines = run("ls", "schools", "number:100000,100001,164800", "--csv", *more).out.splitlines()
        return [line.split(",")[0] for line in lines[1:]]

    run("new", "school", "number=100001", "name=Zeppelinschule")
    try:
        assert order() == ["100000", "100001", "164800"]
        # Berufskolleg, Schule am Rhein, Zeppelinschule
        assert order("--columns", "name") == ["100000", "164800", "100001"]
        assert order("--sort=-number") == ["164800", "100001", "100000"]
    finally:
        run("retire", "school", "100001", "--reason", "entered by mistake")
