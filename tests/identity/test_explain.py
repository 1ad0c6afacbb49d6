"""'Explain a permission': who, what, where: allowed or not, and by what."""

from __future__ import annotations

from typing import Any

import pytest

from schoolops.core.clock import FixedClock
from schoolops.core.errors import Forbidden, Invalid
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.identity import delegations
from schoolops.identity.explaining import explain_access
from tests.identity.signed_in import DAY, HOME, OTHER, People, people_of


@pytest.fixture
def people(store: Store, clock: FixedClock) -> People:
    made = people_of(store, clock)
    made.sign_in("hilde", f"/schools/{HOME}/head")
    made.sign_in("theo", f"/schools/{HOME}/teacher", classes=(f"{HOME}/5a",))
    return made


def explained(people: People, actor: Actor, permission: str, **about: str) -> dict[str, Any]:
    with people.store.read(actor) as connection:
        return explain_access(
            connection, actor, people.clock.now(), about.pop("who", ""), permission, **about
        )


def test_the_role_that_allows_it_is_named(people: People) -> None:
    found = explained(people, people.again("hilde"), "contacts.write", school=HOME)
    assert (found["who"], found["allowed"]) == ("hilde", True)
    assert found["reason"] == "contacts.write comes from Head teacher"
    assert [grant["scope"] for grant in found["by"]] == [f"schools {HOME}"]


def test_a_refusal_names_the_roles_that_would_do(people: People) -> None:
    found = explained(people, people.again("theo"), "contacts.write")
    assert not found["allowed"]
    assert found["reason"].startswith("Teacher does not include contacts.write; it comes with:")
    assert "Secretary" in found["reason"]
    assert found["message"].startswith("{role} does not include")
    assert not found["by"]
    assert found["holds"]


def test_a_class_is_one_of_a_school(people: People) -> None:
    theo = people.again("theo")
    assert explained(people, theo, "passwords.reset", school=HOME, class_name="5a")["allowed"]
    other = explained(people, theo, "passwords.reset", school=HOME, class_name="6b")
    assert other["reason"] == f"passwords.reset is held for classes {HOME}/5a, not here"


def test_a_delegation_and_its_end_are_told(people: People) -> None:
    until = people.clock.now() + DAY
    with people.store.write(people.again("hilde")) as unit:
        delegations.delegate(unit, "theo", ["passwords.reset"], HOME, until, "ill")
    found = explained(people, people.again("hilde"), "passwords.reset", who="theo", school=HOME)
    assert found["reason"] == "passwords.reset comes from delegation"
    assert [grant["until"] for grant in found["by"]] == ["2026-11-25T08:00:00Z"]


def test_fields_of_a_class_are_opened_for_a_purpose(people: People) -> None:
    hilde = people.again("hilde")
    asked = {"school": HOME, "field_class": "sensitive"}
    assert explained(people, hilde, "contacts.write", **asked)["allowed"]
    closed = explained(people, hilde, "contacts.read", **asked)
    assert not closed["allowed"]
    assert "not open for the purpose" in closed["reason"]


def test_about_others_one_asks_where_one_may(people: People) -> None:
    assert explained(people, people.again("hilde"), "estate.read", who="theo", school=HOME)
    people.sign_in("otto", f"/schools/{OTHER}/head")
    with pytest.raises(Forbidden):
        explained(people, people.again("theo"), "estate.read", who="hilde", school=HOME)
    with pytest.raises(Forbidden):
        explained(people, people.again("otto"), "estate.read", who="theo")


def test_what_is_unknown_is_said_with_what_is_known(people: People) -> None:
    with pytest.raises(Invalid, match=r"estate\.read"):
        explained(people, people.again("hilde"), "fly")
    with pytest.raises(Invalid, match="sensitive"):
        explained(people, people.again("hilde"), "estate.read", field_class="secret")


def test_somebody_without_a_role_is_told_so(people: People) -> None:
    nobody = people.sign_in("nora", "/schools/unknown")
    assert explained(people, nobody, "estate.read")["reason"].startswith("no role does not include")
