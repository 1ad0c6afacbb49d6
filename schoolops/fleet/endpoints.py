"""HTTP: agents and discovered devices; the agents' own calls to join and read their config."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from agents import protocol
from schoolops.core.permissions import AGENTS_WRITE, ESTATE_READ, ESTATE_WRITE
from schoolops.estate.describing import DEVICE_RECORD
from schoolops.fleet import commands, releases, schemas, service
from schoolops.fleet.config import config_of
from schoolops.web.answers import answers, streams
from schoolops.web.context import Json, TheActor, TheStore, bearer
from schoolops.web.rules import by_agents, needs
from schoolops.web.shapes import Uid

router = APIRouter(tags=["agents"])


@router.post(
    "/agents/invite", **needs(AGENTS_WRITE), **answers(schemas.Invited, 201, refuses=[404, 409])
)
def invite_agent(wanted: schemas.Invitation, store: TheStore, actor: TheActor) -> Json:
    """Invite an agent for a school; the one-time code is shown this once."""
    with store.write(actor) as unit:
        made = service.invite(unit, wanted.school, wanted.name)
    return Json(made, status_code=201)


@router.post(
    "/agents/{id:path}/revoke", **needs(AGENTS_WRITE), **answers(status=204, refuses=[409])
)
def revoke_agent(id: Uid, why: schemas.Reason, store: TheStore, actor: TheActor) -> Response:
    """End an agent at once."""
    with store.write(actor) as unit:
        service.revoke(unit, id, why.reason)
    return Response(status_code=204)


@router.post(
    "/agents/{id:path}/commands",
    **needs(AGENTS_WRITE),
    **answers(schemas.AgentCommand, 201, refuses=[409]),
)
def ask_agent(id: Uid, asked: schemas.Question, store: TheStore, actor: TheActor) -> Json:
    """Ask an agent for a line test, diagnostics, to read a device now, or to upgrade itself."""
    with store.write(actor) as unit:
        made = commands.ask(unit, id, asked.kind, asked.arguments, asked.good_for_s)
    return Json(made, status_code=201)


@router.get("/agents/{id:path}/commands", **needs(ESTATE_READ), **answers(schemas.AgentCommands))
def list_commands(id: Uid, store: TheStore, actor: TheActor) -> Json:
    """What an agent was asked for lately, with its answers."""
    with store.read(actor) as connection:
        return Json({"commands": commands.listed(connection, actor, id, store.clock.now())})


@router.post(
    "/discovered/{id:path}/adopt",
    **needs(ESTATE_WRITE),
    **answers(DEVICE_RECORD, 201, refuses=[409]),
)
def adopt_device(id: Uid, adoption: schemas.Adoption, store: TheStore, actor: TheActor) -> Json:
    """Take a discovered device into the inventory."""
    with store.write(actor) as unit:
        record = service.adopt(unit, id, adoption.values)
    return Json(record, status_code=201)


@router.post("/discovered/{id:path}/ignore", **needs(AGENTS_WRITE), **answers(status=204))
def ignore_device(id: Uid, store: TheStore, actor: TheActor) -> Response:
    """Do not offer a discovered device again."""
    with store.write(actor) as unit:
        service.ignore(unit, id)
    return Response(status_code=204)


@router.post("/agent/join", **by_agents(), **answers(schemas.Joined))
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
            "command_key": made["command_key"],
            "release_key": config.release_key,
            "school": config.school,
            "config": protocol.config_to_json(config),
        }
    )


@router.get("/agent/config", **by_agents(), **answers(schemas.AgentConfig, unchanged=True))
def read_config(request: Request, store: TheStore) -> Response:
    """For agents: what to measure; 304 when the ETag still holds."""
    with store.read() as connection:
        row = service.agent_of_secret(connection, bearer(request))
        config = config_of(store, connection, row)
    if request.headers.get("if-none-match", "").strip('"') == config.etag:
        return Response(status_code=304, headers={"ETag": f'"{config.etag}"'})
    return Json(protocol.config_to_json(config), headers={"ETag": f'"{config.etag}"'})


@router.get("/agent/releases/{sha256}", **by_agents(), **streams("application/octet-stream"))
def read_release(sha256: Uid, request: Request, store: TheStore) -> Response:
    """For agents: the bytes of a release that they were asked to upgrade themselves to."""
    with store.read() as connection:
        service.agent_of_secret(connection, bearer(request))
    data = releases.read(store.settings.home, sha256)
    return Response(data, media_type="application/octet-stream")
