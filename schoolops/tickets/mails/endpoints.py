"""HTTP: mails that wait for a decision, their originals, and whether the mailbox can be read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from inventory.sentences import say
from schoolops.core.errors import Conflict
from schoolops.core.permissions import MAIL_WRITE, TICKETS_WRITE
from schoolops.tickets import schemas
from schoolops.tickets.mails import held, imap
from schoolops.web.answers import answers
from schoolops.web.context import Json, TheActor, TheStore
from schoolops.web.rules import needs
from schoolops.web.shapes import Uid

router = APIRouter(tags=["tickets"])
_DECIDE = {**needs(TICKETS_WRITE), **answers(schemas.MailDecided, refuses=[404, 409])}


@router.get("/ticket-mail", **needs(TICKETS_WRITE), **answers(schemas.Mails))
def list_ticket_mail(
    store: TheStore,
    actor: TheActor,
    which: schemas.WhichMail = "quarantine",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Json:
    """Mails that wait for a decision, or are about no ticket, or were dropped."""
    with store.read(actor) as connection:
        return Json(held.listed(connection, actor, which, limit))


@router.get("/ticket-mail/{id:path}", **needs(TICKETS_WRITE), **answers(schemas.MailText))
def read_ticket_mail(id: Uid, store: TheStore, actor: TheActor) -> Json:
    """A mail with all its text, what it quotes too."""
    with store.read(actor) as connection:
        return Json(held.shown(connection, actor, id))


@router.post("/ticket-mail/{id:path}/accept", **_DECIDE)
def accept_ticket_mail(id: Uid, wanted: schemas.Other, store: TheStore, actor: TheActor) -> Json:
    """Take it into its ticket, into another one, or open one; whoever wrote it takes part then."""
    with store.write(actor) as unit:
        return Json(held.accept(unit, id, wanted.ticket))


@router.post("/ticket-mail/{id:path}/drop", **_DECIDE)
def drop_ticket_mail(id: Uid, store: TheStore, actor: TheActor) -> Json:
    """Put it away; it is kept until its time is over."""
    with store.write(actor) as unit:
        return Json(held.drop(unit, id))


@router.post(
    "/ticket-mail/try",
    **needs(MAIL_WRITE, everywhere=True),
    **answers(schemas.MailboxTried, refuses=[409]),
)
def try_mailbox(store: TheStore) -> Json:
    """Sign in at the mailbox, and count what is new; nothing is booked or marked."""
    settings = store.settings.tickets
    if not settings.mail_host:
        raise Conflict(
            say("no mailbox is asked: set tickets.mail_host in schoolops.toml"), code="mail.off"
        )
    try:
        with imap.opened(settings) as box:
            found = len(imap.waiting(box))
    except imap.NoMailbox as error:
        return Json({"works": False, "new": 0, "answer": str(error)})
    return Json({"works": True, "new": found, "answer": "OK"})
