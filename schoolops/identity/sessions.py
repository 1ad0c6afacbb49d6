"""Sessions of the web pages, kept by the server; the browser has a random id alone.

A session begins at sign-in with a new id and ends after an idle time, after an absolute time,
by sign-out here or in Keycloak (back-channel). Keycloak's tokens stay here, encrypted. While
Keycloak does not answer, a session lives on for `identity.outage_minutes`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, insert, select, update

from inventory.sentences import say
from schoolops.core.errors import NotFound, ProviderDown, Unauthenticated
from schoolops.core.ids import hash_token, new_token, uuid7
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store, UnitOfWork
from schoolops.identity.oidc import Claims
from schoolops.web.models import web_session

if TYPE_CHECKING:
    from schoolops.identity.oidc import Provider, Tokens

SECOND = 1_000_000
MINUTE = 60 * SECOND
LINK_MICROS = 2 * MINUTE
"""How long a link of `schoolops portal open` is good."""
SEEN_EVERY = MINUTE
"""How exactly the last use is kept: not every request writes."""
REFRESH_AHEAD = MINUTE
"""An access token that ends so soon is renewed after the answer."""
REFRESH_PAUSE = 15 * SECOND
"""Between two tries: one request renews at a time, and a dead Keycloak is not asked by all."""
KEPT = 7 * 24 * 60 * MINUTE
"""Ended sessions are forgotten after so long."""

ActorOf = Callable[[Store, Claims], Actor]
"""Who somebody is here, by what Keycloak says of them."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person."""

    id: int
    uid: str
    secret: str
    """What the cookie holds."""
    name: str
    language: str
    actor: Actor
    claims: Claims | None
    """None for the computer's own user."""
    refresh_due: bool = False


