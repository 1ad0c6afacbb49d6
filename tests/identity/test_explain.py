"""'Explain a permission': who, what, where: allowed or not, and by what."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from schoolops.core.clock import FixedClock
from schoolops.core.errors import Forbidden, Invalid
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.estate.models import TABLES
from schoolops.identity import delegations
from schoolops.identity.accounts import find_account
from schoolops.identity.explaining import explain_access
from schoolops.server.app import Door, make_app
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
    with pytest.raises(Forbidden, match=f"schools {OTHER}: name it with --school"):
        explained(people, people.again("otto"), "estate.read", who="theo")


def test_a_question_without_a_school_says_that_it_was_for_the_whole_city(people: People) -> None:
    found = explained(people, people.again("hilde"), "passwords.reset")
    assert found["reason"].startswith("passwords.reset is not held for the whole city")
    assert found["reason"].endswith(f"schools {HOME}: ask with --school")


def test_what_is_unknown_is_said_with_what_is_known(people: People) -> None:
    with pytest.raises(Invalid, match=r"estate\.read"):
        explained(people, people.again("hilde"), "fly")
    with pytest.raises(Invalid, match="sensitive"):
        explained(people, people.again("hilde"), "estate.read", field_class="secret")


def test_somebody_without_a_role_is_told_so(people: People) -> None:
    nobody = people.sign_in("nora", "/schools/unknown")
    assert explained(people, nobody, "estate.read")["reason"].startswith("no role does not include")


@pytest.fixture
def served(people: People) -> Iterator[Callable[..., Any]]:
    """Questions over HTTP, as somebody."""
    application = make_app(people.store, background=False)
    with TestClient(Door(application, local=True)) as client:

        def ask(asker: str, **params: str) -> Any:
            application.state.authenticate = lambda request: people.again(asker)
            return client.get("/v1/access/explain", params=params)

        yield ask


def questions(people: People) -> list[tuple[str, str, int | None, Any]]:
    with people.store.read() as connection:
        rows = connection.execute(
            select(audit_event).where(audit_event.c.action == "explain access")
        ).all()
    return [(row.actor, row.record, row.school_id, json.loads(row.detail)) for row in rows]


def test_a_question_about_somebody_else_stands_in_the_audit(
    people: People, served: Callable[..., Any]
) -> None:
    answer = served("hilde", permission="passwords.reset", who="theo", school=HOME)
    assert answer.json()["who"] == "theo"
    with people.store.read() as connection:
        uid = find_account(connection, "theo").uid
        school = connection.scalar(
            select(TABLES["school"].c.id).where(TABLES["school"].c.number == HOME)
        )
    assert questions(people) == [("hilde", uid, school, {"permission": "passwords.reset"})]


def test_a_question_about_oneself_is_nobodys_business(
    people: People, served: Callable[..., Any]
) -> None:
    with people.store.read() as connection:
        uid = find_account(connection, "hilde").uid
    for about in ({}, {"who": "hilde"}, {"who": uid, "school": HOME}):
        assert served("hilde", permission="estate.read", **about).status_code == 200
    assert questions(people) == []


def test_a_refused_question_is_no_question_that_was_answered(
    people: People, served: Callable[..., Any]
) -> None:
    asked = {"permission": "estate.read", "who": "hilde", "school": HOME}
    assert served("theo", **asked).status_code == 403
    assert served("hilde", **asked | {"who": "nobody"}).status_code == 404
    assert questions(people) == []
