"""Rights for a time: those the person has, those given to others, and their early end."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from inventory.choices import GRANT_SOURCES
from inventory.filter.writing import quote
from inventory.kinds import DELEGATION
from schoolops.core.clock import from_iso
from schoolops.core.permissions import DELEGATE, Actor
from schoolops.estate.listing import Listing
from schoolops.identity import delegations
from schoolops.identity.listings import delegations_listing
from schoolops.server.web.approvals import rights_in_words
from schoolops.web.pages import Page, Visit

MANY = 50
"""Rights of one part of the page."""


def show(visit: Visit) -> Response:
    """Those that hold now; who may delegate at a school sees what others gave there too."""
    name = quote(visit.actor.name)
    with visit.store.read(visit.actor) as connection:
        listing = delegations_listing(connection, visit.actor, visit.store.clock.now())
        own, _ = _rows(visit, listing, f"state:active receiver:{name}")
        given, _ = _rows(visit, listing, f"state:active giver:{name} !receiver:{name}")
        others, more = _rows(visit, listing, f"state:active !giver:{name} !receiver:{name}")
    return visit.show(
        "delegations.html",
        own=own,
        given=given,
        others=others,
        more=more,
        done=visit.query("done"),
    )


def end(visit: Visit) -> Response:
    """Give a right back, or take it back."""
    with visit.store.write(visit.actor) as unit:
        delegations.revoke(unit, visit.form.get("id", ""))
    return visit.go("/delegations?done=1")


def _rows(visit: Visit, listing: Listing, q: str) -> tuple[list[dict[str, Any]], bool]:
    """Rights in the words of the page, those that end first above, and whether there are more."""
    columns = [field.name for field in DELEGATION.fields]
    page = listing.page(DELEGATION, q, "until", 0, MANY, columns)
    found = [{"id": row[0], **dict(zip(page.columns, row[4:], strict=True))} for row in page.rows]
    for row in found:
        row["until"] = from_iso(row["until"])
        row["rights"] = rights_in_words(visit, row["permissions"].split())
        row["emergency"] = row["source"] == "emergency"
        row["source"] = visit.language.sentence(GRANT_SOURCES[row["source"]])
    return found, page.more


def _offered(actor: Actor) -> bool:
    """Whoever may hand on, or holds something that no role gives."""
    return actor.may(DELEGATE) or actor.by_roles() != actor


PAGES = (Page("/delegations", get=show, post=end, offered=_offered, title="Delegations"),)
