"""A federated directory through Keycloak's eyes: whether it gets in, and whom it finds there."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schoolops.core.errors import ProviderDown, Unusable
from schoolops.identity.keycloak.admin import realm_of, reason_of
from schoolops.identity.secretfiles import read_secret

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

    from schoolops.core.settings import IdentitySettings

CONNECT_MS, READ_MS = 5_000, 15_000
"""Without them, whoever signs in waits for a directory that is away until the browser gives up."""
TRUSTSTORE = "always"
KEPT = "**********"
"""Stands for the secret that Keycloak keeps for the provider."""
TEST = "admin/realms/{realm}/testLDAPConnection"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look into the directory found. `refused`: people whom Keycloak cannot take in,
    because an account here has their username or e-mail address."""

    people: int
    refused: int

    @property
    def complaint(self) -> str:
        """What to do about the refused ones."""
        return (
            f"{self.refused} of the directory cannot sign in: an account here has their username "
            "or e-mail address; Keycloak's log names them, remove one of the two"
        )


def id_of(settings: IdentitySettings) -> str:
    """The provider's id, made from the realm's address: the service account may not list them."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.issuer}#directory"))


def bind_secret(settings: IdentitySettings) -> str:
    """The password of the account that reads the directory, '' for none. Raises `Unusable`."""
    if not settings.ldap_bind_dn:
        return ""
    if not settings.ldap_bind_secret_file:
        raise Unusable(
            "identity.ldap_bind_dn is set, but not the file with its password: set "
            "identity.ldap_bind_secret_file",
            code="setup.identity",
        )
    path = Path(settings.ldap_bind_secret_file)
    if not path.exists():
        raise Unusable(
            f"{path} is missing; put the password of {settings.ldap_bind_dn} into it, mode 0600",
            code="setup.identity",
        )
    return read_secret(path)


def try_out(admin: KeycloakAdmin, settings: IdentitySettings) -> str:
    """Let Keycloak connect and sign in; says that it worked, or raises `Unusable` with why not.

    By the realm `master`, since the city's may not be there yet.
    """
    url, who = settings.ldap_url, settings.ldap_bind_dn
    why = _asked(admin, "master", settings, secret=bind_secret(settings))
    if why == "":
        return f"Keycloak gets in as {who}" if who else "Keycloak gets in without a name"
    if why == "AuthenticationFailure":
        sentence = (
            f"the directory {url} does not take {who} and its password; see "
            "identity.ldap_bind_dn and identity.ldap_bind_secret_file"
        )
    elif why == "SSLHandshakeFailed":
        sentence = (
            f"Keycloak does not trust the certificate of {url}; give it the authority's "
            "certificate (--truststore-paths), or see whether the port speaks TLS"
        )
    elif why == "MalformedURL":
        sentence = f"identity.ldap_url is {url!r}; write it as ldaps://directory.example"
    else:
        sentence = (
            f"Keycloak does not reach the directory {url} ({why}); see whether it runs, and "
            "whether identity.ldap_url is right"
        )
    raise Unusable(sentence, code="setup.directory")


def kept_secret_works(admin: KeycloakAdmin, settings: IdentitySettings, provider: str) -> bool:
    """Whether the password that Keycloak keeps is still good: no export shows it."""
    if not settings.ldap_bind_dn:
        return True
    return _asked(admin, realm_of(admin), settings, secret=KEPT, provider=provider) == ""


def _asked(
    admin: KeycloakAdmin, realm: str, settings: IdentitySettings, *, secret: str, provider: str = ""
) -> str:
    """'' when Keycloak gets in, else its word for why not."""
    from keycloak.exceptions import KeycloakPostError, raise_error_from_response

    named = bool(settings.ldap_bind_dn)
    body = {
        "action": "testAuthentication" if named else "testConnection",
        "authType": "simple" if named else "none",
        "connectionUrl": settings.ldap_url,
        "bindDn": settings.ldap_bind_dn,
        "bindCredential": secret,
        "useTruststoreSpi": TRUSTSTORE,
        "connectionTimeout": str(CONNECT_MS),
        "startTls": "false",
        **({"componentId": provider} if provider else {}),
    }
    answer = admin.connection.raw_post(TEST.format(realm=realm), data=json.dumps(body))
    try:
        raise_error_from_response(answer, KeycloakPostError, expected_codes=[204])
    except KeycloakPostError as error:
        if error.response_code != 400:
            raise
        return reason_of(error)
    return ""


def look(admin: KeycloakAdmin, settings: IdentitySettings) -> Looked:
    """Let Keycloak take in whoever is in the directory and not known to it yet.

    It does so anyway when somebody signs in, and breaks off a list of users, without a word of
    why, at the first one whom it cannot take; here it goes on to the next. Changes no account
    and nothing in the directory. Raises `Unusable`, `ProviderDown`.
    """
    from keycloak.exceptions import KeycloakPostError

    try:
        told = admin.sync_users(id_of(settings), "triggerFullSync")
    except KeycloakPostError as error:
        if error.response_code == 404:
            raise Unusable(
                f"Keycloak does not know the directory {settings.ldap_url} yet; run: schoolops "
                "identity bootstrap --apply",
                code="setup.identity",
            ) from None
        if error.response_code in (400, 500):
            raise ProviderDown(
                f"Keycloak cannot read the directory {settings.ldap_url}; see whether it runs, or "
                "run: schoolops identity bootstrap"
            ) from None
        raise
    found = Looked(int(told["added"]) + int(told["updated"]), int(told["failed"]))
    if not found.people and not found.refused:  # so it says of one that is down, too
        raise Unusable(
            f"Keycloak finds nobody at {settings.ldap_users_dn} in {settings.ldap_url}; see "
            "whether it runs, identity.ldap_users_dn and identity.ldap_vendor, and what the "
            "account that reads it may see",
            code="setup.directory",
        )
    return found
