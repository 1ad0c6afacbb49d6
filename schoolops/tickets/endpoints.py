"""HTTP: report, read and work on tickets. Lists come from the inventory's."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from inventory.sentences import say
from schoolops.core.errors import NotFound
from schoolops.core.permissions import TICKETS_OPEN, TICKETS_WRITE
from schoolops.tickets import belonging, intake, photos, repository, schemas, service, suggesting
from schoolops.tickets import listings as _listings  # noqa: F401  (registers its list)
from schoolops.tickets.answers import offered
from schoolops.web.answers import answers, streams
from schoolops.web.context import Json, TheActor, TheStore
from schoolops.web.rules import needs
from schoolops.web.shapes import Uid

router = APIRouter(tags=["tickets"])
_WORK = {**needs(TICKETS_WRITE), **answers(schemas.Booked, refuses=[404, 409])}


@router.post("/tickets", **needs(TICKETS_OPEN), **answers(schemas.Booked, 201, refuses=[404]))
def open_ticket(new: schemas.NewTicket, store: TheStore, actor: TheActor) -> Json:
    """Report a fault or a wish; the live state of the place goes with it."""
    with store.write(actor) as unit:
        made = intake.report(unit, new)
    return Json(made, status_code=201)


@router.get("/tickets/suggestions", **needs(TICKETS_OPEN), **answers(schemas.Suggestions))
def suggest(
    store: TheStore, actor: TheActor, text: Annotated[str, Query(max_length=schemas.LONGEST)]
) -> Json:
    """What helped before with what these words say."""
    with store.read(actor) as connection:
        return Json({"suggestions": suggesting.suggest(connection, actor, text)})


@router.get("/tickets/articles", **needs(TICKETS_OPEN), **answers(schemas.Suggestions))
def list_articles(store: TheStore, actor: TheActor) -> Json:
    """All articles, the newest first."""
    with store.read(actor) as connection:
        return Json({"suggestions": suggesting.articles(connection, actor)})


@router.post(
    "/tickets/articles", **needs(TICKETS_WRITE, everywhere=True),
    **answers(schemas.Suggestion, 201),
)  # fmt: skip
def write_article(new: schemas.NewArticle, store: TheStore, actor: TheActor) -> Json:
    """Write down what helps; everybody who reports may read it."""
    with store.write(actor) as unit:
        made = suggesting.write_article(unit, new)
    return Json(made, status_code=201)


@router.delete(
    "/tickets/articles/{id:path}", **needs(TICKETS_WRITE, everywhere=True), **answers(status=204)
)
def retire_article(id: Uid, store: TheStore, actor: TheActor) -> Response:
    """Suggest an article no more."""
    with store.write(actor) as unit:
        suggesting.retire_article(unit, id)
    return Response(status_code=204)


@router.get("/tickets/{id:path}/course", **needs(TICKETS_OPEN), **answers(schemas.Ticket))
def read_ticket(id: Uid, store: TheStore, actor: TheActor) -> Json:
    """A ticket with all that was said and done, as far as the actor reads it."""
    with store.read(actor) as connection:
        return Json(repository.read(connection, actor, id, store.clock.now()))


@router.get("/ticket-answers", **needs(TICKETS_WRITE), **answers(schemas.Answers, refuses=[404]))
def read_answers(
    store: TheStore,
    actor: TheActor,
    language: Annotated[Literal["de", "en"], Query()] = "de",
    ticket: Annotated[str, Query(max_length=40)] = "",
) -> Json:
    """Texts to answer with, filled in for a ticket if one is named."""
    with store.read(actor) as connection:
        now = store.clock.now()
        found = repository.read(connection, actor, ticket, now) if ticket else None
    return Json({"answers": offered(store.settings.home, language, found)})


@router.get(
    "/tickets/{id:path}/files/{name}",
    **needs(TICKETS_OPEN),
    **streams("image/jpeg", "image/png", refuses=[404]),
)
def read_ticket_file(id: Uid, name: Uid, store: TheStore, actor: TheActor) -> Response:
    """A photo of a ticket, by the id that the ticket names."""
    with store.read(actor) as connection:
        row = repository.find(connection, actor, id)
        file = photos.read(connection, row.id, name)
        if not (file.public or repository.inside_for(connection, actor, row)):
            raise NotFound(say("the ticket has no file {id!r}", id=name), code="ticket.no_file")
    named = f"ticket-{row.id}-{file.name}"
    return Response(
        file.data,
        media_type=file.type,
        headers={
            "Content-Disposition": f'attachment; filename="{named}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.post(
    "/tickets/{id:path}/replies", **needs(TICKETS_OPEN), **answers(schemas.Booked, refuses=[404])
)
def reply_to_ticket(id: Uid, new: schemas.Reply, store: TheStore, actor: TheActor) -> Json:
    """Say something to the reporter, or as the reporter; or note it among colleagues."""
    with store.write(actor) as unit:
        return Json(service.reply(unit, id, new.text, internal=new.internal))


@router.post(
    "/tickets/{id:path}/state", **needs(TICKETS_OPEN), **answers(schemas.Booked, refuses=[404, 409])
)
def change_ticket(id: Uid, new: schemas.Change, store: TheStore, actor: TheActor) -> Json:
    """Wait, solve, close or open again; the school closes and opens its own."""
    with store.write(actor) as unit:
        return Json(service.change_state(unit, id, new.state, new.waits_for, new.text))


@router.post("/tickets/{id:path}/assignment", **_WORK)
def assign_ticket(id: Uid, new: schemas.Assignment, store: TheStore, actor: TheActor) -> Json:
    """Give it to somebody, or to nobody."""
    with store.write(actor) as unit:
        return Json(service.assign(unit, id, new.username))


@router.post("/tickets/{id:path}/priority", **_WORK)
def prioritise_ticket(id: Uid, new: schemas.Urgency, store: TheStore, actor: TheActor) -> Json:
    """Change what is promised for it."""
    with store.write(actor) as unit:
        return Json(service.prioritise(unit, id, new.priority))


@router.post("/tickets/{id:path}/join", **_WORK)
def join_ticket(id: Uid, new: schemas.Other, store: TheStore, actor: TheActor) -> Json:
    """It is about the same as another ticket; without one, it leaves the one that it joined."""
    with store.write(actor) as unit:
        if new.ticket:
            return Json(belonging.join(unit, id, new.ticket))
        return Json(belonging.leave(unit, id))


@router.post("/tickets/{id:path}/links", **_WORK)
def link_ticket(id: Uid, new: schemas.Other, store: TheStore, actor: TheActor) -> Json:
    """It has to do with another ticket."""
    with store.write(actor) as unit:
        return Json(belonging.link(unit, id, new.ticket))


@router.post("/tickets/{id:path}/incident", **_WORK)
def link_incident(id: Uid, new: schemas.OfIncident, store: TheStore, actor: TheActor) -> Json:
    """It is part of a fault, or of none."""
    with store.write(actor) as unit:
        return Json(belonging.link_incident(unit, id, new.incident))


@router.post(
    "/incidents/{id:path}/update", **needs(TICKETS_WRITE), **answers(schemas.Told, refuses=[404])
)
def answer_reporters(id: Uid, new: schemas.ForAll, store: TheStore, actor: TheActor) -> Json:
    """Answer all who reported this fault at once."""
    with store.write(actor) as unit:
        return Json(belonging.tell_all(unit, id, new.text))
