"""Sign-in by device grant: a code that is confirmed in a browser, then tokens that renew.

A refresh token is good for one use. Two commands that run at once renew under a file lock, so
that the second finds what the first got; using one twice would end the sign-in, as if stolen.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from inventory.sentences import say
from schoolops.client import _kept
from schoolops.client._endpoint import Endpoint
from schoolops.client._errors import ApiError, Offline
from schoolops.client._transport import client_options
from schoolops.core import paths
from schoolops.core.errors import ProviderDown, Unauthenticated
from schoolops.identity.grants import TIMEOUT_S, DeviceStart, Realm, Tokens

MARGIN_S = 30.0
"""A token that expires sooner is renewed first."""


@dataclass(frozen=True, slots=True)
class Way:
    """How people sign in at a server."""

    issuer: str
    client: str


def sign_in(
    url: str,
    way: Way,
    ask: Callable[[DeviceStart], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Sign in at a server: `ask` shows the code to the person. Gives where the sign-in is kept.

    Raises `Unauthenticated` when it is refused or too late, `ProviderDown`.
    """
    realm = _realm(way.issuer)
    try:
        start = realm.start_device(way.client)
        ask(start)
        interval, end = start.interval_s, time.monotonic() + start.expires_in
        while True:
            sleep(interval)
            got = realm.poll_device(start, way.client)
            if isinstance(got, Tokens):
                return _kept.write(url, _as_kept(way, got))
            interval += got
            if time.monotonic() > end:
                raise Unauthenticated(
                    say("the sign-in was not confirmed in time; start it again"),
                    code="auth.device_expired",
                )
    finally:
        realm.close()


def sign_out(url: str) -> bool:
    """End the sign-in at Keycloak and forget it; False when there was none.

    It is forgotten here even when Keycloak does not answer; then `ProviderDown` is raised.
    """
    with _lock(url):
        kept = _kept.read(url)
        if kept is None:
            return False
        _kept.forget(url)
    realm = _realm(str(kept["issuer"]))
    try:
        realm.end_session(str(kept["refresh"]), {"client_id": str(kept["client"])})
    finally:
        realm.close()
    return True


class SignIn(httpx.Auth):
    """The kept sign-in of one server, for httpx: renews itself before it expires."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._token, self._until = "", 0.0
        self._turn = threading.Lock()

    @property
    def fresh(self) -> bool:
        return time.time() < self._until - MARGIN_S

    def token(self) -> str:
        """A token that is good for a while. Blocks while it is renewed.

        Raises ApiError (401) when the sign-in has ended, `Offline` when Keycloak does not answer.
        """
        with self._turn:
            if not self.fresh:
                self._take(_kept.read(self.url))
            if not self.fresh:
                with _lock(self.url):
                    kept = _kept.read(self.url)
                    self._take(kept)
                    if not self.fresh:
                        self._renew(kept)
            return self._token

    def _take(self, kept: dict[str, Any] | None) -> None:
        if kept is None:
            raise _ended(self.url)
        self._token, self._until = str(kept["access"]), float(kept["expires_at"])

    def _renew(self, kept: dict[str, Any] | None) -> None:
        assert kept is not None
        way = Way(str(kept["issuer"]), str(kept["client"]))
        realm = _realm(way.issuer)
        try:
            got = realm.refresh(str(kept["refresh"]), {"client_id": way.client})
        except Unauthenticated:
            _kept.forget(self.url)
            raise _ended(self.url) from None
        except ProviderDown as down:
            if time.time() < self._until:
                return  # good for some seconds yet
            raise Offline(down.detail) from None
        finally:
            realm.close()
        kept = _as_kept(way, got)
        _kept.write(self.url, kept)
        self._take(kept)

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self.token()}"
        yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if not self.fresh:
            import asyncio

            await asyncio.to_thread(self.token)
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _realm(issuer: str) -> Realm:
    """The realm over TLS as the client checks it, `SCHOOLOPS_CA` included."""
    options = client_options(Endpoint(issuer))
    http = httpx.Client(verify=options["verify"], trust_env=options["trust_env"], timeout=TIMEOUT_S)
    return Realm(issuer, http)


def _as_kept(way: Way, tokens: Tokens) -> dict[str, Any]:
    return {
        "issuer": way.issuer,
        "client": way.client,
        "access": tokens.access,
        "refresh": tokens.refresh,
        "expires_at": time.time() + tokens.expires_in,
    }


def _ended(url: str) -> ApiError:
    return ApiError(
        401,
        "auth.sign_in_ended",
        say(
            "the sign-in at {server} has ended; run: schoolops login --server {server}", server=url
        ),
    )


@contextlib.contextmanager
def _lock(url: str) -> Iterator[None]:
    """One program at a time uses the refresh token of that server."""
    name = hashlib.sha256(f"{paths.home()} {url}".encode()).hexdigest()[:16]
    handle = os.open(
        paths.runtime_dir() / f"{name}.sign-in", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
