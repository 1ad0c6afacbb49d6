"""People of the identity provider: what their groups mean here, and what is noted of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from schoolops.core.clock import FixedClock
from schoolops.core.errors import Forbidden, Unauthenticated
from schoolops.core.permissions import (
    ADMINISTRATION,
    DELEGABLE,
    IN_EMERGENCIES,
    ROLES,
    Actor,
)
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.identity.accounts import actor_of_claims, role_of_group, waits_for_passkey
from schoolops.identity.oidc import Claims
from schoolops.identity.service import end_sessions
from schoolops.server.web.actors import actor_of

TEACHER = Claims(
    "https://login.example/realms/x", "sub-1", "t.klein", "Tom Klein", "t@example.org",
    ("/schools/164800/teacher", "/somewhere/else"), ("164800/5a", "999999/5a"), "sid-1", 0, False,
    1_795_507_200,
)  # fmt: skip
ADMIN = Actor.of("m.weber", "authority-admin")


def actions(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(audit_event.c.action).order_by(audit_event.c.id)))


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/city/authority-admin", "authority-admin"),
        ("/authorities/10042/technician", "technician"),
        ("/schools/164800/head", "head"),
        ("/schools/164800/authority-admin", None),  # nobody runs the city from a school's group
        ("/city/head", None),
        ("/schools/164800/king", None),
        ("/schools/164800", None),
        ("/schools/164800/head/more", None),
        ("", None),
    ],
)
def test_a_group_means_a_role_at_its_own_level_alone(path: str, role: str | None) -> None:
    found = role_of_group(path)
    assert (found[0] if found else None) == role


def test_a_teacher_holds_the_school_and_own_classes_of_it(store: Store) -> None:
    actor = actor_of_claims(store, TEACHER)
    assert actor.scope("estate.read").schools == {"164800"}
    assert actor.scope("passwords.reset").classes == {"164800/5a"}
    assert (actor.name, actor.shown, actor.account) == ("t.klein", "Tom Klein", "sub-1")


def test_a_role_that_needs_a_passkey_counts_with_one_alone(store: Store) -> None:
    groups = ("/city/authority-admin",)
    claims = replace(TEACHER, groups=groups)
    assert not actor_of_claims(store, claims).permissions
    assert waits_for_passkey(groups, strong=False)
    assert actor_of_claims(store, replace(claims, strong=True)).may("tokens.write")


@pytest.mark.parametrize("role", ["school-admin", "head"])
def test_an_administrator_without_passkey_is_nobody_whatever_else_they_are(
    store: Store, role: str
) -> None:
    claims = replace(TEACHER, groups=(*TEACHER.groups, f"/schools/164800/{role}"))
    with pytest.raises(Forbidden) as refused:
        actor_of(store, claims)
    assert refused.value.code == "auth.passkey_needed"
    assert actor_of(store, replace(claims, strong=True)).may("delegations.write")


def test_who_decides_about_rights_or_sees_what_all_do_needs_a_passkey() -> None:
    strong = {name for name, role in ROLES.items() if role.strong}
    assert strong == {
        "authority-admin", "school-admin", "head", "data-protection-officer", "auditor",
    }  # fmt: skip
    assert ADMINISTRATION.isdisjoint({*DELEGABLE, *IN_EMERGENCIES}), (
        "a right for a time makes nobody an administrator, so it asks for no passkey"
    )


def test_a_sign_in_is_one_event_and_a_request_none(store: Store, clock: FixedClock) -> None:
    for _ in range(3):
        actor_of_claims(store, TEACHER)
    assert actions(store) == ["first sign-in"]
    other = replace(TEACHER, session="sid-2", issued_at=TEACHER.issued_at + 60)
    for claims in (other, TEACHER, other, TEACHER):  # two screens, in turns
        actor_of_claims(store, claims)
    assert actions(store) == ["first sign-in", "sign in"]


def test_new_groups_are_an_event_and_an_older_token_changes_nothing(store: Store) -> None:
    actor_of_claims(store, TEACHER)
    moved = replace(TEACHER, groups=("/schools/164801/teacher",), issued_at=TEACHER.issued_at + 60)
    for claims in (moved, TEACHER, moved):
        actor_of_claims(store, claims)
    assert actions(store) == ["first sign-in", "roles changed"]


def test_an_administrator_ends_the_sessions_of_a_person(store: Store, clock: FixedClock) -> None:
    actor_of_claims(store, TEACHER)
    clock.advance(60)
    with store.write(ADMIN) as unit:
        end_sessions(unit, "t.klein")
    with pytest.raises(Unauthenticated) as refused:
        actor_of_claims(store, TEACHER)
    assert refused.value.code == "auth.ended"
    later = replace(TEACHER, session="sid-3", issued_at=clock.now() // 1_000_000 + 1)
    assert actor_of_claims(store, later).may("estate.read")


def test_a_request_asks_the_database_once(store: Store) -> None:
    from sqlalchemy import event

    actor_of_claims(store, TEACHER)
    asked: list[Any] = []
    event.listen(store.reader, "before_cursor_execute", lambda *a: asked.append(a[2]))
    actor_of_claims(store, TEACHER)
    assert len([text for text in asked if text.startswith("SELECT")]) == 1
