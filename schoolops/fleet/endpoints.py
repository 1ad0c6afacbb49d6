"""HTTP: agents and discovered devices; the agents' own calls to join and read their config."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from agents import protocol
from schoolops.core.permissions import AGENTS_WRITE, ESTATE_WRITE
from schoolops.fleet import schemas, service
from schoolops.fleet.config import config_of
from schoolops.web.context import Json, TheActor, TheStore, bearer
from schoolops.web.rules import by_agents, needs

router = APIRouter(tags=["agents"])


@router.post("/agents/invite", status_code=201, **needs(AGENTS_WRITE))
def invite_agent(wanted: schemas.Invitation, store: TheStore, actor: TheActor) -> Json:
    """Invite an agent for a school; the one-time code is shown this once."""
    with store.write(actor) as unit:
        made = service.invite(unit, wanted.school, wanted.name)
    return Json(made, status_code=201)


@router.post("/agents/{id}/revoke", status_code=204, **needs(AGENTS_WRITE))
def revoke_agent(id: str, why: schemas.Reason, store: TheStore, actor: TheActor) -> Response:
    """End an agent at once."""
    with store.write(actor) as unit:
        service.revoke(unit, id, why.reason)
    return Response(status_code=204)


@router.post("/discovered/{id}/adopt", status_code=201, **needs(ESTATE_WRITE))
def adopt_device(id: str, adoption: schemas.Adoption, store: TheStore, actor: TheActor) -> Json:
    """Take a discovered device into the inventory."""
    with store.write(actor) as unit:
        record = service.adopt(unit, id, adoption.values)
    return Json(record, status_code=201)


@router.post("/discovered/{id}/ignore", status_code=204, **needs(AGENTS_WRITE))
def ignore_device(id: str, store: TheStore, actor: TheActor) -> Response:
    """Do not offer a discovered device again."""
    with store.write(actor) as unit:
        service.ignore(unit, id)
    return Response(status_code=204)


@router.post("/agent/join", **by_agents())
def join(wanted: schemas.Join, store: TheStore) -> Json:
    """For agents: exchange a one-time code for a secret."""
    made = service.join(store, wanted.code, wanted.hostname, wanted.version)
    with store.read() as connection:
        row = service.agent_of_secret(connection, made["secret"])
        config = config_of(store, connection, row)
    return Json(
        {
            "agent": made["agent"],
            "name": made["name"],
            "secret": made["secret"],
            "school": config.school,
            "config": protocol.config_to_json(config),
        }
    )


@router.get("/agent/config", **by_agents())
def read_config(request: Request, store: TheStore) -> Response:
    """For agents: what to measure; 304 when the ETag still holds."""
    with store.read() as connection:
        row = service.agent_of_secret(connection, bearer(request))
        config = config_of(store, connection, row)
    if request.headers.get("if-none-match", "").strip('"') == config.etag:
        return Response(status_code=304, headers={"ETag": f'"{config.etag}"'})
    return Json(protocol.config_to_json(config), headers={"ETag": f'"{config.etag}"'})
