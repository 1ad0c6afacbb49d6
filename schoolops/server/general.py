"""HTTP: is the server there, who am I, the audit's chain."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

import schoolops
from schoolops.core.clock import to_iso
from schoolops.core.errors import Conflict, Forbidden
from schoolops.core.permissions import AUDIT_READ, BACKUP, READING
from schoolops.db import audit, changes
from schoolops.db.access import scope_of
from schoolops.estate.audit import refuse_chain
from schoolops.server import schemas
from schoolops.web.answers import answers, streams
from schoolops.web.context import Json, TheActor, TheStore
from schoolops.web.rules import everybody, needs, signed_in

router = APIRouter(tags=["server"])


@router.get("/live", **everybody("whether it answers at all"), **answers(schemas.Live))
def live() -> Json:
    """Whether the server answers; needs no login."""
    return Json({"ok": True, "version": schoolops.__version__})


@router.get(
    "/health",
    **everybody("whether it takes writes; for monitoring"),
    **answers(schemas.Health, refuses=[503]),
)
def health(store: TheStore) -> Json:
    """Whether the server can do its work: 503 with a `code` (`database.away`, `.read_only`,
    `.full`, `.locked`) while its database takes no writes. Needs no login."""
    if down := store.check():
        raise down
    return Json({"ok": True, "database": store.dialect})


@router.get("/me", **signed_in("oneself"), **answers(schemas.Me))
def who_am_i(store: TheStore, actor: TheActor) -> Json:
    """The actor, the permissions, the city."""
    return Json(
        {
            "name": actor.name,
            "role": actor.role,
            "scope": scope_of(actor.whole_scope()),
            "may": sorted(actor.permissions),
            "for_a_time": [
                {
                    "may": sorted(grant.permissions),
                    "scope": scope_of(grant.scope),
                    "until": to_iso(grant.until),
                    "source": grant.source,
                }
                for grant in actor.grants
                if grant.until is not None
            ],
            "read_only": all(name in READING for name in actor.permissions),
            "city": store.settings.city,
            "public_url": store.settings.server.public_url,
            "server_version": schoolops.__version__,
            "database": store.dialect,
        }
    )


@router.post(
    "/portal/link",
    **signed_in("the computer's own user alone, at the computer"),
    **answers(schemas.PortalLink, 201, refuses=[409]),
)
async def make_portal_link(request: Request, actor: TheActor) -> Json:
    """For the computer's own user: a one-time link that opens the web pages as that user."""
    if not request.scope.get("schoolops.local"):
        raise Forbidden(
            "only the server's own computer makes such a link; sign in on the pages instead",
            code="web.not_local",
        )
    where = request.app.state.web_address
    if where is None:
        raise Conflict("this server has no address for browsers", code="web.no_address")
    code = await run_in_threadpool(request.app.state.portal.sessions.make_link, actor)
    address = (await where()).replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    return Json({"url": f"{address}/open/{code}"}, status_code=201)


@router.get("/audit/verify", **needs(AUDIT_READ), **answers(schemas.Verification))
def verify_audit(store: TheStore, actor: TheActor) -> Json:
    """Recompute the hash chain over all events."""
    with store.read() as connection:
        return Json(audit.verify(connection))


@router.get("/audit/chain", **needs(AUDIT_READ, everywhere=True), **streams("application/x-ndjson"))
def export_chain(store: TheStore, actor: TheActor) -> StreamingResponse:
    """All sealed events in order as JSON lines, for `docs/verify_audit.py`.

    As they are, with what older ones tell of persons: for those to whom that is open.
    """
    refuse_chain(actor)

    def lines() -> Iterator[bytes]:
        with store.read(actor) as connection:
            yield from audit.chain(connection)

    return StreamingResponse(lines(), media_type="application/x-ndjson")


@router.get(
    "/changes/cursor", **signed_in("a number that tells nothing"), **answers(schemas.Cursor)
)
def read_cursor(store: TheStore, _: TheActor) -> Json:
    """The cursor from which a reader that has just read everything goes on."""
    with store.read() as connection:
        return Json({"cursor": changes.cursor(connection)})


@router.post("/backups", **needs(BACKUP, everywhere=True), **answers(schemas.MadeBackup, 201))
def make_backup(store: TheStore, actor: TheActor) -> Json:
    """Make a backup now, online, and prove by a test restore that it is good."""
    from schoolops.db import backup

    made = backup.create(store)
    with store.write(actor) as unit:
        unit.audit("backup", detail={"file": made["path"], "sha256": made["sha256"]})
    return Json(made, status_code=201)


@router.get("/backups", **needs(BACKUP, everywhere=True), **answers(schemas.Backups))
def list_backups(store: TheStore) -> Json:
    """The backups there are, latest first."""
    from schoolops.db import backup

    return Json({"backups": backup.list_backups(store.settings)})
