"""Pages: what one is, the visit of one browser, and the way from a request to an answer.

A capability has its pages as `Page` objects; the server lists them all. A handler is a plain
function of the `Visit` that answers `visit.show(template, …)` or `visit.go(address)`. Whatever it
raises becomes a page that says what to do.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from inventory.sentences import say
from schoolops.core.errors import (
    Forbidden,
    NotFound,
    SchoolopsError,
    TooMany,
    Unauthenticated,
)
from schoolops.core.permissions import Actor
from schoolops.core.settings import Settings
from schoolops.db.engine import Store
from schoolops.web import security
from schoolops.web.forms import Upload, read_form
from schoolops.web.languages import Language, Languages
from schoolops.web.limits import PROOF, Rate, is_https
from schoolops.web.style import Style
from schoolops.web.templates import LIVE, Templates

log = logging.getLogger("schoolops.web")

FORM_LIMIT = 100_000
"""Bytes of a form without its file."""


class Session(Protocol):
    """A person who is signed in; `schoolops.identity.sessions` keeps them."""

    @property
    def secret(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def actor(self) -> Actor: ...
    @property
    def refresh_due(self) -> bool: ...


class Sessions(Protocol):
    """Finds the session of a cookie."""

    def current(self, secret: str) -> Session | None: ...
    def refresh(self, session: Any) -> None: ...
    def set_language(self, session: Any, language: str) -> None: ...


class Portal:
    """All that pages have in common; one an application."""

    def __init__(self, settings: Settings, store: Store, sessions: Sessions) -> None:
        self.store = store
        self.settings = settings
        self.sessions = sessions
        self.languages = Languages(settings.home / LIVE / "locale")
        self.templates = Templates(settings.home)
        self.style = Style(settings.portal)
        self.zone = ZoneInfo(settings.timezone)
        self.name = settings.portal.name or settings.city
        self.url = settings.server.public_url.rstrip("/")
        self.rate = Rate(120, 60)
        """Forms of one person."""
        # A broken text of the city's own is told when the server starts, not by a visitor.
        for file, why in self.languages.problems.items():
            log.warning("%s is left out: %s", file, why)

    def layout(self) -> dict[str, Any]:
        """What the base layout shows on each page."""
        style = self.style
        return {
            "portal": self.settings.portal,
            "portal_name": self.name,
            "city": self.settings.city,
            "style_file": style.sheet.name,
            "icon_file": style.icon.name,
            "logo_file": style.logo.name if style.logo else "",
            "room_script": style.room_script.name,
        }


Handler = Callable[["Visit"], Response]


@dataclass(frozen=True)
class Page:
    """One address of the portal."""

    path: str
    """As in '/classes/{name}/passwords'."""
    get: Handler | None = None
    post: Handler | None = None
    signed_in: bool = True
    """Whether it is for persons who signed in; others are led to the sign-in."""
    may: Callable[[Actor], bool] | None = None
    """Who may use it; None for everybody. It is also in the navigation of those alone."""
    offered: Callable[[Actor], bool] | None = None
    """Who has it in the navigation, when that is fewer than may use it."""
    title: str = ""
    """Its name in the navigation (a message id); '' for a page that is not in it."""
    examples: tuple[str, ...] = ()
    """Addresses that the tests visit, when `path` itself is none."""
    keycloak: bool = False
    """Whether it has nothing to say without Keycloak."""
    machine: bool = False
    """Called by a program: no form of ours, so its source is not checked."""
    redirects: bool = False
    """Whether it only ever leads elsewhere."""
    takes_file: bool = False
    """Whether its form has a file, of the size that imports may have."""
    photo_bytes: int = 0
    """How large a photo its form may bring; a larger one is dropped, and the form counts."""
    refresh_s: int = 0
    """Seconds after which the browser loads it again, also when it was an error; 0: never."""
    scripts: bool = False
    """Whether it cannot do its work without a script of ours."""


@dataclass
class Visit:
    """One request of one browser."""

    request: Request
    portal: Portal
    pages: tuple[Page, ...]
    tls: bool
    session: Session | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, list[str]] = field(default_factory=dict)
    """Fields that may stand in a form several times."""
    upload: Upload | None = None

    @cached_property
    def language(self) -> Language:
        wanted = self.request.query_params.get("lang")
        if wanted is None and self.session is not None:
            wanted = self.session.language
        accepted = self.request.headers.get("accept-language", "")
        return self.portal.languages.choose(wanted, accepted)

    @property
    def store(self) -> Store:
        return self.portal.store

    @property
    def actor(self) -> Actor:
        if self.session is None:
            raise Unauthenticated(say("sign in first"))
        return self.session.actor

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "")

    def path(self, name: str) -> str:
        """A part of the address, such as `name` of '/classes/{name}'."""
        return str(self.request.path_params[name])

    def gettext(self, message: str) -> str:
        return self.language.gettext(message)

    def href(self, path: str, **query: str) -> str:
        """An address of these pages; it keeps the language, which nobody else remembers."""
        if self.session is None and "lang" not in query:
            chosen = self.query("lang")
            if chosen in self.portal.languages.by_tag:
                query["lang"] = chosen
        return f"{path}?{urlencode(query)}" if query else path

    @property
    def origin(self) -> str:
        """The pages' own address: of the settings, else the one that was asked on loopback."""
        if self.portal.url:
            return self.portal.url
        return f"{'https' if self.tls else 'http'}://{self.request.headers.get('host', '')}"

    @property
    def on_loopback(self) -> bool:
        host = urlsplit(f"//{self.request.headers.get('host', '')}").hostname
        return host in ("localhost", "127.0.0.1", "::1")

    def show(
        self,
        template: str,
        *,
        status: int = 200,
        templates: Templates | None = None,
        **values: Any,
    ) -> Response:
        """The page made from `templates/portal/<template>`."""
        text = (templates or self.portal.templates).render(
            f"portal/{template}", self.language, self.values(**values)
        )
        return HTMLResponse(text, status)

    def values(self, **values: Any) -> dict[str, Any]:
        """What every template has, and `values`."""
        session = self.session
        navigation = [
            {"path": page.path, "title": self.gettext(page.title)}
            for page in self.pages
            if session and page.title and self._offered(page, session.actor)
        ]
        return {
            **self.portal.layout(),
            "language": self.language,
            "languages": list(self.portal.languages.by_tag.values()),
            "here": self.request.url.path,
            "here_query": self.request.url.query if self.request.method == "GET" else "",
            "href": self.href,
            "say": self.language.sentence,
            "time": lambda micros, form="medium": self.language.time(
                micros, self.portal.zone, form
            ),
            "user": session.name if session else "",
            "navigation": navigation,
            "csrf": security.csrf_token(session.secret) if session else "",
            "errors": {},
            "broken_draft": "",
            **values,
        }

    def _offered(self, page: Page, actor: Actor) -> bool:
        there = bool(self.portal.settings.identity.issuer) or not page.keycloak
        return there and all(who is None or who(actor) for who in (page.may, page.offered))

    def go(self, path: str) -> Response:
        """On to another address of these pages, by GET."""
        return RedirectResponse(path, 303)


