"""Sign-in with Keycloak (code with PKCE), sign-out here and from there, and one-time links."""

from __future__ import annotations

import contextlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any, cast

from starlette.responses import RedirectResponse, Response

from inventory.sentences import as_sentence, say
from schoolops.core.errors import (
    Forbidden,
    NotFound,
    ProviderDown,
    SchoolopsError,
    Unauthenticated,
    Unusable,
)
from schoolops.identity.oidc import BACKCHANNEL_LOGOUT_PATH, CALLBACK_PATH, SIGNED_OUT_PATH
from schoolops.identity.pkce import challenge_of, new_verifier
from schoolops.identity.sessions import MINUTE, Session, Sessions
from schoolops.server.web.start import HOME
from schoolops.web.limits import PROOF
from schoolops.web.pages import Page, Visit, cookie_name, set_cookie
from schoolops.web.security import safe_next

if TYPE_CHECKING:
    from schoolops.identity.oidc import Provider

UNDER_WAY = 10 * MINUTE
"""How long somebody may take to type a name and a password."""


def _provider(visit: Visit) -> Provider:
    provider = visit.request.app.state.provider
    if provider is None:
        raise NotFound(say("sign-in is not set up here"), code="web.no_sign_in")
    return cast("Provider", provider)


def _sessions(visit: Visit) -> Sessions:
    return cast(Sessions, visit.portal.sessions)


def start_sign_in(visit: Visit) -> Response:
    """On to Keycloak. What ties its answer to this browser goes along in a cookie.

    It is set by the press of 'sign in', lives ten minutes, and is unreadable for others.
    """
    target = safe_next(visit.query("next"), HOME)
    if visit.session is not None and not visit.query("strong"):
        return visit.go(target)
    provider = _provider(visit)
    if not visit.tls and not visit.on_loopback:
        raise Unusable(
            say("sign-in needs an encrypted connection: open these pages by https"),
            code="web.no_tls",
        )
    if not visit.portal.url and not visit.on_loopback:
        raise Unusable(
            say("the setting server.public_url must name the address of these pages"),
            code="web.no_address",
        )
    provider.insist()
    verifier = new_verifier()
    kept = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": verifier,
        "next": target,
        "language": visit.language.tag,
        "until": visit.store.clock.now() + UNDER_WAY,
    }
    url = provider.authorization_url(
        state=str(kept["state"]),
        nonce=str(kept["nonce"]),
        challenge=challenge_of(verifier),
        redirect_uri=visit.origin + CALLBACK_PATH,
        locale=visit.language.tag.partition("-")[0],
        strong=bool(visit.query("strong")),
    )
    response = RedirectResponse(url, 303)
    sealed = visit.store.secrets.seal(json.dumps(kept), "sign-in").hex()
    set_cookie(response, visit.tls, sealed, name=_flow_cookie(visit))
    return response


def finish_sign_in(visit: Visit) -> Response:
    """Back from Keycloak: the code becomes a session with a new id."""
    provider = _provider(visit)
    try:
        kept = _kept(visit)
        if visit.query("error"):
            raise Forbidden(say("the sign-in was cancelled; start it again"), code="auth.cancelled")
        tokens = provider.exchange_code(
            visit.query("code"),
            kept["verifier"],
            visit.origin + CALLBACK_PATH,
            kept["nonce"],
        )
        session = _sessions(visit).begin(tokens, kept["language"], cast(Any, visit.session))
    except ProviderDown:
        raise
    except SchoolopsError as error:
        # A whole class that signs in and finds nothing has guessed nothing.
        if error.code not in ("auth.no_access", "auth.passkey_needed"):
            visit.request.scope[PROOF] = False
        # Not 401: that would lead to the start page and hide why it did not work.
        detail: str = as_sentence(error)
        if isinstance(error, Unauthenticated) and error.code != "auth.state":
            detail = say("the sign-in did not succeed; start it again")
        shown = Forbidden(detail, code=error.code)
        response = visit.show("error.html", status=shown.status, error=shown, number="")
    else:
        response = visit.go(kept["next"])
        set_cookie(response, visit.tls, session.secret)
    set_cookie(response, visit.tls, "", name=_flow_cookie(visit))
    return response


def _kept(visit: Visit) -> dict[str, Any]:
    """What was sealed at the start. `Unauthenticated` unless it answers this very start."""
    refused = Unauthenticated(
        say("this answer belongs to no sign-in that was started in this browser; start it again"),
        code="auth.state",
    )
    try:
        sealed = bytes.fromhex(visit.request.cookies.get(_flow_cookie(visit), ""))
        kept: dict[str, Any] = json.loads(visit.store.secrets.open(sealed, "sign-in"))
    except (ValueError, Unusable):
        raise refused from None
    same = hmac.compare_digest(kept["state"].encode(), visit.query("state").encode())
    if not same or kept["until"] < visit.store.clock.now():
        raise refused
    return kept


def _flow_cookie(visit: Visit) -> str:
    return cookie_name(visit.tls) + "-sign-in"


def sign_out(visit: Visit) -> Response:
    """End the session here and in Keycloak."""
    target = visit.href("/", **{"signed-out": "1"})
    session = visit.session
    if session is not None:
        id_token = _sessions(visit).end(cast(Session, session))
        provider = visit.request.app.state.provider
        if id_token and provider is not None:
            # While Keycloak is down, its own session ends by itself.
            with contextlib.suppress(ProviderDown):
                target = provider.logout_url(id_token, visit.origin + SIGNED_OUT_PATH)
    response = RedirectResponse(target, 303)
    set_cookie(response, visit.tls, "")
    # Whatever the browser still keeps of these pages goes with the session.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def back_channel_logout(visit: Visit) -> Response:
    """Keycloak says that somebody signed out elsewhere."""
    try:
        subject, sid = _provider(visit).verify_logout_token(visit.form.get("logout_token", ""))
    except Unauthenticated:
        visit.request.scope[PROOF] = False
        return Response(status_code=400)
    _sessions(visit).end_by(subject, sid)
    return Response(status_code=200)


def show_link(visit: Visit) -> Response:
    """A page with a button: browsers and mail programs look at links before people do."""
    return visit.show("opening.html")


def use_link(visit: Visit) -> Response:
    """The one-time link of `schoolops portal open`."""
    try:
        session = _sessions(visit).open_link(visit.path("code"))
    except NotFound:
        visit.request.scope[PROOF] = False
        raise
    response = visit.go(HOME)
    set_cookie(response, visit.tls, session.secret)
    return response


PAGES = (
    Page("/sign-in", get=start_sign_in, signed_in=False, redirects=True),
    Page(CALLBACK_PATH, get=finish_sign_in, signed_in=False),
    Page("/sign-out", post=sign_out, signed_in=False),
    Page(BACKCHANNEL_LOGOUT_PATH, post=back_channel_logout, signed_in=False, machine=True),
    Page("/open/{code}", get=show_link, post=use_link, signed_in=False, examples=("/open/x",)),
)
