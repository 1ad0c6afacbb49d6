"""Answer, give, wait, solve, close, open again; who may what; promises follow."""

from __future__ import annotations

from typing import Any

import pytest

from schoolops.core.clock import FixedClock
from schoolops.core.errors import Conflict, Forbidden, Invalid, NotFound
from schoolops.core.permissions import Actor
from schoolops.db.engine import UnitOfWork
from schoolops.tickets import belonging, service
from tests.alerts.town import Town
from tests.tickets.conftest import COLLEAGUE, HEAD, PROVIDER, TEACHER, TECHNICIAN
from tests.tickets.test_report import read, report


def do(town: Town, what: Any, *args: Any, by: Actor = TECHNICIAN, **given: Any) -> Any:
    with town.store.write(by) as unit:
        assert isinstance(unit, UnitOfWork)
        return what(unit, *args, **given)


def said(town: Town, id: str, by: Actor) -> list[tuple[str, str]]:
    return [(one["what"], one["text"]) for one in read(town, id, by)["entries"]]


def test_an_answer_goes_to_the_reporter_and_a_note_does_not(town: Town) -> None:
    made = report(town)
    do(town, service.reply, made["id"], "wir kommen um zehn")
    do(town, service.reply, made["id"], "Ersatzteil bestellen", internal=True)
    assert said(town, made["id"], TEACHER) == [
        ("opened", "es geht nicht"), ("message", "wir kommen um zehn"),
    ]  # fmt: skip
    assert ("note", "Ersatzteil bestellen") in said(town, made["id"], HEAD)


def test_what_joined_is_answered_and_closed_with_the_first(town: Town) -> None:
    one = report(town, room="1.01", category="network")
    two = report(town, COLLEAGUE, room="1.01", category="network")
    do(town, service.reply, one["id"], "wir kommen")
    assert said(town, two["id"], COLLEAGUE)[-1] == ("message", "wir kommen")
    do(town, service.close, one["id"], "neuer Switch")
    assert read(town, two["id"])["state"] == "closed"


def test_what_left_again_has_lost_nothing(town: Town) -> None:
    one = report(town, room="1.01", category="network", text="erstens")
    two = report(town, COLLEAGUE, room="1.01", category="network", text="zweitens")
    do(town, belonging.leave, two["id"])
    do(town, service.close, one["id"], "fertig")
    found = read(town, two["id"])
    assert (found["state"], found["joined_to"]) == ("new", None)
    assert found["entries"][0]["text"] == "zweitens"


def test_joining_by_hand_follows_to_the_first_and_never_in_a_circle(town: Town) -> None:
    a, b, c = (report(town, category="other", text=str(n)) for n in range(3))
    do(town, belonging.join, b["id"], a["id"])
    assert do(town, belonging.join, c["id"], b["id"])["joined_to"] == a["number"]
    with pytest.raises(Conflict):
        do(town, belonging.join, a["id"], c["id"])
    d = report(town, category="other")
    do(town, belonging.join, a["id"], d["id"])
    assert {read(town, one["id"])["joined_to"] for one in (a, b, c)} == {d["number"]}


def test_a_ticket_waits_for_school_or_vendor_and_an_answer_of_the_school_wakes_it(
    town: Town, clock: FixedClock
) -> None:
    made = report(town, room="1.01", category="network")
    clock.advance(60)
    do(town, service.wait, made["id"], "school", "ist der Stecker drin?")
    clock.advance(3600)
    assert read(town, made["id"])["promises"]["fix"]["state"] == "waiting"
    with pytest.raises(Invalid):
        do(town, service.wait, made["id"], "godot")
    do(town, service.reply, made["id"], "ja", by=TEACHER)
    found = read(town, made["id"])
    assert (found["state"], found["waits_for"]) == ("open", None)
    assert found["promises"]["fix"]["state"] == "running"
    used = found["promises"]["fix"]["share"]
    clock.advance(3600)
    assert read(town, made["id"])["promises"]["fix"]["share"] > used


def test_the_first_answer_keeps_the_promise_to_answer(town: Town, clock: FixedClock) -> None:
    made, late = report(town, category="network"), report(town, category="network")
    clock.advance(30 * 60)
    do(town, service.reply, made["id"], "wir sind dran")
    clock.advance(60 * 60)
    do(town, service.reply, late["id"], "wir sind dran")
    assert read(town, made["id"])["promises"]["acknowledge"]["state"] == "met"
    assert read(town, late["id"])["promises"]["acknowledge"]["state"] == "missed"


def test_what_was_solved_in_vain_goes_on_where_it_stopped(town: Town, clock: FixedClock) -> None:
    made = report(town, room="1.01", category="network")
    clock.advance(600)
    do(town, service.solve, made["id"], "neu gestartet")
    before = read(town, made["id"])["promises"]["fix"]
    assert before["state"] == "met"
    clock.advance(3600)
    do(town, service.reopen, made["id"], "geht wieder nicht", by=TEACHER)
    found = read(town, made["id"])
    assert (found["state"], found["solved"]) == ("open", None)
    assert found["promises"]["fix"]["state"] == "running"
    assert found["promises"]["fix"]["share"] == before["share"]


def test_the_reporter_closes_the_own_ticket(town: Town) -> None:
    made = report(town)
    do(town, service.close, made["id"], by=TEACHER)
    assert read(town, made["id"])["state"] == "closed"


def test_a_service_provider_learns_no_name_of_the_school_from_what_was_done(town: Town) -> None:
    made = report(town)
    do(town, service.solve, made["id"], "erledigt")
    do(town, service.reopen, made["id"], "doch nicht", by=HEAD)
    entries = read(town, made["id"], PROVIDER)["entries"]
    assert {one["by"] for one in entries} == {"", TECHNICIAN.name}
    assert HEAD.name in {one["by"] for one in read(town, made["id"])["entries"]}


def test_who_does_not_work_on_tickets_gives_none_away(town: Town) -> None:
    made = report(town)
    for by in (TEACHER, HEAD):
        with pytest.raises(Forbidden):
            do(town, service.assign, made["id"], "", by=by)
        with pytest.raises(Forbidden):
            do(town, service.reply, made["id"], "still", by=by, internal=True)
    with pytest.raises(NotFound):
        do(town, service.reply, made["id"], "?", by=COLLEAGUE)
    with pytest.raises(NotFound):
        do(town, service.assign, made["id"], "nobody-here")
