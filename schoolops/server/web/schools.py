"""Choosing one of many schools: a search field, and the list part by part."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from inventory.kinds import KINDS
from inventory.sentences import say
from schoolops.core.errors import NotFound
from schoolops.core.permissions import Scope
from schoolops.estate import repository
from schoolops.estate.repository import Estate
from schoolops.web.pages import Visit

AT_ONCE = 50
"""Schools on one page of the list."""


def found_by(visit: Visit, estate: Estate, within: Scope) -> repository.Page:
    """The schools of the scope that the person may see and asks for, by number, name, health."""
    return estate.page(
        KINDS["school"],
        _words(visit.query("q")),
        offset=_offset(visit),
        limit=AT_ONCE,
        columns=("number", "name", "health"),
        within=within,
    )


def choose(visit: Visit, page: repository.Page, path: str, title: str) -> Response:
    """The list to choose from; each school leads to `path?school=NUMBER`."""
    return visit.show(
        "schools.html",
        path=path,
        heading=title,
        schools=[
            {"number": row[4], "name": row[5], "health": row[6] or "unknown"} for row in page.rows
        ],
        q=visit.query("q"),
        before=max(0, page.offset - AT_ONCE) if page.offset else None,
        after=page.offset + AT_ONCE if page.more else None,
    )


def school_of(estate: Estate, number: str) -> dict[str, Any]:
    """The fields of a school. `NotFound` for one that the person may not see."""
    try:
        values: dict[str, Any] = estate.record(KINDS["school"], number)["values"]
    except NotFound:
        raise NotFound(
            say("there is no school {number} that you may see; look for it by its name",
                number=number)
        ) from None  # fmt: skip
    return values


def name_of(school: dict[str, Any]) -> str:
    return str(school["short_name"] or school["name"])


def _words(text: str) -> str:
    """What a person types is words: 'St. Martin:' is a name here and no filter."""
    return " ".join(f'"{word}"' for word in text.replace('"', " ").split())


def _offset(visit: Visit) -> int:
    text = visit.query("from")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
