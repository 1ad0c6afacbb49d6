"""Keycloak for the server: who signed in, and the steps of a sign-in. No database in here."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from schoolops.core.errors import Unauthenticated
from schoolops.identity.grants import DeviceStart, Realm, Refused, Tokens
from schoolops.identity.secretfiles import read_secret, web_secret_path
from schoolops.identity.tokens import KeySet, check, invalid, verified

if TYPE_CHECKING:
    import httpx

    from schoolops.core.settings import IdentitySettings

__all__ = ["Claims", "DeviceStart", "Provider", "Tokens"]

CALLBACK_PATH = "/sign-in/callback"
BACKCHANNEL_LOGOUT_PATH = "/sign-out/backchannel"
SIGNED_OUT_PATH = "/"
"""Where the web pages take a code, a back-channel logout, and whoever has signed out: below
`server.public_url`; the bootstrap allows the realm's web client exactly these."""

STRONG = "passkey"
"""The amr of a sign-in by passkey, and the acr with which one is asked for; the bootstrap tells
Keycloak so."""

KEPT_CLAIMS = 4096
"""Access tokens whose check is remembered until they expire: a screen sends the same one for
minutes."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Who a verified access token speaks for."""

    issuer: str
    subject: str
    username: str
    name: str
    email: str
    groups: tuple[str, ...]
    """Full paths: `/city/<role>`, `/authorities/<number>/<role>`, `/schools/<number>/<role>`."""
    classes: tuple[str, ...]
    """`164800/5a`: classes that a teacher teaches or a pupil is in."""
    session: str
    expires_at: int
    """UTC seconds."""
    strong: bool
    """Signed in with a passkey."""
    issued_at: int = 0
    """UTC seconds; 0 when the token does not say."""