class Sessions:
    """The sessions of one store. Thread safe; several servers may share the store."""

    def __init__(self, store: Store, provider: Provider | None, actor_of: ActorOf) -> None:
        self.store = store
        self.provider = provider
        self.actor_of = actor_of
        self.settings = store.settings.identity

    # -- beginning -------------------------------------------------------------------------

    def make_link(self, actor: Actor) -> str:
        """A one-time code that opens the pages as this actor, within two minutes."""
        code = new_token("sol")
        with self.store.write(actor, by_server=True) as unit:
            self._insert(
                unit,
                code,
                kind="link",
                name=actor.name,
                claims=json.dumps(actor.to_json()),
                expires_at=unit.now + LINK_MICROS,
            )
            unit.audit("make sign-in link")
        return code

    def open_link(self, code: str) -> Session:
        """Use up a link. `NotFound` when it was used, has expired or never was."""
        with self.store.write() as unit:
            row = unit.connection.execute(
                select(web_session).where(
                    web_session.c.hash == hash_token(code),
                    web_session.c.kind == "link",
                    web_session.c.ended_at.is_(None),
                    web_session.c.expires_at > unit.now,
                )
            ).one_or_none()
            if row is None:
                raise NotFound(
                    say(
                        "this link was used already or has expired; make a new one with: "
                        "schoolops portal open"
                    ),
                    code="web.link_gone",
                )
            secret = new_token("sow")
            self._set(
                unit,
                row.id,
                hash=hash_token(secret),
                kind="local",
                seen_at=unit.now,
                expires_at=self._end(unit.now),
            )
            actor = _local_actor(row)
            unit.actor = actor
            unit.audit("sign in", detail={"by": "link"})
        return Session(row.id, row.uid, secret, actor.name, "", actor, None)

    def begin(self, tokens: Tokens, language: str, old: Session | None) -> Session:
        """A session of who just signed in with Keycloak; an older one of the browser ends.

        Raises `Unauthenticated` for a token that is none or an account that has no access.
        """
        assert self.provider is not None  # nobody else has made the tokens
        claims = self.provider.verify(tokens.access)
        actor = self.actor_of(self.store, claims)
        secret = new_token("sow")
        with self.store.write(actor, by_server=True) as unit:
            if old is not None:
                self._close(unit, old.id)
            uid = uuid7()
            row_id = self._insert(
                unit,
                secret,
                uid=uid,
                kind="oidc",
                name=claims.name or claims.username,
                subject=claims.subject,
                sid=claims.session,
                claims=json.dumps(asdict(claims)),
                language=language,
                expires_at=self._end(unit.now),
                **self._sealed(uid, tokens, unit.now),
            )
            unit.audit("sign in", detail={"by": "keycloak", "passkey": claims.strong})
        return Session(row_id, uid, secret, claims.name or claims.username, language, actor, claims)

    # -- a request -------------------------------------------------------------------------

    def current(self, secret: str) -> Session | None:
        """The session of a cookie; None when it has ended or never was.

        `ProviderDown` when Keycloak has been silent for longer than `identity.outage_minutes`.
        """
        now = self.store.clock.now()
        with self.store.read() as connection:
            row = connection.execute(
                select(web_session).where(web_session.c.hash == hash_token(secret))
            ).one_or_none()
        idle = round(self.settings.session_idle_minutes * MINUTE)
        if row is None or row.kind == "link" or row.ended_at is not None:
            return None
        if row.expires_at <= now or row.seen_at + idle <= now:
            return None
        if now - row.seen_at >= SEEN_EVERY:
            with self.store.write() as unit:
                self._set(unit, row.id, seen_at=unit.now)
        if row.kind == "local":
            return self._session(row, secret, _local_actor(row), None)
        if row.access_expires_at > now:
            claims = _claims(row)
            due = row.access_expires_at - now < REFRESH_AHEAD
            return self._session(row, secret, self.actor_of(self.store, claims), claims, due)
        return self._renewed(row, secret, now)

    def refresh(self, session: Session) -> None:
        """Renew the access token of a session, if nobody else does so now."""
        with self.store.read() as connection:
            row = connection.execute(
                select(web_session).where(web_session.c.id == session.id)
            ).one()
        try:
            self._renew(row)
        except (ProviderDown, Unauthenticated):
            return  # the next request finds out

    def _renewed(self, row: Row[Any], secret: str, now: int) -> Session | None:
        """The session once its access token has ended."""
        claims: Claims | None = None
        try:
            claims = self._renew(row)
        except Unauthenticated:
            with self.store.write() as unit:
                self._close(unit, row.id)
            return None
        except ProviderDown:
            pass
        if claims is None:  # nobody answers, or another request is about it
            limit = row.access_expires_at + round(self.settings.outage_minutes * MINUTE)
            if now >= limit:
                raise ProviderDown(
                    say(
                        "sign-in does not answer, and has not for a while; your session waits "
                        "for it"
                    )
                )
            claims = _claims(row)
        return self._session(row, secret, self.actor_of(self.store, claims), claims)

    def _renew(self, row: Row[Any]) -> Claims | None:
        """New tokens from Keycloak, written; None when another request is about it."""
        if self.provider is None:
            raise Unauthenticated(say("this session came from a sign-in that is no more"))
        with self.store.write() as unit:
            # A refresh token is used once: whoever wins this update may use it.
            won = unit.connection.execute(
                update(web_session)
                .where(
                    web_session.c.id == row.id,
                    web_session.c.ended_at.is_(None),
                    web_session.c.refresh_after <= unit.now,
                    web_session.c.access_expires_at == row.access_expires_at,  # not done yet
                )
                .values(refresh_after=unit.now + REFRESH_PAUSE)
                .returning(web_session.c.refresh_token)
            ).one_or_none()
        if won is None:
            return None
        token = self.store.secrets.open(won.refresh_token, f"session:{row.uid}:refresh")
        tokens = self.provider.refresh(token, self.settings.web_client)
        claims = self.provider.verify(tokens.access)
        with self.store.write() as unit:
            self._set(
                unit,
                row.id,
                claims=json.dumps(asdict(claims)),
                name=claims.name or claims.username,
                refresh_after=0,
                **self._sealed(row.uid, tokens, unit.now),
            )
        return claims

    def set_language(self, session: Session, language: str) -> None:
        with self.store.write(session.actor, by_server=True) as unit:
            self._set(unit, session.id, language=language)

    # -- ending ----------------------------------------------------------------------------

    def end(self, session: Session) -> str:
        """End a session here and in Keycloak. Answers the id token for its sign-out page."""
        with self.store.read() as connection:
            row = connection.execute(
                select(web_session).where(web_session.c.id == session.id)
            ).one()
        with self.store.write(session.actor, by_server=True) as unit:
            self._close(unit, session.id)
            unit.audit("sign out")
        if row.id_token is None:
            return ""
        return self.store.secrets.open(row.id_token, f"session:{row.uid}:id")

    def end_by(self, subject: str, sid: str) -> int:
        """End the sessions that Keycloak says have ended (all of the person without a sid)."""
        where = [web_session.c.ended_at.is_(None), web_session.c.subject == subject]
        if sid:
            where.append(web_session.c.sid == sid)
        with self.store.write() as unit:
            rows = unit.connection.execute(select(web_session.c.id).where(*where)).all()
            for row in rows:
                self._close(unit, row.id)
            if rows:
                unit.audit("sign out", detail={"by": "keycloak", "sessions": len(rows)})
        return len(rows)

    # -- inside ----------------------------------------------------------------------------

    def _end(self, now: int) -> int:
        return now + round(self.settings.session_hours * 60 * MINUTE)

    def _session(
        self, row: Row[Any], secret: str, actor: Actor, claims: Claims | None, due: bool = False
    ) -> Session:
        return Session(row.id, row.uid, secret, row.name, row.language, actor, claims, due)

    def _sealed(self, uid: str, tokens: Tokens, now: int) -> dict[str, Any]:
        seal = self.store.secrets.seal
        return {
            "refresh_token": seal(tokens.refresh, f"session:{uid}:refresh"),
            "id_token": seal(tokens.id, f"session:{uid}:id"),
            "access_expires_at": now + tokens.expires_in * SECOND,
        }

    @staticmethod
    def _insert(unit: UnitOfWork, secret: str, **columns: Any) -> int:
        row = {"uid": uuid7(), "created_at": unit.now, "seen_at": unit.now, **columns}
        made = unit.connection.execute(insert(web_session), {"hash": hash_token(secret), **row})
        (row_id,) = made.inserted_primary_key or (0,)
        return int(row_id)

    @staticmethod
    def _set(unit: UnitOfWork, row_id: int, **columns: Any) -> None:
        unit.connection.execute(
            update(web_session).where(web_session.c.id == row_id).values(**columns)
        )

    def _close(self, unit: UnitOfWork, row_id: int) -> None:
        """End a session; its tokens are gone at once."""
        self._set(unit, row_id, ended_at=unit.now, refresh_token=None, id_token=None)


def _local_actor(row: Row[Any]) -> Actor:
    return Actor.from_json(json.loads(row.claims))


def _claims(row: Row[Any]) -> Claims:
    found = json.loads(row.claims)
    return Claims(**{**found, "groups": tuple(found["groups"]), "classes": tuple(found["classes"])})


def forget_old(store: Store) -> None:
    """Delete what ended a week ago; who signed in when stays in the audit."""
    with store.write() as unit:
        end = unit.now - KEPT
        unit.connection.execute(
            delete(web_session).where(
                (web_session.c.expires_at < end) | (web_session.c.ended_at < end)
            )
        )
