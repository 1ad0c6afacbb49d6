"""Who is told of what: those who may decide or oversee there, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from schoolops.core.clock import FixedClock
from schoolops.core.permissions import Actor
from schoolops.core.settings import MailSettings
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.identity import approvals, delegations, emergency, service, tasks
from schoolops.notify.models import mail
from schoolops.notify.tasks import send_due
from tests.identity.signed_in import DAY, HOME, OTHER, People, people_of
from tests.notify.conftest import Outbox
from tests.peers.smtp import MailServer

CLEAN = approvals.Action("test-clean", "Clean", "estate.write", hours=72)
WHY = "the whole school is dark"


@pytest.fixture
def people(store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> People:
    """Everybody who might be told, and some who must not be."""
    monkeypatch.setitem(approvals.ACTIONS, CLEAN.name, CLEAN)
    store.settings.mail = MailSettings(host="127.0.0.1", sender="amt@city.example")
    made = people_of(store, clock)
    made.sign_in("ada", "/city/authority-admin")
    made.sign_in("amt", "/authorities/10042/authority-admin")
    made.sign_in("fern", "/authorities/10099/authority-admin")
    made.sign_in("dora", "/city/data-protection-officer")
    made.sign_in("audi", "/city/auditor")
    made.sign_in("tess", "/city/technician")
    made.sign_in("hilde", f"/schools/{HOME}/head")
    made.sign_in("otto", f"/schools/{OTHER}/head")
    made.sign_in("theo", f"/schools/{HOME}/teacher")
    made.sign_in("kim", f"/schools/{HOME}/pupil")
    return made


def told(people: People, notice: str) -> list[str]:
    """Who was told that, by user name."""
    with people.store.read() as connection:
        rows = connection.execute(select(mail).where(mail.c.notice == notice))
        return sorted(row.address.partition("@")[0] for row in rows)


def contents(people: People, notice: str) -> list[dict[str, Any]]:
    with people.store.read() as connection:
        rows = connection.execute(select(mail).where(mail.c.notice == notice).order_by(mail.c.id))
        return [json.loads(row.content) for row in rows]


def ask(people: People, who: str = "tess", school: str = HOME) -> str:
    with people.store.write(people.again(who)) as unit:
        return str(emergency.ask(unit, school, ["estate.read"], 2, WHY)["id"])


def approve(people: People, who: str, id: str) -> None:
    with people.store.write(people.again(who)) as unit:
        approvals.decide(unit, id, True)


def hand_on(people: People, giver: str = "hilde") -> str:
    with people.store.write(people.again(giver)) as unit:
        made = delegations.delegate(
            unit, "theo", ["passwords.reset"], HOME, unit.now + DAY, "on leave", "5a"
        )
    return str(made["id"])


def test_who_may_decide_an_emergency_is_told_and_nobody_else(people: People) -> None:
    hand_on(people)  # a right for a time, but none to decide
    ask(people)
    assert told(people, "emergency-asked") == ["ada", "amt", "dora", "hilde"]
    assert contents(people, "emergency-asked")[0] == {
        "school": HOME, "school_name": f"Schule {HOME}", "who": "tess", "hours": 2,
        "permissions": ["estate.read"], "reason": WHY,
        "until": people.clock.now() + DAY,
    }  # fmt: skip


def test_whoever_asks_is_not_asked(people: People) -> None:
    ask(people, "ada", OTHER)
    assert told(people, "emergency-asked") == ["amt", "dora", "otto"]


def test_those_who_oversee_and_the_one_who_has_it_hear_of_the_access_and_its_end(
    people: People,
) -> None:
    approve(people, "hilde", ask(people))
    assert told(people, "emergency-confirmed") == ["ada", "amt", "dora", "tess"]
    tasks.tell_ends(people.store)
    assert told(people, "emergency-ended") == []
    people.clock.advance(2 * 3600)
    for _ in range(2):
        tasks.tell_ends(people.store)
    assert told(people, "emergency-ended") == ["ada", "amt", "dora", "tess"]
    assert contents(people, "emergency-ended")[0]["by"] == ""


def test_an_access_that_is_ended_early_is_told_once(people: People) -> None:
    approve(people, "ada", ask(people))
    (row,) = people.listed(people.again("hilde"), "delegations")
    with people.store.write(people.again("hilde")) as unit:
        delegations.revoke(unit, row["id"])
    people.clock.advance(3 * 3600)
    tasks.tell_ends(people.store)
    assert told(people, "emergency-ended") == ["ada", "amt", "dora", "tess"]
    assert contents(people, "emergency-ended")[0]["by"] == "hilde"


def test_a_proposal_is_told_to_those_who_may_decide_it(people: People) -> None:
    with people.store.write(people.again("ada")) as unit:
        approvals.propose(unit, CLEAN, "room 2.14", {}, "it is\n\nold", None)
    assert told(people, "approval-waits") == ["dora"], "it concerns the whole city"
    assert contents(people, "approval-waits")[0]["reason"] == "it is old"


def test_a_right_for_a_time_is_told_to_whoever_has_it(people: People) -> None:
    hand_on(people)
    assert told(people, "delegation-given") == ["theo"]
    people.clock.advance(24 * 3600)
    tasks.tell_ends(people.store)
    tasks.tell_ends(people.store)
    assert told(people, "delegation-ended") == ["theo"]


@pytest.mark.parametrize(("who", "wanted"), [("hilde", ["theo"]), ("theo", [])])
def test_nobody_is_told_what_they_did_themselves(
    who: str, wanted: list[str], people: People
) -> None:
    id = hand_on(people)
    with people.store.write(people.again(who)) as unit:
        delegations.revoke(unit, id)
    assert told(people, "delegation-ended") == wanted


def test_a_role_that_was_lost_and_a_session_that_was_ended_bring_no_mail(people: People) -> None:
    people.clock.advance(60)
    people.sign_in("amt", f"/schools/{HOME}/teacher")
    with people.store.write(people.again("ada")) as unit:
        service.end_sessions(unit, "dora")
    ask(people)
    assert told(people, "emergency-asked") == ["ada", "hilde"]
    people.clock.advance(25 * 3600)  # the first has expired, and the same may be asked again
    people.sign_in("dora", "/city/data-protection-officer")
    ask(people)
    assert told(people, "emergency-asked") == ["ada", "ada", "dora", "hilde", "hilde"]


def test_a_proposal_that_fails_tells_nobody(people: People) -> None:
    with pytest.raises(Exception, match="no school"):
        ask(people, school="999999")
    assert told(people, "emergency-asked") == []


def test_that_people_were_told_stands_in_the_audit_without_who(people: People) -> None:
    ask(people)
    with people.store.read() as connection:
        rows = connection.execute(select(audit_event).where(audit_event.c.action == "tell by mail"))
        (event,) = rows.all()
    assert json.loads(event.detail) == {"notice": "emergency-asked", "people": 4}


def test_while_mail_is_off_everything_works_and_nothing_is_told_later(people: People) -> None:
    people.store.settings.mail = MailSettings()
    approve(people, "hilde", ask(people))
    people.clock.advance(3 * 3600)
    tasks.tell_ends(people.store)
    people.store.settings.mail = MailSettings(host="127.0.0.1", sender="amt@city.example")
    tasks.tell_ends(people.store)
    with people.store.read() as connection:
        assert connection.execute(select(mail)).all() == []


def test_a_limited_person_reads_no_mail_of_others(people: People) -> None:
    if not people.store.is_postgresql:
        pytest.skip("SQLite has no row-level security")
    ask(people)
    head: Actor = people.again("hilde")
    with people.store.read(head) as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute(select(mail))


def test_what_is_told_arrives_in_words(
    people: People, outbox_of: Callable[..., Outbox], mail_server: MailServer
) -> None:
    outbox_of(mail_server)
    approve(people, "hilde", ask(people))
    send_due(people.store)
    subjects = sorted({str(one["Subject"]) for one in mail_server.mails})
    assert subjects == [
        f"Notfallzugriff beantragt: Schule {HOME}",
        f"Notfallzugriff freigegeben: Schule {HOME}",
    ]
    body = mail_server.mails[0].get_body(("plain",))
    assert body is not None
    assert f"Begründung: {WHY}" in body.get_content()
    assert "Schulen, Räume, Geräte und Leitungen sehen" in body.get_content()
