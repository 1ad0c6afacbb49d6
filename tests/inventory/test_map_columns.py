"""Which column is which field."""

from __future__ import annotations

import pytest

from inventory.fields import Field, Type, Value
from inventory.formats import ColumnMapping, FileRefused, Table, guess_mapping
from inventory.kinds import DEVICE, EDITABLE, ROOM, SCHOOL, UPLINK, Kind


def mapping(kind: Kind, *headings: str, explicit: dict[str, str] | None = None) -> ColumnMapping:
    return guess_mapping(kind, Table(headings, []), explicit)


def test_german_and_english_headings_are_known() -> None:
    found = mapping(
        DEVICE, "Serien-Nr.", "Inventarnummer", "Geräteart", "Modell", "Schulnummer", "RAUM",
        "MAC-Adresse", "IP Address", "Garantie bis", "Besitzer",
    )  # fmt: skip
    assert dict(found.columns) == {
        "Serien-Nr.": "serial", "Inventarnummer": "asset_tag", "Geräteart": "kind",
        "Modell": "model", "Schulnummer": "school", "RAUM": "room", "MAC-Adresse": "macs",
        "IP Address": "address", "Garantie bis": "warranty_until", "Besitzer": "owner",
    }  # fmt: skip
    assert found.ignored == ()
    assert found.notes == ()


def test_every_field_is_found_under_each_name_it_has() -> None:
    for kind in EDITABLE:
        needed = [f.name for f in kind.fields if f.required] + list(kind.key)
        for field in kind.editable_fields():
            for name in {field.name, field.label}:
                others = [n for n in dict.fromkeys(needed) if n != field.name]
                assert mapping(kind, name, *others).columns[name] == field.name


def test_a_nearly_right_heading_is_taken_and_said() -> None:
    found = mapping(DEVICE, "Serienummer", "Geraetearten", "Schulnummer", "Farbe")
    assert found.columns["Serienummer"] == "serial"
    assert found.columns["Geraetearten"] == "kind"
    assert found.ignored == ("Farbe",)
    assert any("'Serienummer' is read as serial" in note for note in found.notes)


def test_the_best_of_two_columns_for_one_field_is_taken() -> None:
    found = mapping(ROOM, "Schule", "Schulnummer", "Raum")
    assert found.columns == {"Schulnummer": "school", "Raum": "name"}
    assert found.ignored == ("Schule",)


def test_what_the_system_alone_writes_is_never_mapped() -> None:
    found = mapping(ROOM, "key", "school", "school_name", "name", "health", "updated_by", "notes")
    assert set(found.columns.values()) == {"school", "name", "notes"}
    assert found.ignored == ("key", "school_name", "health", "updated_by")


def test_an_explicit_mapping_goes_before_the_guess() -> None:
    found = mapping(
        ROOM, "Schulnummer", "Nr", "Name", "Plätze",
        explicit={"Nr": "name", "name": "notes", "Plätze": ""},
    )  # fmt: skip
    assert found.columns == {"Schulnummer": "school", "Nr": "name", "Name": "notes"}
    assert found.ignored == ("Plätze",)


def test_a_default_stands_for_a_missing_column_and_for_empty_cells() -> None:
    table = Table(("serial", "school", "typ"), [])
    found = guess_mapping(DEVICE, table, defaults={"kind": "ipad"})
    assert found.read(["A1", "164800", ""]).values["kind"] == "ipad"
    assert found.read(["A1", "164800", "Switch"]).values["kind"] == "switch"
    narrow = guess_mapping(DEVICE, Table(("serial", "school"), []), defaults={"kind": "ipad"})
    assert narrow.read(["A1", "164800"]).values["kind"] == "ipad"


