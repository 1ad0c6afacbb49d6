"""What waits for a second person: who asks for what and why, and the decision on it."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from inventory.choices import APPROVAL_ACTIONS, APPROVAL_STATES
from inventory.filter.writing import quote
from inventory.kinds import APPROVAL
from schoolops.core.clock import from_iso
from schoolops.core.errors import Invalid
from schoolops.core.permissions import APPROVE, BREAK_GLASS, PERMISSIONS, Actor
from schoolops.estate.listing import Listing
from schoolops.identity import approvals
from schoolops.identity.listings import approvals_listing
from schoolops.web.pages import Page, Visit

MANY = 50
"""Proposals that wait, on one page."""
LATELY = 10
"""Own proposals and own decisions, the latest ones."""
TIMES = ("until", "proposed", "decided")


def show(visit: Visit) -> Response:
    return _show(visit)


def decide(visit: Visit) -> Response:
    """Approve or reject one proposal; the note says why."""
    uid, approve = visit.form.get("id", ""), visit.form.get("decision") == "approve"
    note = visit.form.get("note", "")
    try:
        with visit.store.write(visit.actor) as unit:
            approvals.decide(unit, uid, approve, note)
    except Invalid as error:
        if "note" not in error.extra.get("errors", {}):
            raise
        return _show(visit, 422, errors={f"reject-{uid}": visit.language.sentence(error)})
    return visit.go(f"/approvals?done={'approved' if approve else 'rejected'}")


def _show(visit: Visit, status: int = 200, **values: Any) -> Response:
    with visit.store.read(visit.actor) as connection:
        listing = approvals_listing(connection, visit.actor, visit.store.clock.now())
        waiting, more = _rows(visit, listing, "waiting:yes", "until", MANY)
        own, _ = _rows(visit, listing, "mine:yes", "-proposed", LATELY)
        decided, _ = _rows(
            visit, listing, f"decided_by:{quote(visit.actor.name)}", "-decided", LATELY
        )
    return visit.show(
        "approvals.html",
        status=status,
        waiting=waiting,
        more=more,
        own=own,
        decided=decided,
        done=visit.query("done"),
        **values,
    )


def _rows(
    visit: Visit, listing: Listing, q: str, sort: str, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """Proposals in the words of the page, and whether there are more."""
    columns = [field.name for field in APPROVAL.fields]
    page = listing.page(APPROVAL, q, sort, 0, limit, columns)
    found = [
        _in_words(visit, {"id": row[0], **dict(zip(page.columns, row[4:], strict=True))})
        for row in page.rows
    ]
    return found, page.more


def _in_words(visit: Visit, row: dict[str, Any]) -> dict[str, Any]:
    times = {name: from_iso(row[name]) if row[name] else None for name in TIMES}
    content, state = json.loads(row["content"]), APPROVAL_STATES[row["state"]]
    return {
        **row,
        **times,
        "action": visit.language.sentence(APPROVAL_ACTIONS.get(row["action"], row["action"])),
        "state": visit.gettext(state),
        "rights": rights_in_words(visit, content.get("permissions", [])),
        "hours": content.get("hours"),
    }


def rights_in_words(visit: Visit, names: list[str]) -> list[str]:
    """Names of permissions → what they allow."""
    return [visit.gettext(PERMISSIONS[n].label) if n in PERMISSIONS else n for n in names]


def _offered(actor: Actor) -> bool:
    """Whoever decides, or can have asked."""
    return actor.may(APPROVE) or actor.may(BREAK_GLASS)


PAGES = (Page("/approvals", get=show, post=decide, offered=_offered, title="Approvals"),)
