"""The lesson hours of a proof as CSV: a row an hour, in UTF-8, lines end with CRLF. Pure."""

from __future__ import annotations

import csv
import io

from schoolops.proof.shapes import Hour, Proof

HEAD = ("uplink", "month", *Hour.__annotations__, "gap_s")


def to_csv(proof: Proof) -> bytes:
    """The table; what was not measured is empty, and `gap_s` says for how long nobody measured."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    for hour in proof["hours"]:
        values = [_told(value) for value in hour.values()]
        gap = hour["lesson_s"] - hour["measured_s"]
        writer.writerow([proof["uplink"]["key"], proof["month"], *values, gap])
    return text.getvalue().encode()


def _told(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return "" if value is None else value
