"""By themselves: somebody is told of promises, solved tickets close, old ones forget people."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from schoolops.core.clock import FixedClock
from schoolops.db.engine import Store
from schoolops.notify.models import mail
from schoolops.tickets import service, tasks
from schoolops.tickets.models import ticket, ticket_entry
from tests.alerts.town import LESSON, Town
from tests.tickets.conftest import TEACHER
from tests.tickets.test_report import read, report
from tests.tickets.test_work import do

DAY_S = 86_400


def told(store: Store) -> list[dict[str, Any]]:
    """What the help desk was told, oldest first."""
    with store.read() as connection:
        rows = connection.execute(
            select(mail.c.address, mail.c.content)
            .where(mail.c.notice == "ticket-late")
            .order_by(mail.c.id)
        )
        return [{"to": row.address, **json.loads(row.content)} for row in rows]


@pytest.fixture
def desk(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    settings = town.store.settings
    monkeypatch.setattr(settings.alerts, "mail_to", ["desk@city.example"])
    monkeypatch.setattr(settings.mail, "host", "mail.city.example")
    monkeypatch.setattr(settings.mail, "sender", "it@city.example")
    return town


def minutes(town: Town, count: int) -> None:
    for _ in range(count):
        town.clock.advance(60)
        tasks.watch_promises(town.store)


def test_the_desk_is_told_at_half_at_four_fifths_and_at_the_end(desk: Town) -> None:
    made = report(desk, category="network", room="1.01")  # P2: an answer within the hour
    minutes(desk, 29)
    assert told(desk.store) == []
    minutes(desk, 1)
    assert [(one["to"], one["percent"]) for one in told(desk.store)] == [("desk@city.example", 50)]
    minutes(desk, 30)
    assert [one["percent"] for one in told(desk.store)] == [50, 80, 100]
    assert {(one["number"], one["promise"]) for one in told(desk.store)} == {
        (made["number"], "acknowledge")
    }
    minutes(desk, 10)
    assert len(told(desk.store)) == 3


def test_nobody_is_told_of_what_is_answered_or_waits_or_sleeps(desk: Town) -> None:
    answered = report(desk, category="network", room="1.01")
    do(desk, service.reply, answered["id"], "wir kommen")
    waits = report(desk, category="network", room="1.02")
    do(desk, service.wait, waits["id"], "vendor")
    report(desk, category="wish", text="ein Beamer")
    minutes(desk, 65)
    assert told(desk.store) == []


def test_a_night_uses_nothing_up(desk: Town, clock: FixedClock) -> None:
    clock.value = LESSON + 8 * 3600 * 1_000_000
    report(desk, category="network", room="1.01")
    for _ in range(12):
        clock.advance(3600)
        tasks.watch_promises(desk.store)
    assert told(desk.store) == []


def test_what_goes_on_after_a_wait_is_watched_at_once(desk: Town) -> None:
    made = report(desk, category="network", room="1.01")
    do(desk, service.wait, made["id"], "school")
    minutes(desk, 5)
    do(desk, service.reopen, made["id"])
    minutes(desk, 30)
    assert [one["percent"] for one in told(desk.store)] == [50]


def test_a_solved_ticket_closes_after_a_week_and_no_sooner(town: Town, clock: FixedClock) -> None:
    made = report(town)
    do(town, service.solve, made["id"])
    clock.advance(6 * DAY_S)
    tasks.close_old(town.store)
    assert read(town, made["id"])["state"] == "solved"
    clock.advance(DAY_S)
    tasks.close_old(town.store)
    assert read(town, made["id"])["state"] == "closed"


def test_a_year_later_a_closed_ticket_names_nobody(town: Town, clock: FixedClock) -> None:
    made = report(town, name="", mail="l.lehrer@schule.example", text="Frau Meier sagt …")
    open_ = report(town, text="noch offen")
    do(town, service.reply, made["id"], "Liebe Frau Meier, …")
    do(town, service.close, made["id"])
    clock.advance(364 * DAY_S)
    tasks.forget_people(town.store)
    assert read(town, made["id"])["reporter"] == "l.lehrer"
    clock.advance(2 * DAY_S)
    tasks.forget_people(town.store)
    with town.store.read() as connection:
        row = connection.execute(select(ticket).where(ticket.c.uid == made["id"])).one()
        entries = connection.execute(
            select(ticket_entry).where(ticket_entry.c.ticket_id == row.id)
        ).all()
    everything = json.dumps([str(value) for one in (row, *entries) for value in one])
    for word in ("Meier", "lehrer", "technik"):
        assert word not in everything
    assert (row.state, row.priority, row.anonymous) == ("closed", "P3", True)
    assert read(town, open_["id"])["title"] == "noch offen"
    assert TEACHER.name == read(town, open_["id"])["reporter"]
