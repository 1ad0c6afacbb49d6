"""Tickets belong to the incident of the nearest failed thing; one update answers all."""

from __future__ import annotations

import pytest

from schoolops.core.clock import FixedClock
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.tickets import belonging, service
from tests.alerts.town import Town
from tests.tickets.conftest import TEACHER
from tests.tickets.test_report import read, report
from tests.tickets.test_work import do, said


def fault(town: Town, id: str) -> str:
    found = read(town, id)["incident"]
    return str(found["title"]) if found else ""


def test_fourteen_reports_of_a_dead_line_are_one_incident_one_update_fourteen_answers(
    town: Town,
) -> None:
    town.cut.add("164800")
    town.minutes(4)
    teachers = [Actor.of(f"l.{n}", "teacher", schools=["164800"]) for n in range(14)]
    made = [
        report(town, by, category="network", room="1.01" if n % 2 else "1.02")
        for n, by in enumerate(teachers)
    ]
    (incident,) = town.incidents()
    found = [read(town, one["id"]) for one in made]
    assert {one["incident"]["id"] for one in found} == {incident.uid}
    assert {one["priority"] for one in found} == {"P1"}
    assert do(town, belonging.tell_all, incident.uid, "Bagger, zurück um 10:30") == {"tickets": 14}
    for one, by in zip(made, teachers, strict=True):
        assert said(town, one["id"], by)[-1] == ("update", "Bagger, zurück um 10:30")
    town.cut.clear()
    town.minutes(3)
    assert town.incidents() == []
    assert {read(town, one["id"])["state"] for one in made} == {"solved"}


def test_the_nearest_failed_thing_counts(town: Town) -> None:
    town.down("SW", "AP1", "AP2", "AP3")
    town.minutes(5)
    room = report(town, room="1.01", category="network")
    assert fault(town, room["id"]) == "SW does not answer"
    device = report(town, device="164800-AP1", category="device")
    assert fault(town, device["id"]) == ""  # an access point that is only cut off is not broken
    projector = report(town, room="1.01", category="other", text="Beamer flackert")
    assert fault(town, projector["id"]) == ""


def test_an_access_point_that_fails_is_the_fault_of_its_room_alone(town: Town) -> None:
    town.down("AP3")
    town.minutes(5)
    assert fault(town, report(town, room="1.02", category="network")["id"]).startswith("room 1.02")
    assert fault(town, report(town, room="1.01", category="network")["id"]) == ""
    point = report(town, device="164800-AP3", category="device")
    assert fault(town, point["id"]).startswith("room 1.02")
    town.up("AP3")
    town.minutes(5)
    town.down("AP1")
    town.minutes(5)
    assert "AP1" in fault(town, report(town, room="1.01", category="network")["id"])


def test_taken_out_of_an_incident_it_keeps_all_and_is_not_solved_with_it(town: Town) -> None:
    town.cut.add("164800")
    town.minutes(4)
    made = report(town, category="network")
    do(town, belonging.link_incident, made["id"], "")
    town.cut.clear()
    town.minutes(3)
    found = read(town, made["id"])
    assert (found["state"], found["incident"]) == ("new", None)
    assert [one["what"] for one in found["entries"]] == ["opened", "incident", "incident"]


def test_it_is_put_into_an_incident_by_hand(town: Town) -> None:
    made = report(town, category="other", text="Drucker")
    town.cut.add("164800")
    town.minutes(4)
    (incident,) = town.incidents()
    do(town, belonging.link_incident, made["id"], incident.uid)
    town.cut.clear()
    town.minutes(3)
    assert read(town, made["id"])["state"] == "solved"


def test_reports_of_schools_that_a_provider_cut_off_come_into_its_one_incident(
    store: Store, clock: FixedClock
) -> None:
    town = Town(store, clock, 6, "Telekom", "Telekom", "Telekom", "Telekom", "Vodafone", "Netz")
    early = town.numbers[0]
    teacher = Actor.of("x", "teacher", schools=[early])
    town.cut.add(early)
    town.minutes(3)
    made = report(town, teacher, school=early, category="network")
    town.cut.update(town.numbers[1:4])
    town.minutes(4)
    (incident,) = town.incidents()
    if incident.kind != "provider":
        pytest.fail(f"the town has {town.titles()}")
    assert fault(town, made["id"]) == incident.title


def test_the_reporter_reads_the_update_and_nothing_of_colleagues(town: Town) -> None:
    town.cut.add("164800")
    town.minutes(4)
    made = report(town, category="network")
    (incident,) = town.incidents()
    do(town, service.reply, made["id"], "intern", internal=True)
    do(town, belonging.tell_all, incident.uid, "gleich")
    assert [what for what, _ in said(town, made["id"], TEACHER)] == ["opened", "update"]
