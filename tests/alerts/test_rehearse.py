"""A dry run tells what would have been, from what was measured."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from agents import protocol
from schoolops.alerts import schemas, service
from schoolops.alerts.models import alert, incident
from schoolops.core.clock import FixedClock
from schoolops.db.engine import Store
from schoolops.telemetry import raw
from schoolops.telemetry.metrics import METRICS, TEXTS
from tests.alerts.town import ADMIN, Town

MINUTE = 60_000_000


def write(town: Town, kind: str, name: str, minutes: range, **values: Any) -> None:
    """Rows of measurements, so many minutes ago, as they are kept."""
    table = "host" if kind == "agent" else kind
    record = town.ids["164800", kind, name]
    rows = []
    for minute in minutes:
        kept = []
        for metric in METRICS[table]:
            value = values.get(metric.name)
            whole = value if value in (None, True, False) else round(value * metric.scale)
            kept.append(whole)
        at = town.clock.now() - minute * MINUTE
        rows.append((record, at, 1, minute, 0, *kept, *("" for _ in TEXTS[table])))
    with town.store.write() as unit:
        raw.insert(unit.connection, table, rows)


def tried(town: Town, **given: Any) -> list[dict[str, Any]]:
    wanted = schemas.Rehearsal(school="164800", **given)
    return list(service.try_rules(town.store, ADMIN, wanted)["alerts"])


def a_day(town: Town) -> None:
    """Two hours: the switch fails for ten minutes, the line loses packets for twenty."""
    calm = range(130, 0, -1)
    write(town, "agent", "", calm, cpu_percent=3.0)
    write(town, "device", "R", calm, reachable=True)
    for name in ("SW", "AP1", "AP2", "AP3"):
        write(town, "device", name, range(130, 60, -1), reachable=True)
        write(town, "device", name, range(60, 50, -1), reachable=False)
        write(town, "device", name, range(50, 0, -1), reachable=True)
    write(town, "uplink", "line1", range(130, 40, -1), reachable=True, loss_percent=0)
    write(town, "uplink", "line1", range(40, 20, -1), reachable=True, loss_percent=7.0)
    write(town, "uplink", "line1", range(20, 0, -1), reachable=True, loss_percent=0)


def test_it_tells_what_the_rules_in_force_would_have_said(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    a_day(town)
    found = [(one["rule"], one["subject"], one["devices"]) for one in tried(town, hours=2)]
    assert found == [("switch-down", "SW", 3), ("uplink-lossy", "line1", 0)]
    assert all(one["until"] for one in tried(town, hours=2))


def test_what_failed_for_a_single_report_is_found_at_whatever_second_one_asks(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock)
    calm = range(130, 0, -1)
    write(town, "agent", "", calm, cpu_percent=3.0)
    for name in ("R", "SW", "AP1", "AP2"):
        write(town, "device", name, calm, reachable=True)
    write(town, "device", "AP3", range(130, 60, -1), reachable=True)
    write(town, "device", "AP3", range(60, 59, -1), reachable=False)
    write(town, "device", "AP3", range(59, 0, -1), reachable=True)
    write(town, "uplink", "line1", calm, reachable=True, loss_percent=0)
    rules = "- {id: gone, about: device, when: not reachable, for: 30s, text: gone}"
    answers = []
    for _ in range(9):
        clock.advance(7)
        answers.append(
            [(one["subject"], one["since"]) for one in tried(town, hours=2, rules=rules)]
        )
    assert [subject for subject, _ in answers[0]] == ["AP3"]
    assert all(one == answers[0] for one in answers)


def test_other_rules_are_tried_without_changing_anything(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    a_day(town)
    rules = """
- {id: any-loss, about: uplink, when: loss_percent > 0, for: 30m, text: x}
- {id: some-loss, about: uplink, when: loss_percent > 0, for: 5m, text: "{loss_percent} %"}
"""
    (one,) = tried(town, hours=2, rules=rules)
    assert (one["rule"], one["text"]) == ("some-loss", "7 %")
    with store.read() as connection:
        assert connection.execute(select(alert)).all() == []
        assert connection.execute(select(incident)).all() == []


def test_a_school_without_reports_was_silent(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    write(town, "agent", "", range(60, 30, -1), cpu_percent=3.0)
    found = tried(town, hours=1)
    assert [(one["rule"], one["until"]) for one in found] == [("school-silent", None)]


def test_the_facts_of_rules_are_what_agents_report() -> None:
    assert set(protocol.UplinkReport._fields) >= {"loss_percent", "connect_ms", "dns_ms"}
