"""The state's list of schools, in the two forms in which it is published.

`NRW-Schulen.csv` comes with the state's own software, `schuldaten.csv` is the open data file;
they hold the same facts under other headings. Both are recognised by their headings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from inventory.fields import Value, fold_heading
from inventory.formats.mapping import Reading
from inventory.formats.table import Table
from inventory.kinds import SCHOOL
from inventory.schoolnumber import doubt
from inventory.sentences import as_sentence, say

OWNERSHIP: Mapping[str, str] = MappingProxyType({"1": "public", "2": "private"})
OPERATING: Mapping[str, str] = MappingProxyType({
    "0": "closed", "1": "open", "2": "expiring", "3": "founding", "6": "special",
})  # fmt: skip
"""Schulbetriebsschlüssel of the state → `operating`."""
_UTM = ("utm_easting", "utm_northing")
_INSTITUTION = MappingProxyType({"25": "adult-education", "30": "vocational"})

LAYOUTS: tuple[Mapping[str, str], ...] = (
    MappingProxyType({
        "schulnr": "number", "abez1": "name", "abez2": "name", "abez3": "name",
        "kurzbez": "short_name", "sf": "form", "oeffpri": "ownership",
        "schultraegernr": "authority", "schbetrschl": "operating",
        "schbetrschldatum": "operating_since", "strasse": "street", "plz": "postcode",
        "ort": "city", "regschl": "municipality", "telvorw": "phone", "telefon": "phone",
        "faxvorw": "fax", "fax": "fax", "email": "email", "url": "website",
        "kore": "utm_easting", "koho": "utm_northing",
    }),
    MappingProxyType({
        "schulnummer": "number", "schulbezeichnung1": "name", "schulbezeichnung2": "name",
        "schulbezeichnung3": "name", "kurzbezeichnung": "short_name", "schulform": "form",
        "rechtsform": "ownership", "traegernummer": "authority",
        "schulbetriebsschluessel": "operating", "schulbetriebsdatum": "operating_since",
        "strasse": "street", "plz": "postcode", "ort": "city",
        "gemeindeschluessel": "municipality", "telefonvorwahl": "phone", "telefon": "phone",
        "faxvorwahl": "fax", "fax": "fax", "email": "email", "homepage": "website",
        "utmrechtswert": "utm_easting", "utmhochwert": "utm_northing",
    }),
)  # fmt: skip
"""Folded heading → field; several headings of one field are put together in this order."""

_MARKS = (
    {"schulnr", "abez1", "sf", "schbetrschl"},
    {"schulnummer", "schulbezeichnung1", "schulform", "schulbetriebsschluessel"},
)


class StateList:
    """Reads rows of the state's list. What is not understood is left out with a warning;
    only a row without number or name is refused."""

    notes: Sequence[str] = ()
    published = True

    def __init__(self, table: Table, layout: Mapping[str, str]) -> None:
        folded = [fold_heading(heading) for heading in table.headings]
        order = {heading: position for position, heading in enumerate(layout)}
        places = sorted((order[name], index) for index, name in enumerate(folded) if name in layout)
        self.columns: Mapping[str, str] = {
            table.headings[index]: layout[folded[index]] for _, index in places
        }
        self.ignored = tuple(
            heading
            for heading, name in zip(table.headings, folded, strict=True)
            if heading and name not in layout and name != "epsg"
        )
        self._places: dict[str, list[int]] = {}
        for _, index in places:
            self._places.setdefault(layout[folded[index]], []).append(index)
        self._epsg = folded.index("epsg") if "epsg" in folded else None

    def read(self, cells: Sequence[str]) -> Reading:
        """Read one school."""
        values: dict[str, Value] = {}
        problems: list[str] = []
        warnings: list[str] = []
        for name, places in self._places.items():
            parts = [cells[index].strip() for index in places]
            try:
                value = _READERS.get(name, _plain(name))(parts)
                values[name] = value if name in _UTM else SCHOOL.field(name).checked(value)
            except ValueError as error:
                values[name] = None
                warnings.append(say("left out: {why}", why=as_sentence(error)))
        number = values.get("number")
        values["name"] = values.get("name") or values.get("short_name")
        if not number:
            problems.append(say("the school number is missing"))
        elif wrong := doubt(str(number)):
            warnings.append(wrong)
        if not values["name"]:
            problems.append(say("the name of the school is missing"))
        values["institution"] = _INSTITUTION.get(str(values.get("form")), "school")
        epsg = cells[self._epsg].strip() if self._epsg is not None else ""
        values.update(_place(values, epsg, warnings))
        return Reading(values, problems, warnings)


def detect(table: Table) -> StateList | None:
    """The reader for the state's list, if the headings are those of one of its two forms."""
    folded = {fold_heading(heading) for heading in table.headings}
    for layout, marks in zip(LAYOUTS, _MARKS, strict=True):
        if marks <= folded:
            return StateList(table, layout)
    return None


