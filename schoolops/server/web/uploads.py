"""A file with records: first its report, row by row; only the confirmation writes anything."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import ColumnElement, Row, delete, insert, select
from starlette.responses import Response

from inventory.formats import FileRefused, choose_reader, read_table
from inventory.kinds import EDITABLE, Kind, find_kind
from inventory.sentences import say
from schoolops.core.errors import NotFound
from schoolops.core.ids import hash_token, new_token
from schoolops.core.permissions import Actor
from schoolops.db.access import write_permission
from schoolops.estate import transfer
from schoolops.identity.sessions import Session
from schoolops.web.models import web_upload
from schoolops.web.pages import Page, Visit
from schoolops.web.tasks import HOUR

ROWS = 50_000
"""Rows of a file: more than a city has of anything, and done before a browser gives up waiting."""
SHOWN = 200
"""Rows of a report on the page."""


def kinds_for(actor: Actor) -> list[Kind]:
    """What the person may bring in; credentials have no file."""
    return [k for k in EDITABLE if k.name != "credential" and actor.may(write_permission(k))]


def show(visit: Visit) -> Response:
    return _form(visit)


def _form(visit: Visit, status: int = 200, **values: Any) -> Response:
    allowed = kinds_for(visit.actor)
    return visit.show(
        "upload.html",
        status=status,
        **{
            "kinds": [{"plural": k.plural, "label": k.label_plural} for k in allowed],
            "chosen": visit.form.get("plural", ""),
            "megabytes": visit.store.settings.imports.max_megabytes,
            **values,
        },
    )


def upload(visit: Visit) -> Response:
    """Keep the file that came, and lead to its report."""
    errors: dict[str, str] = {}
    kind = _kind(visit)
    if kind is None:
        errors["plural"] = visit.gettext("Choose what the file contains.")
    if visit.upload is None or not visit.upload.data:
        errors["file"] = visit.gettext("Choose a file that is not empty.")
    if errors or kind is None or visit.upload is None:
        return _form(visit, 422, errors=errors)
    name, data = visit.upload.name, visit.upload.data
    try:
        _read(visit, kind, name, data)
    except FileRefused as error:
        return _form(visit, 422, errors={"file": visit.language.sentence(error)})
    return visit.go(f"/upload/{_keep(visit, kind, name, data)}")


def _read(visit: Visit, kind: Kind, name: str, data: bytes) -> None:
    """Raise `FileRefused` for what is no table of the kind, or too long for a page."""
    most = visit.store.settings.imports.max_megabytes * 1_000_000
    table = read_table(data, name, most)
    choose_reader(kind, table)
    rows = len(table.rows)
    if not rows:
        raise FileRefused(say("the file has headings and no row below them"))
    if rows > ROWS:
        raise FileRefused(
            say(
                "the file has {rows} rows; this page takes {most} at once. Split it, or ask the "
                "administrator to import it with: schoolops import",
                rows=rows,
                most=ROWS,
            )
        )


def show_report(visit: Visit) -> Response:
    """What the file would change; it can be looked at again."""
    with visit.store.read() as connection:
        row = connection.execute(select(web_upload).where(*_kept(visit))).one_or_none()
    kind, name, data = _waiting(row, visit.store.clock.now())
    report = _import(visit, kind, name, data, dry_run=True)
    return _report(visit, kind, name, report, visit.path("code"))


def confirm(visit: Visit) -> Response:
    """Import exactly the file that was reported on, once."""
    with visit.store.write(visit.actor, by_server=True) as unit:
        row = unit.connection.execute(select(web_upload).where(*_kept(visit))).one_or_none()
        unit.connection.execute(delete(web_upload).where(*_kept(visit)))
        now = unit.now
    kind, name, data = _waiting(row, now)
    report = _import(visit, kind, name, data, dry_run=False)
    return _report(visit, kind, name, report)


def _kept(visit: Visit) -> tuple[ColumnElement[bool], ...]:
    session = cast(Session, visit.session)
    code = visit.path("code")
    return web_upload.c.hash == hash_token(code), web_upload.c.session == session.uid


def _waiting(row: Row[Any] | None, now: int) -> tuple[Kind, str, bytes]:
    if row is None or row.created_at + HOUR < now:
        raise NotFound(
            say("this file was imported already, or waited for too long; send it again"),
            code="upload.gone",
        )
    return find_kind(row.plural)[0], row.name, row.data


def _kind(visit: Visit) -> Kind | None:
    allowed = {kind.plural: kind for kind in kinds_for(visit.actor)}
    return allowed.get(visit.form.get("plural", ""))


def _import(visit: Visit, kind: Kind, name: str, data: bytes, *, dry_run: bool) -> dict[str, Any]:
    return transfer.import_file(visit.store, visit.actor, kind, "", name, data, None, dry_run)


def _report(
    visit: Visit, kind: Kind, name: str, report: dict[str, Any], code: str = ""
) -> Response:
    rows = report["rows"]
    # What was refused comes first: that is what somebody has to mend.
    rows = sorted(rows, key=lambda row: row["outcome"] != "refused")
    return visit.show(
        "report.html",
        label=kind.label_plural,
        filename=name,
        report=report,
        rows=rows[:SHOWN],
        more=len(rows) - SHOWN if len(rows) > SHOWN else 0,
        code=code,
        writes=report["new"] + report["changed"],
    )


def _keep(visit: Visit, kind: Kind, name: str, data: bytes) -> str:
    """Keep the file until it is confirmed; one a session."""
    code = new_token("sou")
    session = cast(Session, visit.session)
    with visit.store.write(visit.actor, by_server=True) as unit:
        unit.connection.execute(delete(web_upload).where(web_upload.c.session == session.uid))
        unit.connection.execute(
            insert(web_upload),
            {
                "hash": hash_token(code),
                "session": session.uid,
                "plural": kind.plural,
                "name": name,
                "data": data,
                "created_at": unit.now,
            },
        )
    return code


def _may(actor: Actor) -> bool:
    return bool(kinds_for(actor))


PAGES = (
    Page("/upload", get=show, post=upload, may=_may, title="Upload a file", takes_file=True),
    Page("/upload/{code}", get=show_report, post=confirm, may=_may, examples=("/upload/x",)),
)
