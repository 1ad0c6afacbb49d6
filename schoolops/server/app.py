"""The application: which capabilities it has, who is let in, how errors are answered."""

from __future__ import annotations

import getpass
import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError

import schoolops
from inventory.filter import FilterError
from inventory.formats import FileRefused
from schoolops.core.errors import Invalid, SchoolopsError, Unauthenticated
from schoolops.core.permissions import Actor
from schoolops.db.engine import Store
from schoolops.identity.service import actor_of_token
from schoolops.server.routes import add_routes
from schoolops.web.context import Problem, bearer, problem
from schoolops.worker import Worker

log = logging.getLogger("schoolops.server")


def make_app(store: Store, *, background: bool = True) -> FastAPI:
    """The application over an open store. `background` runs the periodic work in it."""
    worker = Worker(store)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.reports.start()
        if background:
            worker.start()
        yield
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
    _answer_errors(app)
    add_routes(app)

    return app


class Door:
    """Where requests come in: marks those of the computer's own user, notes the time."""

    def __init__(self, app: FastAPI, *, local: bool) -> None:
        self.app = app
        self.local = local

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["schoolops.local"] = self.local
            self.app.state.last_request = time.monotonic()
        await self.app(scope, receive, send)


def _local_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "local"


def _authenticate(request: Request) -> Actor:
    """A token says who somebody is; without one, the socket of one's own computer does."""
    token = bearer(request)
    if token is not None:
        return actor_of_token(request.app.state.store, token)
    if request.scope.get("schoolops.local"):
        return Actor(request.app.state.local_user, "administrator")
    raise Unauthenticated("a token is needed: ask an administrator for `schoolops token create`")


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(SchoolopsError)
    async def refused(_: Request, error: SchoolopsError) -> Problem:
        return problem(error)

    @app.exception_handler(FilterError)
    async def wrong_filter(_: Request, error: FilterError) -> Problem:
        return problem(
            Invalid(str(error), code="filter.invalid", position=error.position, length=error.length)
        )

    @app.exception_handler(FileRefused)
    async def refused_file(_: Request, error: FileRefused) -> Problem:
        return problem(Invalid(str(error), code="import.refused"))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Problem:
        found = error.errors()[0]
        where = ".".join(str(part) for part in found["loc"] if part not in ("body", "query"))
        return problem(Invalid(f"{where}: {found['msg']}", code="request.invalid"))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Problem:
        number = secrets.token_hex(4)
        # The route, not the address: keys and filters may name persons.
        route = getattr(request.scope.get("route"), "path", "?")
        log.error("error %s in %s %s", number, request.method, route, exc_info=error)
        return problem(
            SchoolopsError(
                f"the server failed (error {number}); the administrator finds it under this "
                "number in the server's log",
                number=number,
            )
        )
