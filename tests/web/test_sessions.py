"""Sessions: a new id at sign-in, idle and absolute ends, renewal, and a Keycloak that is down."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import func, select

from schoolops.core.clock import FixedClock
from schoolops.core.errors import NotFound, ProviderDown, Unauthenticated
from schoolops.core.ids import hash_token
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.db.tables import audit_event
from schoolops.identity.oidc import Claims, Tokens
from schoolops.identity.sessions import Session, Sessions, forget_old
from schoolops.server.web.actors import actor_of
from schoolops.web.models import web_session

ALEX = Actor.of("alex", "authority-admin")


@dataclass
class Realm:
    """Stands for a realm whose answers the test chooses; a real one is in test_sign_in.py."""

    groups: tuple[str, ...] = ("/schools/164800/secretary",)
    down: bool = False
    refused: bool = False
    used: list[str] = field(default_factory=list)

    def tokens(self, number: int = 0) -> Tokens:
        return Tokens(f"access-{number}", f"refresh-{number}", "id", 300, 3600)

    def verify(self, token: str) -> Claims:
        return Claims("iss", "7c1f", "m.weber", "Mia Weber", "", self.groups, (), "s-1", 0, False)

    def refresh(self, refresh_token: str, client: str) -> Tokens:
        if self.down:
            raise ProviderDown("it does not answer")
        if self.refused or refresh_token in self.used:
            raise Unauthenticated("used twice", code="auth.sign_in_ended")
        self.used.append(refresh_token)
        return self.tokens(len(self.used))


@pytest.fixture
def realm() -> Realm:
    return Realm()


@pytest.fixture
def sessions(store: Store, realm: Realm) -> Sessions:
    provider: Any = realm
    return Sessions(store, provider, actor_of)


@pytest.fixture
def mia(sessions: Sessions, realm: Realm) -> Session:
    return sessions.begin(realm.tokens(), "de", None)


def test_the_store_keeps_no_secret_in_the_open(
    sessions: Sessions, store: Store, mia: Session
) -> None:
    with store.read() as connection:
        row = connection.execute(select(web_session)).one()
    assert row.hash == hash_token(mia.secret)
    shown = repr(tuple(row))
    assert mia.secret not in shown
    assert "refresh-0" not in shown
    assert "access-0" not in shown


def test_a_sign_in_gives_a_new_id_and_ends_the_old_one(
    sessions: Sessions, realm: Realm, mia: Session
) -> None:
    again = sessions.begin(realm.tokens(), "de", mia)
    assert again.secret != mia.secret
    assert sessions.current(mia.secret) is None
    found = sessions.current(again.secret)
    assert found is not None
    assert found.actor.whole_scope().schools == {"164800"}


def test_a_session_ends_when_it_is_idle(
    sessions: Sessions, clock: FixedClock, realm: Realm, mia: Session
) -> None:
    clock.advance(59 * 60)
    assert sessions.current(mia.secret) is not None
    clock.advance(59 * 60)
    assert sessions.current(mia.secret) is not None, "the last use counts"
    clock.advance(61 * 60)
    assert sessions.current(mia.secret) is None


def test_a_session_ends_after_its_hours_whatever_happens(
    sessions: Sessions, clock: FixedClock
) -> None:
    session = sessions.open_link(sessions.make_link(ALEX))
    for _ in range(19):
        clock.advance(30 * 60)
        assert sessions.current(session.secret) is not None
    clock.advance(31 * 60)
    assert sessions.current(session.secret) is None


def test_a_link_works_once(sessions: Sessions, clock: FixedClock) -> None:
    code = sessions.make_link(ALEX)
    assert sessions.current(code) is None, "the link itself is no session"
    session = sessions.open_link(code)
    assert session.secret != code
    found = sessions.current(session.secret)
    assert found is not None
    assert found.actor == ALEX
    with pytest.raises(NotFound, match="portal open"):
        sessions.open_link(code)


def test_a_renewal_is_due_shortly_before_the_token_ends(
    sessions: Sessions, clock: FixedClock, realm: Realm, mia: Session
) -> None:
    found = sessions.current(mia.secret)
    assert found is not None
    assert not found.refresh_due
    clock.advance(250)
    found = sessions.current(mia.secret)
    assert found is not None
    assert found.refresh_due
    realm.groups = ("/schools/100000/secretary",)
    sessions.refresh(found)
    found = sessions.current(mia.secret)
    assert found is not None
    assert not found.refresh_due
    assert found.actor.whole_scope().schools == {"100000"}, "what changed in Keycloak counts"


def test_many_requests_at_once_use_a_refresh_token_once(
    sessions: Sessions, clock: FixedClock, realm: Realm, mia: Session
) -> None:
    clock.advance(301)
    found: list[Session | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(sessions.current(mia.secret)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in found if one is not None]) == 8
    assert realm.used == ["refresh-0"]


def test_a_refused_renewal_ends_the_session(
    sessions: Sessions, clock: FixedClock, realm: Realm, mia: Session
) -> None:
    realm.refused = True
    clock.advance(301)
    assert sessions.current(mia.secret) is None
    realm.refused = False
    clock.advance(30)
    assert sessions.current(mia.secret) is None, "and it stays ended"


def test_while_keycloak_is_down_sessions_live_on_for_the_stated_time(
    sessions: Sessions, clock: FixedClock, realm: Realm, mia: Session
) -> None:
    realm.down = True
    for _ in range(12):
        clock.advance(5 * 60)
        assert sessions.current(mia.secret) is not None
    clock.advance(5 * 60 + 20)
    with pytest.raises(ProviderDown, match="your session waits"):
        sessions.current(mia.secret)
    realm.down = False
    clock.advance(20)
    assert sessions.current(mia.secret) is not None, "it is there again"


def test_the_local_user_gets_in_while_keycloak_is_down(sessions: Sessions, realm: Realm) -> None:
    realm.down = True
    session = sessions.open_link(sessions.make_link(ALEX))
    assert sessions.current(session.secret) is not None


def test_signing_out_wipes_the_tokens(sessions: Sessions, store: Store, mia: Session) -> None:
    assert sessions.end(mia) == "id"
    assert sessions.current(mia.secret) is None
    with store.read() as connection:
        row = connection.execute(select(web_session)).one()
    assert row.refresh_token is None
    assert row.id_token is None


def test_keycloak_ends_one_session_or_all_of_a_person(
    sessions: Sessions, realm: Realm, mia: Session
) -> None:
    other = sessions.begin(realm.tokens(), "", None)
    assert sessions.end_by("somebody else", "") == 0
    assert sessions.end_by("7c1f", "another-sid") == 0
    assert sessions.current(mia.secret) is not None
    assert sessions.end_by("7c1f", "") == 2
    assert sessions.current(mia.secret) is None
    assert sessions.current(other.secret) is None


def test_an_account_without_a_group_gets_no_session(
    sessions: Sessions, store: Store, realm: Realm
) -> None:
    realm.groups = ()
    with pytest.raises(Exception, match="no school and no task"):
        sessions.begin(realm.tokens(), "", None)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(web_session)) == 0


def test_sign_in_and_sign_out_are_in_the_audit(
    sessions: Sessions, store: Store, mia: Session
) -> None:
    sessions.end(mia)
    with store.read() as connection:
        rows = connection.execute(select(audit_event.c.actor, audit_event.c.action)).all()
    assert [tuple(row) for row in rows] == [
        ("m.weber", "first sign-in"),
        ("m.weber", "sign in"),
        ("m.weber", "sign out"),
    ]


def test_old_sessions_are_forgotten(
    sessions: Sessions, store: Store, clock: FixedClock, mia: Session
) -> None:
    sessions.end(mia)
    clock.advance(6 * 24 * 3600)
    forget_old(store)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(web_session)) == 1
    clock.advance(2 * 24 * 3600)
    forget_old(store)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(web_session)) == 0
