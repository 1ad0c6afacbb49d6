"""72 hours of outage and kill -9 at random moments: nothing is lost, nothing counted twice.

The long form, with more agents and a report a minute, is benchmarks/bench_outage.py.
"""

from __future__ import annotations

from pathlib import Path

from schoolops.core.settings import Settings
from tests.survival.outage import Plan, most_unsure, survive


def test_through_three_days_of_outage_and_kills_each_report_is_booked_once(
    settings_of_store: Settings, tmp_path: Path
) -> None:
    account = survive(settings_of_store, tmp_path, Plan(outage_s=3, after_s=1, kills=3))
    assert (account.lost, account.doubled, account.strange) == (0, 0, 0), account
    assert account.kills["agents in the outage"] >= 2, account
    assert account.kills["server"] >= 1, account
    assert account.taken >= 500, account
    assert account.measured - account.taken <= most_unsure(account), account
    assert account.span_h > 48, account
