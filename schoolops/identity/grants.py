"""What is asked of a realm over HTTP: tokens for a code, a device or a refresh token; sign-out.

Knows no settings and no database: the server and the command line both sign people in with it.
httpx is imported with the first connection.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from inventory.sentences import say
from schoolops.core.errors import ProviderDown, Unauthenticated, Unusable

if TYPE_CHECKING:
    import httpx

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gives; times are seconds from now. Never logged, never shown."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    id: str = field(repr=False)
    expires_in: int
    refresh_expires_in: int


@dataclass(frozen=True, slots=True)
class DeviceStart:
    """A sign-in that a person confirms in a browser, on whatever device."""

    user_code: str
    verification_uri: str
    verification_uri_complete: str
    device_code: str = field(repr=False)
    interval_s: float
    expires_in: int
    verifier: str = field(repr=False)


@dataclass(slots=True)
class Refused(Exception):
    """An OAuth error: `invalid_grant`, `authorization_pending`, …"""

    error: str
    description: str = ""


class Realm:
    """One realm by its issuer URL. Thread-safe.

    Raises `ProviderDown` when Keycloak does not answer or is not ready, `Unusable` when what
    answers is another realm.
    """

    def __init__(self, issuer: str, http: httpx.Client | None = None) -> None:
        self.issuer = issuer.rstrip("/")
        self._http = http
        self._found: dict[str, str] | None = None
        self._lock = threading.Lock()

    @property
    def http(self) -> httpx.Client:
        with self._lock:
            if self._http is None:
                import httpx

                local = urlsplit(self.issuer).hostname in ("localhost", "127.0.0.1", "::1")
                self._http = httpx.Client(timeout=TIMEOUT_S, trust_env=not local)
            return self._http

    def close(self) -> None:
        with self._lock:
            if self._http is not None:
                self._http.close()
                self._http = None

    def endpoint(self, name: str) -> str:
        """The address of an endpoint, such as `token_endpoint`; read once."""
        if self._found is None:
            found = self.get_json(f"{self.issuer}/.well-known/openid-configuration")
            if found.get("issuer") != self.issuer:
                raise Unusable(
                    say(
                        "the realm at {issuer} calls itself {found}; set identity.issuer to what "
                        "Keycloak's hostname makes of it",
                        issuer=self.issuer,
                        found=str(found.get("issuer")),
                    ),
                    code="setup.identity",
                )
            self._found = {
                key: value
                for key, value in found.items()
                if isinstance(value, str) and value.startswith(("https:", "http:"))
            }
        if name not in self._found:
            raise Unusable(
                say(
                    "the realm at {issuer} offers no {name}; run: schoolops identity bootstrap",
                    issuer=self.issuer,
                    name=name,
                ),
                code="setup.identity",
            )
        return self._found[name]

    def get_json(self, url: str) -> dict[str, Any]:
        """A JSON object from the realm."""
        return _object(self._send("GET", url))

    def post(self, name: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Send a form to an endpoint; `Refused` with the OAuth error when it says no."""
        url = self.endpoint(name)
        answer = self._send("POST", url, form)
        if answer.status_code == 204 or not answer.content:
            return {}
        return _object(answer)

    def _send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        import httpx

        try:
            answer = self.http.request(
                method, url, data=dict(form) if form else None, follow_redirects=False
            )
        except httpx.HTTPError as error:
            raise self.down(type(error).__name__) from None
        if answer.status_code >= 500 or answer.status_code in (404, 429):
            raise self.down(str(answer.status_code))
        if answer.status_code >= 400:
            told = _object(answer, strict=False)
            raise Refused(
                str(told.get("error", answer.status_code)), str(told.get("error_description", ""))
            )
        return answer

    def down(self, why: str) -> ProviderDown:
        return ProviderDown(
            say(
                "the sign-in service {host} does not answer ({why}); try again in a minute",
                host=urlsplit(self.issuer).netloc,
                why=why,
            )
        )

    # --- grants -------------------------------------------------------------------------------

    def tokens(self, form: Mapping[str, str]) -> Tokens:
        """Tokens from the token endpoint; raises `Refused`."""
        got = self.post("token_endpoint", form)
        if not isinstance(got.get("access_token"), str):
            raise self.down("no token")
        return Tokens(
            got["access_token"],
            str(got.get("refresh_token", "")),
            str(got.get("id_token", "")),
            int(got.get("expires_in", 0)),
            int(got.get("refresh_expires_in", 0)),
        )

    def refresh(self, refresh_token: str, client: Mapping[str, str]) -> Tokens:
        """New tokens; the old refresh token is used up. `client` has client_id (and secret)."""
        try:
            return self.tokens(
                {"grant_type": "refresh_token", "refresh_token": refresh_token, **client}
            )
        except Refused as error:
            raise _ended(error) from None

    def start_device(self, client_id: str) -> DeviceStart:
        """Begin a sign-in that is confirmed in a browser."""
        from schoolops.identity.pkce import challenge_of, new_verifier

        verifier = new_verifier()
        try:
            got = self.post(
                "device_authorization_endpoint",
                {
                    "client_id": client_id,
                    "scope": "openid",
                    "code_challenge": challenge_of(verifier),
                    "code_challenge_method": "S256",
                },
            )
        except Refused as error:
            raise Unusable(
                say(
                    "the realm lets {client} start no sign-in ({why}); run: "
                    "schoolops identity bootstrap",
                    client=client_id,
                    why=error.description or error.error,
                ),
                code="setup.identity",
            ) from None
        return DeviceStart(
            str(got["user_code"]),
            str(got["verification_uri"]),
            str(got["verification_uri_complete"]),
            str(got["device_code"]),
            float(got.get("interval", 5)),
            int(got.get("expires_in", 600)),
            verifier,
        )

    def poll_device(self, start: DeviceStart, client_id: str) -> Tokens | float:
        """The tokens, or for how many seconds to wait longer between two questions (0: as
        before). `Unauthenticated` when the person refused or was too slow."""
        try:
            return self.tokens(
                {
                    "grant_type": DEVICE_CODE,
                    "device_code": start.device_code,
                    "client_id": client_id,
                    "code_verifier": start.verifier,
                }
            )
        except Refused as error:
            if error.error == "authorization_pending":
                return 0.0
            if error.error == "slow_down":
                return 5.0
            if error.error == "access_denied":
                raise Unauthenticated(
                    "the sign-in was refused in the browser", code="auth.device_refused"
                ) from None
            raise Unauthenticated(
                "the sign-in was not confirmed in time; start it again", code="auth.device_expired"
            ) from None

    def end_session(self, refresh_token: str, client: Mapping[str, str]) -> None:
        """End the session behind a refresh token, wherever it is used; already ended is fine."""
        try:
            self.post("end_session_endpoint", {"refresh_token": refresh_token, **client})
        except Refused as error:
            if error.error not in ("invalid_grant", "invalid_request"):
                raise _ended(error) from None


def _ended(error: Refused) -> Unauthenticated:
    if error.error in ("invalid_client", "unauthorized_client"):
        raise Unusable(
            "the realm does not know this client or its secret; run: schoolops identity bootstrap",
            code="setup.identity",
        )
    return Unauthenticated("the sign-in has ended; sign in again", code="auth.sign_in_ended")


def _object(answer: httpx.Response, *, strict: bool = True) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    if strict:
        raise ProviderDown("the sign-in service answers no JSON; see whether its address is right")
    return {}
