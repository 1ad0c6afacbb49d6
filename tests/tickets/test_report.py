"""A report: where, by whom, with the live state; twice sent is one, twice said joins."""

from __future__ import annotations

from typing import Any

import pytest

from schoolops.core.clock import FixedClock
from schoolops.core.errors import Forbidden, Invalid, NotFound
from schoolops.core.permissions import Actor
from schoolops.tickets import intake, repository, schemas
from tests.alerts.town import Town
from tests.tickets.conftest import COLLEAGUE, ELSEWHERE, HEAD, PROVIDER, TEACHER, TECHNICIAN


def report(town: Town, by: Actor = TEACHER, **given: Any) -> dict[str, Any]:
    new = schemas.NewTicket(**({"school": "164800", "text": "es geht nicht"} | given))
    with town.store.write(by) as unit:
        return intake.report(unit, new)


def read(town: Town, id: str, by: Actor = TECHNICIAN) -> dict[str, Any]:
    with town.store.read(by) as connection:
        return repository.read(connection, by, id, town.clock.now())


def test_a_report_keeps_what_was_known_of_its_place(town: Town) -> None:
    town.down("AP3")
    town.minutes(4)
    made = report(town, room="1.02", category="network", text="kein WLAN")
    found = read(town, made["id"])
    assert (found["number"], found["state"], found["priority"]) == (made["number"], "new", "P2")
    assert (found["school"], found["room"], found["title"]) == ("164800", "1.02", "kein WLAN")
    assert [(one["name"], one["health"]) for one in found["seen"]["access_points"]] == [
        ("AP3", "down")
    ]
    assert found["seen"]["uplinks"][0]["provider"] == "Telekom"
    town.up("AP3")
    town.minutes(5)
    assert read(town, made["id"])["seen"] == found["seen"]


def test_a_device_is_enough_and_brings_its_room_and_school(town: Town) -> None:
    made = report(town, school="", device="164800-AP1", category="device")
    found = read(town, made["id"])
    assert (found["school"], found["room"], found["device"]) == ("164800", "1.01", "164800-AP1")
    assert found["priority"] == "P3"


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"text": "  "}, Invalid, "in some words"),
        ({"school": ""}, Invalid, "at which school"),
        ({"school": "999999"}, NotFound, "999999"),
        ({"room": "9.99"}, NotFound, "there is no room"),
        ({"device": "nothing"}, NotFound, "nothing"),
        ({"priority": "P1"}, Forbidden, "may change"),
    ],
)
def test_what_cannot_be_is_refused(
    town: Town, given: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        report(town, **given)


def test_the_same_form_sent_twice_is_one_ticket(town: Town) -> None:
    first = report(town, form_key="abc")
    assert report(town, form_key="abc") == first
    assert report(town, form_key="def")["id"] != first["id"]


def test_the_same_trouble_in_a_room_joins_what_was_reported_first(
    town: Town, clock: FixedClock
) -> None:
    one = report(town, room="1.01", category="network")
    two = report(town, COLLEAGUE, room="1.01", category="network", text="WLAN weg")
    assert two["joined_to"] == one["number"]
    assert report(town, room="1.02", category="network")["joined_to"] is None
    assert report(town, room="1.01", category="device")["joined_to"] is None
    assert report(town, room="1.01", category="device", device="164800-AP1")["joined_to"] is None
    clock.advance(13 * 3600)
    assert report(town, room="1.01", category="network")["joined_to"] is None
    assert read(town, one["id"])["joined"] == [two["number"]]


def test_who_reported_sees_the_own_ticket_and_no_other(town: Town) -> None:
    made = report(town)
    assert read(town, made["id"], TEACHER)["reporter"] == "l.lehrer"
    assert read(town, made["id"], HEAD)["reporter"] == "l.lehrer"
    for stranger in (COLLEAGUE, ELSEWHERE):
        with pytest.raises(NotFound):
            read(town, made["id"], stranger)
    with pytest.raises(NotFound):
        report(town, ELSEWHERE)


def test_a_service_provider_reads_what_is_broken_and_not_who_said_so(town: Town) -> None:
    made = report(town)
    found = read(town, made["id"], PROVIDER)
    assert found["reporter"] == ""
    assert found["title"] == "es geht nicht"
    assert TEACHER.name not in str(found)
    assert TEACHER.name in str(read(town, made["id"], TECHNICIAN))
