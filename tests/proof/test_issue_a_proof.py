"""A proof from measurements in the store to the signed document that is had again months later."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from schoolops.core.clock import FixedClock
from schoolops.core.permissions import SYSTEM
from schoolops.core.settings import ProofSettings, TelemetrySettings
from schoolops.db.engine import Store
from schoolops.db.upsert import add_missing, upsert
from schoolops.estate.models import TABLES, observation
from schoolops.proof import press
from schoolops.proof.lines import reckon_months
from schoolops.proof.view import Edition, view
from schoolops.telemetry import packing, raw
from schoolops.telemetry.metrics import METRICS
from schoolops.telemetry.models import late_hour
from tests.peers.stamper import stamper
from tests.server.conftest import Api

__all__ = ["stamper"]
BERLIN = ZoneInfo("Europe/Berlin")
MICROS = 1_000_000
M = 1_000_000


@pytest.fixture
def line(api: Api, store: Store, clock: FixedClock) -> str:
    """A school with a line of 100 Mbit/s, made on 1 November 2026."""
    clock.value = at(1, 6) * MICROS
    api.create("schools", number="164800", name="Schule <A> & #B", form="20")
    made = api.create(
        "uplinks", school="164800", name="line1", provider="Netz AG", circuit="4711",
        contract_down_bps=100 * M, contract_up_bps=20 * M, state="active",
    )  # fmt: skip
    return str(made["key"])


def at(day: int, hour: int, minute: int = 0) -> int:
    return int(dt.datetime(2026, 11, day, hour, minute, tzinfo=BERLIN).timestamp())


def report(store: Store, rows: list[tuple[int, dict[str, Any]]], *, late: bool = False) -> None:
    with store.write(SYSTEM) as unit:
        (record,) = unit.connection.scalars(select(TABLES["uplink"].c.id))
        names = [metric.column for metric in METRICS["uplink"]]
        samples = [
            (record, moment * MICROS, 1, moment, 0, *(values.get(name) for name in names))
            for moment, values in rows
        ]
        newest = max(moment for moment, _ in rows)
        upsert(
            unit.connection, observation,
            [{"kind": "uplink", "record_id": record, "observed_at": newest * MICROS,
              "received_at": unit.now, "fresh_until": 0, "source": "", "facts": "{}"}],
            newer="observed_at",
        )  # fmt: skip
        raw.insert(unit.connection, "uplink", samples)
        if late:
            hours = {moment // 3600 for moment, _ in rows}
            marks = [{"kind": "uplink", "record_id": record, "hour": hour} for hour in hours]
            add_missing(unit.connection, late_hour, marks)


def lesson_day(day: int, rate: float = 95 * M, **values: Any) -> list[tuple[int, dict[str, Any]]]:
    """A report each 5 minutes of 07:50 to 15:15, and a test each full hour."""
    usual = {"reachable": True, "connect_us": 12_000, "loss_permille": 0, "jitter_us": 900}
    found = []
    for moment in range(at(day, 7, 50), at(day, 15, 15), 300):
        tests = {"test_down_bps": rate, "test_up_bps": 19 * M} if moment % 3600 == 0 else {}
        found.append((moment, usual | tests | values))
    return found


def test_the_store_gives_the_same_month_raw_rolled_up_and_packed(
    api: Api, store: Store, clock: FixedClock, line: str
) -> None:
    report(store, lesson_day(2) + lesson_day(3) + lesson_day(4, reachable=False))
    clock.value = at(4, 20) * MICROS
    raw_ones = api.get(f"/uplinks/{line}/proof", month="2026-11")
    lessons = raw_ones["lessons"]
    assert (lessons["days"], lessons["lesson_s"]) == (3, 3 * 445 * 60)
    assert (lessons["down_s"], lessons["unmeasured_s"]) == (445 * 60, 0)
    assert raw_ones["tests"]["down"]["tests"] == 3 * 8
    assert raw_ones["values"]["connect_ms"]["mean"] == pytest.approx(12)
    for _ in range(40):
        packing.roll_up(store)
    clock.advance(3 * 86_400)
    for _ in range(40):
        packing.roll_up(store)
        packing.seal(store)
    later = api.get(f"/uplinks/{line}/proof", month="2026-11")
    assert later["tests"] == raw_ones["tests"]
    assert later["lessons"]["down_s"] == 445 * 60
    assert later["lessons"]["unmeasured_s"] == later["lessons"]["lesson_s"] - 3 * 445 * 60


def test_late_reports_come_into_the_hour_that_they_are_of(
    api: Api, store: Store, clock: FixedClock, line: str
) -> None:
    report(store, lesson_day(2))
    clock.value = at(5, 20) * MICROS
    for _ in range(80):
        packing.roll_up(store)
    before = api.get(f"/uplinks/{line}/proof", month="2026-11")["lessons"]
    report(store, lesson_day(3), late=True)
    for _ in range(80):
        packing.roll_up(store)
    after = api.get(f"/uplinks/{line}/proof", month="2026-11")["lessons"]
    assert before["unmeasured_s"] - after["unmeasured_s"] == 445 * 60


def test_the_contract_is_the_one_of_that_time(
    api: Api, store: Store, clock: FixedClock, line: str
) -> None:
    report(store, lesson_day(2) + lesson_day(10))
    clock.value = at(9, 0) * MICROS
    api.edit("uplinks", api.get(f"/uplinks/{line}"), contract_down_bps=500 * M, circuit="4712")
    clock.value = at(11, 0) * MICROS
    found = api.get(f"/uplinks/{line}/proof", month="2026-11")
    assert [(t["circuit"], t["down_bps"], t["since"]) for t in found["terms"]] == [
        ("4711", 100 * M, None), ("4712", 500 * M, "2026-11-08T23:00:00Z"),
    ]  # fmt: skip
    assert found["tests"]["down"]["days_reached"] == 1
    october = api.get(f"/uplinks/{line}/proof", month="2026-10")
    assert [terms["circuit"] for terms in october["terms"]] == ["4711"]


def test_a_month_to_come_and_a_line_nobody_knows_are_refused(api: Api, line: str) -> None:
    assert "has not begun" in api.get(f"/uplinks/{line}/proof", 422, month="2027-01")["detail"]
    api.get(f"/uplinks/{line}/proof", 422, month="2026-13")
    api.get("/uplinks/164800/none/proof", 404, month="2026-10")
    api.post(f"/uplinks/{line}/proofs", {"month": "2027-01"}, 422)


def test_an_issued_proof_is_signed_kept_and_had_again(
    api: Api, store: Store, clock: FixedClock, line: str, tmp_path: Path
) -> None:
    report(store, lesson_day(2) + lesson_day(3))
    clock.value = int(dt.datetime(2026, 12, 3, tzinfo=BERLIN).timestamp()) * MICROS
    made = api.post(f"/uplinks/{line}/proofs", {"month": "2026-11"}, 201)
    assert (made["number"], made["complete"], made["again"]) == (1, True, False)
    pdf = api.client.get(f"/v1/proofs/{made['id']}/pdf").content
    assert hashlib.sha256(pdf).hexdigest() == made["pdf_sha256"]
    table = api.client.get(f"/v1/proofs/{made['id']}/csv").content
    assert hashlib.sha256(table).hexdigest() == made["csv_sha256"]
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    assert {row["uplink"] for row in rows} == {"164800/line1"}
    assert sum(int(row["lesson_s"]) for row in rows) == 20 * 445 * 60 + 445 * 60
    assert [row["connect_ms"] for row in rows[:1]] == ["12"]
    assert rows[-1]["connect_ms"] == "", "what was not measured is empty, not zero"
    again = api.post(f"/uplinks/{line}/proofs", {"month": "2026-11"}, 201)
    assert (again["id"], again["again"]) == (made["id"], True)
    report(store, lesson_day(4), late=True)
    for _ in range(80):
        packing.roll_up(store)
    newer = api.post(f"/uplinks/{line}/proofs", {"month": "2026-11", "language": "de"}, 201)
    assert newer["number"] == 2
    assert api.client.get(f"/v1/proofs/{made['id']}/pdf").content == pdf
    assert [p["number"] for p in api.get(f"/uplinks/{line}/proofs")["proofs"]] == [2, 1]
    with store.read(SYSTEM) as connection:
        said = connection.exec_driver_sql(
            "SELECT detail FROM audit_event WHERE action = 'issue proof' ORDER BY id"
        ).scalars()
        assert [json.loads(detail)["edition"] for detail in said] == [1, 2]
    check_signature(pdf, tmp_path)
    check_text(pdf, tmp_path)


def check_signature(pdf: bytes, folder: Path) -> None:
    """By poppler, which knows nothing of what signed it; and after one byte was changed."""
    if not shutil.which("pdfsig"):
        pytest.skip("pdfsig is not installed")
    assert "Signature is Valid" in pdfsig(pdf, folder)
    place = pdf.index(b"/Title")
    spoiled = pdf[:place] + b"/Titel" + pdf[place + 6 :]
    assert "Signature is Invalid" in pdfsig(spoiled, folder) or "Digest Mismatch" in pdfsig(
        spoiled, folder
    )


def pdfsig(pdf: bytes, folder: Path) -> str:
    file = folder / "proof.pdf"
    file.write_bytes(pdf)
    return subprocess.run(
        ["pdfsig", "-nocert", str(file)], capture_output=True, text=True, check=False
    ).stdout


def check_text(pdf: bytes, folder: Path) -> None:
    file = folder / "proof.pdf"
    file.write_bytes(pdf)
    text = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "Schule <A> & #B (164800)" in text
    assert "nicht festzustellen" in text
    assert "November 2026" in text
    attached = subprocess.run(
        ["pdfdetach", "-list", str(file)], capture_output=True, text=True, check=True
    ).stdout
    assert "164800-line1-2026-11.csv" in attached


def test_the_same_input_prints_the_same_bytes(
    api: Api, store: Store, clock: FixedClock, line: str
) -> None:
    report(store, lesson_day(2))
    clock.value = at(3, 0) * MICROS
    proof = api.get(f"/uplinks/{line}/proof", month="2026-11")
    edition = Edition(1, "2026-11-03T00:00:00Z", "0" * 64, "1" * 64, "x.csv", False)
    for tag in ("de", "en"):
        job = {
            "view": view(proof, edition, store.settings, tag), "csv": "a\r\n",
            "made_at": edition.made_at,
        }  # fmt: skip
        made = press.render(job)
        assert made == press.render(job)
        assert b"pdfuaid" in made or b"/MarkInfo" in made


def test_a_stamping_service_confirms_the_time(
    api: Api, store: Store, clock: FixedClock, line: str, stamper: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(store.settings, "proof", ProofSettings(timestamp_url=stamper))
    report(store, lesson_day(2))
    clock.value = at(3, 0) * MICROS
    made = api.post(f"/uplinks/{line}/proofs", {"month": "2026-11", "language": "en"}, 201)
    pdf = api.client.get(f"/v1/proofs/{made['id']}/pdf").content
    file = tmp_path / "stamped.pdf"
    file.write_bytes(pdf)
    from pyhanko.pdf_utils.reader import PdfFileReader

    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    kinds = {attribute["type"].native for attribute in signature.signer_info["unsigned_attrs"]}
    assert "signature_time_stamp_token" in kinds
    monkeypatch.setattr(
        store.settings, "proof", ProofSettings(timestamp_url="http://127.0.0.1:9/none")
    )
    clock.value = at(3, 12) * MICROS
    refused = api.post(f"/uplinks/{line}/proofs", {"month": "2026-11", "language": "en"}, 503)
    assert refused["code"] == "proof.press"


def test_a_city_puts_its_own_words_in(
    api: Api, store: Store, clock: FixedClock, line: str, home: Path
) -> None:
    folder = home / "templates" / "report"
    folder.mkdir(parents=True)
    (folder / "proof.de.txt").write_text("[title]\nNachweis der Stadt\n", "utf-8")
    clock.value = at(3, 0) * MICROS
    proof = api.get(f"/uplinks/{line}/proof", month="2026-11")
    edition = Edition(1, "2026-11-03T00:00:00Z", "0" * 64, "1" * 64, "x.csv", False)
    texts = view(proof, edition, store.settings, "de")["t"]
    assert (texts["title"], texts["school"]) == ("Nachweis der Stadt", "Schule")


def test_of_what_was_not_measured_no_outage_is_denied(
    api: Api, store: Store, clock: FixedClock, line: str
) -> None:
    clock.value = at(3, 0) * MICROS
    proof = api.get(f"/uplinks/{line}/proof", month="2026-11")
    edition = Edition(1, "2026-11-03T00:00:00Z", "0" * 64, "1" * 64, "x.csv", False)
    shown = view(proof, edition, store.settings, "de")
    assert "nichts gemessen" in shown["no_outages"]
    assert "Monat bis 03.11.26" in shown["t"]["lesson_time"]
    (down,) = [row for row in shown["coverage"] if row[0] == "davon Anschluss ausgefallen"]
    assert down[1] == "–"
    report(store, lesson_day(2))
    proof = api.get(f"/uplinks/{line}/proof", month="2026-11")
    shown = view(proof, edition, store.settings, "de")
    assert "kein Ausfall" in shown["no_outages"]
    (down,) = [row for row in shown["coverage"] if row[0] == "davon Anschluss ausgefallen"]
    assert down[1].startswith("0")


def test_the_list_of_lines_has_the_figures_of_the_month(
    api: Api, store: Store, clock: FixedClock, line: str
) -> None:
    report(store, lesson_day(2) + lesson_day(3))
    clock.value = at(3, 20) * MICROS
    (before,) = api.get("/lines")["lines"]
    assert (before["verdict"], before["booked_down_bps"], before["as_of"]) == (
        "unknown", 100 * M, None,
    )  # fmt: skip
    reckon_months(store)
    (after,) = api.get("/lines")["lines"]
    assert (after["tests"], after["down_bps"], after["measured"]) == (16, 95 * M, 1.0)
    assert after["as_of"] is not None


def test_a_month_that_is_half_past_its_time_says_what_is_gone_and_invents_nothing(
    api: Api, store: Store, clock: FixedClock, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(store, lesson_day(3) + lesson_day(4, reachable=False))
    report(store, lesson_day(24) + lesson_day(25, reachable=False))
    kept = TelemetrySettings(sealed_days=20, fine_days=30, hourly_days=30)
    monkeypatch.setattr(store.settings, "telemetry", kept)
    clock.value = at(26, 20) * MICROS
    monkeypatch.setattr(packing, "FOR_S", 600.0)  # to their ends, however slow it is here
    for _ in range(60):
        packing.roll_up(store)
        packing.seal(store)
    before = api.get(f"/uplinks/{line}/proof", month="2026-11")
    assert before["lessons"]["down_s"] == 2 * 445 * 60
    assert len(before["outages"]) == 2, before["outages"]
    clock.value = at(26, 20) * MICROS + 12 * 86_400 * MICROS  # 8 December: 8 November is the end
    report(store, [(at(26, 20) + 11 * 86_400, {"reachable": True})])
    for _ in range(60):
        packing.roll_up(store)
        packing.seal(store)
    after = api.get(f"/uplinks/{line}/proof", month="2026-11")
    lessons = after["lessons"]
    # Made of hours from now on, by the reports in each: the ends of a school day are less exact.
    assert lessons["down_s"] == pytest.approx(445 * 60, rel=0.05)
    assert lessons["measured_s"] == pytest.approx(2 * 445 * 60, rel=0.05)
    assert lessons["unmeasured_s"] == pytest.approx(lessons["lesson_s"] - lessons["measured_s"])
    assert after["tests"]["down"]["tests"] == before["tests"]["down"]["tests"] // 2
    assert len(after["outages"]) == 1
    assert after["verdict"] != "met"
