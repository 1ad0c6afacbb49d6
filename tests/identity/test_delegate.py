"""Rights for a time: what can be handed on, by whom, and how they end."""

from __future__ import annotations

from typing import Any

import pytest

from schoolops.core.clock import FixedClock
from schoolops.core.errors import Conflict, Forbidden, Invalid, NotFound
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.identity import delegations
from schoolops.identity.service import actor_of_token, create_token
from tests.identity.signed_in import DAY, HOME, OTHER, People, people_of

HEAD = f"/schools/{HOME}/head"
TEACHER = f"/schools/{HOME}/teacher"


@pytest.fixture
def people(store: Store, clock: FixedClock) -> People:
    made = people_of(store, clock)
    made.sign_in("hilde", HEAD)
    made.sign_in("theo", TEACHER, classes=(f"{HOME}/5a",))
    return made


def hand_on(people: People, giver: Actor, receiver: str = "theo", **other: Any) -> dict[str, Any]:
    given = {
        "permissions": ["passwords.reset"],
        "school": HOME,
        "until": people.clock.now() + 7 * DAY,
        "reason": "the coordinator is ill",
    } | other
    with people.store.write(giver) as unit:
        return delegations.delegate(unit, receiver, **given)


def resets(actor: Actor, school: str = HOME, group: str = "") -> bool:
    return actor.scope("passwords.reset").covers(school, None, group)


def test_a_right_is_held_at_that_school_until_its_time(people: People) -> None:
    assert not resets(people.again("theo"))
    hand_on(people, people.again("hilde"))
    assert resets(people.again("theo"))
    assert not resets(people.again("theo"), OTHER)
    people.clock.advance(7 * 86_400 + 1)
    assert not resets(people.again("theo"))


def test_a_right_for_a_class_is_one_for_that_class(people: People) -> None:
    hand_on(people, people.again("hilde"), class_name="6b")
    assert resets(people.again("theo"), group="6b")
    assert not resets(people.again("theo"), group="7c")
    assert not resets(people.again("theo"))


def test_nobody_hands_on_what_they_do_not_hold(people: People) -> None:
    with pytest.raises(Forbidden, match="do not hold it there"):
        hand_on(people, people.again("hilde"), permissions=["estate.write"])
    with pytest.raises(NotFound):  # a school that the head does not even see
        hand_on(people, people.again("hilde"), school=OTHER)
    with pytest.raises(Forbidden, match=r"delegations\.write"):
        hand_on(people, people.again("theo"), receiver="hilde")
    assert not people.listed(people.again("hilde"), "delegations")


def test_what_was_handed_on_is_not_handed_on_again(people: People) -> None:
    """Hilde may delegate at her school and was lent the devices there: they end with her."""
    ada = people.sign_in("ada", "/city/authority-admin")
    hand_on(people, ada, "hilde", permissions=["estate.write"])
    hilde = people.again("hilde")
    assert hilde.scope("estate.write").covers(HOME)
    with pytest.raises(Forbidden, match="handed on to you"):
        hand_on(people, hilde, permissions=["estate.write"])
    with pytest.raises(Forbidden, match="handed on to you"):  # nor together with an own right
        hand_on(people, hilde, permissions=["passwords.reset", "estate.write"])
    assert not people.again("theo").may("estate.write")


def test_a_lent_right_opens_no_fields_for_others(people: People) -> None:
    """What a delegation opens comes from the giver's roles, not from what the giver was lent."""
    people.sign_in("lena", f"/schools/{HOME}/school-admin")
    made = hand_on(people, people.again("hilde"), "lena", permissions=["contacts.write"])
    assert made["receiver"] == "lena"
    lena = people.again("lena")
    assert lena.sees("contacts.write", "school", "sensitive").covers(HOME)  # of the head's
    hand_on(people, lena, "theo", permissions=["contacts.write"])
    theo = people.again("theo")
    assert theo.sees("contacts.write", "school", "contact").covers(HOME)
    assert not theo.sees("contacts.write", "school", "sensitive")


