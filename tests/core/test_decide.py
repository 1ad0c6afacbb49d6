"""Decisions: what is not granted is denied, and every answer has a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolops.core.permissions import (
    NOWHERE,
    PERMISSIONS,
    ROLES,
    Actor,
    Grant,
    Resource,
    Scope,
    Why,
    explain,
    grants_of,
    roles_with,
)

SCHOOLS = ("164800", "164801", "164811")
names = st.sampled_from(SCHOOLS)
scopes = st.builds(
    Scope,
    st.booleans(),
    st.frozensets(st.sampled_from(["10042", "10099"])),
    st.frozensets(names),
    st.frozensets(names.map(lambda number: f"{number}/5a")),
)
places = st.tuples(
    st.none() | names, st.none() | st.sampled_from(["10042", "10099"]), st.sampled_from(["", "5a"])
)


@given(scopes, scopes, places)
def test_two_scopes_together_cover_what_either_covers(
    one: Scope, other: Scope, place: tuple[str | None, str | None, str]
) -> None:
    assert (one | other).covers(*place) == (one.covers(*place) or other.covers(*place))


@given(scopes, places)
def test_what_covers_nothing_is_false(
    scope: Scope, place: tuple[str | None, str | None, str]
) -> None:
    assert bool(scope) or not scope.covers(*place)


@given(st.lists(st.tuples(st.sampled_from(sorted(ROLES)), scopes), max_size=4))
def test_a_decision_and_its_explanation_agree(held: list[tuple[str, Scope]]) -> None:
    actor = Actor("m.weber", tuple(g for role, scope in held for g in grants_of(role, scope)))
    for permission in PERMISSIONS:
        for school in (None, *SCHOOLS):
            found = explain(actor, permission, Resource(school))
            assert found.allowed == actor.scope(permission).covers(school, None)
            assert bool(found.grants) == found.allowed


@given(st.sampled_from(sorted(ROLES)), scopes)
def test_an_actor_comes_back_from_json_as_it_was(role: str, scope: Scope) -> None:
    actor = Actor("m.weber", grants_of(role, scope, classes=["164800/5a"]), account="abc")
    assert Actor.from_json(actor.to_json()) == actor


def test_a_role_holds_where_it_is_held_and_nowhere_else() -> None:
    head = Actor.of("b.meier", "head", schools=["164800"])
    assert head.scope("contacts.write").covers("164800", "10042")
    assert not head.scope("contacts.write").covers("164801", "10042")
    assert not head.scope("contacts.write").covers(None, None)


def test_a_teacher_resets_passwords_in_own_classes_alone() -> None:
    teacher = Actor.of("t.klein", "teacher", schools=["164800"], classes=["164800/5a"])
    assert teacher.scope("passwords.reset").covers("164800", None, "5a")
    assert not teacher.scope("passwords.reset").covers("164800", None, "5b")
    assert not teacher.scope("passwords.reset").covers("164800", None)
    assert teacher.scope("estate.read").covers("164800", None)


def test_the_service_provider_opens_no_personal_field() -> None:
    provider = Actor.of("netz-gmbh", "service-provider")
    assert not any(grant.opens for grant in provider.grants)
    for permission in provider.permissions:
        for name in ("core", "contact", "guardian", "sensitive"):
            assert not explain(provider, permission, Resource("164800", field_class=name)).allowed


def test_a_field_is_open_for_its_purpose_alone() -> None:
    secretary = Actor.of("s.lang", "secretary", schools=["164800"])
    here = Resource("164800", field_class="guardian")
    assert explain(secretary, "contacts.write", here).allowed  # purpose: school
    refused = explain(secretary, "contacts.read", here)  # purpose: operations
    assert not refused.allowed
    assert refused.why is Why.CLOSED


def test_a_right_ends_when_its_time_is_over() -> None:
    grant = Grant(frozenset({"estate.read"}), Scope(schools=frozenset({"164800"})), "x", until=100)
    actor = Actor("m.weber", (grant,))
    assert actor.at(99).may("estate.read")
    assert not actor.at(100).may("estate.read")


@pytest.mark.parametrize("role", ["", "king", "administrator"])
def test_an_unknown_role_grants_nothing(role: str) -> None:
    actor = Actor.of("x", role)
    assert not actor.permissions
    assert actor.whole_scope() == NOWHERE


def test_every_permission_of_a_role_is_in_the_catalogue() -> None:
    for role in ROLES.values():
        assert role.permissions | role.in_classes <= PERMISSIONS.keys()
        assert role.level in ("city", "school", "self")


def test_a_permission_knows_the_roles_that_it_comes_with() -> None:
    assert "auditor" in roles_with("audit.read")
    assert "viewer" not in roles_with("audit.read")
    assert "teacher" in roles_with("passwords.reset")
