"""Is this token Keycloak's, for us, and good now? Nothing in it is believed before.

The algorithm is one of an allow-list of asymmetric ones and must fit the key; keys come from the
realm alone, never from the token (`jku`, `jwk`, `x5u` are not looked at).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from inventory.sentences import say
from schoolops.core.errors import ProviderDown, Unauthenticated

if TYPE_CHECKING:
    from jwcrypto.jwk import JWK

MAX_TOKEN = 16_384
"""Characters; a longer token is not even decoded."""

ALGORITHMS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""What may sign, and the kind of key that goes with it."""

REFETCH_S = 10.0
"""Unknown keys make the set of keys be read again, this often at most."""
RETRY_S = 5.0
"""While the realm does not answer it is asked again after so long; nobody waits in between."""
MAX_AGE_S = 3600.0
"""A key that the realm no longer shows is trusted for so long at most."""

Object = dict[str, Any]
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class KeySet:
    """The realm's public keys by key id. `fetch` gives its JWKS or raises `ProviderDown`."""

    def __init__(self, fetch: Callable[[], Object], now: Callable[[], float]) -> None:
        self._fetch, self._now = fetch, now
        self._keys: dict[str, JWK] = {}
        self._read_at = self._not_before = float("-inf")
        self._down: ProviderDown | None = None
        self._lock = threading.Lock()

    def find(self, kid: str) -> JWK | None:
        """The key, read again when it is unknown or old; None when the realm has none such.

        `ProviderDown` when no key is known and none can be read.
        """
        key = self._keys.get(kid)
        if key is not None and self._now() - self._read_at < MAX_AGE_S:
            return key
        with self._lock:
            key = self._keys.get(kid)
            if key is not None and self._now() - self._read_at < MAX_AGE_S:
                return key
            if self._now() >= self._not_before:
                self._read(unknown=bool(self._keys))
            if not self._keys and self._down is not None:
                raise self._down
            # An outage is no reason to lock everybody out: an old key goes on.
            return self._keys.get(kid)

    def _read(self, *, unknown: bool) -> None:
        try:
            self._keys = _usable(self._fetch())
        except ProviderDown as down:
            self._down, self._not_before = down, self._now() + RETRY_S
            return
        self._down, self._read_at = None, self._now()
        if unknown:
            self._not_before = self._now() + REFETCH_S


def _usable(jwks: Object) -> dict[str, JWK]:
    from jwcrypto.common import JWException
    from jwcrypto.jwk import JWK

    keys = {}
    for entry in jwks.get("keys", ()):
        if entry.get("use", "sig") != "sig" or entry.get("kty") not in ALGORITHMS.values():
            continue
        try:
            keys[str(entry["kid"])] = JWK(**entry)
        except (JWException, KeyError, TypeError, ValueError):
            continue  # a key of a kind that nobody here understands signs nothing for us
    return keys


def invalid(why: str) -> Unauthenticated:
    return Unauthenticated(
        say("the sign-in is not valid ({why}); sign in again", why=why), code="auth.token_invalid"
    )


def verified(token: str, keys: KeySet) -> Object:
    """The claims of a token whose signature is right; nothing else is checked.

    Raises `Unauthenticated`, `ProviderDown`.
    """
    if len(token) > MAX_TOKEN or not token.isascii() or token.count(".") != 2:
        raise invalid("it is no token")
    from jwcrypto.common import JWException, base64url_decode
    from jwcrypto.jws import JWS

    try:
        header = _decode(base64url_decode(token.partition(".")[0]))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise invalid("it is no token") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise invalid("its signature is of a kind that is not accepted")
    if "crit" in header or not isinstance(kid, str):
        raise invalid("its header is not accepted")
    key = keys.find(kid)
    if key is None or key.get("kty") != ALGORITHMS[algorithm]:
        raise invalid("its key is not the realm's")
    signed = JWS()
    signed.allowed_algs = [algorithm]
    try:
        signed.deserialize(token)
        signed.verify(key)
        return _decode(signed.payload)
    except (JWException, ValueError, TypeError, msgspec.MsgspecError, RecursionError):
        raise invalid("its signature is wrong") from None


def check(
    claims: Object, *, issuer: str, audience: str, kind: str, now: float, leeway: float
) -> None:
    """Whose it is, for whom, of what kind (`Bearer`, `ID`, `Logout`) and when."""
    if claims.get("iss") != issuer:
        raise invalid("another realm made it")
    named = claims.get("aud")
    if audience != named and not (isinstance(named, list) and audience in named):
        raise invalid("it is made out to somebody else")
    if claims.get("typ") != kind:
        raise invalid("it is of another kind")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise invalid("it names nobody")
    expires = _seconds(claims, "exp")
    if expires is None:
        raise invalid("it has no end")
    if now - leeway >= expires:
        raise Unauthenticated("the sign-in has run out; sign in again", code="auth.token_expired")
    for name in ("nbf", "iat"):
        moment = _seconds(claims, name)
        if moment is not None and moment > now + leeway:
            raise invalid("it is not yet valid; see whether the clocks are right")


def _seconds(claims: Object, name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"its {name} is no time")
    return value
