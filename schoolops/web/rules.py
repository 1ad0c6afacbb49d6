"""The rule of every operation: who may call it. Checked at the door and shown in OpenAPI.

    @router.get("/tokens", **needs(TOKENS_WRITE, everywhere=True))

An operation without a rule keeps the server from starting: what nobody decided is denied. The
rule asks whether the right is held at all; where it is held is asked by the query or service.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute

from inventory.kinds import EDITABLE, KINDS, Kind
from schoolops.db.access import OWN, read_permission, require, require_everywhere, write_permission
from schoolops.web.context import TheActor, TheKind

Options = dict[str, Any]


def needs(permission: str, *, everywhere: bool = False, takes: Options | None = None) -> Options:
    """Whoever holds the permission; with `everywhere` for the whole city.

    `takes`: the body of an operation that reads it by itself (see `answers.py`).
    """
    check = require_everywhere if everywhere else require

    def guard(actor: TheActor) -> None:
        check(actor, permission)

    scope = "city" if everywhere else "school"
    return _options({"permission": permission, "scope": scope}, guard, takes)


def reads_kind(kinds: tuple[Kind, ...] = tuple(KINDS.values())) -> Options:
    """Whoever may read the kind of record that the path names; '' is everybody, for one's own."""
    return _by_kind(read_permission, kinds)


def writes_kind(takes: Options | None = None, *, kinds: tuple[Kind, ...] = EDITABLE) -> Options:
    """Whoever may write the kind of record that the path names.

    `takes`: the body of an operation that reads it by itself (see `answers.py`).
    """
    return _by_kind(write_permission, kinds, takes)


def _by_kind(
    permission: Callable[[Kind], str], kinds: tuple[Kind, ...], takes: Options | None = None
) -> Options:
    def guard(actor: TheActor, kind: TheKind) -> None:
        if kind[0].name not in OWN:
            require(actor, permission(kind[0]))

    named = {kind.plural: "" if kind.name in OWN else permission(kind) for kind in kinds}
    return _options({"kinds": named, "scope": "school"}, guard, takes)


def signed_in(why: str) -> Options:
    """Everybody who is known, for what is one's own."""

    def guard(actor: TheActor) -> None:
        """That there is an actor is the check."""

    return _options({"signed_in": why}, guard)


def by_agents(takes: Options | None = None) -> Options:
    """Agents, by their own secret or one-time code, which the operation checks itself."""
    return _options({"agents": True}, takes=takes)


def everybody(why: str) -> Options:
    """No sign-in is needed, for the reason given."""
    return _options({"open": why})


def _options(
    rule: Options, guard: Callable[..., None] | None = None, takes: Options | None = None
) -> Options:
    guards = [Depends(guard)] if guard else []
    extra = {"x-permission": rule} | ({"requestBody": takes} if takes else {})
    return {"openapi_extra": extra, "dependencies": guards}


def check_rules(router: APIRouter) -> None:
    """Raise LookupError for operations that nobody decided about: the server does not start."""
    undecided = [
        f"{method} {route.path}"
        for route in router.routes
        if isinstance(route, APIRoute) and "x-permission" not in (route.openapi_extra or {})
        for method in sorted(route.methods or ())
    ]
    if undecided:
        raise LookupError(f"operations without a rule (see schoolops.web.rules): {undecided}")
