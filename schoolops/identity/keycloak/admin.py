"""The connection to Keycloak's administration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from inventory.sentences import say
from schoolops.core.errors import Conflict, Forbidden, ProviderDown, Unauthenticated, Unusable
from schoolops.identity.secretfiles import admin_secret_path, read_secret

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

    from schoolops.core.settings import IdentitySettings

T = TypeVar("T")
R = TypeVar("R")

THREADS = 16
"""One thread manages 50 to 90 calls a second, sixteen several hundred."""


def server_and_realm(settings: IdentitySettings) -> tuple[str, str]:
    """(address of the server, name of the realm) from the issuer. Raises `Unusable`."""
    base, slash, realm = settings.issuer.rpartition("/realms/")
    if not slash or not realm or "/" in realm:
        raise Unusable(
            "identity.issuer is not set to a realm; write it as "
            "https://login.example/realms/schoolops into schoolops.toml",
            code="setup.identity",
        )
    return settings.admin_url or base, realm


@contextmanager
def as_administrator(
    settings: IdentitySettings, username: str, password: str
) -> Iterator[KeycloakAdmin]:
    """Keycloak's own administrator (of the realm `master`), for the bootstrap."""
    yield from _connected(settings, username=username, password=password, user_realm_name="master")


@contextmanager
def as_service(settings: IdentitySettings) -> Iterator[KeycloakAdmin]:
    """Our service account, which may read and write users and groups, and nothing else."""
    secret = read_secret(admin_secret_path(settings))
    yield from _connected(
        settings,
        client_id=settings.admin_client,
        client_secret_key=secret,
        user_realm_name=server_and_realm(settings)[1],
    )


def _connected(settings: IdentitySettings, **login: Any) -> Iterator[KeycloakAdmin]:
    from keycloak import KeycloakAdmin
    from keycloak.exceptions import KeycloakError

    server, realm = server_and_realm(settings)
    admin = KeycloakAdmin(
        server_url=server, realm_name=realm, pool_maxsize=THREADS, timeout=60, **login
    )
    try:
        admin.connection.get_token()
        yield admin
    except KeycloakError as error:
        raise explained(error, urlsplit(server).netloc) from None
    finally:
        for connection in (admin.connection, admin.connection.keycloak_openid.connection):
            connection._s.close()


def realm_of(admin: KeycloakAdmin) -> str:
    """The name of the realm that the connection is for."""
    return str(admin.connection.realm_name)


def explained(error: Exception, host: str) -> Exception:
    """python-keycloak's error as one of ours, without what Keycloak says about persons."""
    from keycloak.exceptions import KeycloakAuthenticationError, KeycloakConnectionError

    status = getattr(error, "response_code", None)
    body = getattr(error, "response_body", None) or b""
    unknown = (
        b"invalid_grant" in body or b"unauthorized_client" in body or b"invalid_client" in body
    )
    if isinstance(error, KeycloakAuthenticationError) or status == 401 or unknown:
        return Unauthenticated(
            say("Keycloak at {host} does not take this name and secret", host=host),
            code="auth.keycloak",
        )
    if isinstance(error, KeycloakConnectionError) or (status or 0) >= 500:
        return ProviderDown(
            say("Keycloak at {host} does not answer; see whether it runs", host=host)
        )
    if status == 403:
        return Forbidden(
            say(
                "Keycloak at {host} does not allow it to this account; run: "
                "schoolops identity bootstrap --apply",
                host=host,
            )
        )
    return Conflict(
        say("Keycloak refused it: {why}", why=reason_of(error)), code="auth.keycloak_refused"
    )


def reason_of(error: Exception) -> str:
    """What Keycloak said, such as 'User exists with same email'."""
    import json

    body = getattr(error, "response_body", None) or b""
    try:
        told = json.loads(body)
        return str(told.get("errorMessage") or told.get("error_description") or told["error"])
    except (ValueError, KeyError, AttributeError, TypeError):
        return f"status {getattr(error, 'response_code', '?')}"


def each(work: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """Do it for each in `THREADS` threads, in order; the first error ends it."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="keycloak") as pool:
        return list(pool.map(work, things))