def test_a_token_hands_nothing_on_and_is_told_why(people: People) -> None:
    with people.store.write() as unit:
        secret = create_token(unit, "m.weber", "authority-admin")["token"]
    with pytest.raises(Forbidden, match=r"m\.weber has no account") as refused:
        hand_on(people, actor_of_token(people.store, secret))
    assert refused.value.code == "access.no_account"
    assert not resets(people.again("theo"))


def test_oneself_written_differently_is_oneself(people: People) -> None:
    people.sign_in("Hilde", HEAD)
    with pytest.raises(Invalid, match="somebody else"):
        hand_on(people, people.again("hilde"), receiver="Hilde")


def test_rights_over_rights_are_never_handed_on(people: People) -> None:
    for name in ("delegations.write", "approvals.decide", "accounts.read"):
        with pytest.raises(Invalid, match="cannot be handed on"):
            hand_on(people, people.again("hilde"), permissions=[name])
    with pytest.raises(Invalid, match="cannot be handed on"):
        hand_on(people, people.again("hilde"), permissions=[])


def test_nobody_hands_on_to_oneself_or_to_a_stranger(people: People) -> None:
    with pytest.raises(Invalid, match="somebody else"):
        hand_on(people, people.again("hilde"), receiver="hilde")
    with pytest.raises(NotFound, match="has signed in here yet"):
        hand_on(people, people.again("hilde"), receiver="nobody")


@pytest.mark.parametrize("days", [-1, 0, 92.1, 4000])
def test_an_end_lies_ahead_and_within_92_days(people: People, days: float) -> None:
    with pytest.raises(Invalid, match="92 days"):
        hand_on(people, people.again("hilde"), until=people.clock.now() + round(days * DAY))
    hand_on(people, people.again("hilde"), until=people.clock.now() + 92 * DAY)


def test_a_reason_is_wanted(people: People) -> None:
    with pytest.raises(Invalid, match="reason"):
        hand_on(people, people.again("hilde"), reason="  ")


def test_whoever_gave_it_or_has_it_takes_it_back_and_nobody_else(people: People) -> None:
    people.sign_in("tina", TEACHER)
    for who in ("hilde", "theo"):
        made = hand_on(people, people.again("hilde"))
        with pytest.raises(NotFound), people.store.write(people.again("tina")) as unit:
            delegations.revoke(unit, made["id"])
        with people.store.write(people.again(who)) as unit:
            delegations.revoke(unit, made["id"])
        assert not resets(people.again("theo"))
        with pytest.raises(Conflict), people.store.write(people.again(who)) as unit:
            delegations.revoke(unit, made["id"])


def test_it_ends_when_the_giver_loses_the_role(people: People) -> None:
    hand_on(people, people.again("hilde"))
    assert resets(people.again("theo"))
    people.clock.advance(60)
    people.sign_in("hilde", TEACHER)
    assert not resets(people.again("theo"))
    people.clock.advance(60)
    people.sign_in("hilde", f"/schools/{OTHER}/head")
    assert not resets(people.again("theo"))


def test_those_concerned_see_it_and_others_do_not(people: People) -> None:
    hand_on(people, people.again("hilde"))
    people.sign_in("tina", TEACHER)
    people.sign_in("otto", f"/schools/{OTHER}/head")
    for who, seen in (("hilde", 1), ("theo", 1), ("tina", 0), ("otto", 0)):
        rows = people.listed(people.again(who), "delegations")
        assert len(rows) == seen, who
        for row in rows:
            assert (row["receiver"], row["giver"], row["state"]) == ("theo", "hilde", "active")
    people.clock.advance(8 * 86_400)
    assert people.listed(people.again("theo"), "delegations")[0]["state"] == "ended"


def test_giving_and_taking_back_stand_in_the_audit(people: People) -> None:
    made = hand_on(people, people.again("hilde"))
    with people.store.write(people.again("hilde")) as unit:
        delegations.revoke(unit, made["id"])
    told = [event for event in people.events() if event[0] == "hilde"]
    assert told[-2:] == [("hilde", "delegate"), ("hilde", "revoke delegation")]
