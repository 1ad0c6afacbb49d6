"""Files in and out over HTTP, and one-time links to exports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from inventory.formats import FORMATS, plan_file, write
from inventory.kinds import Kind, find_kind
from inventory.sentences import as_sentence, say
from schoolops.core.clock import to_iso
from schoolops.core.errors import Invalid, NotFound
from schoolops.core.ids import hash_token, new_token
from schoolops.core.permissions import Actor
from schoolops.db.access import read_permission, require
from schoolops.db.engine import Store
from schoolops.db.tables import download
from schoolops.estate.listing import lister
from schoolops.estate.loading import Loader
from schoolops.estate.personal import closed_everywhere
from schoolops.estate.repository import Estate
from schoolops.estate.schemas import DownloadRequest

MEDIA_TYPES = {name: found.media_type for name, found in FORMATS.items()}
LINK_MICROS = 10 * 60 * 1_000_000
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Export:
    """What to write: records of a kind that match, which columns, in which format."""

    kind: Kind
    q: str
    format: str
    columns: Sequence[str]

    def names(self, actor: Actor) -> list[str]:
        """The columns; by default all that the actor may set, so that it can be read back."""
        if self.columns:
            return list(self.columns)
        closed = closed_everywhere(actor, self.kind)
        fields = self.kind.editable_fields() or self.kind.fields
        return [f.name for f in fields if f.name not in closed]


def check(store: Store, actor: Actor, request: Export) -> None:
    """Refuse a wrong format, column or filter before the answer begins."""
    require(actor, read_permission(request.kind))
    if request.format not in FORMATS:
        raise Invalid(
            say(
                "there is no format {format!r}; known are {known}",
                format=request.format,
                known=", ".join(FORMATS),
            )
        )
    with store.read(actor) as connection:
        lister(request.kind, connection, actor, store.clock.now()).parse(request.kind, request.q)
    known = request.kind.by_name()
    wrong = [name for name in request.columns if name not in known]
    if wrong:
        raise Invalid(
            say(
                "there is no column {name!r}; known are {known}",
                name=wrong[0],
                known=", ".join(known),
            )
        )


def export(connection: Connection, actor: Actor, now: int, request: Export) -> Iterator[bytes]:
    """The file, some at a time."""
    rows = _rows(connection, actor, now, request)
    yield from write(request.format, request.kind, request.names(actor), rows)


def _rows(connection: Connection, actor: Actor, now: int, request: Export) -> Iterator[list[Any]]:
    if request.kind.editable:
        found = Estate(connection, actor, now).export(request.kind, request.q, request.names(actor))
        for row in found:
            yield [tuple(cell) if isinstance(cell, list) else cell for cell in row]
        return
    listing, offset = lister(request.kind, connection, actor, now), 0
    while True:
        page = listing.page(request.kind, request.q, "id", offset, PAGE, request.names(actor))
        yield from (row[4:] for row in page.rows)
        if not page.more:
            return
        offset += PAGE


def import_file(
    store: Store,
    actor: Actor,
    kind: Kind,
    narrow: str,
    filename: str,
    data: bytes,
    mapping: Mapping[str, str] | None,
    dry_run: bool,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Import a file in one transaction; a dry run writes nothing. `FileRefused` if it is none.

    `narrow` is the filter of the path ('kind:ipad' of /ipads): the default of that column.
    `overwrite`: a published list overwrites what people corrected.
    """
    defaults = {"kind": narrow.removeprefix("kind:")} if narrow else None
    limit = store.settings.imports.max_megabytes * 1_000_000
    plan = plan_file(kind, data, filename, mapping, defaults, limit)
    with store.write(actor) as unit:
        loader = Loader(unit)
        planned = loader.plan(kind, plan.rows, filename, data, plan.published, overwrite)
        planned.mapping, planned.ignored, planned.notes = plan.mapping, plan.ignored, plan.notes
        if not dry_run:
            loader.apply(planned)
    return planned.report(dry_run)


def make_link(store: Store, actor: Actor, wanted: DownloadRequest) -> dict[str, Any]:
    """A link that fetches one export without a login, once, within ten minutes."""
    kind, narrow = _kind(wanted.plural)
    request = Export(kind, f"{narrow} {wanted.q}".strip(), wanted.format, wanted.columns)
    check(store, actor, request)
    token = new_token("sod")
    with store.write(actor, by_server=True) as unit:
        unit.connection.execute(delete(download).where(download.c.expires_at < unit.now))
        unit.connection.execute(
            insert(download),
            {
                "hash": hash_token(token),
                "expires_at": unit.now + LINK_MICROS,
                "actor": json.dumps(actor.to_json()),
                "request": json.dumps(
                    {
                        "kind": kind.name,
                        "q": request.q,
                        "format": request.format,
                        "columns": list(request.columns),
                    }
                ),
            },
        )
        unit.audit("download link", kind.name, "", None, {"format": request.format})
        expires = to_iso(unit.now + LINK_MICROS)
    return {"url": f"/v1/downloads/{token}", "expires": expires}


def take_link(store: Store, token: str) -> tuple[Actor, Export]:
    """Use up a link. `NotFound` when it was used, has expired or never was."""
    with store.write() as unit:
        where = download.c.hash == hash_token(token)
        row = unit.connection.execute(select(download).where(where)).one_or_none()
        unit.connection.execute(delete(download).where(where))
        now = unit.now
    if row is None or row.expires_at < now:
        raise NotFound(
            "this link was used already or has expired; make a new one", code="download.gone"
        )
    who, what = json.loads(row.actor), json.loads(row.request)
    return Actor.from_json(who).at(now), Export(
        _kind(what["kind"])[0], what["q"], what["format"], what["columns"]
    )


def _kind(word: str) -> tuple[Kind, str]:
    try:
        return find_kind(word)
    except ValueError as error:
        raise NotFound(as_sentence(error), code="estate.unknown_kind") from None
