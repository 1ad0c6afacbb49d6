"""`schoolops move`, `history`, `retire` and `reinstate`."""

from __future__ import annotations

from tests.cli.conftest import Run


def test_a_device_moves_and_its_history_tells(run: Run) -> None:
    run("new", "room", "school=164800", "name=M1")
    run("new", "room", "school=164811", "name=M2")
    run("new", "ipad", "serial=MV-1", "school=164800", "room=M1")
    result = run("move", "ipad", "MV-1", "--school", "164811", "--room", "M2", "--note", "on loan")
    assert (result.code, result.out) == (0, "device MV-1 is in room 164811/M2\n")
    placements = run("history", "device", "MV-1", "--json").json["placements"]
    assert [p["room"] for p in placements] == ["164811/M2", "164800/M1"]
    assert placements[0]["note"] == "on loan"
    assert placements[0]["until"] is None
    told = run("history", "device", "MV-1").out
    assert "164811/M2" in told
    assert "on loan" in told


def test_a_device_may_stand_in_no_room(run: Run) -> None:
    run("new", "room", "school=164800", "name=M3")
    run("new", "ipad", "serial=MV-2", "school=164800", "room=M3")
    assert run("move", "device", "MV-2", "--room", "").out == "device MV-2 is at school 164800\n"


def test_a_move_wants_a_place_and_a_device(run: Run) -> None:
    assert run("move", "device", "MV-2").code == 2
    assert run("move", "room", "164800/M3", "--room", "x").code == 2
    result = run("move", "device", "MV-NONE", "--room", "M3")
    assert result.code == 1


def test_a_room_that_is_not_there_is_refused(run: Run) -> None:
    run("new", "ipad", "serial=MV-3", "school=164800")
    result = run("move", "device", "MV-3", "--room", "cellar")
    assert result.code == 1
    assert "164800/cellar" in result.err


def test_what_is_retired_leaves_the_lists_and_comes_back(run: Run) -> None:
    run("new", "ipad", "serial=RT-1", "school=164800")
    assert run("retire", "ipad", "RT-1", "--reason", "display broken").code == 0
    assert run("ls", "ipads", "serial:RT-1", "--json").json == []
    listed = run("ls", "ipads", "serial:RT-1", "retired:yes", "--json").json
    assert listed[0]["retired"] is True
    shown = run("show", "ipad", "RT-1").out
    assert "retired: display broken" in shown
    assert run("retire", "ipad", "RT-1", "--reason", "again").code == 1
    assert run("reinstate", "ipad", "RT-1").code == 0
    assert run("ls", "ipads", "serial:RT-1", "--count").out == "1\n"
    assert run("reinstate", "ipad", "RT-1").code == 1


def test_many_are_retired_with_one_reason(run: Run) -> None:
    for n in range(2):
        run("new", "board", f"serial=RTB-{n}", "school=164800")
    where = ("retire", "boards", "--where", "serial:RTB-*", "--reason", "too old")
    assert run(*where).code == 1
    assert run(*where, "--yes").out == "2 of 2 devices retired\n"
    assert run("ls", "boards", "serial:RTB-*", "--count").out == "0\n"


def test_retiring_wants_one_of_id_and_where_and_a_reason(run: Run) -> None:
    assert run("retire", "ipad", "--reason", "x").code == 2
    assert run("retire", "ipad", "RT-1", "--where", "serial:1", "--reason", "x").code == 2
    assert run("retire", "ipad", "RT-1").code == 2
    assert run("retire", "ipad", "RT-1", "--reason", " ").code == 2


def test_a_long_plan_shows_twenty_records_and_how_many_more(run: Run) -> None:
    rows = "".join(f"LP-{n:02};164800;printer\n" for n in range(23))
    assert run("import", "devices", "-", stdin=f"serial;school;kind\n{rows}".encode()).code == 0
    where = ("retire", "printers", "--where", "serial:LP-*", "--reason", "old", "--dry-run")
    shown = run(*where)
    assert shown.out.count("retired no → yes") == 20
    assert "and 3 more; --json lists them all" in shown.out
    assert len(run(*where, "--json").json["rows"]) == 23


def test_a_room_in_bulk_may_be_named_without_its_school(run: Run) -> None:
    run("new", "room", "school=164800", "name=7.07")
    for serial in ("SR-1", "SR-2"):
        run("new", "ipad", f"serial={serial}", "school=164800")
    where = ("edit", "ipads", "--where", "serial:SR-*")
    assert run(*where, "room=7.07", "--yes").code == 0
    assert run("ls", "ipads", "room:7.07", "--count").out == "2\n"
    refused = run(*where, "room=8.88", "--yes")
    assert refused.code == 1
    assert "SR-1 refused: there is no room 8.88 at its school" in refused.err


def test_the_history_of_an_imported_device_names_its_file_and_values(run: Run) -> None:
    data = b"serial;school;kind;model\nHI-1;164800;ipad;Air\n"
    run("import", "devices", "-", "--name", "lieferung.csv", stdin=data)
    told = run("history", "device", "HI-1").out
    assert "create by import" in told
    assert "model: 'Air'" in told
    assert "(lieferung.csv)" in told
