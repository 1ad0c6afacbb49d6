"""Acknowledge, claim, note; who may; the fault report."""

from __future__ import annotations

import pytest

from inventory.kinds import INCIDENT
from schoolops.alerts import listings as _listings  # noqa: F401  (registers its lists)
from schoolops.alerts import repository, schemas, service
from schoolops.alerts.fault_report import write_report
from schoolops.core.clock import FixedClock
from schoolops.core.errors import Conflict, Forbidden, Invalid, NotFound
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.estate.listing import lister
from schoolops.telemetry import raw
from schoolops.telemetry.metrics import METRICS
from tests.alerts.town import ADMIN, Town

OTHER = Actor.of("otto", "technician")
TEACHER = Actor.of("t", "teacher", schools=["164800"])
LIMITED = Actor.of("lisa", "technician", authority="10042")
STRANGER = Actor.of("s", "technician", authority="99999")


@pytest.fixture
def town(store: Store, clock: FixedClock) -> Town:
    made = Town(store, clock, 2)
    made.cut.add("164800")
    made.minutes(2)
    return made


def uid(town: Town) -> str:
    return str(town.incidents()[0].uid)


def test_one_person_alone_has_an_incident(town: Town) -> None:
    with town.store.write(ADMIN) as unit:
        service.claim(unit, uid(town))
    with town.store.write(OTHER) as unit, pytest.raises(Conflict, match="anna has taken"):
        service.claim(unit, uid(town))
    with town.store.write(OTHER) as unit:
        service.release(unit, uid(town))
        service.claim(unit, uid(town))
        service.write_note(unit, uid(town), "the provider digs")
    with town.store.read(ADMIN) as connection:
        found = repository.course(town.store, connection, ADMIN, uid(town))
    assert (found["claimed_by"], found["acknowledged_by"]) == ("otto", "anna")
    told = [(one["by"], one["what"], one["text"]) for one in found["events"]]
    assert told[-4:] == [
        ("anna", "claimed", ""),
        ("otto", "released", "anna"),
        ("otto", "claimed", ""),
        ("otto", "note", "the provider digs"),
    ]


def test_who_sees_the_school_reads_and_only_who_runs_equipment_works_on_it(town: Town) -> None:
    with town.store.read(TEACHER) as connection:
        found = repository.course(town.store, connection, TEACHER, uid(town))
    assert found["school"] == "164800"
    assert [one["kind"] for one in found["alerts"]] == ["school"]
    with town.store.write(TEACHER) as unit, pytest.raises(Forbidden):
        service.claim(unit, uid(town))
    with town.store.write(STRANGER) as unit, pytest.raises(NotFound):
        service.claim(unit, uid(town))
    with town.store.read(STRANGER) as connection, pytest.raises(NotFound):
        repository.course(town.store, connection, STRANGER, uid(town))


def test_who_runs_the_equipment_of_an_authority_works_on_its_incidents(town: Town) -> None:
    """On PostgreSQL under the database's own lock too."""
    with town.store.write(LIMITED) as unit:
        service.claim(unit, uid(town))
        service.write_note(unit, uid(town), "on my way")
        made = service.plan_window(
            unit, schemas.NewWindow(school="164800", every="sun=02:00-03:00", reason="x")
        )
    with town.store.write(LIMITED) as unit:
        service.end_window(unit, made["id"])
        service.release(unit, uid(town))
    with town.store.read(LIMITED) as connection:
        found = repository.course(town.store, connection, LIMITED, uid(town))
    assert [one["what"] for one in found["events"]][-3:] == ["claimed", "note", "released"]
    assert found["schools"][0]["number"] == "164800"


def test_what_nobody_reports_on_any_more_is_closed_by_hand_and_comes_back_if_it_is_not_over(
    town: Town,
) -> None:
    one = uid(town)
    with town.store.write(ADMIN) as unit:
        with pytest.raises(Invalid, match="why"):
            service.close(unit, one, " ")
        service.close(unit, one, "the router was taken away")
    assert town.incidents() == []
    with town.store.read(ADMIN) as connection:
        events = repository.course(town.store, connection, ADMIN, one)["events"]
    assert [(e["what"], e["by"], e["text"]) for e in events[-2:]] == [
        ("note", "anna", "the router was taken away"), ("closed", "anna", ""),
    ]  # fmt: skip
    town.minutes(3)
    assert [row.uid for row in town.incidents()] == [one]
    with town.store.write(STRANGER) as unit, pytest.raises(NotFound):
        service.close(unit, one, "x")


