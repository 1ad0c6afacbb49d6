"""Answers to choose from: `templates/tickets/answers/<name>.<language>.txt`, the city's own first.

The first line of a file is what the list calls it, the rest is what is said. In it can stand
`{{ number }}`, `{{ title }}`, `{{ room }}` and `{{ device }}` of the ticket; without a ticket, and
where a ticket names none, they are empty. An empty file of the city takes a shipped one away.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schoolops.web.languages import Languages
from schoolops.web.templates import LIVE, Templates

log = logging.getLogger("schoolops.tickets")

FOLDER = "tickets/answers"
FILLS = ("number", "title", "room", "device")
"""What of a ticket a text can name."""


def offered(home: Path, language: str, ticket: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """`[{"name", "title", "text"}]` in the order of their titles, filled in for a ticket.

    A text of the city that is broken, and has no shipped one behind it, is left out.
    """
    templates = Templates(home)
    said = Languages(home / LIVE / "locale")[language]
    values = {name: (ticket or {}).get(name) or "" for name in FILLS}
    ending = f".{language}.txt"
    names = {
        path.name.removesuffix(ending)
        for folder in (templates.shipped, *templates.own)
        for path in (folder / FOLDER).glob(f"*{ending}")
    }
    found = []
    for name in sorted(names):
        try:
            text = templates.render(f"{FOLDER}/{name}{ending}", said, values)
        except Exception as error:  # whatever a city's text does, the others are there
            log.warning("the answer %s is left out: %s", name, type(error).__name__)
            continue
        title, _, rest = text.strip().partition("\n")
        if rest.strip():
            found.append({"name": name, "title": title.strip(), "text": rest.strip()})
    return sorted(found, key=lambda one: one["title"].casefold())
