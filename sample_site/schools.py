"""The real part of the sample city: the schools of Düsseldorf from the state's list.

The file is in the state list's own format, so `schoolops import schools` reads it too; it is
read here with the standard library alone, because the whole city must stand within seconds.
"""

from __future__ import annotations

import csv
import math
import re
from functools import cache
from pathlib import Path

from inventory.fields import Value

DATA_FILE = Path(__file__).parent / "data" / "duesseldorf.csv"
MUNICIPALITY = "111000"
AUTHORITY = "10042"
"""The city's own authority: it runs 150 of the 174 schools, and their equipment."""

_OPERATING = {"0": "founding", "1": "open", "2": "expiring", "6": "special"}
_SLOGANS = re.compile(r"\s*-\s*(Primarstufe|Sek|Schule der|Sekundarst)[^-]*-?\s*$")


@cache
def listed_schools() -> tuple[dict[str, Value], ...]:
    """The 174 schools as parsed values of the kind 'school', in the order of the list.

    Treat them as read-only: the tuple is shared.
    """
    with DATA_FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_school(row) for row in csv.DictReader(file, delimiter=";"))


def _school(row: dict[str, str]) -> dict[str, Value]:
    east, north = int(row["KoRe"]), int(row["KoHo"])
    latitude, longitude = to_wgs84(east, north)
    begun = row["SchBetrSchlDatum"]
    values: dict[str, Value] = {
        "number": row["SchulNr"],
        "name": " ".join(part.strip() for part in _parts(row) if part.strip()),
        "short_name": row["KurzBez"].strip(),
        "institution": "vocational" if row["SF"] == "30" else "school",
        "form": row["SF"],
        "ownership": "public" if row["OeffPri"] == "1" else "private",
        "authority": row["SchultraegerNr"],
        "operating": _OPERATING.get(row["SchBetrSchl"], "open"),
        "street": row["Strasse"].strip(),
        "postcode": row["PLZ"],
        "city": row["Ort"],
        "municipality": row["RegSchl"],
        "phone": f"{row['TelVorw']} {row['Telefon']}".strip(),
        "utm_easting": east,
        "utm_northing": north,
        "latitude": latitude,
        "longitude": longitude,
    }
    if len(begun) == 8:
        values["operating_since"] = f"{begun[:4]}-{begun[4:6]}-{begun[6:]}"
    return values


def _parts(row: dict[str, str]) -> tuple[str, str, str]:
    return row["ABez1"], row["ABez2"], row["ABez3"]


def to_wgs84(easting: int, northing: int) -> tuple[float, float]:
    """ETRS89/UTM zone 32 (metres) → latitude and longitude in degrees, to a decimetre.

    Krüger's series for the GRS80 ellipsoid.
    """
    a, f = 6378137.0, 1 / 298.257222101
    n = f / (2 - f)
    rectifying = a / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    xi = northing / (0.9996 * rectifying)
    eta = (easting - 500_000) / (0.9996 * rectifying)
    beta = (n / 2 - 2 * n**2 / 3 + 37 * n**3 / 96, n**2 / 48 + n**3 / 15, 17 * n**3 / 480)
    xi1 = xi - sum(
        b * math.sin(2 * j * xi) * math.cosh(2 * j * eta) for j, b in enumerate(beta, start=1)
    )
    eta1 = eta - sum(
        b * math.cos(2 * j * xi) * math.sinh(2 * j * eta) for j, b in enumerate(beta, start=1)
    )
    conformal = math.asin(math.sin(xi1) / math.cosh(eta1))
    delta = (2 * n - 2 * n**2 / 3 - 2 * n**3, 7 * n**2 / 3 - 8 * n**3 / 5, 56 * n**3 / 15)
    latitude = conformal + sum(
        d * math.sin(2 * j * conformal) for j, d in enumerate(delta, start=1)
    )
    longitude = math.radians(9) + math.atan2(math.sinh(eta1), math.cos(xi1))
    return round(math.degrees(latitude), 6), round(math.degrees(longitude), 6)
