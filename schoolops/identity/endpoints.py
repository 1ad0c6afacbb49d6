"""HTTP: tokens, who may do what, delegations, proposals."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query, Response

from schoolops.core.clock import from_datetime
from schoolops.core.errors import Invalid
from schoolops.core.permissions import (
    ACCOUNTS_WRITE,
    BREAK_GLASS,
    DELEGATE,
    TOKENS_WRITE,
)
from schoolops.identity import (
    approvals,
    delegations,
    emergency,
    explaining,
    listings,  # noqa: F401  (registers its lists)
    schemas,
    service,
)
from schoolops.web.answers import answers
from schoolops.web.context import Json, TheActor, TheStore
from schoolops.web.rules import everybody, needs, signed_in
from schoolops.web.shapes import Uid

router = APIRouter(tags=["identity"])


@router.get("/sign-in", **everybody("it says how one becomes known"), **answers(schemas.SignIn))
def how_to_sign_in(store: TheStore) -> Json:
    """The realm and the client of the command line's sign-in; needs no login. Empty: tokens."""
    identity = store.settings.identity
    client = identity.cli_client if identity.issuer else ""
    return Json({"issuer": identity.issuer, "client": client})


@router.get("/tokens", **needs(TOKENS_WRITE, everywhere=True), **answers(schemas.Tokens))
def list_tokens(store: TheStore, actor: TheActor) -> Json:
    """All tokens, without secrets."""
    with store.read() as connection:
        return Json({"tokens": service.list_tokens(connection, actor)})


@router.post(
    "/tokens",
    **needs(TOKENS_WRITE, everywhere=True),
    **answers(schemas.MadeToken, 201, refuses=[409]),
)
def create_token(new: schemas.NewToken, store: TheStore, actor: TheActor) -> Json:
    """Make a token; it is shown this once."""
    with store.write(actor) as unit:
        made = service.create_token(unit, new.name, new.role, new.authority, new.schools, new.days)
    return Json(made, status_code=201)


@router.delete("/tokens/{name:path}", **needs(TOKENS_WRITE, everywhere=True), **answers(status=204))
def revoke_token(name: Uid, store: TheStore, actor: TheActor) -> Response:
    """End a token."""
    with store.write(actor) as unit:
        service.revoke_token(unit, name)
    return Response(status_code=204)


@router.post("/accounts/{id:path}/end-sessions", **needs(ACCOUNTS_WRITE), **answers(status=204))
def end_sessions(id: Uid, store: TheStore, actor: TheActor) -> Response:
    """Take no token of a person any more that was issued until now."""
    with store.write(actor) as unit:
        service.end_sessions(unit, id)
    return Response(status_code=204)


Name = Annotated[str, Query(max_length=200)]


@router.get(
    "/access/explain",
    **signed_in("about oneself; about others as far as one may ask"),
    **answers(schemas.Explanation, refuses=[404]),
)
def explain_access(
    store: TheStore,
    actor: TheActor,
    permission: Name,
    who: Name = "",
    school: Name = "",
    class_name: Name = "",
    field_class: Name = "",
) -> Json:
    """May somebody do that there, and why or why not; without `who`, oneself.

    A question about somebody else is an event of the audit.
    """
    asked = (who, permission, school, class_name, field_class)
    if who in ("", actor.name):
        with store.read() as connection:
            return Json(explaining.explain_access(connection, actor, store.clock.now(), *asked))
    with store.write(actor) as unit:
        found = explaining.explain_access(unit.connection, actor, unit.now, *asked)
        explaining.audit_question(unit, who, permission, school)
    return Json(found)


@router.post(
    "/delegations", **needs(DELEGATE), **answers(schemas.MadeDelegation, 201, refuses=[404])
)
def delegate(new: schemas.NewDelegation, store: TheStore, actor: TheActor) -> Json:
    """Hand on own rights at a school until a time."""
    with store.write(actor) as unit:
        made = delegations.delegate(
            unit, new.receiver, new.permissions, new.school, _micros(new.until), new.reason,
            new.class_name,
        )  # fmt: skip
    return Json(made, status_code=201)


@router.post(
    "/delegations/{id:path}/revoke",
    **signed_in("what one gave or has"),
    **answers(status=204, refuses=[409]),
)
def revoke_delegation(id: Uid, store: TheStore, actor: TheActor) -> Response:
    """Take a right for a time back."""
    with store.write(actor) as unit:
        delegations.revoke(unit, id)
    return Response(status_code=204)


@router.post(
    "/approvals/emergency",
    **needs(BREAK_GLASS),
    **answers(schemas.MadeProposal, 201, refuses=[404]),
)
def ask_for_emergency_access(wanted: schemas.Emergency, store: TheStore, actor: TheActor) -> Json:
    """Ask for emergency access at a school; a second person decides."""
    with store.write(actor) as unit:
        made = emergency.ask(unit, wanted.school, wanted.permissions, wanted.hours, wanted.reason)
    return Json(made, status_code=201)


@router.post(
    "/approvals/{id:path}/decide",
    **signed_in("each kind of proposal names who decides it"),
    **answers(schemas.Decided, refuses=[409]),
)
def decide(id: Uid, said: schemas.Decision, store: TheStore, actor: TheActor) -> Json:
    """Approve or reject what somebody else proposed."""
    with store.write(actor) as unit:
        return Json(approvals.decide(unit, id, said.approve, said.note))


@router.post(
    "/approvals/{id:path}/withdraw",
    **signed_in("what one proposed"),
    **answers(status=204, refuses=[409]),
)
def withdraw(id: Uid, store: TheStore, actor: TheActor) -> Response:
    """Take an own proposal back."""
    with store.write(actor) as unit:
        approvals.withdraw(unit, id)
    return Response(status_code=204)


def _micros(moment: dt.datetime) -> int:
    if moment.tzinfo is None:
        raise Invalid("until wants a time with its zone, such as 2026-12-04T18:00:00+01:00")
    try:
        return from_datetime(moment)
    except OverflowError:
        raise Invalid("until is a time that no calendar has") from None
