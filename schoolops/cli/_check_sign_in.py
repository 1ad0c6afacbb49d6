"""The check 'sign-in' of `schoolops doctor`: Keycloak as the server and the command line use it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from schoolops.core.errors import SchoolopsError
from schoolops.identity.grants import Realm, Refused
from schoolops.identity.secretfiles import admin_secret_path, read_secret, web_secret_path
from schoolops.identity.tokens import KeySet, verified

if TYPE_CHECKING:
    from schoolops.core.settings import IdentitySettings, Settings

BOOTSTRAP = "run: schoolops identity bootstrap --apply"


def check_sign_in(settings: Settings, now: Callable[[], float] = time.time) -> tuple[str, str]:
    """Asks the realm for itself and its keys, and signs in there as our own clients."""
    identity = settings.identity
    if not identity.issuer:
        return "ok", "not set up: this computer's user and tokens; for Keycloak see identity.issuer"
    realm = Realm(identity.issuer)
    try:
        return _look(realm, identity, now)
    except SchoolopsError as error:
        return "fail", error.detail
    finally:
        realm.close()


def _look(realm: Realm, identity: IdentitySettings, now: Callable[[], float]) -> tuple[str, str]:
    import httpx

    try:
        answer = realm.http.get(f"{realm.issuer}/.well-known/openid-configuration")
    except httpx.HTTPError as error:
        return "fail", (
            f"nothing answers at {realm.issuer} ({type(error).__name__}), nobody can sign in; "
            "start Keycloak, or mend identity.issuer"
        )
    if answer.status_code == 404:
        return "fail", f"Keycloak has no realm at {realm.issuer}; {BOOTSTRAP}"
    web, admin = (
        {"client_id": client, "client_secret": read_secret(file)}
        for client, file in (
            (identity.web_client, web_secret_path(identity)),
            (identity.admin_client, admin_secret_path(identity)),
        )
    )
    asked = now()
    try:
        token = realm.tokens({"grant_type": "client_credentials", **admin}).access
    except Refused:
        return _refused(identity.admin_client)
    # The moment in the token is what the server compares, and Keycloak sends no date otherwise.
    keys = KeySet(lambda: realm.get_json(realm.endpoint("jwks_uri")), now)
    off_s = verified(token, keys)["iat"] + 0.5 - (asked + now()) / 2
    try:
        realm.post("introspection_endpoint", {"token": token, **web})
    except Refused:
        return _refused(identity.web_client)
    if abs(off_s) > identity.leeway_s:
        return "fail", (
            f"Keycloak's clock is {off_s:+.0f} s off this one's, identity.leeway_s allows "
            f"{identity.leeway_s}; let NTP set both"
        )
    return "ok", f"{realm.issuer} takes our clients, its clock is {abs(off_s):.0f} s off"


def _refused(client: str) -> tuple[str, str]:
    return "fail", f"the realm refuses {client} with the secret of its file; {BOOTSTRAP}"
