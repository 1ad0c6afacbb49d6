"""Report a fault as somebody who signed in, and follow the own reports."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import select
from starlette.responses import Response

from inventory.kinds import KINDS
from schoolops.core.errors import Invalid, NotFound
from schoolops.core.ids import hash_token
from schoolops.core.permissions import TICKETS_OPEN, Actor
from schoolops.estate.repository import Estate
from schoolops.server.web import faults, schools
from schoolops.tickets import intake, pages, photos, repository, schemas, service
from schoolops.tickets.models import ticket
from schoolops.web.pages import Page, Visit

ROOMS = 1000
"""Rooms of one school in the list to choose from."""


def show(visit: Visit) -> Response:
    """The own reports, and the form for the one school of the person or the one that was chosen."""
    return _page(visit, visit.query("school"))


def _page(
    visit: Visit, number: str, status: int = 200, errors: dict[str, str] | None = None
) -> Response:
    given = visit.form
    with visit.store.read(visit.actor) as connection:
        estate = Estate(connection, visit.actor, visit.store.clock.now())
        own = pages.own_tickets(connection, visit.actor)
        school: dict[str, Any] | None = None
        if number:
            school = schools.school_of(estate, number)
        else:
            found = schools.found_by(visit, estate, visit.actor.scope(TICKETS_OPEN))
            if visit.query("q") or visit.query("choose") or (len(found.rows) != 1 and not own):
                return schools.choose(visit, found, "/report", visit.gettext("Report a fault"))
            if len(found.rows) == 1:
                school = schools.school_of(estate, str(found.rows[0][4]))
        rooms = _rooms(estate, str(school["number"])) if school else []
    return visit.show(
        "my_faults.html",
        status=status,
        errors=errors or {},
        key=given.get("key") or pages.new_key(),
        school=schools.name_of(school) if school else "",
        school_number=str(school["number"]) if school else "",
        rooms=rooms,
        given={name: given.get(name, "") for name in ("what", "room", "device", "text")},
        megabytes=photos.MOST_BYTES // 1_000_000,
        own=[
            {
                "number": row.id,
                "title": row.title,
                "state": row.state,
                "opened": faults.when(visit, row.opened_at),
            }
            for row in own
        ],
    )  # fmt: skip


def _rooms(estate: Estate, number: str) -> list[str]:
    found = estate.page(KINDS["room"], f'school:"{number}"', limit=ROOMS, columns=("name",))
    return [str(row[4]) for row in found.rows]


def send(visit: Visit) -> Response:
    """Book the report, and lead to its page."""
    form, what = visit.form, cast(Any, visit.form.get("what", ""))
    number = form.get("school", "")
    if what not in pages.WANTED:
        text = visit.gettext("Choose what does not work.")
        return _page(visit, number, 422, {"what": text})
    words, (photo, wrong) = faults.words_of(visit), faults.photo_of(visit)
    new = schemas.NewTicket(
        school=number[:40], room=form.get("room", "")[:200],
        device=form.get("device", "").strip()[:200], text=words, category=what, via="web",
        title="" if words.strip() else faults.title_of(visit, what),
        language=_language(visit), form_key=hash_token(f"form {form.get('key', '')}"),
    )  # fmt: skip
    try:
        with visit.store.write(visit.actor) as unit:
            known = unit.connection.scalar(
                select(ticket.c.id).where(ticket.c.form_key == new.form_key)
            )
            made = intake.report(unit, new)
            if photo and known is None:
                row = repository.find(unit.connection, visit.actor, made["id"])
                photos.keep(unit, row, photo)
    except (NotFound, Invalid) as error:
        field = "device" if new.device else "room"
        return _page(visit, number, 422, {field: visit.language.sentence(error)})
    return visit.go(visit.href(f"/report/{made['number']}", **({"photo": wrong} if wrong else {})))


def _language(visit: Visit) -> Any:
    tag = visit.language.tag
    return tag if tag in ("de", "de-simple", "en") else "de"


def follow(visit: Visit) -> Response:
    """A ticket that the person may see, as its reporter reads it."""
    number = visit.path("number")
    with visit.store.read(visit.actor) as connection:
        row = repository.find(connection, visit.actor, number)
        found = faults.status_values(visit, connection, row)
    return visit.show(
        "fault_status.html", **found, path=f"/report/{row.id}", photo_wrong=visit.query("photo"),
        sent=bool(visit.query("sent")), own=True,
    )  # fmt: skip


def answer(visit: Visit) -> Response:
    """What the person says to it."""
    number, text, works = visit.path("number"), faults.words_of(visit), faults.works_of(visit)
    photo, wrong = faults.photo_of(visit)
    with visit.store.write(visit.actor) as unit:
        row = repository.find(unit.connection, visit.actor, number)
        if photo:
            photos.keep(unit, row, photo)
        if works is not None:
            service.change_state(unit, row.uid, "closed" if works else "open", text=text)
        elif text.strip():
            service.reply(unit, row.uid, text)
    notes = {"photo": wrong} if wrong else {"sent": "1"}
    return visit.go(visit.href(f"/report/{row.id}", **notes))


def _may(actor: Actor) -> bool:
    return actor.may(TICKETS_OPEN)


PAGES = (
    Page("/report", get=show, post=send, may=_may, title="Report a fault",
         photo_bytes=photos.MOST_BYTES,
         examples=("/report", "/report?school=164800", "/report?choose=1")),
    Page("/report/{number}", get=follow, post=answer, may=_may, photo_bytes=photos.MOST_BYTES,
         examples=("/report/999999",)),
)  # fmt: skip
