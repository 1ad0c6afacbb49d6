"""A month is proven alike, and the latest values are the same, after a restore from the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from schoolops import migrations
from schoolops.cli._measurements import Measurements
from schoolops.core.clock import FixedClock
from schoolops.core.settings import Settings
from schoolops.db import backup
from schoolops.db.engine import Store
from schoolops.server.app import Door, make_app
from schoolops.telemetry import packing
from schoolops.telemetry.archive.files import folder_of
from schoolops.telemetry.archive.writing import archive
from tests.db.test_back_up_and_restore import other
from tests.proof.test_issue_a_proof import MICROS, at, lesson_day, line, report
from tests.server.conftest import Api

__all__ = ["line", "other"]


def month(api: Api, line: str) -> Any:
    return api.get(f"/uplinks/{line}/proof", month="2026-11")


def test_a_proof_is_the_same_after_a_restore(
    api: Api, store: Store, clock: FixedClock, line: str, other: Settings
) -> None:
    report(store, lesson_day(2) + lesson_day(3) + lesson_day(4, reachable=False))
    clock.value = at(4, 20) * MICROS
    for days in (0, 4):
        clock.advance(days * 86_400)
        for _ in range(4):
            packing.roll_up(store)
            packing.seal(store)
    while archive(store):
        pass
    made = Path(backup.create(store)["path"])
    measurements = Measurements(folder_of(store.settings))
    backup.restore(other, made, migrations.HISTORY, measurements)
    assert measurements.loaded.rows > 0
    restored = Store.open(other, clock)
    try:
        app = Door(make_app(restored, background=False), local=True)
        with TestClient(app, base_url="http://localhost") as client:
            again = Api(client)
            assert month(again, line) == month(api, line)
            for path in (f"/uplinks/{line}/latest", f"/uplinks/{line}"):
                assert again.get(path) == api.get(path)
        assert month(api, line)["lessons"]["down_s"] == 445 * 60
    finally:
        restored.close()
