"""Four eyes: one proposes, another decides; and emergency access, which is given that way."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import pytest

from inventory.choices import APPROVAL_ACTIONS
from schoolops.core.clock import FixedClock
from schoolops.core.errors import Conflict, Forbidden, Invalid, NotFound, SchoolopsError
from schoolops.core.permissions import Actor
from schoolops.db import changes
from schoolops.db.engine import Store
from schoolops.identity import approvals, emergency
from schoolops.identity.service import actor_of_token, create_token
from tests.identity.signed_in import HOME, OTHER, People, people_of

ADMIN = "/city/authority-admin"
CLEAN = approvals.Action("test-clean", "Clean", "estate.write", hours=72)
WHAT = {"room": "2.14", "wipe": ["a", "b"]}


@pytest.fixture
def people(store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> People:
    monkeypatch.setitem(approvals.ACTIONS, CLEAN.name, CLEAN)
    made = people_of(store, clock)
    made.sign_in("ada", ADMIN)
    made.sign_in("bert", ADMIN)
    made.sign_in("hilde", f"/schools/{HOME}/head")
    made.sign_in("otto", f"/schools/{OTHER}/head")
    made.sign_in("tom", f"/schools/{HOME}/teacher")
    return made


def propose(people: People, who: str = "ada") -> str:
    with people.store.write(people.again(who)) as unit:
        made = approvals.propose(unit, CLEAN, "room 2.14", WHAT, "it is old", None)
    return str(made["id"])


def decide(people: People, who: str, id: str, approve: bool = True, note: str = "") -> None:
    with people.store.write(people.again(who)) as unit:
        approvals.decide(unit, id, approve, note)


def use(people: People, id: str, detail: Any = None) -> None:
    with people.store.write(people.again("ada")) as unit:
        approvals.use(unit, CLEAN, id, WHAT if detail is None else detail)


def ask(people: People, who: str, school: str = HOME, **other: Any) -> str:
    given = {"permissions": ["estate.read", "contacts.read"], "hours": 2} | other
    with people.store.write(people.again(who)) as unit:
        reason = other.pop("reason", "the whole school is dark")
        made = emergency.ask(unit, school, given["permissions"], given["hours"], reason)
    return str(made["id"])


def test_every_action_has_a_name_for_people() -> None:
    assert set(approvals.ACTIONS) <= set(APPROVAL_ACTIONS)


def test_nobody_decides_what_they_proposed(people: People) -> None:
    id = propose(people)
    with pytest.raises(Forbidden, match="four eyes"):
        decide(people, "ada", id)
    people.sign_in("Ada", ADMIN)  # the same name, written differently
    with pytest.raises(Forbidden, match="four eyes"):
        decide(people, "Ada", id)
    decide(people, "bert", id)


def test_who_has_no_right_there_does_not_decide(people: People) -> None:
    id = propose(people)
    with pytest.raises((Forbidden, NotFound)):
        decide(people, "tom", id)
    with pytest.raises((Forbidden, NotFound)):
        decide(people, "hilde", id)  # it concerns the whole city


def test_a_rejection_says_why(people: People) -> None:
    id = propose(people)
    with pytest.raises(Invalid, match="why"):
        decide(people, "bert", id, approve=False)
    decide(people, "bert", id, approve=False, note="not during the exams")
    with pytest.raises(Conflict, match="rejected"):
        use(people, id)


def test_of_two_who_decide_at_once_the_second_finds_it_decided(people: People) -> None:
    people.sign_in("carl", ADMIN)
    id = propose(people)
    said: list[str] = []
    ready = threading.Barrier(2)

    def one(actor: Actor, approve: bool) -> None:
        ready.wait(10)
        try:
            with people.store.write(actor) as unit:
                approvals.decide(unit, id, approve, "note")
            said.append("done")
        except SchoolopsError as error:
            said.append(error.code)

    both = [
        threading.Thread(target=one, args=(people.again("bert"), True)),
        threading.Thread(target=one, args=(people.again("carl"), False)),
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    assert sorted(said) == ["approval.state", "done"]


def test_two_who_approve_at_once_give_one_right(people: People) -> None:
    people.sign_in("dora", f"/schools/{HOME}/head")
    id = ask(people, "otto")
    said: list[str] = []
    ready = threading.Barrier(2)

    def one(actor: Actor) -> None:
        ready.wait(10)
        try:
            with people.store.write(actor) as unit:
                approvals.decide(unit, id, True)
            said.append("done")
        except SchoolopsError as error:
            said.append(error.code)

    both = [threading.Thread(target=one, args=(people.again(w),)) for w in ("hilde", "dora")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    assert sorted(said) == ["approval.state", "done"]
    assert len(people.listed(people.again("otto"), "delegations")) == 1


def test_the_same_is_proposed_again_only_once_the_first_is_decided(people: People) -> None:
    first = ask(people, "otto")
    with pytest.raises(Conflict, match="waits for a decision"):
        ask(people, "otto")
    ask(people, "otto", hours=3)  # something else
    people.sign_in("tess", "/city/technician")
    ask(people, "tess")
    decide(people, "hilde", first)
    again = ask(people, "otto")
    people.clock.advance(25 * 3600)  # expired
    assert ask(people, "otto") != again


def test_what_waited_too_long_has_expired(people: People) -> None:
    approved = propose(people)
    decide(people, "bert", approved)
    id = propose(people)
    people.clock.advance(72 * 3600)
    with pytest.raises(Conflict, match="expired"):
        decide(people, "bert", id)
    with pytest.raises(Conflict, match="expired"):
        use(people, approved)
    with pytest.raises(Conflict, match="expired"), people.store.write(people.again("ada")) as unit:
        approvals.withdraw(unit, id)
    assert {row["state"] for row in people.listed(people.again("ada"), "approvals")} == {"expired"}


def test_only_whoever_proposed_it_withdraws_it(people: People) -> None:
    id = propose(people)
    bert = people.again("bert")
    with pytest.raises(Forbidden, match="proposed"), people.store.write(bert) as unit:
        approvals.withdraw(unit, id)
    with people.store.write(people.again("ada")) as unit:
        approvals.withdraw(unit, id)
    with pytest.raises(Conflict, match="withdrawn"):
        decide(people, "bert", id)


def test_a_proposer_who_lost_the_role_gets_nothing(people: People) -> None:
    id = ask(people, "otto")
    people.clock.advance(60)
    people.sign_in("otto", f"/schools/{OTHER}/teacher")
    with pytest.raises(Conflict, match="otto, who proposed this, may not propose it any more"):
        decide(people, "hilde", id)
    assert not people.again("otto").scope("estate.read").covers(HOME)
    decide(people, "hilde", id, approve=False, note="no longer a head")


def test_a_proposer_of_another_name_by_now_is_nobody_known(people: People) -> None:
    """Renamed in Keycloak between proposing and deciding: one person, two names."""
    id = propose(people)
    people.clock.advance(60)
    renamed = dataclasses.replace(people.claims["ada"], username="adele")
    people.claims["adele"] = renamed
    with pytest.raises(Conflict, match="ada, who proposed this"):
        decide(people, "adele", id)


def test_two_accounts_with_one_address_are_one_person(people: People) -> None:
    people.sign_in("ada.private", ADMIN)
    known = people.claims["ada.private"]
    people.claims["ada.private"] = dataclasses.replace(known, email="ADA@example.org")
    id = propose(people)
    with pytest.raises(Forbidden, match="four eyes"):
        decide(people, "ada.private", id)
    decide(people, "bert", id)


@pytest.mark.parametrize("token", [True, False], ids=["token", "local user"])
def test_nobody_decides_without_an_account(people: People, token: bool) -> None:
    """Whoever proposed it may hold a token too, or sit at the server."""
    actor = Actor.of("m.weber", "authority-admin")
    if token:
        with people.store.write() as unit:
            secret = create_token(unit, "m.weber", "authority-admin")["token"]
        actor = actor_of_token(people.store, secret)
    id = ask(people, "otto")
    for approve in (True, False):
        with pytest.raises(Forbidden, match="has no account"), people.store.write(actor) as unit:
            approvals.decide(unit, id, approve, "note")
    with pytest.raises(Forbidden, match="has no account"), people.store.write(actor) as unit:
        emergency.ask(unit, HOME, ["estate.read"], 2, "the whole school is dark")
    assert [row["state"] for row in people.listed(people.again("hilde"), "approvals")] == ["open"]


def test_what_was_approved_is_not_done_by_who_lost_the_right(people: People) -> None:
    id = propose(people)
    decide(people, "bert", id)
    people.clock.advance(60)
    people.sign_in("ada", f"/schools/{HOME}/teacher")
    with pytest.raises(Forbidden):
        use(people, id)


def test_what_was_approved_happens_once(people: People) -> None:
    id = propose(people)
    with pytest.raises(Conflict, match="open, not approved"):
        use(people, id)
    decide(people, "bert", id)
    use(people, id)
    with pytest.raises(Conflict, match="used"):
        use(people, id)


def test_what_was_approved_is_what_happens(people: People) -> None:
    id = propose(people)
    decide(people, "bert", id)
    with pytest.raises(Forbidden, match="something else"):
        use(people, id, WHAT | {"room": "2.15"})
    use(people, id, dict(reversed(WHAT.items())))  # the order of members means nothing


def test_those_that_wait_for_me_come_first(people: People) -> None:
    waits = propose(people, "ada")
    people.clock.advance(60)
    own = propose(people, "bert")
    rows = people.listed(people.again("bert"), "approvals")
    assert [(row["id"], row["waiting"], row["mine"]) for row in rows] == [
        (waits, True, False),
        (own, False, True),
    ]
    assert [r["id"] for r in people.listed(people.again("bert"), "approvals", "waiting:yes")] == [
        waits
    ]
    decide(people, "bert", waits)
    assert not people.listed(people.again("bert"), "approvals", "waiting:yes")


def test_who_may_propose_but_not_decide_has_nothing_waiting(people: People) -> None:
    people.sign_in("tess", "/city/technician")
    people.sign_in("tick", "/city/technician")
    ask(people, "tess")
    assert [r["waiting"] for r in people.listed(people.again("tick"), "approvals")] == [False]
    assert [r["waiting"] for r in people.listed(people.again("hilde"), "approvals")] == [True]


def test_a_proposal_of_another_school_is_not_even_there(people: People) -> None:
    people.sign_in("tess", "/city/technician")
    id = ask(people, "tess", HOME)
    assert not people.listed(people.again("otto"), "approvals")
    with pytest.raises(NotFound):
        decide(people, "otto", id)


def test_emergency_access_holds_after_the_approval_and_ends(people: People) -> None:
    id = ask(people, "otto", HOME)
    before = people.again("otto")
    assert not before.scope("estate.read").covers(HOME)
    decide(people, "hilde", id)
    after = people.again("otto")
    for name in ("estate.read", "contacts.read"):
        assert after.scope(name).covers(HOME), name
    assert not after.scope("estate.write").covers(HOME)
    assert after.sees("contacts.read", "operations", "contact").covers(HOME)
    people.clock.advance(2 * 3600)
    assert not people.again("otto").scope("estate.read").covers(HOME)


def test_emergency_access_can_be_ended_early_by_the_school(people: People) -> None:
    from schoolops.identity import delegations

    decide(people, "hilde", ask(people, "otto", HOME))
    (row,) = people.listed(people.again("hilde"), "delegations")
    assert (row["source"], row["receiver"], row["state"]) == ("emergency", "otto", "active")
    with people.store.write(people.again("hilde")) as unit:
        delegations.revoke(unit, row["id"])
    assert not people.again("otto").scope("estate.read").covers(HOME)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"hours": 0}, "1 to 8 hours"),
        ({"hours": 9}, "1 to 8 hours"),
        ({"reason": "dark"}, "a sentence"),
        ({"permissions": ["audit.read"]}, "not given in an emergency"),
        ({"permissions": []}, "not given in an emergency"),
    ],
)
def test_emergency_access_is_short_reasoned_and_narrow(
    people: People, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        ask(people, "otto", **wrong)


def test_emergency_access_is_for_those_who_may_ask(people: People) -> None:
    with pytest.raises(Forbidden):
        ask(people, "tom")
    with pytest.raises(NotFound, match="no school"):
        ask(people, "otto", "999999")


def test_the_screens_of_those_who_see_nothing_of_the_school_are_told_too(people: People) -> None:
    with people.store.read() as connection:
        before = changes.cursor(connection)
    decide(people, "hilde", ask(people, "otto", HOME))
    with people.store.read() as connection:
        told = changes.read_after(connection, before) or []
    assert [(c.kind, c.school_id) for c in told if c.kind != "account"] == [
        ("approval", None),
        ("approval", None),
        ("delegation", None),
    ]


def test_all_of_it_stands_in_the_audit(people: People) -> None:
    decide(people, "hilde", ask(people, "otto", HOME))
    id = propose(people)
    decide(people, "bert", id)
    use(people, id)
    told = [e for e in people.events() if "sign-in" not in e[1] and e[0] != "schoolops"]
    assert told == [
        ("otto", "propose"),
        ("hilde", "approved"),
        ("hilde", "emergency access"),
        ("ada", "propose"),
        ("bert", "approved"),
        ("ada", "use approval"),
    ]
