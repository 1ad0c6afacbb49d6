"""The application: which capabilities it has, who is let in, how errors are answered."""

from __future__ import annotations

import getpass
import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError
from starlette.requests import ClientDisconnect

import schoolops
from agents.protocol import REPORT_PATH, REQUEST_NUMBER
from inventory.filter import FilterError
from inventory.formats import FileRefused
from inventory.sentences import as_sentence, say
from schoolops.core.errors import Invalid, SchoolopsError, TooLarge, Unauthenticated
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.db.trouble import trouble_of
from schoolops.identity.service import actor_of_token
from schoolops.server.routes import add_routes
from schoolops.server.web.actors import actor_of
from schoolops.server.web.mounting import add_pages, too_many
from schoolops.telemetry.endpoints import book_reports
from schoolops.tickets.mails.listening import listening
from schoolops.web.answers import describe
from schoolops.web.context import Problem, bearer, problem
from schoolops.web.invalid import sentence_of
from schoolops.web.limits import PROOF, Guesses, Refusals, address_of, credential_of
from schoolops.worker import Worker

log = logging.getLogger("schoolops.server")


def make_app(store: Store, *, background: bool = True) -> FastAPI:
    """The application over an open store. `background` runs the periodic work in it."""
    worker = Worker(store)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.reports.start()
        listener = None
        if background:
            worker.start()
            listener = listening(store)
        async with app.state.guesses.booked(store), app.state.refusals.booked(store):
            yield
        if listener is not None:
            listener.stop()
        if background:
            worker.stop()
        app.state.reports.stop()

    app = FastAPI(
        title="schoolops",
        version=schoolops.__version__,
        description="Inventory, agents and health of a city's schools.",
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.store = store
    app.state.local_user = _local_user()
    app.state.authenticate = _authenticate
    app.state.last_request = time.monotonic()
    app.state.open_streams = 0
    app.state.ending = False
    app.state.refusals = Refusals()
    app.state.web_address = None  # set by whoever listens
    _answer_errors(app)
    add_routes(app)
    add_pages(app, store)
    describe(app)
    return app


MAX_BODY = 8_000_000
"""Bytes of a body that is no file: read before anybody is known, so it must be small."""
_FILES = ("/import", "/upload")
_PHOTOS = ("/r/", "/t/", "/report")
"""Ends and beginnings of paths that limit by themselves what they read."""


class Door:
    """Where requests come in: marks those of the computer's own user, notes the time, repeats
    an agent's number of the request in the answer, and sends away bodies that are too large, and
    who guesses too often, before anything is read."""

    def __init__(self, app: FastAPI, *, local: bool) -> None:
        self.app = app
        self.local = local

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["schoolops.local"] = self.local
        self.app.state.last_request = time.monotonic()
        send = _numbered(scope, send)
        path = scope["path"]
        if not (path.endswith(_FILES) or path.startswith(_PHOTOS)):
            if _announced(scope) > MAX_BODY:
                await problem(TooLarge("the body is larger than 8 MB"))(scope, receive, send)
                return
            receive = _limited(receive)
        if self.local:
            await self._answer(scope, receive, send)
        else:
            await self._guarded(scope, receive, send)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        """Agents' reports go straight to where they are booked: for one that comes alone in its
        POST the way through all routes cost more than the report. All else is the app's."""
        if scope["path"] != REPORT_PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        scope["app"] = self.app
        request = Request(scope, receive)
        try:
            answer: Response = await book_reports(request)
        except SchoolopsError as error:
            answer = problem(error)
        except ClientDisconnect:
            return
        except Exception as error:
            answer = await self.app.exception_handlers[Exception](request, error)  # type: ignore[misc]
        await answer(scope, receive, send)

    async def _guarded(self, scope: Any, receive: Any, send: Any) -> None:
        """Let somebody from the network in, unless too many proofs from there were wrong."""
        guesses: Guesses = self.app.state.guesses
        trusted = self.app.state.store.settings.server.trusted_proxies
        address, credential = address_of(scope, trusted), credential_of(scope)
        # The stylesheet proves nothing to anybody, and the page that says 'wait' needs it.
        if not scope["path"].startswith("/static/") and guesses.refuses(address, credential):
            await too_many(Request({**scope, "app": self.app}))(scope, receive, send)
            return

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                good = False if message["status"] == 401 else scope.get(PROOF)
                if good is not None:
                    guesses.note(address, credential, good)
            await send(message)

        await self._answer(scope, receive, noted)


def _announced(scope: Any) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _numbered(scope: Any, send: Any) -> Any:
    """`send` that says which request of the connection it answers, if the request has a number:
    an answer that arrives twice is not taken for that to the next request."""
    name = REQUEST_NUMBER.encode()
    given = next((header for header in scope["headers"] if header[0] == name), None)
    if given is None or not given[1].isdigit():
        return send

    async def numbered(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), given]}
        await send(message)

    return numbered


def _limited(receive: Any) -> Any:
    """`receive` that fails once a body of unannounced length grows too large."""
    size = 0

    async def counted() -> Any:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY:
            raise TooLarge("the body is larger than 8 MB")
        return message

    return counted


def _local_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "local"


def _authenticate(request: Request) -> Actor:
    """A token says who somebody is; without one, the socket of one's own computer does."""
    token = bearer(request)
    if token is not None:
        store, provider = request.app.state.store, request.app.state.provider
        if provider is not None and token.count(".") == 2:  # our own tokens have no dot
            actor = actor_of(store, provider.verify(token))
        else:
            actor = actor_of_token(store, token)
        request.scope[PROOF] = True
        return actor
    if request.scope.get("schoolops.local"):
        return Actor.of(request.app.state.local_user, "authority-admin")
    if request.app.state.provider is not None:
        raise Unauthenticated("you are not signed in: schoolops login --server URL")
    raise Unauthenticated("a token is needed: ask an administrator for `schoolops token create`")


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(SchoolopsError)
    async def refused(request: Request, error: SchoolopsError) -> Problem:
        actor = getattr(request.state, "actor", None)
        if error.status == 403 and actor is not None:
            route = getattr(request.scope.get("route"), "path", "?")
            app.state.refusals.note(actor.name, f"{request.method} {route}")
        return problem(error)

    @app.exception_handler(FilterError)
    async def wrong_filter(_: Request, error: FilterError) -> Problem:
        return problem(
            Invalid(
                as_sentence(error),
                code="filter.invalid",
                position=error.position,
                length=error.length,
            )
        )

    @app.exception_handler(FileRefused)
    async def refused_file(_: Request, error: FileRefused) -> Problem:
        return problem(Invalid(as_sentence(error), code="import.refused"))

    @app.exception_handler(DataError)
    async def not_storable(_: Request, __: DataError) -> Problem:
        return problem(
            Invalid(
                "a value has a character or a size that the database cannot hold",
                code="request.invalid",
            )
        )

    @app.exception_handler(DBAPIError)
    async def database(request: Request, error: DBAPIError) -> Problem:
        down = trouble_of(error)
        return problem(down) if down else await unexpected(request, error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Problem:
        return problem(Invalid(sentence_of(error.errors()[0]), code="request.invalid"))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Problem:
        number = secrets.token_hex(4)
        # The route, not the address: keys and filters may name persons.
        route = getattr(request.scope.get("route"), "path", "?")
        log.error("error %s in %s %s", number, request.method, route, exc_info=error)
        return problem(
            SchoolopsError(
                say(
                    "the server failed (error {number}); the administrator finds it under this "
                    "number in the server's log",
                    number=number,
                ),
                number=number,
            )
        )
