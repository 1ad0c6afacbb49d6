"""The audit as a list.

Events name records and fields, a contact by its id. Older ones tell values of personal fields and
name a contact by its key, which is a person's name: the list leaves these out where they are closed
to the reader. The
chain of hashes holds the events as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, not_

from inventory.fields import Field
from inventory.kinds import AUDIT, EDITABLE, KINDS
from inventory.sentences import say
from schoolops.core.errors import Forbidden
from schoolops.core.permissions import AUDIT_READ, PERMISSIONS, Actor, Scope
from schoolops.db.access import require
from schoolops.db.folding import position
from schoolops.db.tables import audit_event
from schoolops.estate.access import in_scope, inside
from schoolops.estate.listing import LISTINGS, Listing
from schoolops.estate.personal import CODE, names_a_person, without

PERSONS = frozenset(kind.name for kind in EDITABLE if names_a_person(kind))
"""Kinds whose key names a person; their events tell no values."""
CLASSES = frozenset(
    field.personal
    for kind in EDITABLE
    for field in kind.fields
    if field.personal and (kind.name not in PERSONS or field.name in kind.key)
)
"""Classes of personal fields that an event may tell."""
HIDDEN = "…"
"""Stands for the part of a key that names a person."""


def _closable(actor: Actor) -> list[Scope]:
    """Where classes are open to a reader of the audit that are not open in all of it."""
    reads, purpose = actor.scope(AUDIT_READ), PERMISSIONS[AUDIT_READ].purpose
    seen = (actor.sees(AUDIT_READ, purpose, one) for one in sorted(CLASSES))
    return [scope for scope in seen if not scope.includes(reads)]


def audit_listing(connection: Connection, actor: Actor, now: int) -> Listing:
    """Who did what and when, as far as the actor may see it."""
    require(actor, AUDIT_READ)
    c = audit_event.c
    columns: dict[str, ColumnElement[Any]] = {f.name: c[f.name] for f in AUDIT.fields}
    scopes = _closable(actor)
    open_here = and_(*(inside(scope, c.school_id) for scope in scopes)) if scopes else None
    if open_here is not None:
        school = func.substr(c.record, 1, position(c.record, "/"))
        closed = (
            c.kind.in_(PERSONS) & c.record.contains("/") & not_(func.coalesce(open_here, False))
        )
        columns["record"] = case((closed, school + HIDDEN), else_=c.record)
    return (Listing if open_here is None else _Shortened)(
        connection,
        source=audit_event,
        columns=columns,
        uid=c.id,
        key=c.id,
        search=c.actor + " " + c.action + " " + c.kind + " " + columns["record"],
        where=[in_scope(actor, c.school_id, AUDIT_READ)],
        sort=c.id,
        opened={} if open_here is None else {"detail": open_here},
    )


class _Shortened(Listing):
    """The audit for those to whom persons are closed, at least at some schools."""

    def _statement(self, *args: Any) -> Select[Any]:
        kind = audit_event.c.kind.label("event_kind")
        return super()._statement(*args).add_columns(kind, self.opened["detail"].label("is_open"))

    def _render(self, fields: Sequence[Field], rows: Sequence[Row[Any]]) -> list[list[Any]]:
        rendered = super()._render(fields, rows)
        places = [place for place, field in enumerate(fields, 4) if field.name == "detail"]
        for row, cells in zip(rows, rendered, strict=True):
            if not row.is_open:
                for place in places:
                    cells[place] = _shortened(row.event_kind, cells[place])
        return rendered


def _shortened(kind_name: str, detail: str) -> str:
    """The detail of an event without values of personal fields and names of persons."""
    kind = KINDS.get(kind_name)
    if kind is None:
        return detail
    told = without(json.loads(detail), {field.name for field in kind.fields if field.personal})
    if kind_name in PERSONS and "records" in told:
        told["records"] = [_unnamed(name) for name in told["records"]]
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _unnamed(record: str) -> str:
    """An id as it is, of a key only the school."""
    school, slash, _ = record.partition("/")
    return school + slash + HIDDEN if slash else record


def refuse_chain(actor: Actor) -> None:
    """Raise `Forbidden` for those to whom the events as they are are not open."""
    if _closable(actor):
        raise Forbidden(
            say(
                "the chain tells names of persons, which are closed to you; schoolops audit "
                "verify checks it for you"
            ),
            code=CODE,
        )


LISTINGS[AUDIT.name] = audit_listing
