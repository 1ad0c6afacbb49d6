"""Draws the first page of a proof in docs/pages: `make pages`. Needs poppler-utils."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
FOLDER = ROOT / "docs" / "pages"
BERLIN = ZoneInfo("Europe/Berlin")
MBIT = 1e6
MADE_AT = "2026-12-03T06:00:00Z"


def at(day: int, hour: int, minute: int = 0) -> int:
    """A local time of November 2026 in seconds since 1970."""
    return int(dt.datetime(2026, 11, day, hour, minute, tzinfo=BERLIN).timestamp())


def draw() -> None:
    """Reckon an invented month, print it, and keep a picture of its first page."""
    from schoolops.calendar.times import LessonTime, default_bells
    from schoolops.core.settings import load_settings
    from schoolops.proof import press
    from schoolops.proof.csv_file import to_csv
    from schoolops.proof.limits import Limits
    from schoolops.proof.months import Month
    from schoolops.proof.reckoning import Measured, Question, reckon
    from schoolops.proof.slots import Slot
    from schoolops.proof.throughput import Booked
    from schoolops.proof.view import Edition, view

    dice = random.Random(11)  # noqa: S311 (an invented month)
    lessons = LessonTime(default_bells("20"), zone=BERLIN)
    slots: dict[str, dict[int, Slot]] = {name: {} for name in (
        "reachable", "connect_ms", "rtt_ms", "jitter_ms", "loss_percent", "dns_ms", "rx_bps",
        "tx_bps", "test_down_bps", "test_up_bps",
    )}  # fmt: skip
    for moment in range(at(1, 0), at(30, 23, 55), 300):
        if at(10, 9) <= moment < at(10, 11) or at(18, 7) <= moment < at(18, 10, 30):
            continue
        up = not (at(12, 10, 10) <= moment < at(12, 11, 5))
        slots["reachable"][moment] = Slot(5, float(up), float(up), float(up))
        if not up:
            continue
        busy = lessons.within(moment)
        for name, value in (
            ("connect_ms", dice.gauss(14, 2)), ("rtt_ms", dice.gauss(12, 2)),
            ("jitter_ms", dice.uniform(0.4, 2.5)), ("dns_ms", dice.gauss(9, 2)),
            ("loss_percent", dice.choice((0, 0, 0, 0.2))),
            ("rx_bps", dice.uniform(0.1, 0.9) * 240 * MBIT if busy else 2 * MBIT),
            ("tx_bps", dice.uniform(0.05, 0.4) * 45 * MBIT if busy else 1 * MBIT),
        ):  # fmt: skip
            slots[name][moment] = Slot(5, value, value * 0.8, value * 1.4)
        if moment % 3600 == 0:
            day = dt.datetime.fromtimestamp(moment, BERLIN)
            good = day.day % 3 == 0 or not 7 <= day.hour < 16
            down = dice.gauss(236 if good else 180, 4) * MBIT
            rise = dice.gauss(46, 1) * MBIT
            slots["test_down_bps"][moment] = Slot(1, down, down, down)
            slots["test_up_bps"][moment] = Slot(1, rise, rise, rise)
    question = Question(
        {"id": "", "key": "164800/line1", "name": "line1", "medium": "fibre",
         "contract_end": "2028-07-31", "hotline": None, "school": "164800",
         "school_name": "Gesamtschule am Musterplatz"},
        Month(2026, 11), lessons, [Booked(0, "Beispielnetz", "BN-4711", 250_000_000, 50_000_000)],
        Limits(availability=0.985), "Rahmenvertrag 2025-17, Anlage 3 (erfunden)",
        at(30, 23) + 7200,
    )  # fmt: skip
    proof = reckon(question, Measured(300, slots))
    table = to_csv(proof)
    edition = Edition(
        1, MADE_AT, hashlib.sha256(json.dumps(proof).encode()).hexdigest(),
        hashlib.sha256(table).hexdigest(), "164800-line1-2026-11.csv", False,
    )  # fmt: skip
    settings = load_settings(city="Musterstadt, Amt für Schulentwicklung")
    job = {
        "view": view(proof, edition, settings, "de"),
        "csv": table.decode(),
        "made_at": MADE_AT,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "proof.pdf"
        file.write_bytes(press.render(job))
        subprocess.run(
            ["pdftoppm", "-r", "80", "-f", "1", "-singlefile", "-png", file, FOLDER / "proof-de"],
            check=True,
        )


if __name__ == "__main__":
    draw()
