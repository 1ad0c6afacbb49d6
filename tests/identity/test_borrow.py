"""To whom a right for a time may go: the own roles say it, when it is given and when it is used."""

from __future__ import annotations

import pytest

from schoolops.core.clock import FixedClock
from schoolops.core.errors import Forbidden
from schoolops.core.permissions import DELEGABLE, PERSON_ROLES, ROLES, Actor, may_borrow
from schoolops.db.engine import Store
from schoolops.identity import approvals, delegations, emergency
from tests.identity.signed_in import DAY, HOME, OTHER, People, people_of

TECHNICIAN = "/city/technician"
PUPIL = f"/schools/{HOME}/pupil"
PERSONAL = ("contacts.read", "contacts.write", "passwords.reset")


@pytest.fixture
def people(store: Store, clock: FixedClock) -> People:
    made = people_of(store, clock)
    made.sign_in("ada", "/city/authority-admin")
    made.sign_in("hilde", f"/schools/{HOME}/head")
    return made


def lend(people: People, to: str, *permissions: str, giver: str = "ada") -> None:
    with people.store.write(people.again(giver)) as unit:
        until = people.clock.now() + 7 * DAY
        delegations.delegate(unit, to, permissions, HOME, until, "the head is ill")


def refused(people: People, to: str, *permissions: str, match: str, giver: str = "ada") -> None:
    with pytest.raises(Forbidden, match=match) as error:
        lend(people, to, *permissions, giver=giver)
    assert error.value.code == "access.borrower"
    assert people.listed(people.again("ada"), "delegations") == []
    assert not any(people.again(to).may(name) for name in permissions if name in PERSONAL)


@pytest.mark.parametrize("permission", DELEGABLE)
def test_a_pupil_is_lent_nothing(people: People, permission: str) -> None:
    people.sign_in("cem", PUPIL, classes=(f"{HOME}/5a",))
    refused(people, "cem", permission, match="never for pupils")


def test_the_head_of_a_pupils_school_lends_no_passwords_to_the_pupil(people: People) -> None:
    people.sign_in("cem", PUPIL, classes=(f"{HOME}/5a",))
    for name in ("passwords.reset", "contacts.read"):
        refused(people, "cem", name, match="never for pupils", giver="hilde")


def test_a_pupil_of_another_school_or_with_another_role_is_one(people: People) -> None:
    people.sign_in("otto", f"/schools/{OTHER}/pupil")
    refused(people, "otto", "passwords.reset", match="never for pupils")
    people.sign_in("both", PUPIL, TECHNICIAN)
    refused(people, "both", "contacts.write", match="never for pupils")


def test_somebody_without_a_role_is_lent_nothing(people: People) -> None:
    people.sign_in("nora", "/some/group")
    refused(people, "nora", "estate.read", match="with a role")


@pytest.mark.parametrize("role", ["service-provider", "auditor", "data-protection-officer"])
def test_who_works_with_no_persons_is_lent_equipment_alone(people: People, role: str) -> None:
    people.sign_in("stella", f"/city/{role}")
    for name in PERSONAL:
        refused(people, "stella", name, match=f"cannot be given {name}")
        refused(people, "stella", "estate.write", name, match=f"cannot be given {name}")
    lend(people, "stella", "estate.write")
    assert people.again("stella").scope("estate.write").covers(HOME)


def test_roles_that_work_with_persons_are_lent_rights_over_them() -> None:
    able = {
        role
        for role in PERSON_ROLES
        if may_borrow(Actor.of("x", role, schools=[HOME]), PERSONAL[2])
    }
    none = {"service-provider", "pupil", "data-protection-officer", "auditor"}
    assert able == set(PERSON_ROLES) - none
    assert not any(may_borrow(Actor.of("x", "agent"), name) for name in DELEGABLE)
    assert set(ROLES) == {*PERSON_ROLES, "agent"}


def test_who_becomes_a_pupil_loses_what_was_lent(people: People) -> None:
    teacher = f"/schools/{HOME}/teacher"
    people.sign_in("theo", teacher)
    lend(people, "theo", "passwords.reset", "estate.write")
    assert people.again("theo").scope("passwords.reset").covers(HOME)
    for groups in ((PUPIL,), (teacher, PUPIL), ()):
        people.clock.advance(60)
        people.sign_in("theo", *groups)
        assert not {"passwords.reset", "estate.write"} & people.again("theo").permissions
    people.clock.advance(60)
    people.sign_in("theo", teacher)
    assert people.again("theo").scope("passwords.reset").covers(HOME)


def test_who_becomes_a_provider_keeps_the_equipment_alone(people: People) -> None:
    people.sign_in("theo", TECHNICIAN)
    lend(people, "theo", "passwords.reset", "estate.write")
    people.clock.advance(60)
    people.sign_in("theo", "/city/service-provider")
    assert not people.again("theo").may("passwords.reset")
    assert people.again("theo").may("estate.write")


def test_emergency_access_is_for_no_pupil_and_ends_with_becoming_one(people: People) -> None:
    def ask(who: str) -> str:
        with people.store.write(people.again(who)) as unit:
            wanted = ["passwords.reset"]
            return str(emergency.ask(unit, HOME, wanted, 2, "the whole school is dark")["id"])

    people.sign_in("both", PUPIL, TECHNICIAN)
    with pytest.raises(Forbidden, match="never for pupils"):
        ask("both")

    people.sign_in("tess", TECHNICIAN)
    first = ask("tess")
    people.clock.advance(60)
    people.sign_in("tess", TECHNICIAN, PUPIL)
    with (
        pytest.raises(Forbidden, match="never for pupils"),
        people.store.write(people.again("hilde")) as unit,
    ):
        approvals.decide(unit, first, True)
    people.clock.advance(60)
    people.sign_in("tess", TECHNICIAN)
    with people.store.write(people.again("hilde")) as unit:
        approvals.decide(unit, first, True)
    assert people.again("tess").may("passwords.reset")
    people.clock.advance(60)
    people.sign_in("tess", TECHNICIAN, PUPIL)
    assert not people.again("tess").may("passwords.reset")