@pytest.mark.parametrize(
    ("kind", "headings", "explicit", "says"),
    [
        (ROOM, ("Farbe", "Plätze"), {}, r"column for school \(known headings: school, schul.*name"),
        (ROOM, ("Farbe", "Plätze"), {}, "Found were: Farbe, Plätze"),
        (DEVICE, ("Art", "Schule"), {}, "column for serial"),
        (SCHOOL, ("Schulnummer",), {}, "column for name"),
        (ROOM, ("school", "name", "Name"), {"Nummer": "name"}, "'Nummer', which is not there"),
        (ROOM, ("school", "name"), {"name": "nmae"}, "did you mean name"),
        (ROOM, ("school", "name"), {"name": "health"}, "do not have"),
        (ROOM, ("school", "a", "b"), {"a": "name", "b": "name"}, "two columns for name"),
        (ROOM, ("school", "name", "name"), {}, "'name' is there twice"),
    ],
)
def test_what_cannot_be_mapped_is_refused_naming_both_sides(
    kind: Kind, headings: tuple[str, ...], explicit: dict[str, str], says: str
) -> None:
    with pytest.raises(FileRefused, match=says):
        mapping(kind, *headings, explicit=explicit)


def test_headings_twice_do_not_matter_where_they_are_not_used() -> None:
    found = mapping(ROOM, "school", "name", "Farbe", "Farbe")
    assert found.ignored == ("Farbe", "Farbe")


def test_references_inside_a_school_are_completed() -> None:
    found = mapping(UPLINK, "school", "name", "site", "router")
    values = found.read(["164800", "DSL", "Hauptgebäude", "R1"]).values
    assert values["site"] == "164800/Hauptgebäude"
    assert values["device"] == "R1"
    assert found.read(["164800", "DSL", "164801/Nord", ""]).values["site"] == "164801/Nord"


def test_all_problems_of_a_row_are_told() -> None:
    found = mapping(DEVICE, "Seriennummer", "Art", "Schulnummer", "Garantie", "MAC")
    reading = found.read(["A1", "Ipod", "", "bald", "xyz"])
    assert [problem.partition(":")[0] for problem in reading.problems] == [
        "Art", "Garantie", "MAC", "Schulnummer",
    ]  # fmt: skip
    assert "access-point" in reading.problems[0]


def test_german_words_are_understood_for_every_choice_that_has_one() -> None:
    found = mapping(ROOM, "school", "name", "Nutzung")
    assert found.read(["1", "a", "Klassenraum"]).values["kind"] == "classroom"
    assert found.read(["1", "a", "SERVERRAUM"]).values["kind"] == "server-room"
    form = mapping(SCHOOL, "number", "name", "form")
    assert form.read(["1", "a", "2"]).values["form"] == "02"
    assert form.read(["1", "a", "gymnasium"]).values["form"] == "20"


def test_reading_a_cell_is_the_field_reading_it() -> None:
    """The short cuts for speed change no value."""
    examples = {
        Type.TEXT: ["x", "a\nb", "Größe"], Type.INTEGER: ["1.200", "-3"], Type.RATE: ["1G"],
        Type.DECIMAL: ["51,2"], Type.BOOLEAN: ["ja"], Type.DATE: ["31.8.2026", "2026-08-31"],
        Type.MACS: ["52-54-00-ab-cd-ef 5254.00ab.cdf0"], Type.ADDRESS: ["10.0.0.1"],
        Type.EMAIL: ["a@b.de"], Type.REFERENCE: ["164800/1"],
    }  # fmt: skip
    for kind in EDITABLE:
        columns = [f for f in kind.editable_fields() if f.type is not Type.CHOICE]
        found = guess_mapping(
            kind, Table(tuple(f.name for f in columns), []), defaults={"kind": "pc", "role": "head"}
        )
        for number in range(2):
            row = [examples[f.type][number % len(examples[f.type])] for f in columns]
            values = found.read(row).values
            for field, text in zip(columns, row, strict=True):
                if field.type is not Type.REFERENCE:
                    assert values[field.name] == _read(field, text)


@pytest.mark.parametrize("text", ["a\x07b", "x" * 4001])
def test_text_that_the_field_refuses_is_refused(text: str) -> None:
    assert mapping(ROOM, "school", "name").read(["164800", text]).problems


def _read(field: Field, text: str) -> Value:
    """What a field makes of a text; nothing of what cannot be."""
    try:
        return field.parse(text)
    except ValueError:
        return None
