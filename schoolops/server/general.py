"""HTTP: is the server there, who am I, the audit's chain."""

from __future__ import annotations

from fastapi import APIRouter

import schoolops
from schoolops.core.permissions import AUDIT_READ, BACKUP
from schoolops.db import audit, changes
from schoolops.db.access import require, require_everywhere, scope_of
from schoolops.web.context import Json, TheActor, TheStore

router = APIRouter(tags=["server"])


@router.get("/live")
def live() -> Json:
    """Whether the server answers; needs no login."""
    return Json({"ok": True, "version": schoolops.__version__})


@router.get("/me")
def who_am_i(store: TheStore, actor: TheActor) -> Json:
    """The actor, the permissions, the city."""
    return Json(
        {
            "name": actor.name,
            "role": actor.role,
            "scope": scope_of(actor.whole_scope()),
            "may": sorted(actor.permissions),
            "read_only": not any(name.endswith(".write") for name in actor.permissions),
            "city": store.settings.city,
            "server_version": schoolops.__version__,
            "database": store.dialect,
        }
    )


@router.get("/audit/verify")
def verify_audit(store: TheStore, actor: TheActor) -> Json:
    """Recompute the hash chain over all events."""
    require(actor, AUDIT_READ)
    with store.read() as connection:
        return Json(audit.verify(connection))


@router.get("/changes/cursor")
def read_cursor(store: TheStore, _: TheActor) -> Json:
    """The cursor from which a reader that has just read everything goes on."""
    with store.read() as connection:
        return Json({"cursor": changes.cursor(connection)})


@router.post("/backups", status_code=201)
def make_backup(store: TheStore, actor: TheActor) -> Json:
    """Make a backup now, online, and prove by a test restore that it is good."""
    from schoolops.db import backup

    require_everywhere(actor, BACKUP)
    made = backup.create(store)
    with store.write(actor) as unit:
        unit.audit("backup", detail={"file": made["path"], "sha256": made["sha256"]})
    return Json(made, status_code=201)


@router.get("/backups")
def list_backups(store: TheStore, actor: TheActor) -> Json:
    """The backups there are, latest first."""
    from schoolops.db import backup

    require_everywhere(actor, BACKUP)
    return Json({"backups": backup.list_backups(store.settings)})