def join_name(parts: Sequence[str]) -> str:
    """One name from the three lines of forty letters in which the state keeps it.

    A word divided at a line's end is put together ('Schu-', 'le' → 'Schule'), a compound keeps
    its hyphen ('Rhein-', 'Sieg'; 'Sozial-', 'und'), a closing dash goes ('- Primarstufe -').
    """
    name = ""
    for part in (" ".join(part.split()) for part in parts):
        if not part or not name:
            name = name or part
        elif re.search(r"\w-$", name) and not re.search(r"(^|\s)-[^-]*-$", name):
            if re.match(r"(und|u\.|oder|od\.|bzw)", part):
                name = f"{name} {part}"
            else:
                name = f"{name[:-1] if part[0].islower() else name}{part}"
        else:
            name = f"{name}{'' if name.endswith('/') else ' '}{part}"
    name = re.sub(r",(?=[^\W\d])", ", ", name)
    name = re.sub(r"(?:^|\s)- ?([^-]+?) ?-$", r" - \1", name)
    return name.strip(" -")


def _plain(name: str) -> Callable[[list[str]], Value]:
    field = SCHOOL.field(name)
    return lambda parts: field.read(parts[0]) if parts[0] else None


def _number(parts: list[str]) -> Value:
    """Area code and number: '0211', '8924260' → '0211 8924260'."""
    area, number = parts if len(parts) == 2 else ("", parts[0])
    if not number:
        return None
    return number if not area or number.startswith(("0", "+")) else f"{area} {number}"


def _form(parts: list[str]) -> Value:
    key = parts[0].zfill(2) if parts[0] else None
    if key is not None and key not in SCHOOL.field("form").choices:
        raise ValueError(say("school form key {text!r} is not known", text=parts[0]))
    return key


def _key(what: str, known: Mapping[str, str]) -> Callable[[list[str]], Value]:
    def read(parts: list[str]) -> Value:
        if parts[0] and parts[0] not in known:
            raise ValueError(say("{what} {text!r} is not known", what=what, text=parts[0]))
        return known.get(parts[0])

    return read


def _municipality(parts: list[str]) -> Value:
    """The state's six digits; official keys begin with the state's own 05."""
    return re.sub(r"^0?5(?=\d{6}$)", "", parts[0]) or None


def _date(parts: list[str]) -> Value:
    return SCHOOL.field("operating_since").read(parts[0]) if parts[0].strip("0") else None


def _metres(name: str) -> Callable[[list[str]], Value]:
    def read(parts: list[str]) -> Value:
        text = re.sub(r"[.,]\d*$", "", parts[0]) if parts[0].count(".") < 2 else parts[0]
        return SCHOOL.field(name).read(text) if text.strip("0") else None

    return read


_READERS: Mapping[str, Callable[[list[str]], Value]] = MappingProxyType({
    "name": lambda parts: join_name(parts) or None,
    "phone": _number, "fax": _number, "form": _form, "municipality": _municipality,
    "ownership": _key(say("legal form"), OWNERSHIP),
    "operating": _key(say("operating key"), OPERATING),
    "operating_since": _date,
    "utm_easting": _metres("utm_easting"), "utm_northing": _metres("utm_northing"),
})  # fmt: skip


def _place(values: Mapping[str, Value], epsg: str, warnings: list[str]) -> dict[str, Value]:
    """Where a school lies: UTM in zone 32 (EPSG 25832), and latitude and longitude with six
    decimals (0.1 m), from UTM of any zone."""
    nowhere: dict[str, Value] = dict.fromkeys((*_UTM, "latitude", "longitude"))
    east, north = (values.get(name) for name in _UTM)
    if not isinstance(east, int) or not isinstance(north, int):
        return nowhere
    import utm

    zone, metres = int(epsg) - 25800 if re.fullmatch(r"258(2[89]|3[0-8])", epsg) else 32, east
    if east >= 10_000_000:  # with the zone in front, as EPSG 4647 writes it
        zone, metres = divmod(east, 1_000_000)
    try:
        latitude, longitude = utm.to_latlon(metres, north, zone, northern=True)
        if zone != 32:
            metres, north, *_ = utm.from_latlon(latitude, longitude, force_zone_number=32)
        place = {
            name: SCHOOL.field(name).checked(round(float(value), digits))
            for name, value, digits in (
                ("utm_easting", metres, None), ("utm_northing", north, None),
                ("latitude", latitude, 6), ("longitude", longitude, 6),
            )
        }  # fmt: skip
    except (utm.OutOfRangeError, ValueError):
        why = say("{east} / {north} is no UTM position", east=east, north=north)
        warnings.append(say("left out: {why}", why=why))
        return nowhere
    return place
