"""HTTP: lists and records of every kind. More special paths of other capabilities come first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from inventory.formats import FORMATS
from inventory.kinds import EDITABLE, Kind
from inventory.sentences import say
from schoolops.core.errors import Conflict, Invalid
from schoolops.core.permissions import CREDENTIALS_WRITE, ESTATE_WRITE, Actor
from schoolops.db.engine import Store
from schoolops.estate import places, revisions, schemas, transfer
from schoolops.estate.describing import DEVICE_RECORD, EDITED, RECORD
from schoolops.estate.listing import lister
from schoolops.estate.repository import Estate
from schoolops.estate.service import Inventory
from schoolops.web.answers import answers, file_body, streams
from schoolops.web.context import Json, TheActor, TheKind, TheStore, read_body
from schoolops.web.rules import everybody, needs, reads_kind, signed_in, writes_kind
from schoolops.web.shapes import LARGEST, Key, Uid

router = APIRouter(tags=["inventory"])

Q = Annotated[str, Query(max_length=2000, description="Filter, see the page on the inventory")]
Columns = Annotated[
    str, Query(max_length=4000, description="Names of columns, separated by commas")
]
Ids = Annotated[str, Query(max_length=20_000, description="UUIDs, separated by commas")]
Format = Annotated[str, Query(max_length=20, json_schema_extra={"enum": list(FORMATS)})]
FILES = tuple(transfer.MEDIA_TYPES.values())
WRITE = [409]
"""What a write may meet: somebody was faster, the key is taken, something still hangs on it."""


def _both(narrow: str, q: str) -> str:
    return f"{narrow} {q}".strip()


def _names(columns: str) -> list[str]:
    return [name.strip() for name in columns.split(",") if name.strip()]


def _editable(kind: Kind) -> Kind:
    if not kind.editable:
        raise Invalid(say("{kinds} are written by schoolops itself", kinds=say(kind.label_plural)))
    return kind


@router.get("/{plural}", **reads_kind(), **answers(schemas.Rows))
def list_records(
    kind: TheKind,
    store: TheStore,
    actor: TheActor,
    q: Q = "",
    sort: Annotated[str, Query(max_length=100)] = "",
    offset: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 128,
    columns: Columns = "",
    wide: bool = False,
) -> Json:
    """One page of a list: `rows` of id, key, version, retired, then `columns`.

    `wide`: a word may also be in the record's school, if another one is in the record itself.
    """
    with store.read(actor) as connection:
        found = lister(kind[0], connection, actor, store.clock.now()).page(
            kind[0], _both(kind[1], q), sort, offset, limit, _names(columns), wide
        )
    return Json(found._asdict())


@router.get("/{plural}/count", **reads_kind(), **answers(schemas.Count))
def count_records(kind: TheKind, store: TheStore, actor: TheActor, q: Q = "") -> Json:
    """How many records match."""
    with store.read(actor) as connection:
        found = lister(kind[0], connection, actor, store.clock.now())
        return Json({"count": found.count(kind[0], _both(kind[1], q))})


@router.get("/{plural}/rows", **reads_kind(), **answers(schemas.Rows))
def read_rows(
    kind: TheKind, store: TheStore, actor: TheActor, ids: Ids, columns: Columns = ""
) -> Json:
    """The rows with these ids (at most 200), in the shape of the list."""
    wanted = _names(ids)
    if len(wanted) > 200:
        raise Invalid("ask for at most 200 ids at once")
    with store.read(actor) as connection:
        found = lister(kind[0], connection, actor, store.clock.now())
        return Json(found.by_ids(kind[0], wanted, _names(columns))._asdict())


@router.get("/{plural}/export", **reads_kind(), **streams(*FILES))
def export_records(
    kind: TheKind,
    store: TheStore,
    actor: TheActor,
    q: Q = "",
    format: Format = "csv",
    columns: Columns = "",
) -> Response:
    """All matching records as a file: csv, json or xlsx."""
    request = transfer.Export(kind[0], _both(kind[1], q), format, _names(columns))
    return stream_export(store, actor, request)


def stream_export(store: Store, actor: Actor, request: transfer.Export) -> Response:
    """The file as a streamed answer; a wrong filter or format is refused before it begins."""
    transfer.check(store, actor, request)

    def chunks() -> Iterator[bytes]:
        with store.read(actor) as connection:
            yield from transfer.export(connection, actor, store.clock.now(), request)

    name = f"{request.kind.plural}.{request.format}"
    return StreamingResponse(
        chunks(),
        media_type=transfer.MEDIA_TYPES[request.format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post(
    "/downloads",
    **signed_in("the kind of the export says who may read it"),
    **answers(schemas.DownloadLink, 201, refuses=[404]),
)
def make_download(wanted: schemas.DownloadRequest, store: TheStore, actor: TheActor) -> Json:
    """A link that gives one export without a login, once, for ten minutes."""
    made = transfer.make_link(store, actor, wanted)
    return Json(made, status_code=201)


@router.get(
    "/downloads/{token}",
    **everybody("the link is the right, once and for ten minutes"),
    **streams(*FILES),
)
def fetch_download(token: Uid, store: TheStore) -> Response:
    """Fetch an export by its one-time link."""
    actor, request = transfer.take_link(store, token)
    return stream_export(store, actor, request)


@router.post("/{plural}/import", **writes_kind(takes=file_body()), **answers(schemas.ImportReport))
async def import_file(
    kind: TheKind,
    store: TheStore,
    actor: TheActor,
    request: Request,
    filename: Annotated[str, Query(max_length=500)],
    dry_run: bool = False,
    mapping: Annotated[str, Query(max_length=20_000)] = "",
    overwrite: bool = False,
) -> Json:
    """Import a file (the body): compared with what is there, row by row, in one transaction.

    A published list leaves the fields that people corrected, and the report names them as `kept`;
    with `overwrite` its values are taken.
    """
    data = await read_body(request, store.settings.imports.max_megabytes * 1_000_000)
    chosen = _mapping(mapping)
    report = await run_in_threadpool(
        transfer.import_file, store, actor, _editable(kind[0]), kind[1], filename, data, chosen,
        dry_run, overwrite,
    )  # fmt: skip
    return Json(report)


def _mapping(text: str) -> dict[str, str] | None:
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise Invalid('mapping is JSON such as {"Seriennummer": "serial"}')
    return found


@router.post("/{plural}/bulk", **writes_kind(), **answers(schemas.BulkReport, refuses=WRITE))
def change_in_bulk(kind: TheKind, bulk: schemas.Bulk, store: TheStore, actor: TheActor) -> Json:
    """Change or retire many records, named by ids or by a filter, in one transaction."""
    what = _editable(kind[0])
    if (bulk.ids is None) == (bulk.q is None):
        raise Invalid("say which records: either ids or q")
    with store.write(actor) as unit:
        inventory = Inventory(unit)
        uids = bulk.ids
        if uids is None:
            uids = inventory.estate.ids(what, _both(kind[1], bulk.q or ""))
        if bulk.expect is not None and bulk.expect != len(uids):
            raise Conflict(
                say(
                    "{count} records match now, not {expected}; look at the list again",
                    count=len(uids),
                    expected=bulk.expect,
                ),
                code="estate.count_changed",
                count=len(uids),
            )
        values, retire, reason = bulk.values, bulk.retire, bulk.reason
        if not bulk.dry_run:
            done = inventory.bulk(what, uids=uids, values=values, retire=retire, reason=reason)
            return Json(done | {"dry_run": False})
        nested = unit.connection.begin_nested()
        done = inventory.bulk(what, uids=uids, values=values, retire=retire, reason=reason)
        nested.rollback()
        unit.forget_changes()
    return Json(done | {"dry_run": True})


@router.post("/{plural}", **writes_kind(), **answers(EDITED, 201, refuses=WRITE))
def create_record(kind: TheKind, new: schemas.NewRecord, store: TheStore, actor: TheActor) -> Json:
    """Make a record."""
    values = dict(new.values)
    if kind[1]:
        values.setdefault("kind", kind[1].removeprefix("kind:"))
    with store.write(actor) as unit:
        made = Inventory(unit).create(_editable(kind[0]), values)
    return Json(made, status_code=201)


@router.post(
    "/devices/{id:path}/move", **needs(ESTATE_WRITE), **answers(DEVICE_RECORD, refuses=WRITE)
)
def move_device(id: Key, move: schemas.Move, store: TheStore, actor: TheActor) -> Json:
    """Put a device into another room or school."""
    with store.write(actor) as unit:
        record = Inventory(unit).move(id, move.version, move.room, move.school, move.note)
    return Json(record)


@router.post("/{plural}/{id:path}/retire", **writes_kind(), **answers(EDITED, refuses=WRITE))
def retire_record(
    kind: TheKind, id: Key, retirement: schemas.Retirement, store: TheStore, actor: TheActor
) -> Json:
    """Take a record out of use."""
    with store.write(actor) as unit:
        record = Inventory(unit).retire(
            _editable(kind[0]), id, retirement.version, retirement.reason
        )
    return Json(record)


@router.post("/{plural}/{id:path}/reinstate", **writes_kind(), **answers(EDITED, refuses=WRITE))
def reinstate_record(
    kind: TheKind, id: Key, seen: schemas.Version, store: TheStore, actor: TheActor
) -> Json:
    """Take a retired record back into use."""
    with store.write(actor) as unit:
        record = Inventory(unit).reinstate(_editable(kind[0]), id, seen.version)
    return Json(record)


@router.put("/credentials/{id:path}/secret", **needs(CREDENTIALS_WRITE), **answers(status=204))
def set_secret(id: Key, secret: schemas.Secret, store: TheStore, actor: TheActor) -> Response:
    """Set the secret of a credential. There is no call that reads it."""
    with store.write(actor) as unit:
        Inventory(unit).set_secret(id, secret.secret, secret.secret2)
    return Response(status_code=204)


@router.get("/{plural}/{id:path}/code", **reads_kind(places.CODED), **answers(schemas.PlaceCode))
def read_code(kind: TheKind, id: Key, store: TheStore, actor: TheActor) -> Json:
    """The code of a room, a device, or a school's board; refused when nobody has made one."""
    origin = store.settings.server.public_url.rstrip("/")
    with store.read(actor) as connection:
        estate = Estate(connection, actor, store.clock.now())
        return Json(places.read(estate, id, origin, kind[0].name))


