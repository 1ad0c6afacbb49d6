"""HTTP: the outbox, a test, another try."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from schoolops.core.permissions import MAIL_WRITE
from schoolops.notify import schemas, service
from schoolops.web.answers import answers
from schoolops.web.context import Json, TheActor, TheStore
from schoolops.web.rules import needs

router = APIRouter(tags=["mail"])


@router.get("/mail", **needs(MAIL_WRITE, everywhere=True), **answers(schemas.Outbox))
def list_mail(
    store: TheStore,
    actor: TheActor,
    state: Annotated[str, Query(max_length=20)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Json:
    """Outgoing mail: how many wait, were sent or failed, and the latest; addresses are masked."""
    with store.read(actor) as connection:
        return Json(service.overview(connection, actor, store.settings.mail, state, limit))


@router.post(
    "/mail/test",
    **needs(MAIL_WRITE, everywhere=True),
    **answers(schemas.MailTested, refuses=[409]),
)
def send_test_mail(wanted: schemas.MailTest, store: TheStore, actor: TheActor) -> Json:
    """Send one mail now, and say what the mail server answered."""
    return Json(service.send_test(store, actor, wanted.address))


@router.post("/mail/retry", **needs(MAIL_WRITE, everywhere=True), **answers(schemas.Again))
def retry_mail(wanted: schemas.Retry, store: TheStore, actor: TheActor) -> Json:
    """Try failed and waiting mails at once; those with these ids, or all."""
    with store.write(actor) as unit:
        return Json(service.retry(unit, wanted.ids))