def cookie_name(tls: bool) -> str:
    """The browser itself ties `__Host-` to this host and to TLS; over loopback it refuses it."""
    return "__Host-schoolops" if tls else "schoolops"


def set_cookie(response: Response, tls: bool, value: str, *, name: str = "") -> None:
    """Set the session's cookie, or with `name` another one; '' removes it."""
    response.set_cookie(
        name or cookie_name(tls),
        value,
        max_age=None if value else 0,
        path="/",
        secure=tls,
        httponly=True,
        samesite="lax",
    )


async def answer(page: Page, request: Request) -> Response:
    """The whole way of a request to a page."""
    visit = open_visit(request)
    try:
        response = await _handle(page, visit)
    except SchoolopsError as error:
        if error.status == 500 and not error.code.startswith("web."):
            # For whoever runs the server: paths and commands, which help no visitor.
            response = fail(visit, page.path, error)
        else:
            response = refuse(visit, error)
    except Exception as error:
        response = fail(visit, page.path, error)
    if page.refresh_s:
        # Of the header axe and readers of the page see nothing: a board has nobody at its keys.
        response.headers["Refresh"] = str(page.refresh_s)
    return dressed(visit, response, scripts=page.scripts)


async def _handle(page: Page, visit: Visit) -> Response:
    request = visit.request
    if request.method == "POST":
        handler = page.post
        if not page.machine:
            security.check_source(request, frozenset({visit.portal.url} - {""}))
        await run_in_threadpool(_admit, page, visit)
        visit.form, visit.lists, visit.upload = await read_form(
            request, _limit(page, visit), page.photo_bytes
        )
        if visit.session is not None and not page.machine:
            security.check_csrf(visit.session.secret, visit.form.get(security.CSRF, ""))
            _slow_down(visit)
        assert handler is not None  # the route takes no POST otherwise
        response = await run_in_threadpool(handler, visit)
    else:
        response = await run_in_threadpool(_admit_and_get, page, visit)
    if visit.session is not None and visit.session.refresh_due:
        response.background = BackgroundTask(visit.portal.sessions.refresh, visit.session)
    return response