@router.post(
    "/{plural}/{id:path}/code", **writes_kind(kinds=places.CODED), **answers(schemas.PlaceCode)
)
def make_code(
    kind: TheKind, id: Key, wanted: schemas.WantedCode, store: TheStore, actor: TheActor
) -> Json:
    """The code of a room, a device, or a school's board, made if there is none."""
    origin = store.settings.server.public_url.rstrip("/")
    with store.write(actor) as unit:
        return Json(places.make(unit, id, origin, kind[0].name, renew=wanted.renew))


@router.delete("/{plural}/{id:path}/code", **writes_kind(kinds=places.CODED), **answers(status=204))
def revoke_code(kind: TheKind, id: Key, store: TheStore, actor: TheActor) -> Response:
    """Take the code of a room, a device, or a school's board out of use."""
    with store.write(actor) as unit:
        places.revoke(unit, id, kind[0].name)
    return Response(status_code=204)


@router.get("/{plural}/{id:path}/history", **reads_kind(EDITABLE), **answers(schemas.History))
def read_history(
    kind: TheKind,
    id: Key,
    store: TheStore,
    actor: TheActor,
    before: Annotated[
        int, Query(ge=0, le=LARGEST, description="The last number of the page before")
    ] = 0,
) -> Json:
    """What a record was before each change, who made it, and where a device stood."""
    with store.read(actor) as connection:
        estate = Estate(connection, actor, store.clock.now())
        return Json(revisions.history(estate, _editable(kind[0]), id, before))


@router.patch("/{plural}/{id:path}", **writes_kind(), **answers(EDITED, refuses=WRITE))
def edit_record(
    kind: TheKind, id: Key, edited: schemas.EditedRecord, store: TheStore, actor: TheActor
) -> Json:
    """Change fields of a record that is still at the version that was looked at."""
    with store.write(actor) as unit:
        record = Inventory(unit).edit(_editable(kind[0]), id, edited.version, edited.values)
    return Json(record)


@router.get("/{plural}/{id:path}", **reads_kind(), **answers(RECORD))
def read_record(kind: TheKind, id: Key, store: TheStore, actor: TheActor) -> Json:
    """One record, by id or key."""
    with store.read(actor) as connection:
        answer: dict[str, Any] = lister(kind[0], connection, actor, store.clock.now()).record(
            kind[0], id
        )
    return Json(answer)