class Provider:
    """One realm. Thread-safe; make one and keep it, for it remembers the realm's keys."""

    def __init__(
        self,
        settings: IdentitySettings,
        *,
        now: Callable[[], float] = time.time,
        http: httpx.Client | None = None,
    ) -> None:
        self._settings, self._now = settings, now
        self._realm = Realm(settings.issuer, http)
        self._keys = KeySet(self._read_keys, now)
        self._kept: dict[str, Claims] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._realm.close()

    def _read_keys(self) -> dict[str, Any]:
        keys = self._realm.get_json(self._realm.endpoint("jwks_uri"))
        self._kept.clear()  # what a withdrawn key signed is checked again
        return keys

    def _checked(self, token: str, kind: str, audience: str) -> dict[str, Any]:
        claims = verified(token, self._keys)
        check(
            claims,
            issuer=self._settings.issuer,
            audience=audience,
            kind=kind,
            now=self._now(),
            leeway=self._settings.leeway_s,
        )
        return claims

    # --- tokens that come in ------------------------------------------------------------------

    def verify(self, token: str) -> Claims:
        """Whose access token it is.

        Raises `Unauthenticated` (`auth.token_expired`, `auth.token_invalid`), `ProviderDown` when
        the realm's keys cannot be read.
        """
        kept = self._kept.get(token)
        if kept is not None and self._now() - self._settings.leeway_s < kept.expires_at:
            return kept
        claims = _claims(self._checked(token, "Bearer", self._settings.audience))
        with self._lock:
            if len(self._kept) >= KEPT_CLAIMS:
                self._kept.clear()
            self._kept[token] = claims
        return claims

    def verify_logout_token(self, token: str) -> tuple[str, str]:
        """(subject, sid) of a back-channel logout; sid is empty when all sessions end."""
        claims = self._checked(token, "Logout", self._settings.web_client)
        events = claims.get("events")
        wanted = "http://schemas.openid.net/event/backchannel-logout"
        if not isinstance(events, dict) or wanted not in events or "nonce" in claims:
            raise invalid("it is no logout token")
        return claims["sub"], _text(claims, "sid")

    # --- code with PKCE, for the web pages ----------------------------------------------------

    def insist(self) -> None:
        """Raise `ProviderDown` unless the realm answers now: nobody is sent into the void."""
        self._realm.get_json(self._realm.issuer)

    def authorization_url(
        self,
        *,
        state: str,
        nonce: str,
        challenge: str,
        redirect_uri: str,
        locale: str,
        strong: bool = False,
        add_passkey: bool = False,
    ) -> str:
        """Where the browser goes to sign in; `strong` insists on a passkey, `add_passkey` offers
        to register one on the way."""
        query = {
            "response_type": "code",
            "client_id": self._settings.web_client,
            "redirect_uri": redirect_uri,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "ui_locales": locale,
        }
        if strong:
            wanted = {"id_token": {"acr": {"essential": True, "values": [STRONG]}}}
            query["claims"] = json.dumps(wanted)
        if add_passkey:
            query["kc_action"] = "webauthn-register-passwordless"
        return f"{self._realm.endpoint('authorization_endpoint')}?{urlencode(query)}"

    def exchange_code(self, code: str, verifier: str, redirect_uri: str, nonce: str) -> Tokens:
        """The tokens for a code. Raises `Unauthenticated` when it is used up, or not for us."""
        try:
            tokens = self._realm.tokens(
                {
                    "grant_type": "authorization_code",
                    "code": code,
                    "code_verifier": verifier,
                    "redirect_uri": redirect_uri,
                    **self._client(self._settings.web_client),
                }
            )
        except Refused:
            raise Unauthenticated(
                "the sign-in did not succeed; start it again", code="auth.code_refused"
            ) from None
        claims = self._checked(tokens.id, "ID", self._settings.web_client)
        if not hmac.compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
            raise invalid("it answers another sign-in")
        return tokens

    def logout_url(self, id_token: str, redirect_uri: str) -> str:
        """Where the browser goes to sign out everywhere."""
        query = {
            "id_token_hint": id_token,
            "post_logout_redirect_uri": redirect_uri,
            "client_id": self._settings.web_client,
        }
        return f"{self._realm.endpoint('end_session_endpoint')}?{urlencode(query)}"

    # --- refresh, sign-out, device grant ------------------------------------------------------

    def refresh(self, refresh_token: str, client: str) -> Tokens:
        """New tokens for a refresh token, which is used up by that.

        Raises `Unauthenticated` (`auth.sign_in_ended`), `ProviderDown`.
        """
        return self._realm.refresh(refresh_token, self._client(client))

    def end_session(self, refresh_token: str, client: str) -> None:
        """End the session behind a refresh token; already ended is fine."""
        self._realm.end_session(refresh_token, self._client(client))

    def start_device(self) -> DeviceStart:
        """Begin a sign-in of the command line."""
        return self._realm.start_device(self._settings.cli_client)

    def poll_device(self, start: DeviceStart) -> Tokens | None:
        """The tokens once the person has confirmed; None: not yet, ask again after
        `start.interval_s`. A `slow_down` waits here. Raises `Unauthenticated`."""
        got = self._realm.poll_device(start, self._settings.cli_client)
        if isinstance(got, Tokens):
            return got
        time.sleep(got)
        return None

    def _client(self, client: str) -> dict[str, str]:
        if client != self._settings.web_client:
            return {"client_id": client}
        return {
            "client_id": client,
            "client_secret": read_secret(web_secret_path(self._settings)),
        }


def _claims(token: dict[str, Any]) -> Claims:
    return Claims(
        issuer=token["iss"],
        subject=token["sub"],
        username=_text(token, "preferred_username"),
        name=_text(token, "name"),
        email=_text(token, "email"),
        groups=_texts(token, "groups"),
        classes=_texts(token, "classes"),
        session=_text(token, "sid"),
        expires_at=int(token["exp"]),
        strong=token.get("acr") == STRONG or STRONG in _texts(token, "amr"),
        issued_at=int(token.get("iat") or 0),
    )


def _text(token: dict[str, Any], name: str) -> str:
    value = token.get(name)
    return value if isinstance(value, str) else ""


def _texts(token: dict[str, Any], name: str) -> tuple[str, ...]:
    value = token.get(name)
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()
