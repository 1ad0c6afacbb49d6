"""What keeps pages safe in a browser: headers, the source of a form, addresses to go on to."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

from inventory.sentences import say
from schoolops.core.errors import Forbidden

CSRF = "csrf"
"""Name of the field that each form of a signed-in person carries."""

_SCRIPTS = "script-src 'self'; connect-src 'self'; "


def headers(*, tls: bool, sign_in: str = "", scripts: bool = False) -> dict[str, str]:
    """The headers of every page. `sign_in`: the address of Keycloak, where forms may lead;
    `scripts`: for a page that cannot do its work without a script of ours."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(sign_in)) if sign_in else ""
    found = {
        # No script unless the page wants one, nothing inline, nothing from elsewhere.
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; "
            f"{_SCRIPTS if scripts else ''}"
            f"form-action 'self'{' ' + origin if origin else ''}; "
            "frame-ancestors 'none'; base-uri 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": (
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    if tls:
        found["Strict-Transport-Security"] = "max-age=31536000"
    return found


def csrf_token(session_secret: str) -> str:
    """The token of a session's forms; nobody makes it without the cookie."""
    return hmac.new(session_secret.encode(), b"schoolops form", hashlib.sha256).hexdigest()


def check_source(request: Request, origins: frozenset[str]) -> None:
    """Raise `Forbidden` when a form comes from another place than these pages."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = origins | {f"{request.url.scheme}://{request.headers.get('host', '')}"}
    if site not in (None, "same-origin", "none") or (origin is not None and origin not in own):
        raise Forbidden(
            say("this form was sent from another page; open the page here and send it again"),
            code="web.foreign_form",
        )


def check_csrf(session_secret: str, given: str) -> None:
    """Raise `Forbidden` unless the form carries the session's token."""
    if not hmac.compare_digest(csrf_token(session_secret), given):
        raise Forbidden(
            say("this form belongs to an earlier sign-in; open the page again and send it again"),
            code="web.stale_form",
        )


def safe_next(target: str | None, fallback: str) -> str:
    """The path to go on to, only ever one of these pages; anything else is `fallback`."""
    if not target or len(target) > 500:
        return fallback
    # '//host', '/\\host' and control characters are read as another host by some browsers.
    if not target.startswith("/") or target[1:2] in ("/", "\\"):
        return fallback
    if "\\" in target or any(c <= " " or c == "\x7f" for c in target):
        return fallback
    parts = urlsplit(target)
    return fallback if parts.scheme or parts.netloc else target
