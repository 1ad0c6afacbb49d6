"""The state's list of schools in both published forms, and other people's lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.formats import ParsedRow, plan_file
from inventory.formats.schools import join_name
from inventory.kinds import SCHOOL

DATA = Path(__file__).parent / "data"
WHOLE_LIST = Path(__file__).parents[3] / "shared" / "data" / "NRW-Schulen.csv"


def schools(name: str, change: tuple[str, str] = ("", "")) -> dict[str, ParsedRow]:
    text = (DATA / name).read_bytes().decode()
    assert change[0] in text
    plan = plan_file(SCHOOL, text.replace(*change).encode() if change[0] else text.encode(), name)
    return {row.key: row for row in plan.rows}


@pytest.mark.parametrize("name", ["NRW-Schulen.csv", "schuldaten.csv"])
def test_a_school_has_all_that_the_list_knows(name: str) -> None:
    # The position is checked by a Krüger series written for the purpose: equal to 1e-8 degrees.
    school = schools(name)["100015"]
    assert school.values == {
        "number": "100015", "name": "Städt. Wim-Wenders-Gymnasium Sekundarstufe I und II",
        "short_name": "Düsseldorf, Gym Wim-Wenders", "form": "20", "ownership": "public",
        "authority": "10042", "operating": "open", "operating_since": "2017-08-01",
        "street": "Schmiedestr. 25", "postcode": "40227", "city": "Düsseldorf",
        "municipality": "111000", "phone": "0211 8924260", "fax": "0211 8929604",
        "email": "100015@schule.nrw.de", "website": "https://ww-gym.de",
        "utm_easting": 346741, "utm_northing": 5675559, "institution": "school",
        "latitude": 51.210836, "longitude": 6.805804,
    }  # fmt: skip
    assert school.warnings == ()


def test_both_forms_of_the_list_give_the_same_schools() -> None:
    one, other = schools("NRW-Schulen.csv"), schools("schuldaten.csv")
    assert len(one) == 20
    assert one == other


def test_the_state_of_operation_is_told_apart() -> None:
    found = schools("NRW-Schulen.csv")
    states = [str((row.values or {})["operating"]) for row in found.values()]
    assert {"open", "closed", "expiring", "founding", "special"} == set(states)
    assert (found["180798"].values or {})["institution"] == "vocational"
    assert (found["100000"].values or {})["ownership"] == "private"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_separator_line_in_front_and_windows_1252_do_not_matter(ending: str) -> None:
    text = (DATA / "schuldaten.csv").read_bytes().decode().replace("\r\n", ending)
    plan = plan_file(SCHOOL, f"sep=;{ending}{text}".encode("cp1252"), "schuldaten.csv")
    rows = {row.key: row.values for row in plan.rows}
    assert rows == {key: row.values for key, row in schools("schuldaten.csv").items()}
    assert "Windows-1252" in plan.notes[0]


def test_what_is_not_understood_is_left_out_and_said_and_the_school_stays() -> None:
    list_name = "NRW-Schulen.csv"
    school = schools(list_name, (";;20;1;Düsseldorf, Gym", ";;99;7;Düsseldorf, Gym"))["100015"]
    assert school.values is not None
    assert (school.values["form"], school.values["ownership"]) == (None, None)
    assert any("school form key '99' is not known" in text for text in school.warnings)
    school = schools(list_name, ("100015@schule.nrw.de", "keine"))["100015"]
    assert school.values is not None
    assert school.values["email"] is None
    assert "e-mail" in school.warnings[0]
    school = schools(list_name, ("346741;5675559", "1;2"))["100015"]
    assert school.values is not None
    assert school.values["latitude"] is None
    assert "no UTM position" in school.warnings[0]
    school = schools(list_name, ("100015;111000;346741;", "100015;111000;0;"))["100015"]
    assert school.warnings == ()


def test_a_wrong_check_digit_is_a_warning_and_no_refusal() -> None:
    school = schools("NRW-Schulen.csv", ("\n164800;", "\n164801;"))["164801"]
    assert school.values is not None
    assert "check digit" in school.warnings[0]


def test_one_number_twice_refuses_both_rows_naming_them() -> None:
    found = plan_file(
        SCHOOL,
        (DATA / "NRW-Schulen.csv").read_bytes().replace(b"\n100018;", b"\n100015;"),
        "list.csv",
    )
    refused = [row for row in found.rows if row.problems]
    assert [row.row for row in refused] == [3, 4]
    assert {row.problems for row in refused} == {("row 3 and row 4 both have SchulNr 100015",)}


def test_the_unused_headings_are_reported() -> None:
    plan = plan_file(SCHOOL, (DATA / "schuldaten.csv").read_bytes(), "schuldaten.csv")
    assert plan.ignored == ["Bezirksregierung"]
    assert plan.mapping["Schulbezeichnung_2"] == "name"
    assert plan.mapping["Telefonvorwahl"] == "phone"


def test_positions_of_other_zones_and_with_the_zone_in_front_are_understood() -> None:
    found = schools("schuldaten.csv", ('"25832";"346741"', '"4647";"32346741"'))["100015"]
    assert (found.values or {})["longitude"] == 6.805804
    found = schools("schuldaten.csv", ('"25832";"346741"', '"25833";"346741"'))["100015"]
    assert (found.values or {})["longitude"] == 12.805804


def test_an_own_spreadsheet_of_schools_is_read_by_its_headings() -> None:
    data = "Schulnummer;Schulname;Schulform;Schüler\n900001;Kita;;81\n164800;HG;Gymnasium;990\n"
    plan = plan_file(SCHOOL, data.encode(), "schulen.csv")
    rows = list(plan.rows)
    assert [row.values for row in rows] == [
        {"number": "900001", "name": "Kita", "form": None, "pupils": 81},
        {"number": "164800", "name": "HG", "form": "20", "pupils": 990},
    ]


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("Helmholtz-Gymnasium", "", ""), "Helmholtz-Gymnasium"),
        (("Kath.  Grundschule ", " - Primarstufe -", ""), "Kath. Grundschule - Primarstufe"),
        (("Albert-Schweitzer-Schule", "GGS  -Primarstufe-", ""),
         "Albert-Schweitzer-Schule GGS - Primarstufe"),
        (("Waldorfschule Steiner Schu-", "le u. Heliandzw.,Förder-", "schule,Staatl. gen."),
         "Waldorfschule Steiner Schule u. Heliandzw., Förderschule, Staatl. gen."),
        (("BK", "Schule für Wirtschaft,Sozial-", "und Gesundheitswesen"),
         "BK Schule für Wirtschaft, Sozial- und Gesundheitswesen"),
        (("Private Ökumenische Montessori-", "Gesamtschule", ""),
         "Private Ökumenische Montessori-Gesamtschule"),
        (("Weiterbildungskolleg Aachen -Abend-", "gymnasium", ""),
         "Weiterbildungskolleg Aachen -Abend- gymnasium"),
        (("Grundschule Frimmersdorf/", "Neurath", ""), "Grundschule Frimmersdorf/Neurath"),
        (("", "", ""), ""),
    ],
)  # fmt: skip
def test_a_name_is_put_together_from_its_three_lines(parts: tuple[str, ...], name: str) -> None:
    assert join_name(parts) == name


@pytest.mark.skipif(not WHOLE_LIST.exists(), reason="the state's whole list is not at hand")
def test_the_whole_list_of_the_state_is_read_without_a_complaint() -> None:
    plan = plan_file(SCHOOL, WHOLE_LIST.read_bytes(), "NRW-Schulen.csv")
    rows = list(plan.rows)
    assert len(rows) == 5425
    assert [row for row in rows if row.problems or row.warnings] == []
    city = [row.values for row in rows if row.values and row.values["municipality"] == "111000"]
    assert len(city) == 174
    assert sum(values["authority"] == "10042" for values in city) == 150
    # North Rhine-Westphalia's own extent
    for row in rows:
        values = row.values or {}
        assert 50.3 < float(str(values["latitude"])) < 52.6
        assert 5.8 < float(str(values["longitude"])) < 9.5
        assert values["name"] == str(values["name"]).strip(" -")
