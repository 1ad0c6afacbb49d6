"""Puts the pages into the application, beside the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inventory.sentences import say
from schoolops.core.errors import NotFound, SchoolopsError, TooMany
from schoolops.db.engine import Store
from schoolops.identity.sessions import Sessions
from schoolops.server.web.actors import actor_of
from schoolops.server.web.listed import PAGES
from schoolops.server.web.room_traffic import ROUTES as ROOM_TRAFFIC
from schoolops.web.context import problem
from schoolops.web.limits import Guesses
from schoolops.web.pages import Page, Portal, answer, dressed, open_visit, recognise, refuse

YEAR = "public, max-age=31536000, immutable"


def add_pages(app: FastAPI, store: Store) -> None:
    """Add all pages and their files; `app.state` gets `portal`, `pages` and `guesses`."""
    from schoolops.identity.oidc import Provider

    settings = store.settings.identity
    provider = Provider(settings) if settings.issuer else None
    app.state.portal = Portal(store.settings, store, Sessions(store, provider, actor_of))
    app.state.provider = provider
    app.state.pages = PAGES
    app.state.guesses = Guesses()
    for page in PAGES:
        methods = [name for name, one in (("GET", page.get), ("POST", page.post)) if one]
        app.router.routes.append(Route(page.path, _endpoint(page), methods=methods))
    app.router.routes.extend(ROOM_TRAFFIC)
    app.router.routes.append(Route("/static/{name}", _static, methods=["GET"]))
    app.add_exception_handler(HTTPException, _no_page)  # type: ignore[arg-type]


def _endpoint(page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await answer(page, request)

    return endpoint


async def _static(request: Request) -> Response:
    portal: Portal = request.app.state.portal
    file = portal.style.files.get(request.path_params["name"])
    if file is None:
        return await _not_found(request)
    return Response(
        file.data,
        media_type=file.media_type,
        headers={
            "Cache-Control": YEAR,
            "X-Content-Type-Options": "nosniff",
            # An SVG opened by itself would run what is in it.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        },
    )


async def _no_page(request: Request, error: HTTPException) -> Response:
    """What no route answers: problem+json for programs, a page for people."""
    if error.status_code == 404:
        return await _not_found(request)
    refused = SchoolopsError(str(error.detail), code="request.refused")
    refused.status = error.status_code
    response = problem(refused)
    response.headers.update(error.headers or {})
    return response


async def _not_found(request: Request) -> Response:
    error = NotFound(say("there is nothing at this address"), code="request.no_such_address")
    if _by_a_program(request):
        return problem(error)
    visit = open_visit(request)

    def answered() -> Response:
        recognise(visit)
        return dressed(visit, refuse(visit, error))

    return await run_in_threadpool(answered)


def too_many(request: Request) -> Response:
    """For an address from which too many proofs were wrong."""
    error = TooMany(say("too many tries from your address; wait a minute"), code="auth.too_many")
    if _by_a_program(request):
        return problem(error)
    visit = open_visit(request)
    return dressed(visit, refuse(visit, error))


def _by_a_program(request: Request) -> bool:
    return request.url.path.startswith("/v1") or "text/html" not in request.headers.get(
        "accept", ""
    )
