"""HTTP: tokens and who I am."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from schoolops.identity import service
from schoolops.web.context import Json, TheActor, TheStore

router = APIRouter(tags=["identity"])


class NewToken(BaseModel):
    """A token to be made."""

    name: str
    role: str
    authority: str | None = None
    schools: list[str] | None = None
    days: int = Field(default=365)


@router.get("/sign-in")
def how_to_sign_in(store: TheStore) -> Json:
    """The realm and the client of the command line's sign-in; needs no login. Empty: tokens."""
    identity = store.settings.identity
    client = identity.cli_client if identity.issuer else ""
    return Json({"issuer": identity.issuer, "client": client})


@router.get("/tokens")
def list_tokens(store: TheStore, actor: TheActor) -> Json:
    """All tokens, without secrets."""
    with store.read() as connection:
        return Json({"tokens": service.list_tokens(connection, actor)})


@router.post("/tokens", status_code=201)
def create_token(new: NewToken, store: TheStore, actor: TheActor) -> Json:
    """Make a token; it is shown this once."""
    with store.write(actor) as unit:
        made = service.create_token(unit, new.name, new.role, new.authority, new.schools, new.days)
    return Json(made, status_code=201)


@router.delete("/tokens/{name}", status_code=204)
def revoke_token(name: str, store: TheStore, actor: TheActor) -> Response:
    """End a token."""
    with store.write(actor) as unit:
        service.revoke_token(unit, name)
    return Response(status_code=204)
