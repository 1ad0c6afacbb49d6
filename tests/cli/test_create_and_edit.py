"""`schoolops new`, `edit` and `show`."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run


def test_what_was_created_is_shown(run: Run) -> None:
    made = run("new", "room", "school=164800", "name=1.01", "kind=Classroom", "seats=30")
    assert (made.code, made.out) == (0, "created room 164800/1.01\n")
    record = run("show", "room", "164800/1.01", "--json").json
    assert record["values"]["kind"] == "classroom"
    assert record["values"]["seats"] == 30
    shown = run("show", "room", "164800/1.01").out
    assert "classroom (Classroom)" in shown
    assert "version 1" in shown


def test_a_room_may_be_named_without_its_school(run: Run) -> None:
    run("new", "room", "school=164800", "name=1.02")
    run("new", "ipad", "serial=CE-1", "school=164800", "room=1.02")
    record = run("show", "ipad", "CE-1", "--json").json
    assert record["values"]["room"] == "164800/1.02"
    assert record["values"]["kind"] == "ipad"
    run("edit", "ipad", "CE-1", "room=")
    assert run("edit", "ipad", "CE-1", "room=1.02", "--json").json["values"]["room"] == (
        "164800/1.02"
    )


def test_an_edit_tells_old_and_new(run: Run) -> None:
    run("new", "switch", "serial=CE-2", "school=164800", "name=old")
    result = run("edit", "switch", "CE-2", "name=new name")
    assert result.code == 0
    assert "version 2" in result.out
    assert "name: old → new name" in result.out
    again = run("edit", "switch", "CE-2", "name=new name")
    assert again.code == 0
    assert "like that already" in again.out


def test_a_stale_edit_is_refused_and_says_who_changed_what(run: Run) -> None:
    run("new", "switch", "serial=CE-3", "school=164800", "name=first")
    run("edit", "switch", "CE-3", "name=theirs")
    result = run("edit", "switch", "CE-3", "name=mine", "--version", "1")
    assert result.code == 1
    assert result.err.startswith("schoolops: ")
    assert "changed by" in result.err
    assert "name: theirs theirs, yours mine" in result.err
    assert "current version is 2" in result.err
    assert run("show", "switch", "CE-3", "--json").json["values"]["name"] == "theirs"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["serial"], "no field=value"),
        (["serail=1"], "did you mean serial"),
        (["serial=1", "serial=2"], "given twice"),
        (["health=ok"], "no field 'health'"),
    ],
)
def test_words_that_are_no_values_are_wrong_use(run: Run, words: list[str], told: str) -> None:
    result = run("new", "device", *words)
    assert result.code == 2
    assert told in result.err


def test_values_that_are_wrong_are_refused_by_name(run: Run) -> None:
    result = run("new", "ipad", "serial=CE-4", "school=164800", "purchased=soon", "address=here")
    assert result.code == 1
    assert "purchased wants a date" in result.err
    assert "address wants an IP address" in result.err
    assert run("show", "ipad", "CE-4").code == 1


def test_a_key_that_is_taken_is_refused(run: Run) -> None:
    run("new", "ipad", "serial=CE-5", "school=164800")
    result = run("new", "ipad", "serial=CE-5", "school=164811")
    assert result.code == 1
    assert "CE-5" in result.err


def test_what_the_system_writes_is_not_edited_by_hand(run: Run) -> None:
    result = run("edit", "agents", "x", "name=y")
    assert result.code == 2
    assert "written by the system" in result.err


def test_a_school_shows_whom_to_call(run: Run) -> None:
    run("new", "contact", "school=164811", "role=head", "name=Erika Muster", "phone=0211 77")
    shown = run("show", "school", "164811").out
    assert "Whom to call" in shown
    assert "Head teacher  Erika Muster  0211 77" in shown
    contacts = run("show", "school", "164811", "--json").json["contacts"]
    assert contacts[0]["name"] == "Erika Muster"


def test_what_is_not_there_is_refused_with_a_hint(run: Run) -> None:
    result = run("show", "school", "999999")
    assert result.code == 1
    assert "schoolops ls schools" in result.err


def test_a_bulk_change_without_anybody_to_ask_shows_its_plan_and_changes_nothing(run: Run) -> None:
    for n in range(3):
        run("new", "printer", f"serial=BULK-{n}", "school=164800", "model=Laser 1")
    where = ("edit", "printers", "--where", "serial:BULK-*")
    result = run(*where, "firmware=2.0")
    assert result.code == 1
    assert "needs --yes" in result.err
    assert "BULK-0" in result.err
    assert "3 to change" in result.err
    assert run("ls", "printers", "firmware:2.0", "--count").out == "0\n"
    assert "BULK-0  firmware empty → '2.0'" in result.err
    shown = run(*where, "firmware=2.0", "--dry-run")
    assert "  BULK-1  firmware empty → '2.0'\n" in shown.out
    assert "3 of 3 devices would be changed" in shown.out
    report = run(*where, "firmware=2.0", "--dry-run", "--json").json
    assert (report["changed"], report["same"]) == (3, 0)
    assert run("ls", "printers", "firmware:2.0", "--count").out == "0\n"
    result = run(*where, "firmware=2.0", "--yes")
    assert (result.code, result.out) == (0, "3 of 3 devices changed\n")
    assert run("ls", "printers", "firmware:2.0", "--count").out == "3\n"
    assert run(*where, "firmware=2.0", "--yes").out == "0 of 3 devices changed\n"


def test_a_bulk_change_wants_a_filter(run: Run) -> None:
    assert run("edit", "printers", "--where", " ", "firmware=1", "--yes").code == 2


def test_a_number_typed_at_the_terminal_confirms(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    from schoolops.cli._ask import confirm_number
    from schoolops.cli._guard import Refused

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(sys, "stdin", Terminal("3\n"))
    confirm_number(["plan"], 3, "to change 3", yes=False)
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    with pytest.raises(Refused, match="not confirmed"):
        confirm_number(["plan"], 3, "to change 3", yes=False)


def test_a_new_record_without_fields_tells_which_there_are(run: Run) -> None:
    told = run("new", "room")
    assert told.code == 2
    assert "school*, name*" in told.err
    assert "seats" in told.err


def test_what_is_odd_about_a_value_is_said_and_taken(run: Run) -> None:
    made = run("new", "device", "serial=ODD-1", "kind=ipad", "school=164800", "macs=020000000009")
    assert made.code == 0, made.err
    assert "02:00:00:00:00:09 is not its maker's" in made.err
    edited = run("edit", "device", "ODD-1", "purchased=2025-01-01", "warranty_until=2045-06-01")
    assert edited.code == 0, edited.err
    assert "warranty_until 2045-06-01 is far ahead" in edited.err


def test_a_warranty_before_the_purchase_is_refused_singly_in_bulk_and_in_a_file(run: Run) -> None:
    words = ("serial=ODD-2", "kind=ipad", "school=164800", "purchased=2025-01-01")
    assert run("new", "device", *words, "warranty_until=2024-01-01").code == 1
    assert run("new", "device", *words).code == 0
    assert run("edit", "device", "ODD-2", "warranty_until=2024-01-01").code == 1
    many = run("edit", "devices", "--where", "serial:ODD-2", "warranty_until=2024-01-01", "--yes")
    assert (many.code, "is before purchased 2025-01-01" in many.err) == (1, True)
    data = b"serial;school;kind;warranty_until\nODD-2;164800;ipad;2024-01-01\n"
    file = run("import", "devices", "-", stdin=data)
    assert (file.code, "is before purchased 2025-01-01" in file.err) == (1, True)
