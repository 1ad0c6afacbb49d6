"""Cut the sample city's schools out of the state's list (`python -m sample_site.extract FILE`).

Only the columns below are kept: what a school is and where it stands. E-mail addresses, web
pages, fax numbers and the advisers' columns are left out, because the sample needs none of them.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from sample_site.schools import DATA_FILE, MUNICIPALITY

COLUMNS = (
    "SchulNr", "RegSchl", "KoRe", "KoHo", "ABez1", "ABez2", "ABez3", "PLZ", "Ort", "Strasse",
    "TelVorw", "Telefon", "SF", "OeffPri", "KurzBez", "SchBetrSchl", "SchBetrSchlDatum",
    "SchultraegerNr",
)  # fmt: skip


def extract(source: Path, target: Path) -> int:
    """Write the city's rows of `source` to `target`; answers how many."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        rows = [r for r in csv.DictReader(file, delimiter=";") if r["RegSchl"] == MUNICIPALITY]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, COLUMNS, delimiter=";", extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m sample_site.extract NRW-Schulen.csv")
    sys.stdout.write(f"{extract(Path(sys.argv[1]), DATA_FILE)} schools\n")