def test_what_is_over_is_not_claimed_but_may_be_explained(town: Town) -> None:
    one = uid(town)
    town.cut.clear()
    town.minutes(2)
    with town.store.write(ADMIN) as unit:
        with pytest.raises(Conflict, match="over"):
            service.claim(unit, one)
        service.write_note(unit, one, "a fuse")
        with pytest.raises(Invalid):
            service.write_note(unit, one, "  ")


def test_the_worst_of_those_that_are_open_comes_first(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock, 2)
    town.down("SW", "AP1", "AP2", "AP3")
    town.minutes(2)
    town.up("SW", "AP1", "AP2", "AP3")
    town.minutes(3)
    town.cut.add("164801")
    town.minutes(2)
    town.down("AP3")
    town.down("AP1", number="164800")
    town.minutes(6)
    with store.read(ADMIN) as connection:
        page = lister(INCIDENT, connection, ADMIN, clock.now()).page(
            INCIDENT, "", "", 0, 10, ["severity", "state"]
        )
    found = [tuple(row[4:]) for row in page.rows]
    assert found[-1] == ("critical", "closed")
    assert found[:-1] == sorted(found[:-1])
    assert {severity for severity, _ in found[:-1]} == {"critical", "warning"}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ["Störungsmeldung: C-164800, seit 25.11.2026, ", "Leitungsnummer: C-164800",
                "1000 Mbit/s", "0800 1234567", "Schule 164800 (164800)"]),
        ("en", ["Fault report: C-164800, since", "Circuit number: C-164800", "Line: line1"]),
    ],
)  # fmt: skip
def test_the_fault_report_names_the_circuit_and_since_when(
    town: Town, language: str, words: list[str]
) -> None:
    with town.store.read(ADMIN) as connection:
        found = write_report(town.store, connection, ADMIN, uid(town), language)  # type: ignore[arg-type]
    text = f"{found['subject']}\n{found['text']}"
    assert [word for word in words if word not in text] == []
    assert "\n\n\n" not in text


def test_the_fault_report_of_a_slow_line_has_its_tests(store: Store, clock: FixedClock) -> None:
    folder = store.settings.home / "alerts"
    folder.mkdir()
    (folder / "own.yaml").write_text(
        "- {id: slow, about: uplink, when: test_down_bps < 0.5 * contract_down_bps, text: slow}"
    )
    town = Town(store, clock)
    line = town.ids["164800", "uplink", "line1"]
    slow = {"test_down_bps": 93_400_000, "test_up_bps": 12_000_000}
    kept = [slow.get(metric.name) for metric in METRICS["uplink"]]
    with store.write() as unit:
        raw.insert(unit.connection, "uplink", [(line, clock.now() - 10**9, 1, 1, 0, *kept)])
    town.say("uplink", "line1", reachable=True, loss_percent=0.0, **slow)
    town.minutes(2)
    with store.read(ADMIN) as connection:
        found = write_report(store, connection, ADMIN, uid(town), "de")
    assert "Befund: slow" in found["text"]
    assert "  93  12" in found["text"]


def test_a_switch_is_nothing_that_a_provider_mends(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    town.down("SW", "AP1", "AP2", "AP3")
    town.minutes(2)
    with store.read(ADMIN) as connection, pytest.raises(Conflict, match="about no line"):
        write_report(store, connection, ADMIN, uid(town), "de")


def test_the_rules_say_how_often_each_fires(town: Town) -> None:
    told = service.rules_in_force(town.store, ADMIN)
    assert told["problem"] == ""
    firing = {rule["id"]: rule["open_alerts"] for rule in told["rules"]}
    assert firing["school-silent"] == 1
    assert firing["uplink-down"] == 0


def test_wrong_rules_of_the_city_leave_the_others_in_force(town: Town) -> None:
    folder = town.store.settings.home / "alerts"
    folder.mkdir()
    (folder / "own.yaml").write_text("- {id: x-rule, about: uplink, when: los > 1, text: x}")
    town.clock.advance(60)
    told = service.rules_in_force(town.store, ADMIN)
    assert "no 'los' to ask for" in told["problem"]
    (problem,) = told["problems"]
    assert problem["message"] == "{file}, line {line}, rule {rule}: {problem}"
    assert "school-silent" in {rule["id"] for rule in told["rules"]}


def test_rules_are_tried_on_what_is_asked_for_only(town: Town) -> None:
    wanted = schemas.Rehearsal(school="164801", rules="- {id: x-rule, about: nothing}")
    with pytest.raises(Invalid, match="'about' is one of"):
        service.try_rules(town.store, ADMIN, wanted)
    with pytest.raises(NotFound):
        service.try_rules(town.store, STRANGER, schemas.Rehearsal(school="164801"))