def _slow_down(visit: Visit) -> None:
    rate = visit.portal.rate
    if not rate.take(visit.actor.name):
        raise TooMany(
            say("these are very many forms in a short time; wait a moment"),
            code="web.too_many",
            wait_s=rate.wait_s(visit.actor.name),
        )


def _limit(page: Page, visit: Visit) -> int:
    files = visit.portal.settings.imports.max_megabytes * 1_000_000
    return FORM_LIMIT + (files if page.takes_file else 0)


def _admit_and_get(page: Page, visit: Visit) -> Response:
    _admit(page, visit)
    assert page.get is not None
    return page.get(visit)


def _admit(page: Page, visit: Visit) -> None:
    """Find out who asks, and refuse whom the page is not for."""
    if page.keycloak and not visit.portal.settings.identity.issuer:
        raise NotFound(say("sign-in is not set up here"), code="web.no_sign_in")
    if page.machine:
        return
    secret = visit.request.cookies.get(cookie_name(visit.tls))
    if secret:
        known = True
        try:
            visit.session = visit.portal.sessions.current(secret)
            known = visit.session is not None
        except Forbidden:
            # A session that is good for nothing any more, such as one that now wants a passkey:
            # the way to a new sign-in stays open.
            if page.signed_in:
                raise
        # The door counts cookies that nobody gave out.
        visit.request.scope[PROOF] = known
    if page.signed_in and visit.session is None:
        raise Unauthenticated(say("sign in first"))
    if page.may is not None and not page.may(visit.actor):
        # Whoever has no task here at all, such as a pupil, is told so kindly.
        code = None if visit.actor.permissions else "auth.no_access"
        raise Forbidden(say("this page is not for your role; ask your administrator"), code=code)


def open_visit(request: Request) -> Visit:
    """A visit before anybody is known."""
    state = request.app.state
    trusted = state.portal.settings.server.trusted_proxies
    return Visit(request, state.portal, state.pages, is_https(request.scope, trusted))


def recognise(visit: Visit) -> None:
    """Find out who asks, for a page that is for nobody in particular."""
    secret = visit.request.cookies.get(cookie_name(visit.tls))
    if secret:
        try:
            visit.session = visit.portal.sessions.current(secret)
        except SchoolopsError:
            return  # whoever cannot be known now sees the page all the same
        visit.request.scope[PROOF] = visit.session is not None


def refuse(visit: Visit, error: SchoolopsError) -> Response:
    """The page of an error; who is not signed in is led to the sign-in."""
    if error.status == 401 and visit.request.method == "GET":
        here = visit.request.url.path
        if visit.request.url.query:
            here += f"?{visit.request.url.query}"
        # Whoever has a cookie was signed in: the start page says why they are here.
        ended = {"ended": "1"} if visit.request.cookies.get(cookie_name(visit.tls)) else {}
        return visit.go(visit.href("/", next=here, **ended))
    response = visit.show("error.html", status=error.status, error=error, number="")
    if error.status in (429, 503):
        response.headers["Retry-After"] = str(error.extra.get("wait_s", 30))
    return response


def fail(visit: Visit, path: str, error: Exception) -> Response:
    """The page of a mistake of ours; the log has it under the number that the page shows."""
    number = secrets.token_hex(4)
    # The route, not the address: keys in it may name persons.
    log.error("error %s in %s %s", number, visit.request.method, path, exc_info=error)
    shown = SchoolopsError(say("something went wrong here, and it was not you"))
    return visit.show("error.html", status=500, error=shown, number=number)


def dressed(visit: Visit, response: Response, *, scripts: bool = False) -> Response:
    """The answer with the headers that every page has."""
    issuer = visit.portal.settings.identity.issuer
    for name, value in security.headers(tls=visit.tls, sign_in=issuer, scripts=scripts).items():
        response.headers.setdefault(name, value)
    response.headers["Content-Language"] = visit.language.tag
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response
