"""Table of contents of the pages. Whatever stands here is tested in every language and width."""

from __future__ import annotations

from schoolops.server.web import (
    approvals,
    board,
    delegations,
    faults,
    legal,
    my_faults,
    my_school,
    passwords,
    preview,
    room,
    sign_in,
    start,
    uploads,
)
from schoolops.web.pages import Page

PAGES: tuple[Page, ...] = (
    *start.PAGES,
    *my_school.PAGES,
    *my_faults.PAGES,
    *passwords.PAGES,
    *uploads.PAGES,
    *approvals.PAGES,
    *delegations.PAGES,
    *preview.PAGES,
    *faults.PAGES,
    *room.PAGES,
    *board.PAGES,
    *sign_in.PAGES,
    *legal.PAGES,
)


def titles() -> list[str]:
    """Message ids that stand in tables: names in the navigation, headings of texts."""
    return [*(page.title for page in PAGES if page.title), *legal.TITLES.values()]
