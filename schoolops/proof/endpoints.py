"""HTTP: what a line delivered in a month, issued proofs, the list of all lines."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from schoolops.core.permissions import ESTATE_READ
from schoolops.core.zone import local_zone
from schoolops.proof import schemas, service
from schoolops.proof.csv_file import to_csv
from schoolops.proof.lines import lines
from schoolops.proof.months import Month
from schoolops.proof.repository import Lines
from schoolops.web.answers import answers, streams
from schoolops.web.context import Json, TheActor, TheStore
from schoolops.web.rules import needs
from schoolops.web.shapes import Key, Uid

router = APIRouter(tags=["proofs"])

TheMonth = Annotated[
    str, Query(max_length=20, pattern=schemas.MONTH, description="such as 2026-10")
]


@router.get("/uplinks/{id:path}/proof", **needs(ESTATE_READ), **answers(schemas.Proof))
def read_proof(id: Key, store: TheStore, actor: TheActor, month: TheMonth) -> Json:
    """What a line delivered in a month against what was booked, in lesson time; not kept."""
    with store.read(actor) as connection:
        found = Lines(connection, actor, store.settings, store.clock.now())
        return Json(found.proof(id, Month.read(month)))


@router.get("/uplinks/{id:path}/proof.csv", **needs(ESTATE_READ), **streams("text/csv"))
def read_proof_csv(id: Key, store: TheStore, actor: TheActor, month: TheMonth) -> Response:
    """The lesson hours of the same, as a table."""
    with store.read(actor) as connection:
        found = Lines(connection, actor, store.settings, store.clock.now())
        data = to_csv(found.proof(id, Month.read(month)))
    return Response(data, media_type="text/csv; charset=utf-8")


@router.get("/uplinks/{id:path}/proofs", **needs(ESTATE_READ), **answers(schemas.IssuedProofs))
def list_proofs(id: Key, store: TheStore, actor: TheActor) -> Json:
    """The proofs that were issued for a line, the latest first."""
    with store.read(actor) as connection:
        return Json({"proofs": service.issued(connection, actor, store.clock.now(), id)})


@router.post(
    "/uplinks/{id:path}/proofs",
    **needs(ESTATE_READ),
    **answers(schemas.Issued, 201, refuses=[409]),
)
def issue_proof(id: Key, wanted: schemas.Issue, store: TheStore, actor: TheActor) -> Json:
    """Print, sign and keep the proof of a month; the one that is kept when nothing has changed."""
    made = service.issue(store, actor, id, Month.read(wanted.month), wanted.language)
    return Json(made, status_code=201)


@router.get("/proofs/{uid}/pdf", **needs(ESTATE_READ), **streams("application/pdf"))
def read_proof_pdf(uid: Uid, store: TheStore, actor: TheActor) -> Response:
    """The signed document of an issued proof, as it was issued."""
    with store.read(actor) as connection:
        name, data = service.kept_file(connection, actor, uid, "pdf")
    return _file(name, data, "application/pdf")


@router.get("/proofs/{uid}/csv", **needs(ESTATE_READ), **streams("text/csv"))
def read_kept_csv(uid: Uid, store: TheStore, actor: TheActor) -> Response:
    """The lesson hours of an issued proof, as they were."""
    with store.read(actor) as connection:
        name, data = service.kept_file(connection, actor, uid, "csv")
    return _file(name, data, "text/csv; charset=utf-8")


@router.get("/lines", **needs(ESTATE_READ), **answers(schemas.Lines))
def list_lines(
    store: TheStore,
    actor: TheActor,
    month: Annotated[str | None, Query(max_length=40, pattern=schemas.MONTH)] = None,
) -> Json:
    """All lines with what is booked and what they delivered in the month (this one) so far."""
    wanted = Month.read(month) if month else Month.of(store.clock.now() / 1e6, local_zone())
    with store.read(actor) as connection:
        return Json({"month": str(wanted), "lines": lines(connection, actor, str(wanted))})


def _file(name: str, data: bytes, media_type: str) -> Response:
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-._") else "_" for c in name)
    return Response(
        data,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{safe}"'},
    )
